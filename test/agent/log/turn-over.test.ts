/** Promise: a log that turns itself over is whole across its files, at every crash in between, and its name leads to the last. */
import assert from 'node:assert/strict';
import {
  cpSync,
  lstatSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import type { AuditLogSettings } from '#src/agent/audit-log.js';
import { decision, type Place, place } from '../../support/audit-log.js';
import { failOnce } from '../../support/one-fault.js';
import { type Line, readWhole, typesOf } from '../../support/read-log.js';

const SMALL: Partial<AuditLogSettings> = { rotation: { maxBytes: 4096, daily: false } };
const DAILY: Partial<AuditLogSettings> = { rotation: { maxBytes: null, daily: true } };
const DAY_MS = 86_400_000;

/** The numbered files, in order. */
function filesOf(at: Place): string[] {
  const first = (name: string): number => Number(/\.(\d+)/.exec(name)?.[1]);
  const names = readdirSync(dirname(at.path)).filter(name => /^audit\.\d+(-\d+)?\.jsonl$/.test(name));
  return names.sort((a, b) => first(a) - first(b)).map(name => join(dirname(at.path), name));
}
const linesOf = (path: string): Line[] =>
  readFileSync(path, 'utf8')
    .split('\n')
    .slice(0, -1)
    .map(line => JSON.parse(line) as Line);
const decisions = (records: readonly Line[]): unknown[] =>
  records.filter(r => r.type === 'decision').map(r => r.request_id);
const upTo = (count: number): string[] => Array.from({ length: count }, (_, n) => `r-${n}`);

test('by size: each file is named by its first number, ends in order, and the link leads to the last', t => {
  const at = place(t);
  const log = at.open(SMALL);
  for (let n = 0; n < 60; n += 1) log.append(decision(n));
  log.close();
  const files = filesOf(at);
  assert.ok(files.length >= 5, files.join(' '));
  for (const [index, file] of files.entries()) {
    const lines = linesOf(file);
    assert.equal(Number(/(\d+)\.jsonl$/.exec(file)?.[1]), lines[0]?.seq, file);
    if (index > 0) assert.equal(lines[0]?.reason, 'size');
    if (index < files.length - 1) assert.deepEqual(typesOf(lines).slice(-2), ['segment_closed', 'checkpoint']);
    assert.ok(lstatSync(file).size < 4096 + 4096, 'a file ends at the first record boundary after its size');
  }
  assert.ok(lstatSync(at.path).isSymbolicLink());
  assert.equal(join(dirname(at.path), readlinkSync(at.path)), files.at(-1));
  assert.deepEqual(decisions(readWhole(...files)), upTo(60));
});

test('by day: the first record of a day (UTC) begins its file, also after a restart; a clock set back begins none', t => {
  const at = place(t);
  let ms = Date.UTC(2026, 0, 7, 23, 59, 59);
  const clock = { wallMs: () => ms };
  const log = at.open({ ...DAILY, clock });
  log.append(decision(0));
  ms += 2000;
  log.append(decision(1));
  log.append(decision(2));
  ms -= DAY_MS / 2;
  log.append(decision(3));
  log.close();
  assert.equal(filesOf(at).length, 2);
  const again = at.open({ ...DAILY, clock });
  again.append(decision(4));
  assert.equal(filesOf(at).length, 2);
  ms += 2 * DAY_MS;
  again.append(decision(5));
  again.close();
  const files = filesOf(at);
  assert.deepEqual(decisions(readWhole(...files)), upTo(6));
  assert.deepEqual(
    files.map(file => linesOf(file)[0]?.reason),
    [undefined, 'day', 'day'],
  );
});

test('a log that logrotate turned over before keeps its lines: the plain file gets its number', t => {
  const at = place(t);
  const before = at.open();
  before.append(decision(0));
  before.close();
  const log = at.open(SMALL);
  for (let n = 1; n < 30; n += 1) log.append(decision(n));
  log.close();
  assert.ok(lstatSync(at.path).isSymbolicLink());
  assert.deepEqual(decisions(readWhole(...filesOf(at))), upTo(30));
  // And back: the link is given up at the next file, and no line moves.
  const back = at.open();
  renameSync(filesOf(at).at(-1) as string, join(at.folder, 'moved'));
  back.reopen();
  back.append(decision(30));
  back.close();
  assert.ok(lstatSync(at.path).isFile());
  assert.deepEqual(decisions(readWhole(...filesOf(at), join(at.folder, 'moved'), at.path)), upTo(31));
});

test('restarts go on in the file that the link names', t => {
  const at = place(t);
  for (let n = 0; n < 40; n += 1) {
    const log = at.open(SMALL);
    log.append(decision(n));
    log.close();
  }
  assert.deepEqual(decisions(readWhole(...filesOf(at))), upTo(40));
});

const MOMENTS = ['openSync', 'renameSync', 'fsyncSync', 'fdatasyncSync', 'writeSync'] as const;
test('a crash anywhere while a file ends: the next start has every line, and one file is the last', t => {
  let moments = 0;
  for (const call of MOMENTS) {
    for (let nth = 1; nth <= 6; nth += 1) {
      const live = place(t);
      const log = live.open({ rotation: { maxBytes: 1600, daily: false } });
      const at = place(t);
      const copy = () => cpSync(live.folder, at.folder, { recursive: true, verbatimSymlinks: true });
      log.append(decision(0));
      log.append(decision(1));
      let reached = false;
      failOnce(t, call, nth, real => {
        const done = real();
        if (!reached) copy();
        reached = true;
        return done;
      });
      log.append(decision(2));
      log.close();
      if (!reached) continue;
      moments += 1;
      const again = at.open({ rotation: { maxBytes: 1600, daily: false } });
      again.append(decision(9));
      again.close();
      const files = filesOf(at).filter(file => lstatSync(file).size > 0);
      const plain = lstatSync(at.path).isFile() ? [at.path] : [];
      const kept = decisions(readWhole(...files, ...plain));
      assert.deepEqual(kept.slice(0, 2), ['r-0', 'r-1'], `${call} ${nth}`);
      assert.equal(kept.at(-1), 'r-9', `${call} ${nth}`);
    }
  }
  assert.ok(moments >= 15, `${moments} moments`);
});

test('the next file cannot be had: this one serves on, and it is said once', t => {
  const at = place(t);
  const log = at.open(SMALL);
  writeFileSync(join(at.folder, 'theirs'), 'x');
  let n = 0;
  for (; n < 5; n += 1) log.append(decision(n));
  failOnce(t, 'renameSync', 1, () => {
    throw Object.assign(new Error('EACCES'), { code: 'EACCES' });
  });
  for (; n < 30; n += 1) log.append(decision(n));
  assert.equal(at.problems.length, 1, at.problems.join('\n'));
  log.close();
  assert.deepEqual(decisions(readWhole(...filesOf(at), ...(lstatSync(at.path).isFile() ? [at.path] : []))), upTo(30));
});

test('a link that is not ours is not followed: refused', t => {
  const at = place(t);
  let ms = Date.now();
  const log = at.open({ ...SMALL, clock: { wallMs: () => ms } });
  for (let n = 0; n < 20; n += 1) log.append(decision(n));
  const mine = readlinkSync(at.path);
  const victim = join(at.folder, 'victim.jsonl');
  writeFileSync(victim, '');
  for (const target of [victim, '../victim.jsonl', 'audit.jsonl.state', 'audit.00.jsonl']) {
    unlinkSync(at.path);
    symlinkSync(target, at.path);
    ms += 1001;
    assert.throws(() => log.append(decision(99)), { code: 'audit_unavailable' }, target);
  }
  rmSync(at.path);
  symlinkSync(mine, at.path);
  log.append(decision(20));
  log.close();
  assert.equal(readFileSync(victim, 'utf8'), '');
  assert.deepEqual(decisions(readWhole(...filesOf(at))), upTo(21));
});
