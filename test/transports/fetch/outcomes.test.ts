/** Every call that proceeded is booked once, with what became of it. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Outcome } from '#src/agent/types.js';
import { wrapFetch } from '#src/transports/fetch/wrap-fetch.js';
import { opens } from '../../support/agent-under-test.js';
import { startFetchServer } from '../../support/fetch-server.js';
import { SteeredAgent } from '../../support/steered-agent.js';
import { until } from '../../support/until.js';

const server = await startFetchServer();
after(() => server.close());

type Fetch = typeof fetch;
const quiet = (p: Promise<unknown>): Promise<unknown> => p.catch(() => undefined);

const rows: [string, (f: Fetch) => Promise<unknown>, Outcome][] = [
  [
    'text',
    async f => (await f(`${server.url}/bom`)).text(),
    { result: 'ok', statusCode: 200, requestBytes: 0, responseBytes: 9 },
  ],
  [
    'stream',
    async f => {
      for await (const _ of (await f(`${server.url}/chunks`)).body!);
    },
    { result: 'ok', statusCode: 200, requestBytes: 0, responseBytes: 13 },
  ],
  [
    'status',
    async f => (await f(`${server.url}/status/500`)).text(),
    { result: 'ok', statusCode: 500, requestBytes: 0, responseBytes: 10 },
  ],
  ['no body', f => f(`${server.url}/status/204`), { result: 'ok', statusCode: 204, requestBytes: 0, responseBytes: 0 }],
  [
    'HEAD',
    f => f(`${server.url}/json`, { method: 'HEAD' }),
    { result: 'ok', statusCode: 200, requestBytes: 0, responseBytes: 0 },
  ],
  [
    'a body of known length',
    f => f(`${server.url}/status/204`, { method: 'POST', body: 'grüße' }),
    { result: 'ok', statusCode: 204, requestBytes: 7, responseBytes: 0 },
  ],
  [
    'a stream has no known length',
    f =>
      f(`${server.url}/status/204`, { method: 'POST', body: new Blob(['x']).stream(), duplex: 'half' } as RequestInit),
    { result: 'ok', statusCode: 204, responseBytes: 0 },
  ],
  ['refused connection', f => quiet(f('http://127.0.0.1:1/')), { result: 'error', requestBytes: 0 }],
  [
    'cut short',
    async f => quiet((await f(`${server.url}/short`)).text()),
    { result: 'error', statusCode: 200, requestBytes: 0 },
  ],
  [
    'cancelled',
    async f => (await f(`${server.url}/stream`)).body!.cancel(),
    { result: 'aborted', statusCode: 200, requestBytes: 0 },
  ],
  [
    'left in the middle',
    async f => {
      for await (const _ of (await f(`${server.url}/stream`)).body!) break;
    },
    { result: 'aborted', statusCode: 200, requestBytes: 0 },
  ],
  [
    'one of two clones read, the other cancelled first',
    async f => {
      const r = await f(`${server.url}/chunks`);
      const c = r.clone();
      void c.body!.cancel();
      await r.text();
    },
    { result: 'ok', statusCode: 200, requestBytes: 0, responseBytes: 13 },
  ],
  [
    'invalid call',
    f => quiet(f(`${server.url}/echo`, { body: 'GET has none' })),
    { result: 'error', requestBytes: 12 },
  ],
];

for (const [name, run, expected] of rows) {
  test(`outcome: ${name}`, async () => {
    const agent = new SteeredAgent();
    await run(wrapFetch(agent, fetch, { agentId: agent.agentId, strict: true }));
    assert.deepEqual(
      agent.calls.map(c => c.outcomes),
      [[expected]],
    );
    assert.equal(agent.last.answered, expected.statusCode ?? null);
  });
}

test('a response that nobody reads is booked when it is collected', async () => {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as () => void;
  const agent = new SteeredAgent();
  const f = wrapFetch(agent, fetch, { agentId: agent.agentId, strict: true });
  const once = async (touch: (r: Response) => unknown): Promise<void> => {
    touch(await f(`${server.url}/big`));
  };
  await once(() => undefined);
  await once(r => r.body);
  await once(r => r.body?.getReader());
  await until('all are booked', () => {
    gc();
    return agent.calls.every(c => c.outcomes.length > 0);
  });
  assert.deepEqual(
    agent.calls.map(c => c.outcomes.map(o => o.result)),
    [['ok'], ['ok'], ['ok']],
  );
});

test('thousands of responses that nobody reads are booked some a turn, and none is forgotten', async () => {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as () => void;
  const agent = new SteeredAgent();
  const f = wrapFetch(agent, async () => new Response('x'), { agentId: agent.agentId, strict: true });
  for (let i = 0; i < 2_000; i++) await f('https://a.example/');
  const booked = () => agent.calls.filter(({ outcomes }) => outcomes.length > 0).length;
  let [before, most] = [booked(), 0];
  for (let turns = 0; turns < 5_000 && before < agent.calls.length; turns++) {
    if (turns % 100 === 0) gc();
    await new Promise(resolve => setImmediate(resolve));
    const now = booked();
    most = Math.max(most, now - before);
    before = now;
  }
  assert.deepEqual([before, agent.calls.every(({ outcomes }) => outcomes.length === 1)], [2_000, true]);
  assert.ok(most <= 64, `${most} in one turn`);
});

test('an agent that closes before all of them had their turn books the rest', async t => {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as () => void;
  const { checkrd, records } = opens(t, 'default: allow\nrules: []\n');
  const f = checkrd.wrap(async () => new Response('x'));
  for (let i = 0; i < 300; i++) await f('https://a.example/');
  const inFlight = () => checkrd.healthy().inFlight;
  for (let turns = 0; turns < 2_000 && inFlight() === 300; turns++) {
    if (turns % 100 === 0) gc();
    await new Promise(resolve => setImmediate(resolve));
  }
  assert.ok(inFlight() > 0 && inFlight() < 300, `${inFlight()} in flight`);
  await checkrd.close();
  const ended = records('outcome').map(({ request_id, result }) => `${request_id} ${result}`);
  assert.deepEqual(
    ended.sort(),
    records('decision')
      .map(({ request_id }) => `${request_id} ok`)
      .sort(),
  );
});

test('a stream that is still read is not collected', async () => {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as () => void;
  const agent = new SteeredAgent();
  const f = wrapFetch(agent, fetch, { agentId: agent.agentId, strict: true });
  const reader = (await f(`${server.url}/big`)).body!.getReader();
  let size = 0;
  for (;;) {
    gc();
    await new Promise(resolve => setTimeout(resolve, 1));
    const step = await reader.read();
    if (step.done) break;
    size += step.value.byteLength;
  }
  assert.deepEqual([size, agent.last.outcomes.map(o => o.responseBytes)], [1_000_000, [1_000_000]]);
});
