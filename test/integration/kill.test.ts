/** T-02: a call that begins after `touch killswitch` has returned is refused; what is in flight ends. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { Checkrd, CheckrdPolicyDenied } from 'checkrd';
import { Home } from '../support/home.js';
import { Toucher } from '../support/toucher.js';
import { until } from '../support/until.js';
import { endless, type Upstream, upstream } from '../support/upstream.js';

const home = new Home({ 'policy.yaml': 'default: allow\nrules: []\n' });
const toucher = new Toucher();
let plain: Upstream;
let streaming: Upstream;
let checkrd: Checkrd;
let guarded: typeof fetch;

before(async () => {
  plain = await upstream();
  streaming = await upstream(endless);
  checkrd = new Checkrd({ agentId: 'kill', configDir: home.dir });
  guarded = checkrd.wrap(fetch);
});
after(async () => {
  // First: it would outlive what fails here, and hold this process.
  toucher.close();
  await checkrd.close();
  await plain.close();
  await streaming.close();
  home.remove();
});

const killed = (error: unknown): boolean => error instanceof CheckrdPolicyDenied && error.code === 'kill_switch';
const switchFile = (): string => home.path('killswitch');

test('300 times: touched in another process, then a call; none passes', async () => {
  for (let trial = 0; trial < 300; trial++) {
    await toucher.touch(switchFile());
    await assert.rejects(guarded(plain.origin), killed);
    await toucher.remove(switchFile());
    if (trial % 15 === 0) assert.equal(await (await guarded(plain.origin)).text(), 'ok');
  }
  assert.equal(plain.seen.length, 20);
});

test('6 times: touched while the event loop is blocked; the next call is refused', async () => {
  const reached = plain.seen.length;
  const park = new Int32Array(new SharedArrayBuffer(4));
  for (let trial = 0; trial < 6; trial++) {
    const touched = toucher.touch(switchFile(), 50);
    // Blocked until the file is there, and for longer than whatever was heard of it would take.
    while (!existsSync(switchFile())) Atomics.wait(park, 0, 0, 1);
    Atomics.wait(park, 0, 0, 100);
    await assert.rejects(guarded(plain.origin), killed);
    await touched;
    await toucher.remove(switchFile());
  }
  assert.equal(plain.seen.length, reached);
});

test('streams in flight end, and the log says how many', async () => {
  const responses = await Promise.all(Array.from({ length: 20 }, () => guarded(streaming.origin)));
  const reads = responses.map(async response => {
    for await (const _chunk of response.body as ReadableStream<Uint8Array>);
  });
  const ends = Promise.allSettled(reads);
  await toucher.touch(switchFile());
  for (const end of await ends) {
    assert.equal(end.status, 'rejected');
    assert.ok(killed(end.reason), String(end.reason));
  }
  await toucher.remove(switchFile());
  await until(
    'the release',
    () =>
      home.records('kill').at(-1)?.type === 'kill_released' ||
      home
        .records('kill')
        .some((r, i, all) => r.type === 'kill_released' && i > all.findLastIndex(x => x.type === 'kill_engaged')),
  );
  const engaged = home.records('kill').findLast(record => record.type === 'kill_engaged');
  assert.equal(engaged?.aborted, 20);
  const outcomes = home.records('kill').filter(record => record.type === 'outcome' && record.result === 'killed');
  assert.equal(outcomes.length, 20);
});
