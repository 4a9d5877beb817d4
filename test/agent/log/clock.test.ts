/** Promise: a clock that is set changes the times in the records and nothing else: order, chain, checkpoints go on. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { decision, place } from '../../support/audit-log.js';
import { delaysOf } from '../../support/delays.js';
import { readWhole } from '../../support/read-log.js';
import { until } from '../../support/until.js';

const HOUR = 3_600_000;

for (const [name, stepMs] of [
  ['an hour back', -HOUR],
  ['an hour forward', HOUR],
  ['before 1970', -100 * 365 * 24 * HOUR],
  ['beyond the year 9999', 1e15],
  ['to no number', Number.NaN],
] as const) {
  test(`the clock is set ${name}`, async t => {
    const at = place(t);
    let offset = 0;
    const log = at.open({ clock: { wallMs: () => Date.now() + offset } });
    log.append(decision(0));
    await sleep(50);
    offset = stepMs;
    log.append(decision(1));
    // A denial asks for a checkpoint soon, whatever the clock says.
    const deny = () => log.append(decision(2, { policy_result: 'deny', code: 'rule_denied' }));
    assert.ok(
      delaysOf(t, deny).some(ms => !(ms > 100)),
      'soon',
    );
    await until('a checkpoint', () => log.health().checkpointSize === log.size - 1);
    offset = 0;
    log.append(decision(3));
    log.close();
    assert.deepEqual(at.problems, []);
    const records = readWhole(at.path);
    const asked = records.filter(({ type }) => type === 'decision').map(record => record.request_id);
    assert.deepEqual(asked, ['r-0', 'r-1', 'r-2', 'r-3']);
    const denied = records.findIndex(record => record.request_id === 'r-2');
    assert.equal(records[denied + 1]?.type, 'checkpoint', 'it was signed before the clock came back');
  });
}
