/** Many agents in one process: each call is judged, counted, recorded and stopped as its own caller's. T-95 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, test } from 'node:test';
import { Checkrd, CheckrdInitError, isCheckrdPolicyDenied } from 'checkrd';
import { Home } from '../support/home.js';
import { until } from '../support/until.js';

const TENANTS = 50;
const CALLS = 4;

const home = new Home({
  'policy.yaml': `agents: ["tenant-*", own, pinned]
default: deny
rules:
  - name: calls
    allow: { method: [GET, POST], url: "http://127.0.0.1:*/**" }
  - name: few
    limit: { calls_per_hour: 1, per: agent, url: "http://127.0.0.1:*/limited/**" }
  - name: tools
    allow: { tool: "of/*" }
`,
});
const checkrd = new Checkrd({ agentId: 'own', configDir: home.dir });
const guarded = checkrd.wrap(fetch);

/** What lies behind: an answer after a turn or two, or a stream without end. */
const upstream = createServer((request, response) => {
  request.resume().on('end', () => {
    if (request.url?.includes('/stream') !== true) return void setImmediate(() => response.end('{}'));
    response.write('begun');
  });
});
/** A server of many tenants: one guarded fetch, the caller by context. */
const front = createServer((request, response) => {
  const tenant = request.headers['x-tenant'] as string;
  void checkrd
    .run({ agentId: tenant, sessionId: `session:${tenant}` }, () => handle(tenant, request))
    .then(
      () => response.end('ok'),
      error => response.writeHead(500).end(String(error)),
    );
});
await listens(upstream);
await listens(front);
const origin = (server: typeof upstream): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

function listens(server: typeof upstream): Promise<void> {
  return new Promise(resolve => server.listen(0, '127.0.0.1', resolve));
}

after(async () => {
  await checkrd.close();
  for (const server of [upstream, front]) {
    server.closeAllConnections();
    server.close();
  }
  home.remove();
});

/** Everything that loses a context if anything does: bodies of requests, timers, events, parallel calls, streams, tools. */
async function handle(tenant: string, request: IncomingMessage): Promise<void> {
  request.resume();
  await once(request, 'end');
  const call = (n: number, init?: RequestInit): Promise<Response> =>
    guarded(`${origin(upstream)}/of/${tenant}/${n}`, { method: 'POST', ...init });
  await Promise.all([call(0), call(1, { body: new Blob(['x'.repeat(1000)]) })]);
  await new Promise<void>((resolve, reject) => {
    setTimeout(() => call(2).then(() => resolve(), reject), Number(tenant.split('-')[1]) % 5);
  });
  await new Promise<void>((resolve, reject) => {
    setImmediate(() => queueMicrotask(() => call(3).then(() => resolve(), reject)));
  });
  await checkrd.guardTool(`of/${tenant}`, async () => undefined)(undefined);
}

type Fields = Record<string, unknown>;
const decisions = (): Fields[] => home.records('own').filter(record => record.type === 'decision');

test('50 tenants at once are never mixed', async () => {
  const tenants = Array.from({ length: TENANTS }, (_, i) => `tenant-${i}`);
  const answers = await Promise.all(
    tenants.map(tenant =>
      fetch(origin(front), { method: 'POST', headers: { 'x-tenant': tenant }, body: randomUUID() }),
    ),
  );
  for (const answer of answers) assert.equal(await answer.text(), 'ok');
  const of = (tenant: string) => decisions().filter(record => record.agent_id === tenant);
  for (const tenant of tenants) {
    assert.equal(of(tenant).length, CALLS + 1, tenant);
    for (const record of of(tenant)) {
      assert.equal(record.session_id, `session:${tenant}`);
      if (record.tool === undefined) assert.match(String(record.url_path), new RegExp(`^/of/${tenant}/`));
      else assert.equal(record.tool, `of/${tenant}`);
    }
  }
  assert.equal(decisions().length, TENANTS * (CALLS + 1));
});

test('a limit counts each agent by itself, and `agents` of the policy names who may call', async () => {
  const limited = (agentId: string): Promise<unknown> =>
    checkrd
      .run({ agentId }, () => guarded(`${origin(upstream)}/limited/x`))
      .then(
        answer => answer.status,
        error => error.code,
      );
  assert.deepEqual(await Promise.all(['tenant-a', 'tenant-b', 'tenant-a', 'stranger'].map(limited)), [
    200,
    200,
    'rate_limited',
    'no_policy_for_agent',
  ]);
});

test('the switch of one agent ends its streams and calls, and nobody else’s', async () => {
  const stream = (agentId: string): Promise<Response> =>
    checkrd.run({ agentId }, () => guarded(`${origin(upstream)}/stream`, { method: 'POST' }));
  const [one, two] = [await stream('tenant-1'), await stream('tenant-2')];
  mkdirSync(home.path('killswitch.d'), { recursive: true });
  writeFileSync(home.path('killswitch.d', 'tenant-1'), '');
  await assert.rejects(stream('tenant-1'), { code: 'kill_switch' });
  await assert.rejects(one.text(), { code: 'kill_switch' });
  const reader = two.body!.getReader();
  assert.equal(new TextDecoder().decode((await reader.read()).value), 'begun');
  await reader.cancel();
});

test('a guard of withOptions keeps its ID, shares everything else, and closes nothing', async () => {
  const told: string[] = [];
  const pinned = checkrd.withOptions({
    agentId: 'pinned',
    onDenied: 'response',
    onAllow: event => told.push(event.agentId),
  });
  const session = pinned.withOptions({ sessionId: 's-1' });
  const from = decisions().length;
  const url = `${origin(upstream)}/x`;
  await session.wrap(fetch)(url);
  await checkrd.run({ agentId: 'tenant-9', sessionId: 's-2' }, async () => {
    await pinned.wrap(fetch)(url);
    await checkrd.run({ sessionId: 's-3' }, () => guarded(url));
  });
  await guarded(url);
  assert.equal((await pinned.wrap(fetch)('http://elsewhere.example/')).status, 403);
  await assert.rejects(guarded('http://elsewhere.example/'), isCheckrdPolicyDenied);
  assert.deepEqual(
    decisions()
      .slice(from)
      .map(record => [record.agent_id, record.session_id]),
    [
      ['pinned', 's-1'],
      ['pinned', 's-2'],
      ['tenant-9', 's-3'],
      ['own', undefined],
      ['pinned', undefined],
      ['own', undefined],
    ],
  );
  assert.deepEqual(told, ['pinned', 'pinned']);
  await pinned.close();
  assert.equal((await session.wrap(fetch)(url)).status, 200);
  assert.equal(pinned.healthy().audit.path, checkrd.healthy().audit.path);
});

const refused: [string, object, string][] = [
  ['a path', { agentId: '../other' }, 'agent_id_invalid'],
  ['an empty ID', { agentId: '' }, 'agent_id_invalid'],
  ['an ID that is no text', { agentId: 7 }, 'agent_id_invalid'],
  ['null', { agentId: null }, 'agent_id_invalid'],
  ['a session with a line break', { sessionId: 'a\nb' }, 'session_id_invalid'],
  ['a session that is too long', { sessionId: 's'.repeat(129) }, 'session_id_invalid'],
];
for (const [name, claim, code] of refused) {
  test(`refuses ${name} before anything is called`, () => {
    let called = 0;
    const refusal = (error: unknown): boolean => error instanceof CheckrdInitError && error.code === code;
    assert.throws(() => checkrd.run(claim, () => called++), refusal);
    assert.throws(() => checkrd.withOptions(claim), refusal);
    assert.equal(called, 0);
  });
}

test('withOptions takes what belongs to calls, and says what belongs to the whole', () => {
  const given = (options: object) => () => checkrd.withOptions(options);
  assert.throws(given({ policy: 'other.yaml' }), { code: 'option_invalid', message: /belongs to the whole/ });
  assert.throws(given({ telemetrySink: { enqueue() {}, close() {} } }), { code: 'option_invalid' });
  assert.throws(given({ agentID: 'x' }), { code: 'option_unknown', hint: 'did you mean `agentId`?' });
});

test('where a daemon writes the records, no agent but its own can be named', async t => {
  const handed = new Checkrd({ agentId: 'handed', configDir: home.dir, daemonRecords: home.path('nobody.sock') });
  t.after(() => handed.close());
  assert.throws(() => handed.run({ agentId: 'tenant-1' }, () => undefined), { code: 'agent_id_fixed' });
  assert.throws(() => handed.withOptions({ agentId: 'tenant-1' }), { code: 'agent_id_fixed' });
  assert.equal(
    handed.run({ agentId: 'handed', sessionId: 's' }, () => 1),
    1,
  );
});

test('contexts of one Checkrd mean nothing to another', async t => {
  const other = new Checkrd({ agentId: 'other', configDir: home.dir, policy: { default: 'allow', rules: [] } });
  t.after(() => other.close());
  await checkrd.run({ agentId: 'tenant-3' }, () => other.wrap(fetch)(`${origin(upstream)}/x`));
  await until('the record', () => home.records('other').some(record => record.type === 'decision'));
  assert.equal(home.records('other').find(record => record.type === 'decision')?.agent_id, 'other');
});
