/** As test/system/soak.test.ts, for as long as it takes; a turn a minute. MINUTES, SEED. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { notRoot } from '../support/nobody.js';
import { isFlat, saidNothingElse } from '../support/soak/flat.js';
import { sameAsTold } from '../support/soak/log.js';
import { soaked } from '../support/soak/soak.js';

const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);
const minutes = Number(process.env.MINUTES ?? 30);
/** About a minute's worth of records. */
const BYTES = 48 * 1024 * 1024;

for (const [by, share] of [['logrotate', 1] as const, [{ bytes: BYTES }, 1 / 6] as const]) {
  const how = by === 'logrotate' ? by : 'itself';
  test(`${minutes * share} minutes, turned over by ${how} (seed ${seed})`, { skip: notRoot }, async t => {
    const seconds = minutes * 60 * share;
    const soak = await soaked(t, { seconds, perSecond: 1000, seed, turnEveryMs: 60_000, by });
    assert.deepEqual(soak.tally.wrongs, []);
    assert.deepEqual(soak.counters.by_code, soak.tally.codes);
    t.diagnostic(JSON.stringify(await sameAsTold(soak)));
    saidNothingElse(soak.said);
    isFlat(t, soak.samples, 256, minutes * share >= 10 ? 16 : null);
  });
}
