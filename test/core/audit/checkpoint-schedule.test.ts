import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkpointDelay, wantsCheckpointSoon } from '#src/core/audit/checkpoint-schedule.js';

const rows: readonly [fresh: number, soon: boolean, sinceMs: number, delay: number | null][] = [
  [0, false, 5000, null],
  [0, true, 5000, null],
  [1, false, 5000, 1000],
  [1023, false, 0, 1000],
  [1024, false, 0, 0],
  [1, true, 0, 100],
  [1, true, 30, 70],
  [1, true, 100, 0],
  [1, true, Number.POSITIVE_INFINITY, 0],
  [1, true, -86_400_000, 0],
];
for (const [fresh, soon, since, delay] of rows) {
  test(`${fresh} records${soon ? ', one of them pressing' : ''}, ${since} ms after the last: ${delay}`, () => {
    assert.equal(checkpointDelay(fresh, soon, since), delay);
  });
}

test('pressing: kills, policy changes, operators; not what happens all day', () => {
  assert.equal(wantsCheckpointSoon({ type: 'kill_engaged', source: 's', scope: 'all' }), true);
  assert.equal(wantsCheckpointSoon({ type: 'policy_rejected', path: 'p', error: 'e' }), true);
  assert.equal(wantsCheckpointSoon({ type: 'operator_action', action: 'a' }), true);
  assert.equal(wantsCheckpointSoon({ type: 'outcome', request_id: 'r', result: 'killed', latency_ms: 1 }), true);
  assert.equal(wantsCheckpointSoon({ type: 'outcome', request_id: 'r', result: 'ok', latency_ms: 1 }), false);
  assert.equal(wantsCheckpointSoon({ type: 'clock_jumped', by_ms: 1 }), false);
});
