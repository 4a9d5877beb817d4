/** A caller's signal ends a call as with plain fetch: at the same moments, with the very same reason. */
import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { after, test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { wrapFetch } from '#src/transports/fetch/wrap-fetch.js';
import { startFetchServer } from '../../support/fetch-server.js';
import { type Steer, SteeredAgent } from '../../support/steered-agent.js';
import { until } from '../../support/until.js';

const server = await startFetchServer();
after(() => server.close());

type Fetch = typeof fetch;
const caught = (p: Promise<unknown>): Promise<unknown> =>
  p.then(
    () => 'nothing',
    e => e,
  );
const soon = (): Promise<void> => new Promise(resolve => setTimeout(resolve, 20));

/** Aborts when `path` has been asked for. */
async function abortedAt(
  path: string,
  reason: unknown,
  call: (signal: AbortSignal) => Promise<unknown>,
): Promise<unknown> {
  const c = new AbortController();
  const before = server.seen.length;
  const outcome = caught(call(c.signal));
  await until(`a request to ${path}`, () => server.seen.slice(before).includes(`GET ${path}`));
  c.abort(reason);
  return outcome;
}

const rows: [string, (f: Fetch, reason: unknown) => Promise<unknown>][] = [
  ['aborted before the call', (f, r) => caught(f(`${server.url}/echo`, { signal: AbortSignal.abort(r) }))],
  ['aborted in a Request', (f, r) => caught(f(new Request(`${server.url}/echo`, { signal: AbortSignal.abort(r) })))],
  [
    'init signal over that of the Request',
    (f, r) =>
      caught(
        f(new Request(`${server.url}/echo`, { signal: AbortSignal.abort('other') }), { signal: AbortSignal.abort(r) }),
      ),
  ],
  ...(['/never', '/stream'] as const).flatMap((path): [string, (f: Fetch, reason: unknown) => Promise<unknown>][] => [
    [
      `aborted while ${path} runs`,
      (f, r) => abortedAt(path, r, signal => f(server.url + path, { signal }).then(x => x.text())),
    ],
    [
      `aborted while ${path} runs for a Request`,
      (f, r) => abortedAt(path, r, signal => f(new Request(server.url + path, { signal })).then(x => x.text())),
    ],
  ]),
  [
    'aborted mid-stream',
    async (f, r) => {
      const c = new AbortController();
      const reader = (await f(`${server.url}/stream`, { signal: c.signal })).body!.getReader();
      await reader.read();
      c.abort(r);
      return caught(reader.read());
    },
  ],
  [
    'aborted between head and body',
    async (f, r) => {
      const c = new AbortController();
      const response = await f(`${server.url}/stream`, { signal: c.signal });
      c.abort(r);
      return caught(response.json());
    },
  ],
  [
    'aborted after a redirect',
    (f, r) => abortedAt('/never', r, signal => f(`${server.url}/redirect/302?to=/never`, { signal })),
  ],
];

const ways: [string, Steer][] = [
  ['wrapped', () => 'allow'],
  ['body read', r => (r.body.kind === 'unread' ? 'need_body' : 'allow')],
];
const reasons: [string, () => unknown][] = [
  ['an error', () => new Error('mine')],
  ['no error', () => 'text'],
  ['nothing', () => undefined],
];

for (const [name, run] of rows) {
  for (const [kind, make] of reasons) {
    test(`${name}, with ${kind}`, async () => {
      const reason = make();
      const bare = await run(fetch, reason);
      for (const [way, steer] of ways) {
        const agent = new SteeredAgent(steer);
        const got = await run(wrapFetch(agent, fetch, { agentId: agent.agentId, strict: true }), reason);
        // The reason itself where plain fetch gives it; else the same kind of error, made afresh.
        if (bare === reason) assert.equal(got, reason, way);
        else
          assert.deepEqual(
            [(got as Error).name, (got as Error).message],
            [(bare as Error).name, (bare as Error).message],
            way,
          );
        for (const call of agent.calls.slice(-1))
          assert.deepEqual(
            call.outcomes.map(o => o.result),
            ['aborted'],
            way,
          );
      }
    });
  }
}

test('a call that never began leaves no record', async () => {
  const agent = new SteeredAgent();
  const f = wrapFetch(agent, fetch, { agentId: agent.agentId, strict: true });
  let cancelled: unknown;
  const body = new ReadableStream({
    cancel: reason => {
      cancelled = reason;
    },
  });
  await caught(
    f(`${server.url}/echo`, { method: 'POST', body, duplex: 'half', signal: AbortSignal.abort('why') } as RequestInit),
  );
  assert.deepEqual([agent.order, cancelled], [[], 'why']);
});

test('an endless body that is read for judgement ends with the caller', async () => {
  const agent = new SteeredAgent(r => (r.body.kind === 'unread' ? 'need_body' : 'allow'));
  const f = wrapFetch(agent, fetch, { agentId: agent.agentId, strict: true });
  const c = new AbortController();
  const body = new ReadableStream({ pull: () => new Promise(() => undefined) });
  const call = caught(
    f(`${server.url}/echo`, { method: 'POST', body, duplex: 'half', signal: c.signal } as RequestInit),
  );
  await soon();
  c.abort('enough');
  assert.equal(await call, 'enough');
  assert.equal(agent.calls.length, 0);
});

test('a slow hook ends with the caller', async () => {
  const agent = new SteeredAgent();
  const hooks = { beforeRequest: () => new Promise(resolve => setTimeout(resolve, 200)) };
  const f = wrapFetch(agent, fetch, { agentId: agent.agentId, strict: true, hooks });
  const c = new AbortController();
  const call = caught(f(`${server.url}/echo`, { signal: c.signal }));
  c.abort('enough');
  assert.equal(await call, 'enough');
  assert.equal(agent.calls.length, 0);
});

test('a signal that outlives its calls keeps no listener of theirs', async () => {
  const agent = new SteeredAgent();
  const f = wrapFetch(agent, fetch, { agentId: agent.agentId, strict: true });
  const c = new AbortController();
  for (let i = 0; i < 5; i++) await (await f(`${server.url}/json`, { signal: c.signal })).text();
  assert.equal(getEventListeners(c.signal, 'abort').length, 0);
});

test('the signal of a Request that nobody holds any more still ends its stream', async () => {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as () => void;
  const agent = new SteeredAgent();
  const f = wrapFetch(agent, fetch, { agentId: agent.agentId, strict: true });
  const c = new AbortController();
  const reader = (await f(new Request(`${server.url}/stream`, { signal: c.signal }))).body!.getReader();
  await reader.read();
  for (let i = 0; i < 10; i++) {
    gc();
    await soon();
  }
  c.abort('enough');
  assert.equal(await caught(reader.read()), 'enough');
});
