// T-11 of THREAT-MODEL.md.
/**
 * A disk that fails under a real program, and limits of the process: strict denies, permissive lets pass and counts, health has
 * the system's word for it, nothing that was promised is lost, and it goes on by itself when the cause is gone.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { caller } from '../support/line-caller.js';
import { upstream } from '../support/upstream.js';

const MIB = 1024 * 1024;
const ok = (program: string, ...args: string[]): boolean => spawnSync(program, args).status === 0;
const must = (program: string, ...args: string[]): void =>
  assert.ok(ok(program, ...args), `${program} ${args.join(' ')}`);

interface Disk {
  /** The log's folder. */
  readonly folder: string;
  /** A folder for what lies under it. */
  readonly under: string;
  readonly pid: () => number;
}

interface Failure {
  readonly name: string;
  /** False where this machine does not let us. */
  readonly mount: (disk: Disk) => boolean;
  readonly fail: (disk: Disk) => void;
  /** Null: only a fresh mount and a new start help. */
  readonly mend: ((disk: Disk) => void) | null;
  /** What health says meanwhile; null: the log goes on all the same. */
  readonly says: RegExp | null;
  readonly settings?: string;
  /** Calls that surely meet it. */
  readonly calls: number;
}

const image = ({ under }: Disk): string => join(under, 'image');
const mountImage = (disk: Disk, errors: string): boolean =>
  ok('mount', '-o', `loop,errors=${errors}`, image(disk), disk.folder);
function ext4(disk: Disk, sizeBytes: number, errors: string): boolean {
  writeFileSync(image(disk), '');
  truncateSync(image(disk), sizeBytes);
  // No journal: small, and a block that cannot be written does not end the filesystem.
  return ok('mkfs.ext4', '-q', '-F', '-O', '^has_journal', '-m', '0', image(disk)) && mountImage(disk, errors);
}
const openFiles = (pid: number): number => readdirSync(`/proc/${pid}/fd`).length;
const limit = ({ pid }: Disk, what: string): void => must('prlimit', '--pid', `${pid()}`, what);

const FAILURES: readonly Failure[] = [
  {
    name: 'the kernel makes the filesystem read-only after an error (EROFS)',
    mount: disk => ext4(disk, 4 * MIB, 'remount-ro'),
    fail: ({ folder }) => {
      const device = spawnSync('findmnt', ['-no', 'SOURCE', folder], { encoding: 'utf8' }).stdout.trim();
      writeFileSync(`/sys/fs/ext4/${basename(device)}/trigger_fs_error`, 'x');
    },
    mend: null,
    says: /EROFS/,
    settings: ', durability: fsync',
    calls: 5,
  },
  {
    name: 'a disk that finds no blocks for what was written (a sync fails)',
    // The image has holes and lies in a small filesystem, as a thin volume in a full pool.
    mount: disk => ok('mount', '-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', disk.under) && ext4(disk, 16 * MIB, 'continue'),
    fail: ({ under }) => {
      spawnSync('dd', ['if=/dev/zero', `of=${join(under, 'ballast')}`, 'bs=4k']);
    },
    mend: ({ under }) => rmSync(join(under, 'ballast')),
    says: /ENOSPC|EIO/,
    settings: ', durability: fsync',
    calls: 40,
  },
  {
    name: 'no file may grow (RLIMIT_FSIZE)',
    mount: () => true,
    fail: disk => limit(disk, '--fsize=2048:unlimited'),
    mend: disk => limit(disk, '--fsize=unlimited'),
    says: /EFBIG|ENOSPC/,
    calls: 20,
  },
  {
    name: 'no file may be opened (RLIMIT_NOFILE)',
    mount: () => true,
    fail: disk => limit(disk, `--nofile=${openFiles(disk.pid())}:1024`),
    mend: disk => limit(disk, '--nofile=1024:1024'),
    says: null,
    settings: ', rotate_bytes: 65536',
    calls: 120,
  },
];

type Mode = 'strict' | 'permissive';

async function asPromised(t: TestContext, failure: Failure, mode: Mode): Promise<void> {
  const base = realpathSync(mkdtempSync(join(tmpdir(), 'checkrd-disk-')));
  let pid = 0;
  const disk: Disk = { folder: join(base, 'disk'), under: join(base, 'under'), pid: () => pid };
  for (const name of [disk.folder, disk.under]) mkdirSync(name);
  const server = await upstream();
  t.after(async () => {
    await server.close();
    for (const name of [disk.folder, disk.under]) spawnSync('umount', ['-l', name]);
    rmSync(base, { recursive: true, force: true, maxRetries: 10 });
  });
  if (!failure.mount(disk)) return t.skip('this machine does not mount it');
  writeFileSync(join(base, 'policy.yaml'), 'default: allow\nrules: []\n');
  writeFileSync(join(base, 'checkrd.yaml'), `audit: { url_path: raw${failure.settings ?? ''} }\n`);
  const log = join(disk.folder, 'audit.jsonl');
  const start = () => caller(t, base, log, server.origin, { CHECKRD_SECURITY_MODE: mode });
  let program = start();
  pid = program.pid;
  assert.deepEqual(await program.calls(10), { ok: 10 });
  const certain = [...server.seen];
  failure.fail(disk);
  const meanwhile = await program.calls(failure.calls);
  const passed = new Set(mode === 'strict' ? server.seen : certain);
  if (failure.says === null) assert.deepEqual(meanwhile, { ok: failure.calls });
  else {
    if (mode === 'strict') assert.ok(Number(meanwhile.audit_unavailable) > 0, JSON.stringify(meanwhile));
    else assert.deepEqual(meanwhile, { ok: failure.calls });
    assert.deepEqual(Object.keys(await program.calls(3)), [mode === 'strict' ? 'audit_unavailable' : 'ok']);
    const { state, error } = await program.health();
    assert.equal(state, 'failing');
    assert.match(error?.message ?? '', failure.says);
  }
  if (failure.mend === null) {
    await program.end();
    must('umount', disk.folder);
    assert.ok(mountImage(disk, 'continue'));
    program = start();
  } else failure.mend(disk);
  const before = server.seen.length;
  assert.deepEqual(await program.calls(failure.calls), { ok: failure.calls }, 'when the cause is gone');
  for (const call of server.seen.slice(before)) passed.add(call);
  assert.equal((await program.health()).state, 'ok');
  assert.equal(await program.end(), 0);
  const files = readdirSync(disk.folder).filter(name => /^audit\b.*\.jsonl$/.test(name));
  const paths = files.map(name => join(disk.folder, name));
  const args = ['dist/cli/main.js', 'verify', '--key', join(base, 'keys', 'origin.pub'), ...paths];
  const verified = spawnSync(process.execPath, args, { encoding: 'utf8' });
  assert.equal(verified.status, 0, verified.stdout + verified.stderr);
  const text = paths.map(path => readFileSync(path, 'utf8')).join('');
  const recorded = new Set([...text.matchAll(/"url_path":"([^"]+)"/g)].map(([, path]) => `GET ${path}`));
  for (const call of passed) assert.ok(recorded.has(call), `${call} reached the upstream without a record`);
  t.diagnostic(`${JSON.stringify(meanwhile)}, ${files.length} files`);
}

for (const failure of FAILURES) {
  for (const mode of ['strict', 'permissive'] as const) {
    test(`${failure.name} (${mode})`, t => asPromised(t, failure, mode));
  }
}
