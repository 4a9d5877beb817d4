/**
 * Promise: each write point may fail once, or fail although it happened; no accepted record is lost, no refused one stays,
 * the chain is whole, and a new writer agrees.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import type { AuditLog } from '#src/agent/types.js';
import { decision, type Place, place } from '../../support/audit-log.js';
import { eio, failOnce, failSyncLater, halfWrite } from '../../support/one-fault.js';
import { type Line, readWhole } from '../../support/read-log.js';
import { until } from '../../support/until.js';

/** The files of the log in order; half a last line in an abandoned file is what `recovered` speaks of. */
function filesOf(at: Place): string[] {
  const folder = dirname(at.path);
  const first = (file: string): number => Number(/"seq":(\d+)/.exec(readFileSync(file, 'utf8'))?.[1] ?? -1);
  const files = readdirSync(folder)
    .filter(name => /^audit\b.*\.jsonl(\.\d+)?$/.test(name))
    .map(name => join(folder, name));
  return files.sort((a, b) => first(a) - first(b));
}

function tryAppend(log: AuditLog, n: number, accepted: string[]): void {
  try {
    log.append(decision(n));
    accepted.push(`r-${n}`);
  } catch (error) {
    assert.equal((error as { code?: string }).code, 'audit_unavailable');
  }
}

function judge(at: Place, accepted: readonly string[]): Line[] {
  const files = filesOf(at);
  for (const file of files.slice(0, -1)) {
    const text = readFileSync(file, 'utf8');
    if (!text.endsWith('\n')) writeFileSync(file, text.slice(0, text.lastIndexOf('\n') + 1));
  }
  const records = readWhole(...files);
  assert.deepEqual(
    records.filter(r => r.type === 'decision').map(r => r.request_id),
    accepted,
  );
  return records;
}

/** The faults are for the log, not for the test's own hand. */
const rotate = renameSync;

/** A fault that waited until now may hit the opening, which says so and may be tried again. */
function openTwice(at: Place): AuditLog {
  try {
    return at.open();
  } catch (error) {
    assert.equal((error as Error).name, 'Fault');
    return at.open();
  }
}

type Fault = { readonly name: string; readonly arm: (t: Parameters<typeof failOnce>[0]) => void };
const throws = () => {
  throw eio();
};
const persisted = (real: () => unknown) => {
  real();
  throw eio();
};
const faults: Fault[] = [];
for (const call of ['writeSync', 'fstatSync', 'fdatasyncSync', 'fsyncSync', 'openSync', 'renameSync'] as const) {
  for (const nth of [1, 2, 3, 5, 8]) {
    faults.push({ name: `${call} ${nth} fails`, arm: t => failOnce(t, call, nth, throws) });
    faults.push({ name: `${call} ${nth} fails although it happened`, arm: t => failOnce(t, call, nth, persisted) });
  }
}
for (const nth of [1, 2, 4, 6]) {
  faults.push({ name: `line ${nth} is half written`, arm: t => halfWrite(t, nth) });
  faults.push({
    name: `line ${nth} is half written and cannot be cut back`,
    arm: t => {
      halfWrite(t, nth);
      failOnce(t, 'ftruncateSync', 1, throws);
    },
  });
}

for (const { name, arm } of faults) {
  test(`while records come, the log is rotated, and it is closed: ${name}`, t => {
    const at = place(t);
    const log = at.open();
    const accepted: string[] = [];
    for (let n = 0; n < 3; n += 1) tryAppend(log, n, accepted);
    arm(t);
    for (let n = 3; n < 6; n += 1) tryAppend(log, n, accepted);
    rotate(at.path, `${at.path}.1`);
    log.reopen();
    for (let n = 6; n < 10; n += 1) tryAppend(log, n, accepted);
    tryAppend(log, 10, accepted);
    assert.equal(accepted.at(-1), 'r-10', 'works again by itself');
    log.close();
    assert.ok(accepted.length >= 8);
    const again = openTwice(at);
    tryAppend(again, 11, accepted);
    again.close();
    judge(at, accepted);
  });
}

test('half a line that cannot be cut back: the file is abandoned, the next says write_failed', t => {
  const at = place(t);
  const log = at.open();
  const accepted: string[] = [];
  tryAppend(log, 0, accepted);
  halfWrite(t);
  failOnce(t, 'ftruncateSync', 1, throws);
  tryAppend(log, 1, accepted);
  assert.deepEqual(accepted, ['r-0']);
  tryAppend(log, 2, accepted);
  log.close();
  const records = judge(at, accepted);
  const opened = records.find(r => r.type === 'segment_opened');
  assert.equal(opened?.reason, 'recovered');
  const recovered = records.find(r => r.type === 'recovered');
  assert.deepEqual([recovered?.cause, recovered?.to], ['write_failed', 2]);
});

test('an asynchronous sync that fails: nothing is signed on its word, the descriptor is abandoned', async t => {
  const at = place(t);
  const log = at.open();
  const accepted: string[] = [];
  failSyncLater(t);
  tryAppend(log, 0, accepted);
  await until('the sync failed', () => at.problems.length > 0);
  tryAppend(log, 1, accepted);
  assert.equal(at.problems.length, 1);
  assert.match(at.problems[0] as string, /EIO/);
  log.close();
  const records = judge(at, accepted);
  assert.equal(records.find(r => r.type === 'recovered')?.cause, 'write_failed');
  assert.ok(records.findIndex(r => r.type === 'checkpoint') > records.findIndex(r => r.type === 'segment_opened'));
});

test('onProblem that throws is no problem of the caller', t => {
  const at = place(t);
  const log = at.open({
    onProblem() {
      throw new Error('mine');
    },
  });
  failOnce(t, 'writeSync', 1, throws);
  assert.throws(() => log.append(decision(1)), { code: 'audit_unavailable' });
  log.append(decision(2));
  log.close();
  readWhole(at.path);
});
