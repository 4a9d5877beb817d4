// T-28, T-50 of THREAT-MODEL.md.
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
