/**
 * Who could change a file: arrangements of owners, modes, links, groups and mounts, made for real. T-71, T-72
 *
 * Each is read as a policy is. A refusal names the file or folder to mend, its mode, and a command; the command is run
 * and must mend it.
 */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  lchownSync,
  linkSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Fault } from '#src/core/fault.js';
import { readSettledSync } from '#src/disk/read-settled.js';
import { foreignWriter, type WriterRules } from '#src/disk/who-may-write.js';
import { asNobody } from '../support/as-nobody.js';
import { endsWith } from '../support/ends-with.js';
import { notRoot } from '../support/nobody.js';
import { tempFolder } from '../support/temp.js';

const NOBODY = 65_534;
/** Has members beside root in any image; what they are called is no matter. */
const DAEMON = 1;

interface Arrangement {
  readonly name: string;
  /** `d` is there, root's, 0755, with `policy.yaml` in it, 0644. Returns the path to read. */
  make(d: string): string;
  readonly rules?: WriterRules;
  /** Absent: accepted. */
  readonly refused?: { readonly path: RegExp; readonly mode: string; readonly who: RegExp };
  readonly needs?: 'access lists';
}

const policy = (d: string): string => join(d, 'policy.yaml');

function below(d: string, ...names: readonly string[]): string {
  let at = d;
  for (const name of names) {
    at = join(at, name);
    mkdirSync(at);
  }
  writeFileSync(policy(at), 'a\n');
  return at;
}

/** `setfacl -m u:65534:PERM`, which few machines have: the bytes the kernel keeps. False: no access lists here. */
function accessList(path: string, perm: 4 | 6): boolean {
  const entries = [
    [1, 6, 'ffffffff'],
    [2, perm, 'feff0000'],
    [4, 4, 'ffffffff'],
    [16, perm, 'ffffffff'],
    [32, 4, 'ffffffff'],
  ].map(([tag, bits, id]) => `${le16(Number(tag))}${le16(Number(bits))}${id}`);
  const hex = `02000000${entries.join('')}`;
  const code = 'import os,sys;os.setxattr(sys.argv[1],"system.posix_acl_access",bytes.fromhex(sys.argv[2]))';
  return python('-c', code, path, hex);
}
function python(...args: readonly string[]): boolean {
  return spawnSync('python3', args, { env: { PATH: '/usr/bin:/usr/local/bin' } }).status === 0;
}
const le16 = (n: number): string => `${n.toString(16).padStart(2, '0')}00`;

const ARRANGEMENTS: readonly Arrangement[] = [
  { name: 'root’s, closed', make: d => policy(d) },
  {
    name: 'closed even to readers',
    make: d => {
      chmodSync(policy(d), 0o600);
      return policy(d);
    },
  },
  {
    name: 'anyone may write the file',
    make: d => {
      chmodSync(policy(d), 0o666);
      return policy(d);
    },
    refused: { path: /d\/policy\.yaml$/, mode: '0666', who: /everyone/ },
  },
  {
    name: 'anyone may write the file, none may read it',
    make: d => {
      chmodSync(policy(d), 0o602);
      return policy(d);
    },
    refused: { path: /policy\.yaml$/, mode: '0602', who: /everyone/ },
  },
  {
    name: 'a group with strangers may write the file',
    make: d => {
      chownSync(policy(d), 0, DAEMON);
      chmodSync(policy(d), 0o664);
      return policy(d);
    },
    refused: { path: /policy\.yaml$/, mode: '0664', who: /group 1$/ },
  },
  {
    name: 'the operators may write the file',
    make: d => {
      chownSync(policy(d), 0, DAEMON);
      chmodSync(policy(d), 0o664);
      return policy(d);
    },
    rules: { operatorsGid: DAEMON },
  },
  {
    name: 'the operators and everyone may write the file',
    make: d => {
      chownSync(policy(d), 0, DAEMON);
      chmodSync(policy(d), 0o666);
      return policy(d);
    },
    rules: { operatorsGid: DAEMON },
    refused: { path: /policy\.yaml$/, mode: '0666', who: /everyone/ },
  },
  {
    name: 'a group with no member but the owner may write the file',
    make: d => {
      chmodSync(policy(d), 0o664);
      return policy(d);
    },
  },
  {
    name: 'such a group, and an access list that lets another user write',
    make: d => {
      accessList(policy(d), 6);
      return policy(d);
    },
    needs: 'access lists',
    refused: { path: /policy\.yaml$/, mode: '0664', who: /access list/ },
  },
  {
    name: 'the operators, and an access list that lets another user write',
    make: d => {
      chownSync(policy(d), 0, DAEMON);
      accessList(policy(d), 6);
      return policy(d);
    },
    rules: { operatorsGid: DAEMON },
    needs: 'access lists',
    refused: { path: /policy\.yaml$/, mode: '0664', who: /access list/ },
  },
  {
    name: 'an access list that lets another user read',
    make: d => {
      accessList(policy(d), 4);
      return policy(d);
    },
    needs: 'access lists',
  },
  {
    name: 'another user’s file',
    make: d => {
      chownSync(policy(d), NOBODY, 0);
      return policy(d);
    },
    refused: { path: /policy\.yaml$/, mode: '0644', who: /user 65534/ },
  },
  {
    name: 'another user’s file, which all may write',
    make: d => {
      chownSync(policy(d), NOBODY, 0);
      chmodSync(policy(d), 0o666);
      return policy(d);
    },
    refused: { path: /policy\.yaml$/, mode: '0666', who: /user 65534/ },
  },
  {
    name: 'our own file, we being nobody',
    make: d => {
      chownSync(policy(d), NOBODY, NOBODY);
      return policy(d);
    },
    rules: { operatorsGid: null, uid: NOBODY },
  },
  {
    name: 'a third user’s private file, we being nobody',
    make: d => {
      chownSync(policy(d), DAEMON, 0);
      chmodSync(policy(d), 0o600);
      return policy(d);
    },
    rules: { operatorsGid: null, uid: NOBODY },
    refused: { path: /policy\.yaml$/, mode: '0600', who: /user 1$/ },
  },
  {
    name: 'anyone may write the folder',
    make: d => {
      chmodSync(d, 0o777);
      return policy(d);
    },
    refused: { path: /\/d$/, mode: '0777', who: /everyone/ },
  },
  {
    name: 'the folder is sticky',
    make: d => {
      chmodSync(d, 0o1777);
      return policy(d);
    },
  },
  {
    name: 'a folder of operators',
    make: d => {
      chownSync(d, 0, DAEMON);
      chmodSync(d, 0o2775);
      return policy(d);
    },
    rules: { operatorsGid: DAEMON },
  },
  {
    name: 'a folder of a group with strangers',
    make: d => {
      chownSync(d, 0, DAEMON);
      chmodSync(d, 0o2775);
      return policy(d);
    },
    refused: { path: /\/d$/, mode: '2775', who: /group 1$/ },
  },
  {
    name: 'another user’s folder',
    make: d => {
      chownSync(d, NOBODY, 0);
      return policy(d);
    },
    refused: { path: /\/d$/, mode: '0755', who: /user 65534/ },
  },
  {
    name: 'another user’s sticky folder',
    make: d => {
      chownSync(d, NOBODY, 0);
      chmodSync(d, 0o1777);
      return policy(d);
    },
    refused: { path: /\/d$/, mode: '1777', who: /user 65534/ },
  },
  {
    name: 'a folder far above that anyone may write',
    make: d => {
      below(d, 'a', 'b', 'c');
      chmodSync(join(d, 'a'), 0o777);
      return policy(join(d, 'a/b/c'));
    },
    refused: { path: /\/d\/a$/, mode: '0777', who: /everyone/ },
  },
  {
    name: 'a folder far above that is sticky, and what stands in it is root’s',
    make: d => {
      below(d, 'a', 'b');
      chmodSync(join(d, 'a'), 0o1777);
      return policy(join(d, 'a/b'));
    },
  },
  {
    name: 'a folder far above that is sticky, and what stands in it another user’s',
    make: d => {
      below(d, 'a', 'b');
      chmodSync(join(d, 'a'), 0o1777);
      chownSync(join(d, 'a/b'), NOBODY, 0);
      return policy(join(d, 'a/b'));
    },
    refused: { path: /\/d\/a\/b$/, mode: '0755', who: /user 65534/ },
  },
  {
    name: 'a name that a shell would read otherwise',
    make: d => {
      const at = below(d, "it's $HOME; a b");
      chmodSync(at, 0o777);
      return policy(at);
    },
    refused: { path: /it's \$HOME; a b$/, mode: '0777', who: /everyone/ },
  },
  {
    name: 'a link in a closed folder',
    make: d => {
      below(d, 'real');
      symlinkSync('real', join(d, 'link'));
      return policy(join(d, 'link'));
    },
  },
  {
    name: 'a link to a folder below one that anyone may write',
    make: d => {
      below(d, 'open', 'real');
      chmodSync(join(d, 'open'), 0o777);
      symlinkSync(join(d, 'open/real/policy.yaml'), join(d, 'link.yaml'));
      return join(d, 'link.yaml');
    },
    refused: { path: /\/d\/open$/, mode: '0777', who: /everyone/ },
  },
  {
    name: 'a link to a link in a folder that anyone may write',
    make: d => {
      const open = below(d, 'open');
      symlinkSync('../policy.yaml', join(open, 'hop'));
      symlinkSync('open/hop', join(d, 'link.yaml'));
      chmodSync(open, 0o777);
      return join(d, 'link.yaml');
    },
    refused: { path: /\/d\/open$/, mode: '0777', who: /everyone/ },
  },
  {
    name: 'root’s link in a sticky folder',
    make: d => {
      const open = below(d, 'open');
      chmodSync(open, 0o1777);
      symlinkSync('../policy.yaml', join(open, 'link.yaml'));
      return join(open, 'link.yaml');
    },
  },
  {
    name: 'another user’s link in a sticky folder, to a file of root',
    make: d => {
      const open = below(d, 'open');
      chmodSync(open, 0o1777);
      symlinkSync('../policy.yaml', join(open, 'link.yaml'));
      lchownSync(join(open, 'link.yaml'), NOBODY, 0);
      return join(open, 'link.yaml');
    },
    refused: { path: /\/d\/open\/link\.yaml$/, mode: '0777', who: /user 65534/ },
  },
  {
    name: 'another user’s link to a folder, on the way through a sticky folder',
    make: d => {
      const open = join(d, 'open');
      mkdirSync(open);
      chmodSync(open, 0o1777);
      symlinkSync('..', join(open, 'way'));
      lchownSync(join(open, 'way'), NOBODY, 0);
      return policy(join(open, 'way'));
    },
    refused: { path: /\/d\/open\/way$/, mode: '0777', who: /user 65534/ },
  },
  {
    name: 'a file with a second name, in a closed folder',
    make: d => {
      linkSync(policy(d), join(d, 'other'));
      return policy(d);
    },
  },
  {
    name: 'a second name in a folder that anyone may write: no right comes with a name',
    make: d => {
      linkSync(policy(d), join(below(d, 'open'), 'other'));
      chmodSync(join(d, 'open'), 0o777);
      return policy(d);
    },
  },
  {
    name: 'root’s other policy under a second name, put into a sticky folder',
    make: d => {
      const open = join(d, 'open');
      mkdirSync(open);
      chmodSync(open, 0o1777);
      linkSync(policy(d), policy(open));
      return policy(open);
    },
    refused: { path: /\/d\/open\/policy\.yaml$/, mode: '0644', who: /second name/ },
  },
  {
    name: 'root’s link under a second name, put into a sticky folder',
    make: d => {
      const open = join(d, 'open');
      mkdirSync(open);
      chmodSync(open, 0o1777);
      symlinkSync(policy(d), join(d, 'link.yaml'));
      linkSync(join(d, 'link.yaml'), join(open, 'link.yaml'));
      return join(open, 'link.yaml');
    },
    refused: { path: /\/d\/open\/link\.yaml$/, mode: '0777', who: /second name/ },
  },
];

const lists = python('-c', 'import os; os.setxattr');

for (const row of ARRANGEMENTS) {
  const skip = notRoot || (row.needs !== undefined && !lists ? 'no python3 to write an access list' : false);
  test(`${row.name}: ${row.refused === undefined ? 'read' : 'refused'}`, { skip }, t => {
    const d = join(tempFolder(t), 'd');
    mkdirSync(d);
    writeFileSync(policy(d), 'a\n');
    const path = row.make(d);
    const rules = row.rules ?? { operatorsGid: null };
    const read = () => readSettledSync(path, rules).bytes.length;
    if (row.refused === undefined) {
      assert.equal(read(), 2);
      return;
    }
    const found = foreignWriter(path, rules);
    assert.ok(found);
    assert.match(found.path, row.refused.path);
    assert.match(found.who, row.refused.who);
    assert.equal(found.mode, row.refused.mode);
    assert.throws(read, (error: unknown) => {
      assert.ok(error instanceof Fault);
      assert.equal(error.code, 'policy_writable_by_others');
      for (const part of [`\`${found.path}\` has mode ${found.mode} `, found.who, `run \`${found.mend}\``]) {
        assert.ok(error.message.includes(part), `${part}\n${error.message}`);
      }
      return true;
    });
    const mended = spawnSync('sh', ['-c', found.mend], { encoding: 'utf8' });
    assert.equal(mended.status, 0, mended.stderr);
    assert.equal(read(), 2, found.mend);
  });
}

test('there are enough arrangements', () => {
  assert.ok(ARRANGEMENTS.length >= 30);
});

test('nobody trusts what is root’s or nobody’s own, and nothing else', { skip: notRoot }, t => {
  const d = tempFolder(t);
  chmodSync(d, 0o755);
  const paths = ['roots', 'own', 'daemons', 'folder/own'].map(name => join(d, name));
  mkdirSync(join(d, 'folder'));
  for (const path of paths) writeFileSync(path, 'a\n');
  chownSync(paths[1] ?? '', NOBODY, NOBODY);
  chownSync(paths[2] ?? '', DAEMON, DAEMON);
  chownSync(paths[3] ?? '', NOBODY, NOBODY);
  chownSync(join(d, 'folder'), DAEMON, DAEMON);
  const { out, err } = asNobody(`
    import { readSettledSync } from '${process.cwd()}/dist/disk/read-settled.js';
    for (const path of ${JSON.stringify(paths)}) {
      try { console.log(readSettledSync(path, { operatorsGid: null }).bytes.length); }
      catch (error) { console.log(error.code); }
    }`);
  assert.equal(out, '2\n2\npolicy_writable_by_others\npolicy_writable_by_others\n', err);
});

/** Of each race; 2,000 in all. */
const READS = 500;

/** `swap` runs in a process of its own until it is killed, again and again; it changes the file under the reader. */
async function race(
  t: TestContext,
  folder: string,
  path: string,
  swap: string,
  uid: number,
): Promise<{ accepted: string[] }> {
  const code = `
    import { renameSync as mv, symlinkSync as ln, chmodSync, writeFileSync, unlinkSync as rm } from 'node:fs';
    process.chdir(${JSON.stringify(folder)});
    let n = 0;
    for (;;) { try { ${swap} } catch {} if (++n === 1) console.log('swaps'); }`;
  const swapper = spawn(process.execPath, ['--input-type=module', '-e', code], {
    stdio: ['ignore', 'pipe', 'ignore'],
    uid,
    gid: uid,
  });
  endsWith(t, swapper);
  await once(swapper.stdout, 'data');
  const accepted: string[] = [];
  for (let i = 0; i < READS; i++) {
    try {
      accepted.push(Buffer.from(readSettledSync(path, { operatorsGid: null }).bytes).toString());
    } catch (error) {
      assert.ok(error instanceof Fault, String(error));
    }
  }
  return { accepted };
}

const RACES: readonly {
  readonly name: string;
  readonly make: (d: string) => void;
  readonly path: string;
  readonly swap: string;
  readonly uid?: number;
}[] = [
  {
    name: 'the file, for one that anyone may write',
    make: d => {
      writeFileSync(join(d, 'good'), 'good\n');
      writeFileSync(join(d, 'bad'), 'bad\n');
      chmodSync(join(d, 'bad'), 0o666);
      symlinkSync('good', join(d, 'policy.yaml'));
    },
    path: 'policy.yaml',
    swap: "ln('bad', 'x'); mv('x', 'policy.yaml'); ln('good', 'x'); mv('x', 'policy.yaml');",
  },
  {
    name: 'its folder, for one that anyone may write',
    make: d => {
      for (const name of ['good', 'bad']) {
        mkdirSync(join(d, name));
        writeFileSync(join(d, name, 'policy.yaml'), `${name}\n`);
      }
      chmodSync(join(d, 'bad'), 0o777);
    },
    path: 'live/policy.yaml',
    swap: "mv('bad', 'live'); mv('live', 'bad'); mv('good', 'live'); mv('live', 'good');",
  },
  {
    name: 'a link on the way, for one through such a folder',
    make: d => {
      for (const name of ['good', 'open']) mkdirSync(join(d, name));
      mkdirSync(join(d, 'open/bad'));
      writeFileSync(join(d, 'good/policy.yaml'), 'good\n');
      writeFileSync(join(d, 'open/bad/policy.yaml'), 'bad\n');
      chmodSync(join(d, 'open'), 0o777);
      symlinkSync('good', join(d, 'live'));
    },
    path: 'live/policy.yaml',
    swap: "ln('open/bad', 'x'); mv('x', 'live'); ln('good', 'x'); mv('x', 'live');",
  },
  {
    name: 'nobody’s own link in a sticky folder, between root’s file and one of his',
    make: d => {
      chmodSync(d, 0o1777);
      writeFileSync(join(d, 'good'), 'bad: root’s, but another put it here\n');
      writeFileSync(join(d, 'his'), 'bad\n');
      chownSync(join(d, 'his'), NOBODY, NOBODY);
    },
    path: 'policy.yaml',
    swap: "ln('his', 'x'); mv('x', 'policy.yaml'); ln('good', 'x'); mv('x', 'policy.yaml');",
    uid: NOBODY,
  },
];

for (const { name, make, path, swap, uid } of RACES) {
  test(`swapped in a loop while it is read: ${name}`, { skip: notRoot }, async t => {
    const top = tempFolder(t);
    chmodSync(top, 0o755);
    const d = join(top, 'd');
    mkdirSync(d);
    make(d);
    const { accepted } = await race(t, d, join(d, path), swap, uid ?? 0);
    assert.deepEqual(
      accepted.filter(text => text.startsWith('bad')),
      [],
    );
    t.diagnostic(`${accepted.length} of ${READS} accepted`);
  });
}

test('a change of mode of any folder above shows in a look', { skip: notRoot }, async t => {
  const { lookAt } = await import('#src/disk/read-settled.js');
  const d = tempFolder(t);
  const at = below(d, 'a', 'b');
  const before = lookAt(policy(at));
  chmodSync(join(d, 'a'), 0o777);
  assert.notDeepEqual(lookAt(policy(at)), before);
  assert.ok(readFileSync(policy(at)).length > 0);
  rmSync(at, { recursive: true });
});
