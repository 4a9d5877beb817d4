// T-11 of THREAT-MODEL.md.
/** Promise: a loop that retries what is forbidden is slowed to 50 a second, and each denial is in the log. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Checkrd } from '#src/checkrd.js';
import { Home } from '../support/home.js';

test('a flood through fetch: slowed, all recorded, and a caller that gives up is let go at once', async t => {
  const home = new Home({ 'policy.yaml': 'default: deny\nrules: []\n' });
  t.after(() => home.remove());
  const checkrd = new Checkrd({ agentId: 'flood', configDir: home.dir });
  t.after(() => checkrd.close());
  const guarded = checkrd.wrap(fetch);
  const startedMs = performance.now();
  let denied = 0;
  while (performance.now() - startedMs < 2500) {
    await assert.rejects(guarded('http://127.0.0.1:9/'), { code: 'default_denied' });
    denied += 1;
  }
  assert.ok(denied >= 60 && denied <= 50 + 2.5 * 50 + 10, `${denied} denials in 2.5 s`);
  const burst = Array.from({ length: 100 }, () => guarded('http://127.0.0.1:9/').catch((e: unknown) => e));
  const recorded = home.records('flood').filter(record => record.code === 'default_denied').length;
  assert.equal(recorded, denied + 100, 'recorded at once, answered later');
  const aborted = performance.now();
  await assert.rejects(guarded('http://127.0.0.1:9/', { signal: AbortSignal.timeout(50) }), { name: 'TimeoutError' });
  assert.ok(performance.now() - aborted < 1000);
  await Promise.all(burst);
});
