/** A filesystem of 1 MiB fills up under a real program: denied, nothing lost, and on again when there is room. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { caller } from '../support/line-caller.js';
import { upstream } from '../support/upstream.js';

const MIB = 1024 * 1024;
const BALLAST = 400 * 1024;
const RESERVE = 128 * 1024;
/** Calls that surely overfill: a call with its outcome takes about 800 bytes. */
const MANY = 3000;

const ok = (program: string, ...args: string[]): boolean => spawnSync(program, args).status === 0;

/** Each mounts 1 MiB at `at`; false where this machine does not let us. */
const KINDS: Readonly<Record<string, (at: string, image: string) => boolean>> = {
  tmpfs: at => ok('mount', '-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', at),
  'ext4 on a loop device': (at, image) => {
    writeFileSync(image, '');
    truncateSync(image, MIB);
    // No journal (it would not fit), and no blocks kept back for root.
    if (!ok('mkfs.ext4', '-q', '-F', '-O', '^has_journal', '-m', '0', image)) return false;
    return ok('mount', '-o', 'loop', image, at);
  },
};

/** Mounted, with ballast on it, a policy and settings beside it, and a server to call; null where it cannot be mounted. */
async function smallDisk(t: TestContext, mount: (at: string, image: string) => boolean, settings: string) {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'checkrd-full-')));
  const disk = join(folder, 'disk');
  mkdirSync(disk);
  t.after(() => {
    spawnSync('umount', ['-l', disk]);
    rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
  });
  if (!mount(disk, join(folder, 'image'))) return null;
  writeFileSync(join(folder, 'policy.yaml'), 'default: allow\nrules: []\n');
  writeFileSync(join(folder, 'checkrd.yaml'), settings);
  writeFileSync(join(disk, 'ballast'), Buffer.alloc(BALLAST));
  const server = await upstream();
  t.after(() => server.close());
  return { folder, disk, log: join(disk, 'audit.jsonl'), server };
}

for (const [kind, mount] of Object.entries(KINDS)) {
  test(`${kind} fills up with a reserve: calls go on into it, the log says so, and it verifies`, async t => {
    const small = await smallDisk(t, mount, `audit: { url_path: raw, reserve_bytes: ${RESERVE} }\n`);
    if (small === null) return t.skip(`this machine does not mount ${kind}`);
    const { folder, disk, log, server } = small;
    const program = caller(t, folder, log, server.origin);
    const filling = await program.calls(MANY);
    assert.deepEqual(Object.keys(filling).sort(), ['audit_unavailable', 'ok'], 'used up, it denies');
    rmSync(join(disk, 'ballast'));
    assert.deepEqual(await program.calls(20), { ok: 20 });
    assert.equal(await program.end(), 0);
    const verify = ['dist/cli/main.js', 'verify', log, '--key', join(folder, 'keys', 'origin.pub')];
    const verified = spawnSync(process.execPath, verify, { encoding: 'utf8' });
    assert.equal(verified.status, 0, verified.stdout + verified.stderr);
    const types = [...readFileSync(log, 'utf8').matchAll(/"type":"(\w+)"/g)].map(([, type]) => type);
    const freed = types.indexOf('disk_reserve');
    const after = types.slice(freed, types.indexOf('records_dropped')).filter(type => type === 'decision').length;
    assert.ok(freed > 0 && after > 50, `${after} calls went on into the reserve`);
  });

  test(`${kind} fills up: \`audit_unavailable\`, nothing lost; room again: on it goes`, async t => {
    const small = await smallDisk(t, mount, 'audit: { url_path: raw }\n');
    if (small === null) return t.skip(`this machine does not mount ${kind}`);
    const { folder, disk, log, server } = small;

    const program = caller(t, folder, log, server.origin);
    const filling = await program.calls(MANY);
    assert.deepEqual(Object.keys(filling).sort(), ['audit_unavailable', 'ok']);
    assert.equal(server.seen.length, filling.ok);
    assert.ok(Number(filling.ok) > 100, `${filling.ok} calls fitted`);
    assert.deepEqual(await program.calls(20), { audit_unavailable: 20 });
    assert.equal(server.seen.length, filling.ok);

    rmSync(join(disk, 'ballast'));
    assert.deepEqual(await program.calls(20), { ok: 20 });
    assert.equal(await program.end(), 0);

    const verify = ['dist/cli/main.js', 'verify', log, '--key', join(folder, 'keys', 'origin.pub')];
    const verified = spawnSync(process.execPath, verify, { encoding: 'utf8' });
    assert.equal(verified.status, 0, verified.stdout + verified.stderr);
    const records = readFileSync(log, 'utf8')
      .trimEnd()
      .split('\n')
      .map(line => JSON.parse(line) as Record<string, unknown>);
    const recorded = new Set(records.filter(r => r.type === 'decision').map(r => `GET ${String(r.url_path)}`));
    for (const call of server.seen) assert.ok(recorded.has(call), `${call} reached the upstream without a record`);
    const dropped = records
      .filter(record => record.type === 'records_dropped')
      .reduce((sum, record) => sum + Number(record.count), 0);
    const denied = Number(filling.audit_unavailable) + 20;
    assert.ok(dropped >= denied, `${dropped} records told as dropped of ${denied} denials`);
    t.diagnostic(`${filling.ok} calls fitted, ${denied} were denied, ${dropped} records dropped`);
  });
}
