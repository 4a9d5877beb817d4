// T-28, T-50, T-122 of THREAT-MODEL.md.
/** A call that must not proceed is told so in the form the program chose, and nothing is sent. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { type CheckrdPolicyDenied, isCheckrdPolicyDenied } from '#src/agent/errors.js';
import { wrapFetch } from '#src/transports/fetch/wrap-fetch.js';
import { startFetchServer } from '../../support/fetch-server.js';
import { decision, type Steer, SteeredAgent } from '../../support/steered-agent.js';

const server = await startFetchServer();
after(() => server.close());
const at = `${server.url}/echo`;

function wrapped(
  steer?: Steer,
  more: { strict?: boolean; onDenied?: 'throw' | 'response' } = {},
): { agent: SteeredAgent; f: typeof fetch } {
  const agent = new SteeredAgent(steer);
  return { agent, f: wrapFetch(agent, fetch, { agentId: agent.agentId, strict: true, ...more }) };
}

test('a denial is a rejected promise with code, reason and request ID', async () => {
  const { f: refused } = wrapped(() => 'deny');
  const before = server.seen.length;
  const call = refused(at);
  const error = (await call.catch((e: unknown) => e)) as CheckrdPolicyDenied;
  assert.equal(server.seen.length, before);
  assert.deepEqual(
    [error.name, error.code, error.reason, error.message, error.requestId, error.hint, error.retryAfterMs],
    [
      'CheckrdPolicyDenied',
      'rule_denied',
      'steered: rule_denied',
      'steered: rule_denied',
      'request-1',
      null,
      undefined,
    ],
  );
  assert.ok(error instanceof Error && isCheckrdPolicyDenied(new Error('outer', { cause: error })));
});

test('a rate limit says when to come back', async () => {
  const { f } = wrapped(() => ({ ...decision('rate_limited'), retryAfterMs: 1500 }));
  await assert.rejects(f(at), { code: 'rate_limited', retryAfterMs: 1500 });
});

test('denied but not enforced goes on', async () => {
  const { f } = wrapped(() => ({ ...decision('rule_denied'), enforced: false }));
  assert.equal((await f(at)).status, 200);
});

test('as a response: 403 that no SDK tries again', async () => {
  const { f } = wrapped(() => 'deny', { onDenied: 'response' });
  const response = await f(at);
  assert.deepEqual(
    [response.status, response.ok, response.headers.get('x-should-retry'), response.headers.get('content-type')],
    [403, false, 'false', 'application/json'],
  );
  assert.deepEqual(await response.json(), {
    error: {
      message: 'steered: rule_denied',
      type: 'checkrd_policy_denied',
      code: 'rule_denied',
      request_id: 'request-1',
    },
  });
});

test('as a response: network errors still throw', async () => {
  const { f } = wrapped(() => 'allow', { onDenied: 'response' });
  await assert.rejects(f('http://127.0.0.1:1/'), { name: 'TypeError', message: 'fetch failed' });
});

test('as a response: killed before the head', async () => {
  const { agent, f } = wrapped(() => 'allow', { onDenied: 'response' });
  setTimeout(() => agent.kill(), 10);
  assert.equal((await f(`${server.url}/never`)).status, 403);
});

for (const input of ['/relative', '', 'http://', 'http://[', 'nonsense']) {
  test(`not an address: ${JSON.stringify(input)}`, async () => {
    const { agent, f } = wrapped();
    await assert.rejects(f(input, { method: 'post' }), { code: 'request_invalid', requestId: 'request-1' });
    assert.deepEqual(
      agent.refusals.map(r => [r.code, r.request.method]),
      [['request_invalid', 'POST']],
    );
  });
}

for (const input of ['ftp://a.example/', 'http://u:p@a.example/', 'about:blank', 'file:///etc/passwd']) {
  test(`put to the decision as it is: ${input}`, async () => {
    const { agent, f } = wrapped(() => 'deny');
    await assert.rejects(f(input), { code: 'rule_denied' });
    assert.deepEqual(
      agent.asked.map(r => r.url),
      [input],
    );
  });
}

test('a dispatcher of the caller is refused in strict, passed on in permissive', async () => {
  const strict = wrapped();
  const dispatcher = {
    dispatch: () => {
      throw new Error('reached');
    },
  };
  const init = { dispatcher } as unknown as RequestInit;
  for (const input of [at, new Request(at)]) await assert.rejects(strict.f(input, init), { code: 'request_invalid' });
  assert.equal(strict.agent.asked.length, 0);
  await assert.rejects(wrapped(undefined, { strict: false }).f(at, init), { name: 'TypeError' });
});

type Dispatch = (options: Record<string, unknown>, handler: object) => unknown;
const GLOBAL = Symbol.for('undici.globalDispatcher.1');
const names = globalThis as unknown as Record<symbol, { dispatch: Dispatch }>;
const usual: Dispatch = (options, handler) => names[GLOBAL]?.dispatch(options, handler);
const init = (dispatcher: unknown): RequestInit => ({ dispatcher }) as unknown as RequestInit;

test('of a dispatcher that only waits longer the timeouts are taken, and it is never given the call', async t => {
  const real = names[GLOBAL];
  const went: unknown[][] = [];
  names[GLOBAL] = {
    dispatch: (options, handler) => {
      went.push([options.origin, options.headersTimeout, options.bodyTimeout]);
      return real?.dispatch(options, handler);
    },
  };
  t.after(() => {
    names[GLOBAL] = real as { dispatch: Dispatch };
  });
  let shown: Record<string, unknown>[] = [];
  const patient = {
    dispatch: (options: Record<string, unknown>, handler: object) => {
      shown.push(options);
      // Two-faced: what it does after it was looked at would lead elsewhere.
      const more = shown.length > 1 ? { origin: 'http://elsewhere.example' } : {};
      return usual({ ...options, ...more, headersTimeout: 0, bodyTimeout: 0 }, handler);
    },
  };
  for (const strict of [true, false]) {
    shown = [];
    assert.equal((await wrapped(undefined, { strict }).f(at, init(patient))).status, 200);
    assert.deepEqual(shown, [{ method: 'GET', headers: [] }]);
  }
  assert.deepEqual(went, Array(2).fill([server.url, 0, 0]));
  shown = [];
  const { agent, f } = wrapped(() => 'deny');
  await assert.rejects(f(at, init(patient)), { code: 'rule_denied' });
  assert.equal(agent.asked.length, 1);
  assert.equal(went.length, 2);
});

class Subclass {
  dispatch: Dispatch = (options, handler) => usual({ ...options, bodyTimeout: 0 }, handler);
}
const changing: readonly [string, unknown][] = [
  ['another origin', { dispatch: (o: object, h: object) => usual({ ...o, origin: 'http://elsewhere.example' }, h) }],
  ['another method', { dispatch: (o: object, h: object) => usual({ ...o, method: 'PUT' }, h) }],
  ['other headers', { dispatch: (o: object, h: object) => usual({ ...o, headers: ['a', 'b'] }, h) }],
  ['a header less', { dispatch: (_o: object, h: object) => usual({ bodyTimeout: 0 }, h) }],
  ['one more symbol', { dispatch: (o: object, h: object) => usual({ ...o, [Symbol('x')]: 1 }, h) }],
  ['a handler of its own', { dispatch: (o: Record<string, unknown>, h: object) => usual(o, { ...h }) }],
  ['no options', { dispatch: (_o: object, h: object) => usual(null as never, h) }],
  ['a timeout that is none', { dispatch: (o: object, h: object) => usual({ ...o, bodyTimeout: '9' }, h) }],
  ['a negative timeout', { dispatch: (o: object, h: object) => usual({ ...o, bodyTimeout: -1 }, h) }],
  ['two calls', { dispatch: (o: Record<string, unknown>, h: object) => [usual(o, h), usual(o, h)] }],
  ['none', { dispatch: () => true }],
  [
    'later',
    { dispatch: (o: Record<string, unknown>, h: object) => queueMicrotask(() => usual({ ...o, origin: 5 }, h)) },
  ],
  ['an instance', new Subclass()],
  ['one more property', { dispatch: usual, close: () => undefined }],
  ['a getter', Object.defineProperty({}, 'dispatch', { get: () => usual, enumerable: true, configurable: true })],
  ['a proxy that throws', new Proxy({ dispatch: usual }, { getPrototypeOf: () => assert.fail('reached') })],
  ['no object', 'http://proxy.example'],
];
test('a dispatcher that does anything else is refused in strict', async () => {
  for (const [what, dispatcher] of changing) {
    const { agent, f } = wrapped();
    const before = server.seen.length;
    await assert.rejects(f(at, init(dispatcher)), { code: 'request_invalid' }, what);
    assert.deepEqual([agent.asked.length, server.seen.length], [0, before], what);
  }
  assert.equal((await wrapped().f(at)).status, 200, 'the usual dispatcher is back in its place');
});

test('a dispatcher hidden in a Request is set aside in strict', async () => {
  let reached = false;
  const dispatcher = {
    dispatch: () => {
      reached = true;
      throw new Error('reached');
    },
  };
  const request = new Request(at, { dispatcher } as unknown as RequestInit);
  assert.equal((await wrapped().f(request)).status, 200);
  assert.equal(reached, false);
});

test('the stream of a denied call is cancelled', async () => {
  const { f } = wrapped(() => 'deny');
  let cancelled = false;
  const body = new ReadableStream({
    cancel: () => {
      cancelled = true;
    },
  });
  await assert.rejects(f(at, { method: 'POST', body, duplex: 'half' } as RequestInit), { code: 'rule_denied' });
  assert.ok(cancelled);
});

const good = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
const traces: [string, string | undefined][] = [
  [good, good],
  [good.toUpperCase(), undefined],
  [`ff${good.slice(2)}`, undefined],
  [good.replace('4bf92f3577b34da6a3ce929d0e0e4736', '0'.repeat(32)), undefined],
  [good.replace('00f067aa0ba902b7', '0'.repeat(16)), undefined],
  [`${good}-x`, undefined],
  [`${good}, ${good}`, undefined],
];
for (const [value, expected] of traces) {
  test(`traceparent ${value}`, async () => {
    const { agent, f } = wrapped();
    await (await f(at, { headers: { traceparent: value } })).text();
    assert.equal(agent.last.context.traceparent, expected);
  });
}
