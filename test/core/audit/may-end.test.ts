/** Promise: an outcome that one agent reports of another's call is that call's end for no reader of the log. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FlatRecord } from '#src/core/audit/canonical.js';
import { Selection } from '#src/core/evidence/selection.js';
import { RecordFilter } from '#src/core/report/record-filter.js';
import { ReportTally } from '#src/core/report/tally.js';

let seq = 0;
const record = (fields: object): FlatRecord =>
  ({ log: 'h/daemon/0', seq: seq++, time: '2026-01-07T12:00:00.000Z', ...fields }) as FlatRecord;

const own = record({ type: 'decision', request_id: 'a', agent_id: 'billing', policy_result: 'allow' });
const forged = record({ type: 'outcome', request_id: 'a', agent_id: 'crm', reported: true, result: 'error' });
const ended = record({ type: 'outcome', request_id: 'a', result: 'ok', latency_ms: 3 });
const reported = record({ ...own, seq: seq++, request_id: 'b', reported: true });
const end = record({ type: 'outcome', request_id: 'b', agent_id: 'billing', reported: true, result: 'ok' });
const ALL = [own, forged, ended, reported, end];

test('report counts it nowhere', () => {
  const tally = new ReportTally({ sinceMs: null, untilMs: null }, []);
  for (const one of ALL) tally.add(one);
  assert.deepEqual([...tally.outcomes], [['ok', 2]]);
  assert.equal(tally.withoutDecision, 1);
});

test('tail and export of an agent leave it out, and keep the true one', () => {
  const nothing = { result: null, code: null, rule: null, host: null, type: null, sinceMs: null, untilMs: null };
  const filter = new RecordFilter({ ...nothing, agent: 'billing' });
  const selection = new Selection({ agent: 'billing' });
  const theirs = ALL.filter(one => one !== forged);
  assert.deepEqual(
    ALL.filter(one => filter.takes(one)),
    theirs,
  );
  assert.deepEqual(
    ALL.filter(one => selection.takes(one)),
    theirs,
  );
});
