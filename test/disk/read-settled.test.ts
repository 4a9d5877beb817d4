// T-17 of THREAT-MODEL.md.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  chownSync,
  mkdirSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { lookAt, readSettled, readSettledSync } from '#src/disk/read-settled.js';
import { runs, runsScript } from '../support/shell.js';
import { tempFolder } from '../support/temp.js';

const RULES = { operatorsGid: null };
const NOBODY = 65534;
const isRoot = process.getuid?.() === 0;

test('a plain file is read whole, by both readers, and known again', async t => {
  const path = join(tempFolder(t), 'policy.yaml');
  writeFileSync(path, 'default: deny\n');
  const now = readSettledSync(path, RULES);
  const later = await readSettled(path, RULES);
  assert.equal(Buffer.from(now.bytes).toString(), 'default: deny\n');
  assert.deepEqual(now, later);
  assert.deepEqual(now.seen, lookAt(path));
});

test('a missing final newline is left to the policy reader', t => {
  const path = join(tempFolder(t), 'policy.yaml');
  writeFileSync(path, 'default: deny');
  assert.equal(readSettledSync(path, RULES).bytes.length, 13);
});

type Refused = { readonly name: string; readonly make: (path: string) => void; readonly code: string };
const refused: readonly Refused[] = [
  { name: 'nothing', make: () => {}, code: 'policy_missing' },
  { name: 'a dangling link', make: path => symlinkSync('nowhere', path), code: 'policy_missing' },
  { name: 'a link to itself', make: path => symlinkSync(path, path), code: 'policy_unreadable' },
  { name: 'a directory', make: path => mkdirSync(path), code: 'policy_not_regular' },
  { name: 'a FIFO, without hanging', make: path => void runs('mkfifo', path), code: 'policy_not_regular' },
  { name: 'a device', make: path => symlinkSync('/dev/zero', path), code: 'policy_not_regular' },
  {
    name: '4 MiB and a byte of YAML',
    make: path => {
      writeFileSync(path, '');
      truncateSync(path, 4 * 1024 * 1024 + 1);
    },
    code: 'policy_too_large',
  },
  {
    name: 'a file others may write',
    make: path => {
      writeFileSync(path, 'a\n');
      chmodSync(path, 0o646);
    },
    code: 'policy_writable_by_others',
  },
];
for (const { name, make, code } of refused) {
  test(`read refuses ${name}: ${code}`, async t => {
    const path = join(tempFolder(t), 'policy.yaml');
    make(path);
    assert.throws(() => readSettledSync(path, RULES), { code });
    await assert.rejects(readSettled(path, RULES), { code });
  });
}

test('JSON may have 16 MiB, not one byte more', t => {
  const path = join(tempFolder(t), 'policy.json');
  writeFileSync(path, '');
  truncateSync(path, 16 * 1024 * 1024);
  assert.equal(readSettledSync(path, RULES).bytes.length, 16 * 1024 * 1024);
  truncateSync(path, 16 * 1024 * 1024 + 1);
  assert.throws(() => readSettledSync(path, RULES), { code: 'policy_too_large' });
});

test('the refusal names path, octal mode and the command that mends it', t => {
  const path = join(tempFolder(t), 'policy.yaml');
  writeFileSync(path, 'a\n');
  chmodSync(path, 0o666);
  assert.throws(
    () => readSettledSync(path, RULES),
    error => {
      assert.ok(error instanceof Error);
      for (const part of [path, '0666', 'everyone', `chmod go-w ${path}`])
        assert.ok(error.message.includes(part), part);
      return true;
    },
  );
});

test('a folder others may write is refused; with the sticky bit and owned by root it is not', t => {
  const folder = join(tempFolder(t), 'd');
  mkdirSync(folder);
  const path = join(folder, 'policy.yaml');
  writeFileSync(path, 'a\n');
  chmodSync(folder, 0o777);
  assert.throws(() => readSettledSync(path, RULES), {
    code: 'policy_writable_by_others',
    message: /chmod go-w .*\/d`/,
  });
  if (!isRoot) return;
  chmodSync(folder, 0o1777);
  assert.equal(readSettledSync(path, RULES).bytes.length, 2);
});

test('mending the mode of the folder shows in a look, without a touch of the file', t => {
  const folder = join(tempFolder(t), 'd');
  mkdirSync(folder, { mode: 0o755 });
  const path = join(folder, 'policy.yaml');
  writeFileSync(path, 'a\n');
  chmodSync(folder, 0o777);
  const before = lookAt(path);
  chmodSync(folder, 0o755);
  assert.notDeepEqual(lookAt(path), before);
});

test('the folder of a link counts as much as that of its target', t => {
  const root = tempFolder(t);
  const [open, closed] = [join(root, 'open'), join(root, 'closed')];
  mkdirSync(open);
  mkdirSync(closed);
  writeFileSync(join(closed, 'real.yaml'), 'a\n');
  symlinkSync('../closed/real.yaml', join(open, 'policy.yaml'));
  assert.equal(readSettledSync(join(open, 'policy.yaml'), RULES).bytes.length, 2);
  chmodSync(open, 0o777);
  assert.throws(() => readSettledSync(join(open, 'policy.yaml'), RULES), { code: 'policy_writable_by_others' });
  chmodSync(open, 0o755);
  chmodSync(closed, 0o777);
  assert.throws(() => readSettledSync(join(open, 'policy.yaml'), RULES), { code: 'policy_writable_by_others' });
});

test('a ConfigMap is followed', t => {
  const folder = tempFolder(t);
  mkdirSync(join(folder, '..2026_a'));
  writeFileSync(join(folder, '..2026_a', 'policy.yaml'), 'a\n');
  symlinkSync('..2026_a', join(folder, '..data'));
  symlinkSync('..data/policy.yaml', join(folder, 'policy.yaml'));
  assert.equal(readSettledSync(join(folder, 'policy.yaml'), RULES).bytes.length, 2);
});

const asRoot = { skip: isRoot ? false : 'needs root to give files away' };

test('a file of another user is refused', asRoot, t => {
  const path = join(tempFolder(t), 'policy.yaml');
  writeFileSync(path, 'a\n');
  chownSync(path, NOBODY, 0);
  assert.throws(() => readSettledSync(path, RULES), {
    code: 'policy_writable_by_others',
    message: /user 65534.*chown/,
  });
});

test('a group may write only when it is the operators’ or has no member but the owner', asRoot, t => {
  const path = join(tempFolder(t), 'policy.yaml');
  writeFileSync(path, 'a\n');
  chmodSync(path, 0o664);
  // Group root has root alone in a plain image; `daemon` (1) has another user as its member.
  chownSync(path, 0, 1);
  assert.throws(() => readSettledSync(path, RULES), { code: 'policy_writable_by_others', message: /group 1/ });
  assert.equal(readSettledSync(path, { operatorsGid: 1 }).bytes.length, 2);
  assert.throws(() => readSettledSync(path, { operatorsGid: 2 }), { code: 'policy_writable_by_others' });
});

test('a file its reader may not open is unreadable, and looks so', asRoot, t => {
  const folder = tempFolder(t);
  chmodSync(folder, 0o755);
  const path = join(folder, 'policy.yaml');
  writeFileSync(path, 'a\n', { mode: 0o600 });
  const script = (what: string) => `
    import { lookAt, readSettledSync } from ${JSON.stringify(`${process.cwd()}/dist/disk/read-settled.js`)};
    ${what}`;
  const read = script(
    `try { readSettledSync(${JSON.stringify(path)}, { operatorsGid: null }); } catch (e) { console.log(e.code); }`,
  );
  assert.equal(runsScript(read, NOBODY).trim(), 'policy_unreadable');
  chmodSync(folder, 0o700);
  const look = script(`console.log(JSON.stringify(lookAt(${JSON.stringify(path)})))`);
  assert.deepEqual(JSON.parse(runsScript(look, NOBODY)), { is: 'unreadable', error: 'EACCES' });
});

test('a look sees size, times and inode', t => {
  const path = join(tempFolder(t), 'policy.yaml');
  writeFileSync(path, 'a\n');
  const first = lookAt(path);
  assert.deepEqual(lookAt(path), first);
  utimesSync(path, 1, 1);
  const second = lookAt(path);
  assert.notDeepEqual(second, first);
  appendFileSync(path, 'b\n');
  assert.notDeepEqual(lookAt(path), second);
});

test('on a read-only mount the modes do not matter (ConfigMaps)', asRoot, t => {
  const folder = tempFolder(t);
  const mount = join(folder, 'mount point');
  mkdirSync(mount);
  writeFileSync(join(mount, 'policy.yaml'), 'a\n');
  chmodSync(join(mount, 'policy.yaml'), 0o666);
  chmodSync(mount, 0o777);
  const read = `
    import { readSettledSync } from '${process.cwd()}/dist/disk/read-settled.js';
    try { console.log(readSettledSync('${mount}/policy.yaml', { operatorsGid: null }).bytes.length); }
    catch (error) { console.log(error.code); }`;
  assert.equal(runsScript(read).trim(), 'policy_writable_by_others');
  writeFileSync(join(folder, 'read.mjs'), read);
  const steps = `mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$1" "$2"`;
  const args = ['-m', 'sh', '-c', steps, mount, process.execPath, join(folder, 'read.mjs')];
  const done = spawnSync('unshare', args, { encoding: 'utf8' });
  if (done.status !== 0) return t.skip(`no mount of our own here: ${done.stderr.trim()}`);
  assert.equal(done.stdout.trim(), '2');
});
