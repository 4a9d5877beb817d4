// T-26 of THREAT-MODEL.md.
/** Redirects end where plain fetch ends, and every hop is decided before it is followed. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, test } from 'node:test';
import { CheckrdPolicyDenied } from '#src/agent/errors.js';
import { wrapFetch } from '#src/transports/fetch/wrap-fetch.js';
import { startFetchServer } from '../../support/fetch-server.js';
import { type Steer, SteeredAgent } from '../../support/steered-agent.js';

const server = await startFetchServer();
after(() => server.close());

function wrapped(steer?: Steer): { agent: SteeredAgent; f: typeof fetch } {
  const agent = new SteeredAgent(steer);
  return { agent, f: wrapFetch(agent, fetch, { agentId: agent.agentId, strict: true }) };
}

const to = (status: number, where: string | null): string =>
  `${server.url}/redirect/${status}${where === null ? '' : `?to=${encodeURIComponent(where)}`}`;

async function outcome(f: typeof fetch, url: string | Request, init?: RequestInit): Promise<unknown> {
  try {
    const r = await f(url, init);
    const head = {
      status: r.status,
      url: r.url,
      redirected: r.redirected,
      type: r.type,
      where: r.headers.get('location'),
    };
    const text = await r.text();
    const clone = { redirected: r.redirected, is: r instanceof Response };
    return { ...head, text: text.replaceAll(/formdata-undici-\d+/g, 'formdata'), ...clone };
  } catch (error) {
    const { name, message, cause } = error as Error;
    return { name, message, cause: (cause as Error | undefined)?.message };
  }
}

/** Of the body of `/status/200`. */
const DIGEST = `sha256-${createHash('sha256').update('status 200').digest('base64')}`;

type Make = () => [string | Request, RequestInit?];
const rows: [string, Make][] = [];
for (const status of [301, 302, 303, 307, 308]) {
  for (const method of ['GET', 'POST', 'PUT', 'HEAD', 'DELETE']) {
    const body = method === 'POST' || method === 'PUT' ? 'payload' : null;
    rows.push([
      `${status} ${method}`,
      () => [to(status, '/echo'), { method, body, headers: { 'content-language': 'x', 'x-kept': '1' } }],
    ]);
  }
  rows.push([
    `${status} to another origin`,
    () => [
      to(status, `${server.other}/echo`),
      { headers: { authorization: 'a', cookie: 'b', 'proxy-authorization': 'c', 'x-kept': '1' } },
    ],
  ]);
  rows.push([`${status} manual`, () => [to(status, '/echo'), { redirect: 'manual' }]]);
  rows.push([`${status} error`, () => [to(status, '/echo'), { redirect: 'error' }]]);
  rows.push([`${status} without Location`, () => [to(status, null)]]);
}
const bodies: [string, () => RequestInit['body']][] = [
  ['Blob', () => new Blob(['blob'], { type: 'a/b' })],
  ['URLSearchParams', () => new URLSearchParams({ a: 'b' })],
];
for (const [name, body] of bodies)
  rows.push([`307 with ${name}`, () => [to(307, '/echo'), { method: 'POST', body: body()! }]]);
rows.push(
  ['300 is none', () => [to(300, '/echo')]],
  ['304 is none', () => [to(304, '/echo')]],
  ['there and back', () => [to(302, `${server.other}/redirect/302?to=${encodeURIComponent(`${server.url}/echo`)}`)]],
  ['same-origin mode, another origin', () => [to(302, `${server.other}/echo`), { mode: 'same-origin' }]],
  ['same-origin mode, same origin', () => [to(302, '/echo'), { mode: 'same-origin' }]],
  ['integrity of the last answer', () => [to(302, '/status/200'), { integrity: DIGEST }]],
  ['integrity of another answer', () => [to(302, '/json'), { integrity: DIGEST }]],
  ['integrity in a Request', () => [new Request(to(302, '/status/200'), { integrity: DIGEST })]],
  ['integrity with manual', () => [to(302, '/status/200'), { integrity: DIGEST, redirect: 'manual' }]],
  ['fragment kept', () => [`${to(302, '/echo')}#frag`]],
  ['fragment of its own', () => [`${to(302, '/echo#own')}#frag`]],
  ['relative', () => [to(302, '../echo?x=1')]],
  ['UTF-8 bytes', () => [to(302, '/echo/ü')]],
  ['no URL', () => [to(302, 'http://[')]],
  ['twenty hops', () => [`${server.url}/hops/20`]],
  ['a Request', () => [new Request(to(302, '/echo'), { method: 'POST', body: 'x' })]],
  ['a Request at 307', () => [new Request(to(307, '/echo'), { method: 'POST', body: 'x', headers: { a: 'b' } })]],
  ['a Request with manual', () => [new Request(to(302, '/echo'), { redirect: 'manual' })]],
  ['a Request with error', () => [new Request(to(302, '/echo')), { redirect: 'error' }]],
);

for (const [name, make] of rows) {
  test(`ends as plain fetch: ${name}`, async () => {
    const bare = await outcome(fetch, ...make());
    for (const steer of [undefined, (r => (r.body.kind === 'unread' ? 'need_body' : 'allow')) as Steer]) {
      assert.deepEqual(await outcome(wrapped(steer).f, ...make()), bare);
    }
  });
}

// Node 20's own transport fails here: it gives its copy of the bytes away with the first hop.
test('bytes are sent again at 307, as they were at the call', async () => {
  const { f } = wrapped();
  const body = new TextEncoder().encode('bytes');
  const call = f(to(307, '/echo'), { method: 'POST', body });
  body.fill(0);
  assert.equal(((await (await call).json()) as { body: string }).body, 'bytes');
});

test('a form is sent again at 307', async () => {
  const form = new FormData();
  form.append('a', 'b');
  const { f } = wrapped();
  const echo = (await (await f(to(307, '/echo'), { method: 'POST', body: form })).json()) as {
    headers: string[];
    body: string;
  };
  const type = echo.headers[echo.headers.indexOf('content-type') + 1]!;
  assert.match(echo.body, /name="a"\r\n\r\nb/);
  assert.ok(echo.body.startsWith(`--${type.split('boundary=')[1]}`), 'the header names the boundary of this body');
});

test('each hop is asked about, with the first as parent, and has its outcome', async () => {
  const { agent, f } = wrapped();
  await (await f(`${server.url}/hops/2`)).text();
  assert.deepEqual(
    agent.calls.map(c => [
      new URL(c.request.url).pathname,
      c.context.parentRequestId,
      c.outcomes.map(o => o.statusCode),
    ]),
    [
      ['/hops/2', undefined, [302]],
      ['/hops/1', 'request-1', [302]],
      ['/echo', 'request-1', [200]],
    ],
  );
});

test('a hop that is denied is never requested', async () => {
  const { agent, f } = wrapped(r => (r.url.endsWith('/echo') ? 'deny' : 'allow'));
  const before = server.seen.length;
  await assert.rejects(f(`${server.url}/hops/1`), { name: 'CheckrdPolicyDenied', code: 'rule_denied' });
  assert.deepEqual(server.seen.slice(before), ['GET /hops/1']);
  assert.deepEqual(
    agent.calls.map(c => c.outcomes.length),
    [1],
  );
});

test('the switch is looked at on each hop', async () => {
  const { agent, f } = wrapped((_, context) => {
    if (context.parentRequestId === undefined) setImmediate(() => agent.kill());
    return 'allow';
  });
  await assert.rejects(f(to(302, '/never')), { code: 'kill_switch' });
});

const refused: [string, Make][] = [
  ['more than twenty hops', () => [`${server.url}/hops/21`]],
  ['another scheme', () => [to(302, 'data:text/plain,x')]],
  ['file', () => [to(302, 'file:///etc/passwd')]],
  [
    'a stream at 307',
    () => [to(307, '/echo'), { method: 'POST', body: new Blob(['s']).stream(), duplex: 'half' } as RequestInit],
  ],
  ['a long Request at 308', () => [new Request(to(308, '/echo'), { method: 'POST', body: 'x'.repeat(2_000_000) })]],
];
for (const [name, make] of refused) {
  test(`redirect_refused: ${name}`, async () => {
    const { agent, f } = wrapped();
    await assert.rejects(
      f(...make()),
      (e: unknown) => e instanceof CheckrdPolicyDenied && e.code === 'redirect_refused',
    );
    const [refusal] = agent.refusals;
    assert.equal(refusal?.code, 'redirect_refused');
    assert.equal(refusal?.context.parentRequestId, 'request-1');
    assert.ok(agent.calls.every(c => c.outcomes.length === 1));
  });
}

test('userinfo in Location is put to the decision', async () => {
  const { agent, f } = wrapped(r => (r.url.includes('@') ? 'deny' : 'allow'));
  await assert.rejects(f(to(302, `${server.url.replace('//', '//u:p@')}/echo`)), { code: 'rule_denied' });
  assert.equal(agent.asked.length, 2);
});

test('a transport that follows by itself is found out', async () => {
  const agent = new SteeredAgent();
  const stubborn: typeof fetch = (input, init) => fetch(input, { ...init, redirect: 'follow' });
  const f = wrapFetch(agent, stubborn, { agentId: agent.agentId, strict: true });
  await assert.rejects(f(to(302, '/echo')), { code: 'redirect_refused' });
});
