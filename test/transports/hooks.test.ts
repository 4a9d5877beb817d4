// T-29 of THREAT-MODEL.md.
/** Hooks see no credentials, change nothing, and cannot break or outlast a call. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { HOOK_TIMEOUT_MS } from '#src/core/limits.js';
import { wrapFetch } from '#src/transports/fetch/wrap-fetch.js';
import type { DecisionEvent, Hooks, RequestEvent } from '#src/transports/hooks.js';
import { decide, type Waiting } from '#src/transports/node-http/decide.js';
import { startFetchServer } from '../support/fetch-server.js';
import { decision, type Steer, SteeredAgent } from '../support/steered-agent.js';

const server = await startFetchServer();
after(() => server.close());
const at = `${server.url}/echo?q=1`;

function wrapped(hooks: Hooks, steer?: Steer): { agent: SteeredAgent; f: typeof fetch } {
  const agent = new SteeredAgent(steer);
  return { agent, f: wrapFetch(agent, fetch, { agentId: agent.agentId, strict: true, hooks }) };
}

const never = new Promise(() => undefined);
const fail = (): never => {
  throw new Error('hook');
};
const bad: [string, () => unknown][] = [
  ['throws', fail],
  ['rejects', () => Promise.reject(new Error('hook'))],
  ['hangs', () => never],
  ['gives a hostile thenable', () => Object.defineProperty({}, 'then', { get: fail })],
];

for (const [name, hook] of bad) {
  test(`onAllow and onDeny that ${name} change nothing`, async () => {
    const { f } = wrapped({ onAllow: hook, onDeny: hook });
    assert.equal((await f(at)).status, 200);
    const { f: denied } = wrapped({ onAllow: hook, onDeny: hook }, () => 'deny');
    await assert.rejects(denied(at), { code: 'rule_denied' });
  });
  test(`beforeRequest that ${name} refuses`, async () => {
    const { agent, f } = wrapped({ beforeRequest: hook });
    const before = server.seen.length;
    await assert.rejects(f(at), { code: 'hook_refused' });
    assert.deepEqual([agent.order, server.seen.length], [['precheck', 'refuse'], before]);
  });
}

const answers: [unknown, string[]][] = [
  [true, ['precheck', 'begin']],
  [undefined, ['precheck', 'begin']],
  [0, ['precheck', 'begin']],
  [null, ['precheck', 'skip']],
];
for (const [answer, order] of answers) {
  for (const later of [false, true]) {
    test(`beforeRequest answers ${answer}${later ? ' later' : ''}: ${order}`, async () => {
      const { agent, f } = wrapped({ beforeRequest: () => (later ? Promise.resolve(answer) : answer) });
      assert.equal((await f(at)).status, 200);
      assert.deepEqual(agent.order, order);
    });
    test(`beforeRequest answers false${later ? ' later' : ''} (beside ${answer})`, async () => {
      const { f } = wrapped({ beforeRequest: () => (later ? Promise.resolve(false) : false) });
      await assert.rejects(f(at), { code: 'hook_refused' });
    });
  }
}

test('an answer of beforeRequest that is there when the process has stood still for longer than a hook may take counts', async t => {
  const { setTimeout: real } = globalThis;
  t.mock.method(globalThis, 'setTimeout', (act: () => void, ms: number, ...more: []) =>
    real(act, ms === HOOK_TIMEOUT_MS ? 1 : ms, ...more),
  );
  const { f } = wrapped({
    beforeRequest: () => {
      // When it has begun to wait; timers come first in the next turn, answers after them.
      queueMicrotask(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20));
      return new Promise(resolve => setImmediate(resolve, true));
    },
  });
  const call = await new Promise<{ readonly made: Promise<Response> }>(resolve =>
    setImmediate(() => resolve({ made: f(at) })),
  );
  assert.equal((await call.made).status, 200);
});

test('an engaged switch comes before the hook, and after it', async () => {
  let ran = 0;
  const first = wrapped({
    beforeRequest: () => {
      ran++;
    },
  });
  first.agent.kill();
  await assert.rejects(first.f(at), { code: 'kill_switch' });
  assert.equal(ran, 0);
  for (const answer of [true, null]) {
    const second = wrapped({
      beforeRequest: () => {
        second.agent.kill();
        return answer;
      },
    });
    await assert.rejects(second.f(at), { code: 'kill_switch' });
  }
});

test('every hop is put to the hook', async () => {
  const seen: RequestEvent[] = [];
  const { f } = wrapped({
    beforeRequest: e => {
      seen.push(e);
    },
  });
  await (await f(`${server.url}/hops/1`)).text();
  assert.deepEqual(
    seen.map(e => [new URL(e.url).pathname, e.parentRequestId]),
    [
      ['/hops/1', null],
      ['/echo', 'request-1'],
    ],
  );
});

test('events: frozen, without credentials and bodies, and nothing done to them reaches the call', async () => {
  const events: (RequestEvent | DecisionEvent)[] = [];
  const meddle = (event: RequestEvent): void => {
    events.push(event);
    const open = event as unknown as { method: string; headers: [string, string][] };
    assert.throws(() => {
      open.method = 'DELETE';
    }, TypeError);
    assert.throws(() => {
      open.headers.push(['x', 'y']);
    }, TypeError);
    assert.throws(() => {
      open.headers[0]![1] = 'z';
    }, TypeError);
  };
  const { agent, f } = wrapped({ beforeRequest: meddle, onAllow: meddle });
  const trace = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
  const secret = [
    'authorization',
    'cookie',
    'proxy-authorization',
    'x-api-key',
    'api-key',
    'x-goog-api-key',
    'X-My-Token',
    'client-secret',
    'X-Auth',
  ];
  const headers = { ...Object.fromEntries(secret.map(name => [name, 'hush'])), accept: 'a/b', traceparent: trace };
  await (await f(at, { method: 'post', body: 'hush', headers })).text();
  assert.equal(events.length, 2);
  assert.ok(!JSON.stringify(events).includes('hush'));
  assert.deepEqual(events[0], {
    agentId: 'steered',
    method: 'POST',
    url: at,
    tool: null,
    headers: [
      ['accept', 'a/b'],
      ['content-type', 'text/plain;charset=UTF-8'],
      ['traceparent', trace],
    ],
    parentRequestId: null,
    traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
  });
  assert.deepEqual({ ...events[0], ...events[1] }, events[1]);
  assert.equal(agent.last.request.method, 'POST');
});

test('onAllow and onDeny are told what was decided', async () => {
  const told: [string, DecisionEvent][] = [];
  const hooks: Hooks = { onAllow: e => told.push(['allow', e]), onDeny: e => told.push(['deny', e]) };
  await (await wrapped(hooks).f(at)).text();
  await assert.rejects(wrapped(hooks, () => 'deny').f(at));
  await (await wrapped(hooks, () => ({ ...decision('rule_denied'), enforced: false })).f(at)).text();
  await assert.rejects(wrapped(hooks).f('/relative'));
  await (await wrapped({ ...hooks, beforeRequest: () => null }).f(at)).text();
  assert.deepEqual(
    told.map(([way, e]) => [way, e.code, e.allowed, e.enforced, e.requestId]),
    [
      ['allow', 'rule_allowed', true, true, 'request-1'],
      ['deny', 'rule_denied', false, true, 'request-1'],
      ['deny', 'rule_denied', false, false, 'request-1'],
      ['deny', 'request_invalid', false, true, 'request-1'],
      ['allow', 'hook_skipped', true, true, 'request-1'],
    ],
  );
});

test('what break glass lets through is an allowed call to the hooks of node:http, node:http2 and undici too', async () => {
  const told: string[] = [];
  const agent = new SteeredAgent(() => ({ ...decision('break_glass'), enforced: false }));
  const request = { method: 'GET', url: at, headers: [], body: { kind: 'none' } } as const;
  let allowed = 0;
  const waiting: Waiting = {
    gone: false,
    givenUp: new Promise(() => undefined),
    inspect: () => assert.fail('no rule reads bodies'),
    allow: calls => {
      allowed += calls.length;
    },
    deny: denial => assert.fail(denial),
  };
  const hooks: Hooks = { onAllow: e => told.push(`allow ${e.code}`), onDeny: e => told.push(`deny ${e.code}`) };
  await decide({ agent, agentId: agent.agentId, hooks }, { kind: 'steps', before: null, request }, waiting);
  assert.deepEqual([told, allowed], [['allow break_glass'], 1]);
});
