// T-10 of THREAT-MODEL.md.
/** Promise: what others do to the file while it is written is noticed before the next record, and nothing is lost or forked. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { appendMany, decision, place } from '../../support/audit-log.js';
import { type Line, readWhole, typesOf } from '../../support/read-log.js';
import { until } from '../../support/until.js';

const parsed = (path: string): Line[] =>
  readFileSync(path, 'utf8')
    .split('\n')
    .slice(0, -1)
    .map(line => JSON.parse(line) as Line);

/** A clock that a test moves. */
function clock() {
  let ms = Date.now();
  return { wallMs: () => ms, step: (by: number) => (ms += by) };
}

test('foreign bytes: the file is left with them, the next begins after our last line', t => {
  const at = place(t);
  const log = at.open();
  appendMany(log, 5);
  const before = readFileSync(at.path, 'utf8');
  appendFileSync(at.path, 'someone was here');
  log.append(decision(6));
  const old = join(dirname(at.path), 'audit.0.jsonl');
  assert.equal(readFileSync(old, 'utf8'), `${before}someone was here`);
  log.close();
  assert.deepEqual([parsed(at.path)[0]?.type, parsed(at.path)[0]?.reason], ['segment_opened', 'foreign_bytes']);
  writeFileSync(old, before);
  assert.equal(readWhole(old, at.path).filter(r => r.type === 'decision').length, 6);
});

test('truncated: by some lines, and to nothing', t => {
  for (const to of [300, 0]) {
    const at = place(t);
    const log = at.open();
    appendMany(log, 5);
    const before = join(at.folder, 'before');
    copyFileSync(at.path, before);
    truncateSync(at.path, to);
    log.append(decision(6));
    log.close();
    assert.equal(parsed(at.path)[0]?.reason, 'truncated');
    assert.equal(readWhole(before, at.path).filter(r => r.type === 'decision').length, 6);
  }
});

test('renamed: noticed within a second; the old file ends in segment_closed and a checkpoint', t => {
  const at = place(t);
  const time = clock();
  const log = at.open({ clock: time });
  appendMany(log, 5);
  renameSync(at.path, `${at.path}.1`);
  appendMany(log, 2, 5);
  time.step(1000);
  appendMany(log, 2, 7);
  log.close();
  const records = readWhole(`${at.path}.1`, at.path);
  assert.equal(records.filter(r => r.type === 'decision').length, 9);
  assert.deepEqual(typesOf(parsed(`${at.path}.1`)).slice(-2), ['segment_closed', 'checkpoint']);
  assert.equal(parsed(at.path)[0]?.reason, 'inode');
});

test('renamed while idle: the timer notices', async t => {
  const at = place(t);
  const log = at.open();
  log.append(decision(1));
  renameSync(at.path, `${at.path}.1`);
  await until('the next file', () => existsSync(at.path) && parsed(at.path)[0]?.reason === 'inode');
  log.close();
  readWhole(`${at.path}.1`, at.path);
});

test('reopen: without a rotation nothing changes; with one the reason is signal', t => {
  const at = place(t);
  const log = at.open();
  log.append(decision(1));
  log.reopen();
  const { ino } = statSync(at.path);
  log.append(decision(2));
  assert.equal(statSync(at.path).ino, ino);
  renameSync(at.path, `${at.path}.1`);
  writeFileSync(at.path, '', { mode: 0o640 });
  const made = statSync(at.path).ino;
  log.reopen();
  assert.equal(statSync(at.path).ino, made, "logrotate's file is used");
  log.append(decision(3));
  log.close();
  assert.equal(parsed(at.path)[0]?.reason, 'signal');
  assert.equal(readWhole(`${at.path}.1`, at.path).filter(r => r.type === 'decision').length, 3);
});

test('logrotate under load loses nothing', async t => {
  const at = place(t);
  const log = at.open();
  const files: string[] = [];
  for (let round = 0; round < 8; round += 1) {
    appendMany(log, 400, round * 1000);
    files.push(`${at.path}.${round}`);
    renameSync(at.path, `${at.path}.${round}`);
    if (round % 2 === 0) writeFileSync(at.path, '', { mode: 0o640 });
    appendMany(log, 400, round * 1000 + 400);
    await sleep(1);
    log.reopen();
  }
  log.close();
  const records = readWhole(...files, at.path);
  assert.equal(records.filter(r => r.type === 'decision').length, 6400);
});

test('deleted: the next record is in a file that has a name', t => {
  const at = place(t);
  const log = at.open();
  appendMany(log, 3);
  const before = join(at.folder, 'before');
  copyFileSync(at.path, before);
  rmSync(at.path);
  log.append(decision(4));
  log.close();
  const [first] = parsed(at.path);
  assert.deepEqual([first?.type, first?.reason], ['segment_opened', 'inode']);
  assert.equal(first?.seq, parsed(before).length + 2);
});

test('replaced by an edited copy: the copy is moved aside, the log goes on after the true last line', t => {
  const at = place(t);
  const time = clock();
  const log = at.open({ clock: time });
  appendMany(log, 3);
  const kept = join(at.folder, 'kept');
  renameSync(at.path, kept);
  writeFileSync(at.path, readFileSync(kept, 'utf8').replace('r-1', 'r-9'));
  time.step(1001);
  log.append(decision(4));
  log.close();
  readWhole(kept, at.path);
  assert.ok(readdirSync(dirname(at.path)).some(name => name.startsWith('audit.replaced-')));
});

const obstacles: {
  readonly name: string;
  readonly put: (path: string) => void;
  readonly away: (path: string) => void;
}[] = [
  { name: 'a link', put: path => symlinkSync('/tmp', path), away: path => rmSync(path) },
  { name: 'a dangling link', put: path => symlinkSync(`${path}.nowhere`, path), away: path => rmSync(path) },
  { name: 'a FIFO', put: path => execFileSync('mkfifo', [path]), away: path => rmSync(path) },
  {
    name: 'a folder',
    put: path => mkdirSync(path),
    away: path => rmSync(path, { recursive: true, force: true, maxRetries: 10 }),
  },
];
for (const { name, put, away } of obstacles) {
  test(`replaced by ${name}: refused until mended, then nothing is missing`, t => {
    const at = place(t);
    const time = clock();
    const log = at.open({ clock: time });
    appendMany(log, 3);
    const kept = join(at.folder, 'kept');
    renameSync(at.path, kept);
    put(at.path);
    time.step(1001);
    for (let n = 0; n < 3; n += 1) assert.throws(() => log.append(decision(9)), { code: 'audit_unavailable' });
    assert.equal(log.health().state, 'failing');
    assert.equal(at.problems.length, 1, 'said once');
    away(at.path);
    log.append(decision(4));
    assert.equal(log.health().state, 'ok');
    log.close();
    assert.equal(readWhole(kept, at.path).filter(r => r.type === 'decision').length, 4);
  });
  test(`${name} at the path when the log is opened: log_unusable`, t => {
    const at = place(t);
    mkdirSync(dirname(at.path));
    put(at.path);
    assert.throws(() => at.open(), { code: 'log_unusable' });
  });
}

test('the folder was deleted: refused until it is back, then the chain goes on', t => {
  const at = place(t);
  const log = at.open();
  appendMany(log, 3);
  const before = join(at.folder, 'before');
  copyFileSync(at.path, before);
  rmSync(dirname(at.path), { recursive: true, force: true, maxRetries: 10 });
  for (let n = 0; n < 3; n += 1) assert.throws(() => log.append(decision(9)), { code: 'audit_unavailable' });
  log.reopen();
  mkdirSync(dirname(at.path));
  log.append(decision(4));
  log.close();
  assert.equal(parsed(at.path)[0]?.type, 'segment_opened');
});

test('the folder came back with another writer in it: refused, its file untouched', t => {
  const at = place(t);
  const log = at.open();
  appendMany(log, 3);
  rmSync(dirname(at.path), { recursive: true, force: true, maxRetries: 10 });
  const other = at.open();
  other.append(decision(1));
  const theirs = readFileSync(at.path, 'utf8');
  assert.throws(() => log.append(decision(9)), { code: 'audit_unavailable' });
  assert.equal(readFileSync(at.path, 'utf8'), theirs);
  other.close();
  readWhole(at.path);
});

test('what one look has found at the path holds until a look ends well, not only for those who look', t => {
  const at = place(t);
  // The clock stands still: no record would look for itself.
  const log = at.open({ clock: clock() });
  appendMany(log, 2);
  renameSync(at.path, join(at.folder, 'kept.jsonl'));
  symlinkSync('/dev/null', at.path);
  log.reopen();
  assert.equal(log.health().state, 'failing');
  assert.throws(() => log.append(decision(3)), { code: 'audit_unavailable' });
  rmSync(at.path);
  log.append(decision(4));
  assert.equal(log.health().state, 'ok');
});
