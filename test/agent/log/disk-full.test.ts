// T-11 of THREAT-MODEL.md.
/** Promise: a record that does not fit is refused and leaves no half line; when there is room the log goes on. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { appendMany, decision, place } from '../../support/audit-log.js';
import { readWhole } from '../../support/read-log.js';

const CHILD = join('build', 'test', 'support', 'log-child.js');

test('a full filesystem: refused with ENOSPC, whole, and on again by itself when there is room', t => {
  const at = place(t);
  const mount = join(at.folder, 'log');
  mkdirSync(mount);
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', mount]).status === 0;
  if (!mounted) return t.skip('this user may not mount a tmpfs; the next test covers short writes');
  try {
    const log = at.open();
    writeFileSync(join(mount, 'ballast'), Buffer.alloc(150 * 1024));
    let accepted = 0;
    let refused: unknown = null;
    for (let n = 0; n < 1000 && refused === null; n += 1) {
      try {
        log.append(decision(n, { span_name: 'x'.repeat(500) }));
        accepted += 1;
      } catch (error) {
        refused = error;
      }
    }
    assert.equal((refused as { code?: string }).code, 'audit_unavailable');
    assert.match((refused as Error).message, /ENOSPC/);
    assert.ok(readFileSync(at.path).at(-1) === 0x0a, 'no half line');
    assert.equal(log.health().state, 'failing');
    assert.throws(() => {
      for (let n = 0; n < 20; n += 1) log.append(decision(n));
    });
    assert.ok(at.problems.length <= 3, at.problems.join('\n'));
    rmSync(join(mount, 'ballast'));
    log.append(decision(7, { request_id: 'after' }));
    assert.equal(log.health().state, 'ok');
    log.close();
    const records = readWhole(at.path);
    assert.ok(records.filter(r => r.type === 'decision').length >= accepted + 1);
    assert.ok(records.some(r => r.request_id === 'after'));
  } finally {
    spawnSync('umount', ['-l', mount]);
  }
});

test('a full filesystem from the start: the log opens, refuses, and begins when there is room', t => {
  const at = place(t);
  const mount = join(at.folder, 'log');
  mkdirSync(mount);
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', mount]).status !== 0) {
    return t.skip('this user may not mount a tmpfs');
  }
  try {
    assert.throws(() => writeFileSync(join(mount, 'ballast'), Buffer.alloc(80 * 1024)), { code: 'ENOSPC' });
    const log = at.open();
    assert.throws(() => log.append(decision(1)), { code: 'audit_unavailable' });
    rmSync(join(mount, 'ballast'));
    log.append(decision(2));
    log.close();
    assert.equal(readWhole(at.path).filter(r => r.type === 'decision').length, 1);
  } finally {
    spawnSync('umount', ['-l', mount]);
  }
});

test('a file that may grow no further (RLIMIT_FSIZE): the short write is cut back', t => {
  const at = place(t);
  const script = `ulimit -f 8 && exec "${process.execPath}" "${CHILD}" "${at.folder}" fill 40`;
  const run = spawnSync('bash', ['-c', script], { encoding: 'utf8' });
  assert.equal(run.status, 0, run.stderr);
  assert.match(run.stdout, /refused audit_unavailable/);
  const accepted = run.stdout.split('\n').filter(line => /^\d+$/.test(line)).length;
  const log = at.open();
  log.append(decision(1000));
  log.close();
  assert.equal(readWhole(at.path).filter(r => r.type === 'decision').length, accepted + 1);
});

test('a file that is larger already (SIGXFSZ): refused, and the process lives', t => {
  const at = place(t);
  const log = at.open();
  appendMany(log, 10);
  log.close();
  const script = `ulimit -f 4 && exec "${process.execPath}" "${CHILD}" "${at.folder}" fill 3`;
  const run = spawnSync('bash', ['-c', script], { encoding: 'utf8' });
  assert.deepEqual([run.status, run.signal], [0, null], run.stderr);
  assert.match(run.stdout, /refused audit_unavailable .*EFBIG[\s\S]*total 3/);
  at.open().close();
  assert.equal(readWhole(at.path).filter(r => r.type === 'decision').length, 10);
});

test('folders: made as told, refused by name otherwise', t => {
  const at = place(t);
  const deep = join(at.folder, 'a', 'b', 'audit.jsonl');
  assert.throws(() => at.open({ path: deep, makeFolder: 'last' }), { code: 'log_dir_missing', message: /mkdir -p/ });
  at.open({ path: deep, makeFolder: 'all' }).close();
  readWhole(deep);
  writeFileSync(join(at.folder, 'plain'), '');
  assert.throws(() => at.open({ path: join(at.folder, 'plain', 'audit.jsonl') }), { code: 'log_dir_unwritable' });
});

test('a folder this user may not write: log_dir_unwritable', t => {
  const at = place(t);
  mkdirSync(dirname(at.path));
  if (process.getuid?.() !== 0) {
    chmodSync(dirname(at.path), 0o500);
    assert.throws(() => at.open(), { code: 'log_dir_unwritable' });
    return;
  }
  // Modes do not bind root; a read-only mount does.
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'ro', 'tmpfs', dirname(at.path)]).status !== 0) {
    return t.skip('root without the right to mount');
  }
  try {
    assert.throws(() => at.open(), { code: 'log_dir_unwritable' });
  } finally {
    spawnSync('umount', ['-l', dirname(at.path)]);
  }
});
