// T-11 of THREAT-MODEL.md.
/** Promise: a loop that retries what is forbidden is slowed to 50 a second, and each denial is in the log. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Checkrd } from '#src/checkrd.js';
import { Home } from '../support/home.js';
import { until } from '../support/until.js';

test('a flood through fetch: slowed, all recorded, and a caller that gives up is let go at once', async t => {
  const home = new Home({ 'policy.yaml': 'default: deny\nrules: []\n' });
  t.after(() => home.remove());
  const checkrd = new Checkrd({ agentId: 'flood', configDir: home.dir });
  t.after(() => checkrd.close());
  const guarded = checkrd.wrap(fetch);
  const startedMs = performance.now();
  const denied = 100;
  for (let n = 0; n < denied; n++) await assert.rejects(guarded('http://127.0.0.1:9/'), { code: 'default_denied' });
  // A second's worth passes at once; a machine that is busy only makes it longer.
  assert.ok(performance.now() - startedMs >= 900, '100 denials in less than a second');
  // The last of them would wait for five seconds: whatever stops this process meanwhile is shorter.
  const enough = new AbortController();
  const { signal } = enough;
  const burst = Array.from({ length: 250 }, () => guarded('http://127.0.0.1:9/', { signal }).catch((e: unknown) => e));
  const recorded = home.records('flood').filter(record => record.code === 'default_denied').length;
  assert.equal(recorded, denied + burst.length, 'recorded at once, answered later');
  let isOver = false;
  void Promise.all(burst).then(() => {
    isOver = true;
  });
  const giveUp = new AbortController();
  const givenUp = guarded('http://127.0.0.1:9/', { signal: giveUp.signal });
  // It waits by then; and no timer of those before it can have run.
  await new Promise<void>(resolve => process.nextTick(resolve));
  giveUp.abort();
  await assert.rejects(givenUp, { name: 'AbortError' });
  assert.ok(!isOver, 'it did not wait for those before it');
  enough.abort();
  await Promise.all(burst);
});

test('a flood of refused redirects: slowed as any other, all recorded', async t => {
  const home = new Home({ 'policy.yaml': 'default: allow\nrules: []\n' });
  t.after(() => home.remove());
  const checkrd = new Checkrd({ agentId: 'flood', configDir: home.dir });
  t.after(() => checkrd.close());
  const away = async () => new Response(null, { status: 302, headers: { location: 'ftp://127.0.0.1/' } });
  const guarded = checkrd.wrap(away as typeof fetch);
  const giveUp = new AbortController();
  const codeOf = (error: { code?: unknown; name?: unknown }) => error.code ?? error.name;
  const calls = Array.from({ length: 300 }, () =>
    guarded('http://127.0.0.1:9/', { signal: giveUp.signal }).then(() => 'answered', codeOf),
  );
  const refused = () => home.records('flood').filter(record => record.code === 'redirect_refused').length;
  await until('every refusal in the log', () => refused() === calls.length);
  giveUp.abort(Object.assign(new Error('enough'), { code: 'gave_up' }));
  const ended = await Promise.all(calls);
  assert.ok(ended.filter(code => code === 'redirect_refused').length >= 50, 'a second’s worth passes at once');
  assert.ok(ended.includes('gave_up'), 'the others wait with their answers');
});
