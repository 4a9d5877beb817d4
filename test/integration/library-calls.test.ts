/** Calls of a real agent over a real network: hops, bodies and signals, decided by the engine and recorded in the log. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { failureOf, opens, serves } from '../support/agent-under-test.js';

const MIB = 1024 * 1024;
const OPEN = 'default: allow\nrules: []\n';

/** Sends where `?to=` says; `/loop` goes to itself. */
function hopping(t: TestContext) {
  return serves(t, (got, response) => {
    const to = new URL(got.path, 'http://x').searchParams.get('to');
    const status = got.path.startsWith('/keep') ? 307 : 302;
    if (got.path.startsWith('/loop')) response.writeHead(302, { location: '/loop' }).end();
    else if (to !== null) response.writeHead(status, { location: to }).end();
    else response.end('ok');
  });
}

test('a hop is decided before it is followed; the denied one never leaves', async t => {
  const server = await hopping(t);
  const { fetch, records } = opens(
    t,
    `default: allow\nrules:\n  - { name: no-secret, deny: { url: "${server.host}/secret" } }\n`,
  );
  const denied = await failureOf(fetch(`${server.origin}/a?to=/b%3Fto%3D/secret`));
  assert.equal(denied.code, 'rule_denied');
  assert.equal(denied.message, "denied by rule 'no-secret'");
  assert.deepEqual(
    server.got.map(got => got.path),
    ['/a?to=/b%3Fto%3D/secret', '/b?to=/secret'],
  );
  const [first, second, third] = records('decision');
  assert.deepEqual([first?.parent_request_id, first?.url_path], [undefined, '/a']);
  assert.deepEqual([second?.parent_request_id, second?.policy_result], [first?.request_id, 'allow']);
  assert.deepEqual([third?.parent_request_id, third?.policy_result], [first?.request_id, 'deny']);
  assert.deepEqual(
    records('outcome').map(o => [o.request_id, o.status_code]),
    [
      [first?.request_id, 302],
      [second?.request_id, 302],
    ],
  );

  const response = await fetch(`${server.origin}/a?to=/c`);
  assert.deepEqual([response.status, response.redirected, new URL(response.url).pathname], [200, true, '/c']);
});

test('a method that a redirect changes is judged as it changes', async t => {
  const server = await hopping(t);
  const policy = `default: allow\nrules:\n  - { name: no-get, deny: { method: GET, url: "${server.host}/end" } }\n`;
  const { fetch } = opens(t, policy);
  const post = { method: 'POST', body: 'x' };
  assert.equal((await failureOf(fetch(`${server.origin}/a?to=/end`, post))).message, "denied by rule 'no-get'");
  assert.equal((await fetch(`${server.origin}/keep?to=/end`, post)).status, 200);
  assert.deepEqual(server.got.at(-1)?.body.toString(), 'x');
});

test('a loop ends after twenty hops', async t => {
  const server = await hopping(t);
  const { fetch, records } = opens(t, OPEN);
  const denied = await failureOf(fetch(`${server.origin}/loop`));
  assert.deepEqual([denied.code, denied.message], ['redirect_refused', 'more than 20 redirects']);
  assert.equal(server.got.length, 21);
  const decisions = records('decision');
  assert.equal(decisions.length, 22);
  assert.equal(decisions.at(-1)?.parent_request_id, decisions[0]?.request_id);
});

test('a redirect out of http is refused; a stream cannot be sent twice', async t => {
  const server = await hopping(t);
  const { fetch } = opens(t, OPEN);
  assert.equal((await failureOf(fetch(`${server.origin}/a?to=file:///etc/passwd`))).code, 'redirect_refused');
  const body = new Blob(['x']).stream();
  const init = { method: 'POST', body, duplex: 'half' } as RequestInit;
  assert.equal((await failureOf(fetch(`${server.origin}/keep?to=/c`, init))).code, 'redirect_refused');
  assert.deepEqual(
    server.got.map(got => got.path.split('?')[0]),
    ['/a', '/keep'],
  );
});

const CAP = (host: string) =>
  `default: allow\nrules:\n  - name: cap\n    deny: { url: "${host}/pay", body: { jsonpath: $.amount, min: 100 } }\n`;

/** The same JSON in every way that fetch takes a body. */
const amount = (n: number) => JSON.stringify({ amount: n, note: 'é'.repeat(50) });
const stream = (text: string, chunk = 7) => {
  const bytes = new TextEncoder().encode(text);
  let at = 0;
  return new ReadableStream<Uint8Array>({
    pull(controller) {
      if (at >= bytes.length) return controller.close();
      controller.enqueue(bytes.slice(at, at + chunk));
      at += chunk;
    },
  });
};
async function* pieces(text: string) {
  for (const part of text.match(/[\s\S]{1,9}/g) ?? []) yield new TextEncoder().encode(part);
}
const JSON_TYPE = { 'content-type': 'application/json' };
const KINDS: readonly (readonly [name: string, init: (text: string) => unknown])[] = [
  ['a string', text => ({ body: text, headers: JSON_TYPE })],
  ['a string without a type', text => ({ body: text })],
  ['a Buffer', text => ({ body: Buffer.from(text) })],
  ['an ArrayBuffer', text => ({ body: new TextEncoder().encode(text).buffer })],
  ['a DataView', text => ({ body: new DataView(new TextEncoder().encode(text).buffer) })],
  ['a Blob', text => ({ body: new Blob([text], { type: 'application/json' }) })],
  ['a stream', text => ({ body: stream(text), duplex: 'half' })],
  ['an async iterable', text => ({ body: pieces(text), duplex: 'half' })],
];
for (const [name, init] of KINDS) {
  test(`${name} is judged, and sent as it was judged`, async t => {
    const server = await serves(t);
    const { fetch } = opens(t, CAP(server.host));
    const send = (text: string) =>
      fetch(`${server.origin}/pay`, { method: 'POST', ...(init(text) as RequestInit) }).then(r => r.text());
    assert.equal((await failureOf(send(amount(100)))).code, 'rule_denied');
    assert.equal(server.got.length, 0);
    assert.equal(await send(amount(99)), 'ok');
    assert.equal(server.got[0]?.body.toString(), amount(99));
    const whole = new Request(`${server.origin}/pay`, { method: 'POST', ...(init(amount(100)) as RequestInit) });
    assert.equal((await failureOf(fetch(whole))).code, 'rule_denied');
    const fine = new Request(`${server.origin}/pay`, { method: 'POST', ...(init(amount(1)) as RequestInit) });
    assert.equal((await fetch(fine)).status, 200);
    assert.equal(server.got[1]?.body.toString(), amount(1));
    assert.ok(fine.bodyUsed, 'the Request is used up as plain fetch would');
  });
}

test('a form is judged by its fields', async t => {
  const server = await serves(t);
  const { fetch } = opens(t, CAP(server.host));
  const form = (n: string) =>
    fetch(`${server.origin}/pay`, { method: 'POST', body: new URLSearchParams({ amount: n }) });
  assert.equal((await failureOf(form('100'))).code, 'rule_denied');
  assert.equal((await form('99.5')).status, 200);
  assert.equal(server.got[0]?.type, 'application/x-www-form-urlencoded;charset=UTF-8');
});

test('a multipart body, which no rule can read, is not let past a rule that asks', async t => {
  const server = await serves(t);
  const { fetch, records } = opens(t, CAP(server.host));
  const body = new FormData();
  body.set('amount', '1');
  const denied = await failureOf(fetch(`${server.origin}/pay`, { method: 'POST', body }));
  assert.equal(denied.message, "could not be judged against rule 'cap'");
  assert.equal(records('decision')[0]?.uncertain, true);
  assert.equal((await fetch(`${server.origin}/elsewhere`, { method: 'POST', body })).status, 200);
  const { type, body: sent } = server.got[0] ?? {};
  const boundary = /boundary=(.+)$/.exec(type ?? '')?.[1] ?? '?';
  assert.ok(sent?.toString().startsWith(`--${boundary}`));
});

test('what the caller changes afterwards changes nothing', async t => {
  const server = await serves(t);
  const { fetch } = opens(t, CAP(server.host), { beforeRequest: () => sleep(20) });
  const body = Buffer.from(amount(99));
  const headers = { 'content-type': 'application/json' };
  const init = { method: 'POST', body, headers };
  const sent = fetch(`${server.origin}/pay`, init);
  body.fill(0x20);
  init.body = Buffer.from(amount(1000));
  init.method = 'DELETE';
  headers['content-type'] = 'text/plain';
  assert.equal((await sent).status, 200);
  assert.deepEqual([server.got[0]?.method, server.got[0]?.body.toString()], ['POST', amount(99)]);
});

test('a body over the limit: denied where a rule asks, untouched where none does', async t => {
  const server = await serves(t);
  const { fetch } = opens(t, CAP(server.host));
  const big = Buffer.alloc(3 * MIB, 'a');
  const sum = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
  const bodies = [
    () => ({ body: big }),
    () => ({ body: new Blob([big]) }),
    () => ({ body: new Blob([big]).stream(), duplex: 'half' }),
  ];
  for (const body of bodies) {
    const denied = await failureOf(fetch(`${server.origin}/pay`, { method: 'POST', ...body() } as RequestInit));
    assert.equal(denied.code, 'body_too_large');
  }
  assert.equal(server.got.length, 0);
  for (const body of bodies) {
    assert.equal((await fetch(`${server.origin}/up`, { method: 'POST', ...body() } as RequestInit)).status, 200);
    assert.equal(sum(server.got.at(-1)?.body ?? Buffer.of()), sum(big));
  }
});

test('signals: before, while a hook thinks, while the answer is awaited, while it is read', async t => {
  const server = await serves(t, (got, response) => {
    if (got.path === '/half') response.write('half');
    else if (got.path !== '/never') response.end('ok');
  });
  let thinks = 0;
  const { fetch, records, checkrd } = opens(t, OPEN, { beforeRequest: () => (thinks > 0 ? sleep(thinks) : true) });
  const why = new Error('enough');
  assert.equal(await failureOf(fetch(server.origin, { signal: AbortSignal.abort(why) })), why);
  assert.equal(records('decision').length, 0);

  thinks = 200;
  const early = new AbortController();
  const hooked = fetch(server.origin, { signal: early.signal });
  early.abort(why);
  assert.equal(await failureOf(hooked), why);
  assert.equal(server.got.length, 0);
  thinks = 0;

  const timeout = await failureOf(fetch(`${server.origin}/never`, { signal: AbortSignal.timeout(50) }));
  assert.equal(timeout.name, 'TimeoutError');

  const late = new AbortController();
  const response = await fetch(`${server.origin}/half`, { signal: late.signal });
  const text = response.text();
  late.abort(why);
  assert.equal(await failureOf(text), why);
  assert.deepEqual(
    records('outcome').map(o => o.result),
    ['aborted', 'aborted'],
  );
  assert.equal(checkrd.healthy().inFlight, 0);
});

test('a Request: its own fields, then those of the init over them', async t => {
  const server = await serves(t);
  const { fetch } = opens(
    t,
    `default: deny\nrules:\n  - { name: put, allow: { method: PUT, url: "${server.host}/x" } }\n`,
  );
  const request = new Request(`${server.origin}/x`, { method: 'POST', body: 'one', headers: { 'x-a': '1' } });
  assert.equal((await failureOf(fetch(request.clone()))).code, 'default_denied');
  assert.equal((await fetch(request, { method: 'PUT', body: 'two' })).status, 200);
  assert.deepEqual([server.got[0]?.method, server.got[0]?.body.toString()], ['PUT', 'two']);
});
