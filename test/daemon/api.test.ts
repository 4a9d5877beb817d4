// T-38 of THREAT-MODEL.md.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testDaemon } from '../support/daemon.js';
import { ask } from '../support/unix-http.js';

const REQUEST = { method: 'POST', url: 'https://API.test:443/a/../b', headers: [['a', 'b']], body: 'é' };
const line = (more: object = {}, request: object = {}) =>
  JSON.stringify({ request: { ...REQUEST, ...request }, ...more });

test('a decision is the batch answer with its request_id, and is made of what will be sent', async t => {
  const { agent, crm } = await testDaemon(t);
  const { status, body } = await ask(crm, '/v1/decide', line({ agent: 'crm' }));
  assert.equal(status, 200);
  assert.equal(Object.keys(body).join(), 'result,enforced,code,matched_rule,matched_rule_kind,reason,request_id');
  assert.equal(body.result, 'allow');
  const [seen] = agent.begun;
  assert.equal(body.request_id, seen?.requestId);
  assert.deepEqual(seen?.context, { agent: 'crm' });
  assert.equal(seen?.request.url, 'https://api.test/b');
  assert.deepEqual(seen?.request.body, { kind: 'bytes', bytes: Buffer.from('é') });
});

test('a call of a tool is asked about with its arguments as they are written', async t => {
  const { agent, crm } = await testDaemon(t);
  const args = '{"n":1.00,"n":2}';
  await ask(crm, '/v1/decide', `{"request":{"tool":"files/read","args": ${args} }}`);
  await ask(crm, '/v1/decide', '{"request":{"tool":"t","method":"PUT","url":"tool://Files"}}');
  await ask(crm, '/v1/decide', '{"request":{"tool":"t","url":"https://Files"}}');
  await ask(crm, '/v1/decide', JSON.stringify({ request: { tool: 't', args: 'x'.repeat(1024 * 1024) } }));
  assert.deepEqual(
    agent.begun.map(b => b.request),
    [
      { tool: 'files/read', args: { kind: 'bytes', bytes: Buffer.from(args) }, method: 'POST', url: null },
      { tool: 't', args: { kind: 'none' }, method: 'PUT', url: 'tool://files/' },
      { tool: 't', args: { kind: 'none' }, method: 'POST', url: 'https://Files' },
      { tool: 't', args: { kind: 'too_large' }, method: 'POST', url: null },
    ],
  );
});

test('the socket is the identity: another claim is refused, and nothing is decided', async t => {
  const { agent, crm, billing } = await testDaemon(t);
  assert.equal((await ask(crm, '/v1/decide', line({ agent: 'billing' }))).status, 403);
  assert.equal(agent.begun.length, 0);
  await ask(billing, '/v1/decide', line());
  assert.equal(agent.begun[0]?.context.agent, 'billing');
});

test('the main socket decides for nobody and says where to ask', async t => {
  const { agent, main, folder } = await testDaemon(t);
  const { status, text } = await ask(main, '/v1/decide', line());
  assert.equal(status, 403);
  assert.ok(text.includes(`${folder}/agent/<agent id>.sock`), text);
  assert.equal(agent.begun.length, 0);
});

test('bodies: none, empty, too large to inspect', async t => {
  const { agent, crm } = await testDaemon(t);
  await ask(crm, '/v1/decide', JSON.stringify({ request: { method: 'GET', url: 'https://a.test/' } }));
  await ask(crm, '/v1/decide', line({}, { body: '' }));
  await ask(crm, '/v1/decide', line({}, { body: 'x'.repeat(1024 * 1024 + 1) }));
  assert.deepEqual(
    agent.begun.map(b => b.request.body.kind),
    ['none', 'none', 'too_large'],
  );
});

const refused: readonly (readonly [
  name: string,
  path: string,
  body: string | Uint8Array | null,
  method: string,
  status: number,
  code: string,
])[] = [
  ['no JSON', '/v1/decide', 'hello', 'POST', 400, 'bad_json'],
  ['an unknown key', '/v1/decide', line({ agnet: 'crm' }), 'POST', 400, 'unknown_key'],
  ['a load', '/v1/decide', '{"load":{}}', 'POST', 400, 'unknown_key'],
  ['at', '/v1/decide', line({ at: '2026-01-07T12:00:00Z' }), 'POST', 400, 'unknown_key'],
  ['killed', '/v1/decide', line({ killed: false }), 'POST', 400, 'unknown_key'],
  ['bytes that are not UTF-8', '/v1/decide', Buffer.from([0x22, 0xff, 0x22]), 'POST', 400, 'not_utf8'],
  ['GET where POST is meant', '/v1/decide', null, 'GET', 405, 'method_not_allowed'],
  ['PUT', '/v1/decide', '{}', 'PUT', 405, 'method_not_allowed'],
  ['POST to health', '/healthz', '{}', 'POST', 405, 'method_not_allowed'],
  ['another path', '/v2/decide', '{}', 'POST', 404, 'not_found'],
  ['two MiB and more', '/v1/decide', `"${'x'.repeat(2 * 1024 * 1024)}"`, 'POST', 413, 'body_too_large'],
  ['an outcome without an ID', '/v1/outcome', '{"result":"ok"}', 'POST', 400, 'missing_key'],
  [
    'an outcome nobody began',
    '/v1/outcome',
    '{"request_id":"00000000-0000-7000-8000-000000000000","result":"ok"}',
    'POST',
    404,
    'call_unknown',
  ],
  [
    'killed as a result',
    '/v1/outcome',
    '{"request_id":"00000000-0000-7000-8000-000000000000","result":"killed"}',
    'POST',
    400,
    'bad_value',
  ],
  [
    'an outcome with an unknown key',
    '/v1/outcome',
    '{"request_id":"00000000-0000-7000-8000-000000000000","result":"ok","x":1}',
    'POST',
    400,
    'unknown_key',
  ],
  [
    'a model that is no text',
    '/v1/outcome',
    '{"request_id":"00000000-0000-7000-8000-000000000000","result":"ok","model":7}',
    'POST',
    400,
    'wrong_type',
  ],
  [
    'a fractional status',
    '/v1/outcome',
    '{"request_id":"00000000-0000-7000-8000-000000000000","result":"ok","status_code":200.5}',
    'POST',
    400,
    'wrong_type',
  ],
];
for (const [name, path, body, method, status, code] of refused) {
  test(`the daemon refuses ${name}`, async t => {
    const { agent, crm } = await testDaemon(t);
    const got = await ask(crm, path, body, { method });
    assert.equal(got.status, status, got.text);
    assert.equal(got.body.ok, false);
    assert.equal((got.body.errors as { code: string }[])[0]?.code, code);
    assert.equal(agent.begun.length, 0);
  });
}

test('an outcome is written once, by its own agent', async t => {
  const { agent, crm, billing } = await testDaemon(t);
  const { request_id } = (await ask(crm, '/v1/decide', line())).body;
  const done = JSON.stringify({
    request_id,
    result: 'error',
    status_code: 502,
    latency_ms: 7,
    request_bytes: 1,
    response_bytes: 2,
    model: 'm-1',
    input_tokens: 3,
  });
  assert.equal((await ask(billing, '/v1/outcome', done)).status, 404);
  assert.equal((await ask(crm, '/v1/outcome', done)).status, 200);
  assert.equal((await ask(crm, '/v1/outcome', done)).status, 404);
  assert.deepEqual(agent.outcomes, [
    {
      requestId: request_id,
      result: 'error',
      statusCode: 502,
      latencyMs: 7,
      requestBytes: 1,
      responseBytes: 2,
      usage: { model: 'm-1', inputTokens: 3 },
    },
  ]);
});

test('what was refused has no outcome; what is denied but not enforced has one', async t => {
  const { agent, crm } = await testDaemon(t);
  agent.result = 'deny';
  const denied = (await ask(crm, '/v1/decide', line())).body;
  assert.equal(
    (await ask(crm, '/v1/outcome', JSON.stringify({ request_id: denied.request_id, result: 'ok' }))).status,
    404,
  );
  agent.enforced = false;
  const passed = (await ask(crm, '/v1/decide', line())).body;
  assert.equal(passed.enforced, false);
  assert.equal(
    (await ask(crm, '/v1/outcome', JSON.stringify({ request_id: passed.request_id, result: 'ok' }))).status,
    200,
  );
});

test('a kill ends open calls in the record', async t => {
  const { agent, crm } = await testDaemon(t);
  const { request_id } = (await ask(crm, '/v1/decide', line())).body;
  agent.kill();
  assert.deepEqual(agent.outcomes, [{ requestId: request_id, result: 'killed' }]);
  assert.equal((await ask(crm, '/v1/outcome', JSON.stringify({ request_id, result: 'ok' }))).status, 404);
});

test('a defect answers 500 and tells nothing, and the daemon lives on', async t => {
  const { agent, crm, said } = await testDaemon(t);
  agent.throws = true;
  const got = await ask(crm, '/v1/decide', line());
  assert.equal(got.status, 500);
  assert.ok(!got.text.includes('a defect'));
  assert.ok(said.includes('a request failed inside'));
  assert.equal((await ask(crm, '/healthz')).status, 200);
});

test('health is always 200; readiness needs a policy and a log', async t => {
  const { agent, main, crm } = await testDaemon(t);
  assert.equal((await ask(main, '/readyz')).status, 200);
  assert.equal((await ask(crm, '/healthz')).body.status, 'ok');
  assert.equal((await ask(main, '/healthz', null, { method: 'HEAD' })).text, '');
  agent.policyState = 'degraded';
  assert.deepEqual((await ask(main, '/readyz')).body, { ok: true, degraded: true });
  assert.equal((await ask(main, '/healthz')).body.status, 'degraded');
  agent.policyState = 'missing';
  agent.auditState = 'failing';
  const not = await ask(main, '/readyz');
  assert.equal(not.status, 503);
  assert.deepEqual(
    (not.body.errors as { code: string }[]).map(e => e.code),
    ['policy_missing', 'audit_unavailable'],
  );
  const health = await ask(main, '/healthz');
  assert.equal(health.status, 200);
  assert.equal(health.body.status, 'failing');
  assert.deepEqual(health.body.agents, ['crm', 'billing']);
});
