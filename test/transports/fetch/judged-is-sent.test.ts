// T-27 of THREAT-MODEL.md.
/** What was judged is what is sent, whatever the caller's objects do in the meantime. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { HttpRequest } from '#src/core/decide/types.js';
import { wrapFetch } from '#src/transports/fetch/wrap-fetch.js';
import { startFetchServer } from '../../support/fetch-server.js';
import { SteeredAgent } from '../../support/steered-agent.js';

const server = await startFetchServer();
after(() => server.close());
const at = `${server.url}/echo`;

interface Sent {
  readonly method: string;
  readonly path: string;
  readonly headers: string[];
  readonly body: string;
}

/** Sends through an agent that reads every body, with a hook to wait for: the longest way there is. */
async function both(
  input: unknown,
  init?: unknown,
  meanwhile?: () => void,
): Promise<{ judged: HttpRequest; sent: Sent }> {
  const agent = new SteeredAgent(r => (r.body.kind === 'unread' ? 'need_body' : 'allow'));
  const hooks = {
    beforeRequest: async () => {
      await new Promise(resolve => setImmediate(resolve));
      meanwhile?.();
    },
  };
  const f = wrapFetch(agent, fetch, { agentId: agent.agentId, strict: true, hooks });
  const response = await f(input as string, init as RequestInit);
  return { judged: agent.last.request, sent: (await response.json()) as Sent };
}

function agree({ judged, sent }: { judged: HttpRequest; sent: Sent }): void {
  assert.equal(judged.method, sent.method);
  assert.equal(new URL(judged.url).pathname + new URL(judged.url).search, sent.path);
  const names = new Set(judged.headers.map(([name]) => name));
  const lines = sent.headers.flatMap((name, i) => (i % 2 === 0 ? [[name.toLowerCase(), sent.headers[i + 1]]] : []));
  assert.deepEqual(lines.filter(([name]) => names.has(name!)).sort(), judged.headers.map(l => [...l]).sort());
  const { body } = judged;
  assert.equal(body.kind === 'bytes' ? Buffer.from(body.bytes).toString() : '', sent.body);
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const bodies: [string, () => unknown][] = [
  ['string', () => 'grüße'],
  ['lone surrogate', () => 'a\ud800'],
  ['URLSearchParams', () => new URLSearchParams({ a: 'b' })],
  ['ArrayBuffer', () => bytes('buffer').buffer],
  ['view', () => bytes('xviewx').subarray(1, 5)],
  ['Blob', () => new Blob(['blob'], { type: 'a/b' })],
  [
    'FormData',
    () => {
      const f = new FormData();
      f.append('a', new File(['c'], 'n'));
      return f;
    },
  ],
  ['stream', () => new Blob(['stream']).stream()],
  [
    'async iterable',
    () =>
      (async function* () {
        yield 'it';
        yield bytes('er');
      })(),
  ],
  ['empty', () => ''],
  ['object', () => ({ toString: () => 'made' })],
];
for (const [name, body] of bodies) {
  test(`body: ${name}`, async () => {
    agree(await both(at, { method: 'post', body: body(), duplex: 'half' }));
    agree(await both(new Request(at, { method: 'POST', body: body(), duplex: 'half' } as RequestInit)));
  });
}

/** A property that answers with the next value each time. */
function fickle(init: Record<string, unknown>, key: string, ...values: unknown[]): unknown {
  let reads = 0;
  return Object.defineProperty(init, key, {
    enumerable: true,
    get: () => values[Math.min(reads++, values.length - 1)],
  });
}

for (const [key, first, later] of [
  ['method', 'PUT', 'DELETE'],
  ['headers', { a: 'first' }, { a: 'later' }],
  ['body', 'first', 'later'],
] as const) {
  test(`a getter that changes: ${key}`, async () => {
    const init = { method: 'POST', body: 'x' };
    const got = await both(at, fickle(init, key, first, later));
    agree(got);
    if (key === 'method') assert.equal(got.sent.method, 'PUT');
    if (key === 'body') assert.equal(got.sent.body, 'first');
    if (key === 'headers') assert.ok(got.sent.headers.includes('first'));
  });
}

test('the path that is judged and sent is the one URL parsing has made', async () => {
  const got = await both(`${server.url}/a/../b/%2E%2e/.\\./echo?x=a/../b`);
  agree(got);
  assert.equal(got.sent.path, '/echo?x=a/../b');
  assert.equal(got.judged.url, `${at}?x=a/../b`);
});

test('an address whose toString changes', async () => {
  let reads = 0;
  const got = await both({ toString: () => `${at}?${reads++}` });
  agree(got);
  assert.equal(got.sent.path, '/echo?0');
});

test('a URL that is changed after the call', async () => {
  const url = new URL(at);
  const got = await both(url, {}, () => {
    url.pathname = '/other';
  });
  agree(got);
});

const changed: [string, () => [unknown, () => void], string][] = [
  [
    'Buffer',
    () => {
      const b = Buffer.from('first');
      return [b, () => b.fill('x')];
    },
    'first',
  ],
  [
    'ArrayBuffer',
    () => {
      const b = bytes('first');
      return [b.buffer, () => b.fill(65)];
    },
    'first',
  ],
  [
    'shared memory',
    () => {
      const b = new Uint8Array(new SharedArrayBuffer(5));
      b.set(bytes('first'));
      return [b, () => b.fill(65)];
    },
    'first',
  ],
  [
    'URLSearchParams',
    () => {
      const p = new URLSearchParams({ a: 'first' });
      return [p, () => p.set('a', 'later')];
    },
    'a=first',
  ],
];
for (const [name, make, expected] of changed) {
  test(`a body changed after the call: ${name}`, async () => {
    const [body, change] = make();
    const got = await both(at, { method: 'POST', body }, change);
    agree(got);
    assert.equal(got.sent.body, expected);
  });
}

test('a form changed after the call', async () => {
  const form = new FormData();
  form.append('a', 'first');
  const got = await both(at, { method: 'POST', body: form }, () => form.set('a', 'later'));
  agree(got);
  assert.match(got.sent.body, /first/);
});

test('a chunk changed after it was read', async () => {
  const chunk = bytes('first');
  const source = async function* (): AsyncGenerator<Uint8Array> {
    yield chunk;
    await new Promise(resolve => setImmediate(resolve));
    chunk.fill(65);
  };
  const got = await both(at, { method: 'POST', body: ReadableStream.from(source()), duplex: 'half' });
  agree(got);
  assert.equal(got.sent.body, 'first');
});

test('headers changed after the call', async () => {
  const headers = new Headers({ a: 'first' });
  const got = await both(at, { headers }, () => headers.set('a', 'later'));
  agree(got);
  assert.ok(got.sent.headers.includes('first'));
});

test('subclasses that answer twice', async () => {
  class TwoFaced extends Blob {
    #reads = 0;
    override async arrayBuffer(): Promise<ArrayBuffer> {
      return new Blob([this.#reads++ === 0 ? 'good' : 'evil']).arrayBuffer();
    }
    override stream(): ReturnType<Blob['stream']> {
      return new Blob([this.#reads++ === 0 ? 'good' : 'evil']).stream();
    }
  }
  agree(await both(at, { method: 'POST', body: new TwoFaced(['real']) }));
  const elsewhere = new Request(at, { method: 'PUT' });
  Object.defineProperties(elsewhere, { url: { value: 'http://a.example/' }, method: { value: 'GET' } });
  agree(await both(elsewhere));
});

test('a Request whose body is read for judgement keeps its length on the wire', async () => {
  const got = await both(new Request(at, { method: 'POST', body: 'hello' }));
  assert.equal(got.sent.headers[got.sent.headers.indexOf('content-length') + 1], '5');
});

for (const [name, make] of [
  ['stream', () => ({ body: new Blob(['x'.repeat(5000)]).stream(), duplex: 'half' })],
  ['string', () => ({ body: 'x'.repeat(5000) })],
  ['bytes', () => ({ body: Buffer.alloc(5000, 'x') })],
  ['Blob', () => ({ body: new Blob(['x'.repeat(5000)]) })],
  [
    'many chunks',
    () => ({
      duplex: 'half',
      body: (async function* () {
        for (let i = 0; i < 50; i++) yield 'x'.repeat(100);
      })(),
    }),
  ],
] as const) {
  test(`over the limit: ${name} is judged as too large and still goes out whole`, async () => {
    const agent = new SteeredAgent(r => (r.body.kind === 'unread' ? 'need_body' : 'allow'));
    agent.inspectBytes = 1000;
    const f = wrapFetch(agent, fetch, { agentId: agent.agentId, strict: true });
    for (const input of [at, new Request(at, { method: 'POST', ...make() } as RequestInit)]) {
      const response = await f(
        input,
        typeof input === 'string' ? ({ method: 'POST', ...make() } as RequestInit) : undefined,
      );
      assert.equal(agent.last.request.body.kind, 'too_large');
      assert.equal(((await response.json()) as Sent).body, 'x'.repeat(5000));
    }
  });
}

test('a body that no rule asks about is not touched before it is sent', async () => {
  const agent = new SteeredAgent(() => 'deny');
  const f = wrapFetch(agent, fetch, { agentId: agent.agentId, strict: true });
  let pulled = 0;
  const body = new ReadableStream(
    {
      pull: () => {
        pulled++;
      },
    },
    { highWaterMark: 0 },
  );
  await assert.rejects(f(at, { method: 'POST', body, duplex: 'half' } as RequestInit), { code: 'rule_denied' });
  assert.deepEqual([pulled, agent.asked.map(r => r.body.kind)], [0, ['unread']]);
});

test('bodies of no length are no bodies', async () => {
  const agent = new SteeredAgent();
  const f = wrapFetch(agent, fetch, { agentId: agent.agentId, strict: true });
  for (const body of [null, '', new Uint8Array(), new Blob([]), new URLSearchParams()])
    await (await f(at, { method: 'POST', body })).text();
  assert.deepEqual(
    agent.asked.map(r => r.body.kind),
    Array(5).fill('none'),
  );
});

test('the content type that a body implies is judged', async () => {
  const agent = new SteeredAgent();
  const f = wrapFetch(agent, fetch, { agentId: agent.agentId, strict: true });
  const form = new FormData();
  form.append('a', 'b');
  for (const body of ['x', new URLSearchParams(), new Blob([], { type: 'a/b' }), form])
    await (await f(at, { method: 'POST', body })).text();
  const types = agent.asked.map(r =>
    r.headers.find(([name]) => name === 'content-type')?.[1].replace(/undici-\d+/, ''),
  );
  assert.deepEqual(types, [
    'text/plain;charset=UTF-8',
    'application/x-www-form-urlencoded;charset=UTF-8',
    'a/b',
    'multipart/form-data; boundary=----formdata-',
  ]);
});
