/**
 * What is allowed behaves as with plain fetch, byte for byte: odd and broken answers, encodings, aborts, bodies that nobody
 * reads to the end, and the very bytes that each request is on the wire.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, test } from 'node:test';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { asPlain, type Fetch, face, plain, type Row, told } from '../../support/like-plain-fetch.js';
import { startWireServer } from '../../support/wire-server.js';

const raw = await startWireServer();
const TEXT = 'some text, some text, some text';
/** By path: the coding that is said, and the bytes that are sent. */
const CODED: Readonly<Record<string, readonly [string, Buffer]>> = {
  '/gzip': ['gzip', gzipSync(TEXT)],
  '/x-gzip': ['x-gzip', gzipSync(TEXT)],
  '/deflate': ['deflate', deflateSync(TEXT)],
  '/deflate-raw': ['deflate', deflateRawSync(TEXT)],
  '/br': ['br', brotliCompressSync(TEXT)],
  '/zstd': ['zstd', Buffer.from('KLUv/SAAAQAA', 'base64')],
  '/two': ['gzip, br', brotliCompressSync(gzipSync(TEXT))],
  '/upper': ['GZIP', gzipSync(TEXT)],
  '/unknown': ['shrunk', Buffer.from(TEXT)],
  '/identity': ['identity', Buffer.from(TEXT)],
  '/not-gzip': ['gzip', Buffer.from(TEXT)],
  '/half-gzip': ['gzip', gzipSync(TEXT.repeat(50)).subarray(0, 30)],
  '/long-gzip': ['gzip', Buffer.concat([gzipSync(TEXT), Buffer.from('more')])],
  '/empty-gzip': ['gzip', Buffer.alloc(0)],
  '/not-br': ['br', Buffer.from(TEXT)],
};
const coded = createServer((request, response) => {
  const [coding, body] = CODED[request.url ?? ''] ?? ['identity', Buffer.alloc(0)];
  response.writeHead(200, { 'content-encoding': coding, 'content-type': 'text/plain' }).end(body);
}).listen(0, '127.0.0.1');
await once(coded, 'listening');
const codedUrl = `http://127.0.0.1:${(coded.address() as AddressInfo).port}`;
after(async () => {
  coded.closeAllConnections();
  coded.close();
  await raw.close();
});

const get =
  (path: string, init: () => object = () => ({})) =>
  async (f: Fetch, url: string): Promise<unknown> =>
    told(await f(url + path, init() as RequestInit));
const post = (body: () => unknown, more: object = {}): (() => object) => {
  return () => ({ method: 'POST', body: body(), ...more });
};
/** Of a body that does not end by itself. */
const part =
  (path: string, use: (r: Response) => Promise<unknown>, init: () => object = () => ({})) =>
  async (f: Fetch, url: string): Promise<unknown> => {
    const r = await f(url + path, init() as RequestInit);
    return [await use(r).catch(plain), face(r)];
  };
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const sequence = (...chunks: unknown[]): ReadableStream =>
  new ReadableStream({
    pull: c => (chunks.length === 0 ? c.close() : c.enqueue(chunks.shift())),
  });
const first = async (r: Response): Promise<ReadableStreamDefaultReader<Uint8Array>> => {
  const reader = r.body!.getReader();
  await reader.read();
  return reader;
};
const failures = async (...all: Promise<unknown>[]): Promise<unknown> =>
  (await Promise.allSettled(all)).map(s => plain((s as PromiseRejectedResult).reason));
const ANSWERS =
  'trailers hints 204 304 404 500 twice latin until-close close http10 big garbage reset drop short bad-chunk huge-head'.split(
    ' ',
  );
class Own extends Request {}
class Tagged extends Headers {}

const settings: readonly [string, object][] = [
  ['keepalive', { keepalive: true }],
  ['credentials omit', { credentials: 'omit', headers: { cookie: 'a=b' } }],
  ['credentials include', { credentials: 'include' }],
  ['credentials that are none', { credentials: 'zz' }],
  ['mode no-cors', { mode: 'no-cors' }],
  ['mode navigate', { mode: 'navigate' }],
  ['cache only-if-cached', { cache: 'only-if-cached' }],
  ['cache that is none', { cache: 'zz' }],
  ['referrer about:client', { referrer: 'about:client' }],
  ['referrer that is none', { referrer: 'http://[' }],
  ['referrerPolicy', { referrer: 'http://a.example/b?c', referrerPolicy: 'origin' }],
  ['referrerPolicy that is none', { referrerPolicy: 'zz' }],
  ['duplex full', { method: 'POST', body: 'x', duplex: 'full' }],
  ['priority', { priority: 'high' }],
  ['redirect manual', { redirect: 'manual' }],
  ['redirect error', { redirect: 'error' }],
  ['accept-encoding of its own', { headers: { 'accept-encoding': 'identity' } }],
  ['host of its own', { headers: { host: 'other.example' } }],
  ['connection close', { headers: { connection: 'close' } }],
  ['connection that is none', { headers: { connection: 'zz' } }],
  ['expect', { method: 'POST', body: 'x', headers: { expect: '100-continue' } }],
  ['content-length that is right', { method: 'POST', body: 'abc', headers: { 'content-length': '3' } }],
  ['transfer-encoding of its own', { method: 'POST', body: 'abc', headers: { 'transfer-encoding': 'chunked' } }],
  ['upgrade', { headers: { upgrade: 'raw' } }],
  ['user-agent, accept, accept-language', { headers: { 'user-agent': 'u', accept: 'a/b', 'accept-language': 'x' } }],
  [
    'header case and doubles',
    {
      headers: [
        ['X-UP', '1'],
        ['x-up', '2'],
        ['Cookie', 'a'],
        ['cookie', 'b'],
      ],
    },
  ],
  ['an empty header value', { headers: { 'x-e': '' } }],
  ['a header value with spaces around', { headers: { 'x-s': ' \t v \t' } }],
  ['a header value beyond Latin-1', { headers: { 'x-l': '\u0100' } }],
  ['an empty header name', { headers: { '': 'v' } }],
  ['pairs of three', { headers: [['a', 'b', 'c']] }],
  ['a subclass of Headers', { headers: new Tagged({ a: 'b' }) }],
  ['a symbol as a method', { method: Symbol('m') }],
  ['CONNECT', { method: 'CONNECT' }],
  ['TRACK', { method: 'TRACK' }],
  ['patch in small letters', { method: 'patch', body: 'x' }],
];

const sentAlike: readonly Row[] = [
  ...settings.map(([name, init]) => ({ name, run: get('/ok', () => init) })),
  {
    name: 'SharedArrayBuffer',
    run: get(
      '/ok',
      post(() => new SharedArrayBuffer(3)),
    ),
  },
  {
    name: 'a Symbol as a body',
    run: get(
      '/ok',
      post(() => Symbol('s')),
    ),
  },
  {
    name: 'a body of booleans',
    run: get(
      '/ok',
      post(() => false),
    ),
  },
  {
    name: 'an empty Blob',
    run: get(
      '/ok',
      post(() => new Blob([])),
    ),
  },
  {
    name: 'an empty form',
    run: get(
      '/ok',
      post(() => new FormData()),
    ),
  },
  {
    name: 'an empty URLSearchParams',
    run: get(
      '/ok',
      post(() => new URLSearchParams()),
    ),
  },
  {
    name: 'the body is ended by an early answer',
    run: get(
      '/early',
      post(() => 'x'),
    ),
  },
];
const rows: readonly Row[] = [
  // streams
  {
    name: 'chunks as they come',
    framed: true,
    run: get(
      '/ok',
      post(() => sequence(bytes('a'), bytes(''), bytes('bc')), { duplex: 'half' }),
    ),
  },
  {
    name: 'a chunk that is no chunk',
    run: get(
      '/ok',
      post(() => sequence(bytes('a'), 5), { duplex: 'half' }),
    ),
  },
  {
    name: 'content-length that is wrong',
    run: get(
      '/ok',
      post(() => 'abc', { headers: { 'content-length': '5' } }),
    ),
  },
  { name: 'userinfo in the URL', run: async f => told(await f('http://u:p@127.0.0.1:1/')) },
  { name: 'a Request subclassed', run: async (f, url) => told(await f(new Own(`${url}/ok`, { headers: { a: 'b' } }))) },
  {
    name: 'a Request twice, cloned',
    run: async (f, url) => {
      const request = new Request(`${url}/ok`, { method: 'POST', body: 'x' });
      return [await told(await f(request.clone())), await told(await f(request))];
    },
  },
  {
    name: 'a Request with an init that ends its body',
    run: async (f, url) => told(await f(new Request(`${url}/ok`, { method: 'POST', body: 'x' }), { method: 'GET' })),
  },
  {
    name: 'init with getters',
    run: async (f, url) => {
      let asked = 0;
      const r = await f(`${url}/ok`, {
        get method() {
          asked++;
          return 'PUT';
        },
      });
      return [r.status, asked];
    },
  },
  {
    name: 'init with a getter that throws',
    run: get('/ok', () => ({
      get method(): string {
        throw new RangeError('mine');
      },
    })),
  },
  // answers
  ...ANSWERS.map(path => ({ name: `answer ${path}`, run: get(`/${path}`) })),
  { name: 'HEAD', run: get('/head', () => ({ method: 'HEAD' })) },
  {
    name: 'getSetCookie',
    run: part('/twice', async r => [r.headers.getSetCookie(), r.headers.get('x-d'), await r.text()]),
  },
  ...(['text', 'json', 'arrayBuffer', 'blob', 'bytes', 'formData'] as const).map(method => ({
    name: `short, by ${method}`,
    run: part('/short', async r => (r as unknown as Record<string, () => Promise<unknown>>)[method]!()),
  })),
  { name: 'short, by pipeTo', run: part('/short', r => r.body!.pipeTo(new WritableStream())) },
  { name: 'short, a clone', run: part('/short', r => failures(r.clone().text(), r.text())) },
  {
    name: 'bad chunk, in a loop',
    run: part('/bad-chunk', async r => {
      for await (const _ of r.body!);
    }),
  },
  // bodies left alone or let go
  {
    name: 'cancel with a reason',
    run: part('/stream', async r => {
      const reader = await first(r);
      await reader.cancel('why');
      return (await reader.read()).done;
    }),
  },
  {
    name: 'break out of a loop',
    run: part('/stream', async r => {
      for await (const _ of r.body!) break;
      return r.body!.locked;
    }),
  },
  {
    name: 'cancel one side of a tee',
    run: part('/trailers', async r => {
      const [a, b] = r.body!.tee();
      void a.cancel('no');
      return new Response(b).text();
    }),
  },
  {
    name: 'cancel of a locked body',
    run: part('/trailers', async r => {
      r.body!.getReader();
      await r.body!.cancel();
    }),
  },
  {
    name: 'released and taken again',
    run: part('/trailers', async r => {
      (await first(r)).releaseLock();
      return new Response(r.body).text();
    }),
  },
  {
    name: 'closed of a reader',
    run: part('/trailers', async r => {
      const reader = r.body!.getReader();
      while (!(await reader.read()).done);
      return reader.closed.then(() => 'closed');
    }),
  },
  {
    name: 'values with preventCancel',
    run: part('/trailers', async r => {
      for await (const _ of r.body!.values({ preventCancel: true })) break;
      return r.body!.locked;
    }),
  },
  { name: 'structuredClone', run: part('/ok', async r => structuredClone(r)) },
  { name: 'methods of another object', run: part('/ok', async r => r.text.call({} as Response)) },
  {
    name: 'a Response of a Response',
    run: part('/404', async r => {
      const other = new Response(r.body, r);
      return [other.status, other.headers.get('x-a'), other.url, await other.text()];
    }),
  },
  // aborts and times
  { name: 'timeout before the head', run: get('/never', () => ({ signal: AbortSignal.timeout(5) })) },
  {
    name: 'a timeout in the body',
    run: async (f, url) => {
      const c = new AbortController();
      const reader = await first(await f(`${url}/stream`, { signal: c.signal }));
      c.abort(new DOMException('it took too long', 'TimeoutError'));
      return reader.read();
    },
  },
  {
    name: 'any of two signals',
    run: get('/never', () => ({ signal: AbortSignal.any([AbortSignal.timeout(5), new AbortController().signal]) })),
  },
  {
    name: 'aborted in the turn of the call',
    run: async (f, url) => {
      const c = new AbortController();
      const call = f(`${url}/never`, { signal: c.signal });
      c.abort();
      return call;
    },
  },
  {
    name: 'aborted after the end',
    run: async (f, url) => {
      const c = new AbortController();
      const r = await f(`${url}/ok`, { signal: c.signal });
      const text = await r.text();
      c.abort();
      return [text, r.bodyUsed];
    },
  },
  {
    name: 'aborted, then cloned',
    run: async (f, url) => {
      const c = new AbortController();
      const r = await f(`${url}/stream`, { signal: c.signal });
      c.abort(new RangeError('mine'));
      return r.clone().text();
    },
  },
  {
    name: 'aborted while both halves of a clone are read',
    run: async (f, url) => {
      const c = new AbortController();
      const r = await f(`${url}/stream`, { signal: c.signal });
      const both = failures(r.clone().text(), r.text());
      setImmediate(() => c.abort(new RangeError('mine')));
      return both;
    },
  },
  {
    name: 'the body of the request fails after its first chunk',
    run: get(
      '/ok',
      post(
        () =>
          new ReadableStream({ start: c => c.enqueue(bytes('a')), pull: () => Promise.reject(new RangeError('mine')) }),
        { duplex: 'half' },
      ),
    ),
  },
];
const encodings: readonly Row[] = [
  ...Object.keys(CODED).map(path => ({ name: `coded ${path}`, run: get(path) })),
  { name: 'coded, HEAD', run: get('/gzip', () => ({ method: 'HEAD' })) },
  { name: 'coded, not gzip by a reader', run: part('/not-gzip', first) },
];

const looked: number[] = [];
/** What was sent since the last look, byte for byte: for rows whose answer says that it has arrived. */
function sent(): unknown {
  const since = raw.wire.map((text, i) => text.slice(looked[i] ?? 0));
  raw.wire.forEach((text, i) => {
    looked[i] = text.length;
  });
  return since.filter(text => text !== '').map(text => text.replaceAll(/formdata-undici-\d+/g, 'formdata'));
}

asPlain(sentAlike, `http://127.0.0.1:${raw.port}`, sent);
asPlain(rows, `http://127.0.0.1:${raw.port}`);
asPlain(encodings, codedUrl);

test('as plain fetch: what this table must hold', () => {
  const all = sentAlike.length + rows.length + encodings.length;
  assert.ok(all >= 80, `${all} rows`);
});
