/**
 * What is allowed behaves as with plain fetch: each row runs bare, wrapped, and wrapped with every body read for
 * judgement, and all that the caller and the server can see is compared.
 */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startFetchServer } from '../../support/fetch-server.js';
import { asPlain, type Fetch, face, plain, type Row, told, WAYS } from '../../support/like-plain-fetch.js';

const server = await startFetchServer();
after(() => server.close());

const echo =
  (init: () => RequestInit, path = '/echo') =>
  async (f: Fetch, url: string): Promise<unknown> =>
    told(await f(url + path, init()));
const given =
  (make: (url: string) => [RequestInfo | URL, RequestInit?]) =>
  async (f: Fetch, url: string): Promise<unknown> =>
    told(await f(...make(url)));
const read =
  (path: string, use: (r: Response) => Promise<unknown>) =>
  async (f: Fetch, url: string): Promise<unknown> => {
    const r = await f(url + path);
    const result = await use(r);
    return [result, face(r)];
  };
type RequestInfo = Parameters<Fetch>[0];
const post = (body: () => unknown, more: Record<string, unknown> = {}): (() => RequestInit) => {
  return () => ({ method: 'POST', body: body(), ...more }) as RequestInit;
};
const stream = (...chunks: unknown[]): ReadableStream =>
  new ReadableStream({
    pull(c) {
      const next = chunks.shift();
      if (next === undefined) c.close();
      else c.enqueue(next);
    },
  });
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
async function* lines(): AsyncGenerator<unknown> {
  yield 'text ';
  yield Buffer.from('buffer');
}
const form = (): FormData => {
  const f = new FormData();
  f.append('a', 'b');
  f.append('file', new File(['content'], 'n.txt', { type: 'text/x' }));
  return f;
};

const rows: readonly Row[] = [
  // inputs
  { name: 'string', run: given(u => [`${u}/echo`]) },
  { name: 'URL', run: given(u => [new URL(`${u}/echo?q=1#f`)]) },
  { name: 'Request', run: given(u => [new Request(`${u}/echo`, { headers: { 'X-A': '1' } })]) },
  { name: 'an object with toString', run: given(u => [{ toString: () => `${u}/echo` } as unknown as string]) },
  {
    name: 'Request and init headers',
    run: given(u => [new Request(`${u}/echo`, { headers: { a: '1' } }), { headers: { b: '2' } }]),
  },
  { name: 'Request and init method', run: given(u => [new Request(`${u}/echo`), { method: 'delete' }]) },
  { name: 'Request body', run: given(u => [new Request(`${u}/echo`, { method: 'POST', body: 'hello' })]) },
  {
    name: 'Request with a stream',
    framed: true,
    run: given(u => [
      new Request(`${u}/echo`, { method: 'POST', body: stream(bytes('s')), duplex: 'half' } as RequestInit),
    ]),
  },
  {
    name: 'init body over Request body',
    run: given(u => [new Request(`${u}/echo`, { method: 'POST', body: 'hello' }), { body: 'other' }]),
  },
  {
    name: 'Request with form',
    run: given(u => [new Request(`${u}/echo`, { method: 'POST', body: new URLSearchParams({ a: 'b' }) })]),
  },
  {
    name: 'used Request',
    run: async (f, u) => {
      const r = new Request(`${u}/echo`, { method: 'POST', body: 'x' });
      await r.text();
      return told(await f(r));
    },
  },
  {
    name: 'the Request is used afterwards',
    run: async (f, u) => {
      const r = new Request(`${u}/echo`, { method: 'POST', body: 'x' });
      await (await f(r)).text();
      return [r.bodyUsed];
    },
  },
  { name: 'dot segments and spaces', run: given(u => [`${u}/a/../echo?x=a b`]) },
  { name: 'init null', run: given(u => [`${u}/echo`, null as unknown as RequestInit]) },
  { name: 'init is a number', run: given(u => [`${u}/echo`, 5 as unknown as RequestInit]) },
  { name: 'data URL', run: given(() => ['data:text/plain,hi']) },
  { name: 'data URL in a Request', run: given(() => [new Request('data:text/plain,hi')]) },
  {
    name: 'blob URL',
    run: async f => {
      const at = URL.createObjectURL(new Blob(['hi']));
      return [await (await f(at)).text()];
    },
  },
  // methods
  ...['get', 'Delete', 'head', 'OPTIONS', 'post', 'put', 'PATCH', 'PURGE', 'a b', 'TRACE', ''].map(method => ({
    name: `method ${method}`,
    run: echo(() => ({ method })),
  })),
  { name: 'method null', run: echo(() => ({ method: null }) as unknown as RequestInit, '/status/200') },
  // headers
  {
    name: 'headers as pairs',
    run: echo(() => ({
      headers: [
        ['X-B', '1'],
        ['x-b', '2'],
        ['A', '3'],
      ],
    })),
  },
  { name: 'headers as Headers', run: echo(() => ({ headers: new Headers({ 'X-Foo': 'ü' }) })) },
  { name: 'headers as Map', run: echo(() => ({ headers: new Map([['x-m', '1']]) }) as unknown as RequestInit) },
  {
    name: 'content-type stays',
    run: echo(() => ({ method: 'POST', body: '{}', headers: { 'Content-Type': 'application/json' } })),
  },
  { name: 'bad header name', run: echo(() => ({ headers: { 'a b': 'c' } })) },
  { name: 'bad header value', run: echo(() => ({ headers: { a: 'x\ny' } })) },
  { name: 'headers null', run: echo(() => ({ headers: null }) as unknown as RequestInit) },
  { name: 'headers a number', run: echo(() => ({ headers: 5 }) as unknown as RequestInit) },
  { name: 'cookie and authorization', run: echo(() => ({ headers: { cookie: 'a=b', authorization: 'Bearer x' } })) },
  // bodies
  { name: 'string', run: echo(post(() => 'grüße \u{1F600}')) },
  { name: 'empty string', run: echo(post(() => '')) },
  { name: 'lone surrogate', run: echo(post(() => 'a\ud800b')) },
  { name: 'number', run: echo(post(() => 5)) },
  { name: 'plain object', run: echo(post(() => ({}))) },
  { name: 'body null', run: echo(post(() => null)) },
  { name: 'URLSearchParams', run: echo(post(() => new URLSearchParams({ a: 'b c' }))) },
  { name: 'ArrayBuffer', run: echo(post(() => bytes('buffer').buffer)) },
  { name: 'view', run: echo(post(() => bytes('xxviewxx').subarray(2, 6))) },
  { name: 'DataView', run: echo(post(() => new DataView(bytes('dataview').buffer, 4))) },
  { name: 'Buffer', run: echo(post(() => Buffer.from('buffer'))) },
  { name: 'Blob', run: echo(post(() => new Blob(['blob'], { type: 'text/X' }))) },
  { name: 'Blob without type', run: echo(post(() => new Blob(['blob']))) },
  { name: 'File', run: echo(post(() => new File(['file'], 'a', { type: 'a/b' }))) },
  { name: 'FormData', run: echo(post(form)) },
  { name: 'FormData with a content-type of its own', run: echo(post(form, { headers: { 'content-type': 'x/y' } })) },
  { name: 'stream', run: echo(post(() => stream(bytes('a'), bytes('b')), { duplex: 'half' })) },
  { name: 'stream without duplex', run: echo(post(() => stream(bytes('a')))) },
  { name: 'empty stream', run: echo(post(() => stream(), { duplex: 'half' })) },
  {
    name: 'locked stream',
    run: echo(
      post(
        () => {
          const s = stream(bytes('a'));
          s.getReader();
          return s;
        },
        { duplex: 'half' },
      ),
    ),
  },
  {
    name: 'stream that fails',
    run: echo(post(() => new ReadableStream({ pull: c => c.error(new Error('mine')) }), { duplex: 'half' })),
  },
  { name: 'stream of strings', run: echo(post(() => stream('text'), { duplex: 'half' })) },
  { name: 'async iterable', run: echo(post(() => lines(), { duplex: 'half' })) },
  { name: 'GET with a body', run: echo(() => ({ body: 'x' })) },
  { name: 'GET with a form', run: echo(() => ({ body: form() })) },
  // settings
  { name: 'signal that is none', run: echo(() => ({ signal: {} }) as unknown as RequestInit) },
  { name: 'signal null', run: echo(() => ({ signal: null })) },
  { name: 'redirect that is none', run: echo(() => ({ redirect: 'zz' }) as unknown as RequestInit) },
  { name: 'window', run: echo(() => ({ window: 5 }) as unknown as RequestInit) },
  { name: 'cache', run: echo(() => ({ cache: 'no-store' }) as RequestInit) },
  { name: 'referrer', run: echo(() => ({ referrer: 'http://a.example/b' })) },
  {
    name: 'integrity that holds',
    run: echo(
      () => ({ integrity: 'sha256-QVgjPaEpasHb4LZsSy435nIlsXibR0LQEqUvYDvmBec=' }) as RequestInit,
      '/status/200',
    ),
  },
  {
    name: 'integrity that does not',
    run: echo(
      () => ({ integrity: 'sha256-AAAAGRZ3gIeqtTxkb1d3cjEr5PE5RqGCsZvYlSQkeYE=' }) as RequestInit,
      '/status/200',
    ),
  },
  // failures
  { name: 'connection refused', run: given(() => ['http://127.0.0.1:1/']) },
  { name: 'connection dropped', run: echo(() => ({}), '/drop') },
  { name: 'body cut short', run: read('/short', r => r.text()) },
  {
    name: 'body cut short, as a stream',
    run: read('/short', async r => {
      for await (const _ of r.body!);
    }),
  },
  // responses
  ...[200, 204, 304, 404, 500].map(n => ({ name: `status ${n}`, run: echo(() => ({}), `/status/${n}`) })),
  { name: 'HEAD', run: echo(() => ({ method: 'HEAD' }), '/status/200') },
  { name: 'json', run: read('/json', r => r.json()) },
  { name: 'json that is none', run: read('/json?bad', r => r.json()) },
  { name: 'text with a BOM', run: read('/bom', r => r.text()) },
  { name: 'arrayBuffer', run: read('/bom', async r => [...new Uint8Array(await r.arrayBuffer())]) },
  {
    name: 'bytes',
    run: read('/bom', async r => [...(await (r as unknown as { bytes(): Promise<Uint8Array> }).bytes())]),
  },
  {
    name: 'blob',
    run: read('/json', async r => {
      const b = await r.blob();
      return [b.type, b.size, await b.text()];
    }),
  },
  { name: 'blob without type', run: read('/bom', async r => (await r.blob()).type) },
  { name: 'formData', run: read('/form', async r => [...(await r.formData())]) },
  { name: 'formData of another type', run: read('/json', r => r.formData()) },
  { name: 'gzip', run: read('/gzip', r => r.text()) },
  { name: 'empty body', run: read('/empty', r => r.text()) },
  {
    name: 'text twice',
    run: read('/json', async r => {
      await r.text();
      return r.text();
    }),
  },
  {
    name: 'json after text',
    run: read('/json', async r => {
      await r.text();
      return r.json();
    }),
  },
  {
    name: 'text at the same time',
    run: read('/json', r => Promise.allSettled([r.text(), r.text()]).then(all => all.map(plain))),
  },
  {
    name: 'clone after text',
    run: read('/json', async r => {
      await r.text();
      return r.clone();
    }),
  },
  {
    name: 'clone, both read',
    run: read('/json', async r => {
      const c = r.clone();
      return [face(c), await r.text(), await c.json()];
    }),
  },
  {
    name: 'clone of a clone',
    run: read('/chunks', async r => {
      const c = r.clone().clone();
      return [await c.text(), await r.text()];
    }),
  },
  {
    name: 'clone after .body',
    run: read('/json', async r => {
      const b = r.body;
      const c = r.clone();
      return [b?.locked, await c.text(), await r.text()];
    }),
  },
  {
    name: 'clone of a locked body',
    run: read('/json', async r => {
      r.body!.getReader();
      return r.clone();
    }),
  },
  {
    name: 'stream by reader',
    run: read('/chunks', async r => {
      let s = '';
      const rd = r.body!.getReader();
      for (;;) {
        const x = await rd.read();
        if (x.done) return s;
        s += Buffer.from(x.value).toString();
      }
    }),
  },
  {
    name: 'stream by iteration',
    run: read('/big', async r => {
      let n = 0;
      for await (const c of r.body!) n += c.byteLength;
      return n;
    }),
  },
  {
    name: 'stream by BYOB',
    run: read('/json', async r => {
      const rd = r.body!.getReader({ mode: 'byob' });
      const x = await rd.read(new Uint8Array(3));
      const y = await rd.read(new Uint8Array(99));
      const z = await rd.read(new Uint8Array(9));
      return [x, y, z].map(v => [v.done, v.value?.byteLength]);
    }),
  },
  {
    name: 'used after one chunk',
    run: read('/chunks', async r => {
      const rd = r.body!.getReader();
      const used = r.bodyUsed;
      await rd.read();
      rd.releaseLock();
      return [used, r.bodyUsed, await r.text().catch(plain)];
    }),
  },
  {
    name: 'text of a locked body',
    run: read('/json', async r => {
      r.body!.getReader();
      return [r.bodyUsed, await r.text().catch(plain)];
    }),
  },
  {
    name: 'text after .body',
    run: read('/json', async r => {
      const b = r.body!;
      const t = await r.text();
      return [t, b.locked, r.body === b, r.bodyUsed];
    }),
  },
  {
    name: 'cancel',
    run: read('/chunks', async r => {
      await r.body!.cancel();
      return [r.bodyUsed, await r.text().catch(plain)];
    }),
  },
  {
    name: 'pipeThrough',
    run: read('/chunks', async r =>
      new Response(r.body!.pipeThrough(new TextDecoderStream()).pipeThrough(new TextEncoderStream())).text(),
    ),
  },
  { name: 'a Response made of the body', run: read('/chunks', r => new Response(r.body, r).text()) },
  {
    name: 'tee',
    run: read('/chunks', async r => {
      const [a, b] = r.body!.tee();
      return Promise.all([new Response(a).text(), new Response(b).text()]);
    }),
  },
  { name: 'headers are immutable', run: read('/json', async r => r.headers.set('a', 'b')) },
  {
    name: 'status is read-only',
    run: read('/json', async r => {
      (r as { status: number }).status = 5;
    }),
  },
];

asPlain(rows, server.url);

test('as plain fetch: what the table must hold', () => {
  assert.ok(rows.length >= 80, `${rows.length} rows`);
});

test('as plain fetch: name and length', () => {
  for (const [, f] of WAYS) assert.deepEqual([f.name, f.length], [fetch.name, fetch.length]);
});
