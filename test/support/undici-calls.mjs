// What undici can do, done once each, under `checkrd/register`: `node undici-calls.mjs`. The places come by the environment.
// Prints a JSON line for each: [name, how the program met it].
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import http from 'node:http';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';

const { CALLS_AT: at, CALLS_PROXY: proxy, CALLS_UNDICI, CALLS_CHECKRD, CALLS_ONLY } = process.env;
const undici = createRequire(import.meta.url)(CALLS_UNDICI);
const { Checkrd, run } = await import(CALLS_CHECKRD);
const isNew = Number(process.versions.undici.split('.', 1)[0]) >= 7;
const connected = once(undici.getGlobalDispatcher(), 'connect');
const codeOf = error => {
  for (let one = error, depth = 0; one != null && depth < 8; one = one.cause, depth++) {
    if (one.name === 'CheckrdPolicyDenied') return one.code;
  }
  return error?.code ?? error?.name ?? String(error);
};
const show = async act => {
  try {
    return await act();
  } catch (error) {
    return codeOf(error);
  }
};
const text = async ({ statusCode, body }) => [statusCode, await body.text()];
const asked = (path, options) => undici.request(`${at}${path}`, options).then(text);
const collect = () => {
  const chunks = [];
  const into = new Writable({
    write(chunk, _encoding, done) {
      chunks.push(chunk);
      done();
    },
  });
  return { into, text: () => Buffer.concat(chunks).toString() };
};
const form = (Form, word) => {
  const one = new Form();
  one.set('field', word);
  one.set('file', new Blob(['b'], { type: 'text/x' }), 'f.txt');
  return one;
};
const unbound = ([code, said]) => [code, said.replace(/undici-\d+/g, 'B').replaceAll('\r\n', '|')];
/** Each kind of body, anew each time. */
const BODIES = {
  text: word => `{"q":"${word}"}`,
  bytes: word => Buffer.from(`{"q":"${word}"}`),
  buffer: word => new TextEncoder().encode(`{"q":"${word}"}`).buffer,
  generator: async function* (word) {
    yield '{"q":';
    yield Buffer.from(`"${word}"}`);
  },
  list: word => ['{"q":', Buffer.from(`"${word}"}`)],
  readable: word => Readable.from([Buffer.from('{"q":'), Buffer.from(`"${word}"}`)]),
  web: word => new Blob([`{"q":"${word}"}`]).stream(),
  blob: word => new Blob([`{"q":"${word}"}`]),
};
const got = path =>
  new Promise((resolve, reject) => {
    http.get(`${at}${path}`, answer => resolve(answer.resume().statusCode)).on('error', reject);
  });
const set = async (dispatcher, act) => {
  const before = undici.getGlobalDispatcher();
  undici.setGlobalDispatcher(dispatcher);
  try {
    return await act();
  } finally {
    undici.setGlobalDispatcher(before);
  }
};
const post = (path, options) => fetch(`${at}${path}`, { method: 'POST', body: 'x', ...options }).then(r => r.text());

const CALLS = {
  plain: () => asked('/open/plain?a=1', { query: undefined, headers: { 'x-null': null, 'x-two': ['1', '2'] } }),
  query: () => asked('/open/query', { query: { b: '2' } }),
  denied: () => asked('/closed'),
  'denied of a stream': async () => {
    const body = Readable.from(['x']);
    const closed = once(body, 'close').catch(() => undefined);
    const said = await show(() => asked('/closed', { method: 'POST', body }));
    await closed;
    return [said, body.destroyed];
  },
  ...Object.fromEntries(
    Object.entries(BODIES).flatMap(([kind, make]) => [
      [`body ${kind}`, () => asked('/open/body', { method: 'POST', body: make('fine') })],
      [`body ${kind} that is denied`, () => asked('/open/body', { method: 'POST', body: make('secret') })],
    ]),
  ),
  'body form': () => asked('/open/form', { method: 'POST', body: form(FormData, 'fine') }).then(unbound),
  'body form of its own': () =>
    asked('/open/form', { method: 'POST', body: form(undici.FormData, 'fine') }).then(unbound),
  // It is read, and is no JSON.
  'body form that is read': () => asked('/open/body', { method: 'POST', body: form(FormData, 'fine') }),
  'body longer than is read': () =>
    asked('/open/length', { method: 'POST', body: Readable.from([Buffer.alloc(3_000_000)]) }),
  'body that fails': () =>
    asked('/open/body', {
      method: 'POST',
      body: (async function* () {
        yield '{';
        throw Object.assign(new Error('torn'), { code: 'TORN' });
      })(),
    }),
  'body that nobody can read': () =>
    asked('/open/body', { method: 'POST', body: Readable.from([{ an: 'object' }], { objectMode: true }) }),
  stream: async () => {
    const { into, text: said } = collect();
    await undici.stream(`${at}/open/stream-api`, { method: 'POST', body: 'streamed' }, () => into);
    return said();
  },
  'stream denied': () => undici.stream(`${at}/closed`, { method: 'GET' }, () => new Writable()),
  pipeline: async () => {
    const through = undici.pipeline(`${at}/open/pipeline`, { method: 'POST' }, ({ body }) => body);
    through.end('piped');
    let said = '';
    for await (const chunk of through) said += chunk;
    return said;
  },
  'pipeline denied': async () => {
    const through = undici.pipeline(`${at}/closed`, { method: 'POST' }, ({ body }) => body);
    through.end('piped');
    for await (const _ of through);
  },
  upgrade: async () => {
    const { socket } = await undici.upgrade(`${at}/open/upgrade`, { protocol: 'echo' });
    socket.write('hello');
    const [said] = await once(socket, 'data');
    socket.destroy();
    return String(said);
  },
  'upgrade denied': () => undici.upgrade(`${at}/closed`, { protocol: 'echo' }),
  // A WebSocket is judged as one.
  'upgrade to a WebSocket': () => undici.upgrade(`${at}/open/ws`).then(({ socket }) => void socket.destroy()),
  connect: async () => {
    const { socket } = await undici
      .getGlobalDispatcher()
      .connect({ origin: proxy, path: new URL(at).host, headers: { 'x-tunnel': '1' } });
    socket.write('GET /open/tunnel HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n');
    let said = '';
    for await (const chunk of socket) said += chunk;
    return said.slice(9, 12);
  },
  'connect denied': () => undici.getGlobalDispatcher().connect({ origin: proxy, path: 'forbidden.example:443' }),
  'connect without a target': () => undici.connect(at),
  websocket: async () => {
    const socket = new undici.WebSocket(`${at.replace('http', 'ws')}/open/ws`);
    return new Promise(done => {
      socket.onopen = () => done('open');
      socket.onerror = () => done('error');
    });
  },
  'abort while it is decided': async () => {
    const given = new AbortController();
    const call = asked('/open/body', {
      method: 'POST',
      signal: given.signal,
      body: (async function* () {
        yield '{"q":';
        given.abort();
        yield '"fine"}';
      })(),
    });
    return show(() => call);
  },
  'a method that is none': () => asked('/open/plain', { method: 'G T' }),
  'a handler that is none': async () =>
    undici.getGlobalDispatcher().dispatch({ origin: at, path: '/', method: 'GET' }, 7),
  'an option that is wrong': () => asked('/open/plain', { bodyTimeout: -1 }),
  'maxRedirections of the runtime': () =>
    undici
      .getGlobalDispatcher()
      .request({ origin: at, path: '/open/to-closed', method: 'GET', maxRedirections: 3 })
      .then(text),
  'redirects followed':
    isNew &&
    (() =>
      asked('/open/to-open', {
        dispatcher: undici.getGlobalDispatcher().compose(undici.interceptors.redirect({ maxRedirections: 3 })),
      })),
  'redirects to what is denied':
    isNew &&
    (() =>
      asked('/open/to-closed', {
        dispatcher: undici.getGlobalDispatcher().compose(undici.interceptors.redirect({ maxRedirections: 3 })),
      })),
  retries:
    isNew &&
    (() =>
      asked('/open/flaky', {
        dispatcher: undici.getGlobalDispatcher().compose(undici.interceptors.retry({ minTimeout: 1, maxTimeout: 1 })),
      })),
  'no retry of a denial':
    isNew &&
    (() =>
      asked('/closed', {
        dispatcher: undici.getGlobalDispatcher().compose(undici.interceptors.retry({ minTimeout: 1, maxTimeout: 1 })),
      })),
  'an Agent of its own': () => asked('/open/own', { dispatcher: new undici.Agent() }),
  'a Pool of its own': () => new undici.Pool(at).request({ path: '/open/own', method: 'GET' }).then(text),
  'a Client of its own': () => new undici.Client(at).request({ path: '/open/own', method: 'GET' }).then(text),
  'a proxy of its own': () => asked('/open/by-proxy', { dispatcher: new undici.ProxyAgent(proxy) }),
  'a proxy for all, fetch': () =>
    set(new undici.ProxyAgent(proxy), () => fetch(`${at}/open/by-proxy`).then(r => r.text())),
  'a proxy for all, fetch of what is denied': () => set(new undici.ProxyAgent(proxy), () => fetch(`${at}/closed`)),
  'an Agent for all': () => set(new undici.Agent(), () => asked('/open/own')),
  'an Agent for all, fetch': () => set(new undici.Agent(), () => fetch(`${at}/open/own`)),
  'a mock for all': async () => {
    const mock = new undici.MockAgent();
    mock.disableNetConnect();
    mock.get(at).intercept({ path: '/open/mock', method: 'GET' }).reply(200, 'mocked').times(2);
    return set(mock, async () => [await asked('/open/mock'), await fetch(`${at}/open/mock`).then(r => r.text())]);
  },
  'an interceptor for all': () =>
    set(
      undici.getGlobalDispatcher().compose(send => (options, handler) => send(options, handler)),
      () => post('/open/composed'),
    ),
  'an interceptor that changes calls': () =>
    set(
      undici
        .getGlobalDispatcher()
        .compose(send => (options, handler) => send({ ...options, path: '/closed' }, handler)),
      () => post('/open/changed'),
    ),
  'an interceptor that adds a body': () =>
    set(
      undici
        .getGlobalDispatcher()
        .compose(
          send => (options, handler) =>
            send({ ...options, method: 'POST', path: '/open/body', body: '{"q":"secret"}' }, handler),
        ),
      () => fetch(`${at}/open/body`),
    ),
  'its insides': async () => {
    // Whatever hangs on the global dispatcher sends nothing undecided to where it has been before.
    const global = undici.getGlobalDispatcher();
    const said = [];
    for (let one = global; one !== null; one = Object.getPrototypeOf(one)) {
      for (const key of Object.getOwnPropertySymbols(one)) {
        if (!/dispatch/i.test(key.description) || typeof global[key] !== 'function') continue;
        const made = new Promise((resolve, reject) => {
          const handler = {
            onConnect() {},
            onHeaders: () => true,
            onData: () => true,
            onComplete: resolve,
            onError: reject,
          };
          Reflect.apply(global[key], global, [{ origin: at, path: '/closed', method: 'GET' }, handler]);
        });
        said.push(await show(() => made));
      }
    }
    return said;
  },
  identity: async () => {
    const [one, other] = [undici.getGlobalDispatcher(), undici.getGlobalDispatcher()];
    return [one === other, one === globalThis[Symbol.for('undici.globalDispatcher.1')], one instanceof one.constructor];
  },
  events: async () => {
    await asked('/open/closes');
    const [origin, through] = await connected;
    return [String(origin.origin), through.length, through[0] === undici.getGlobalDispatcher()];
  },
  trace: () => asked('/open/trace', { headers: { traceparent: `00-${'ab'.repeat(16)}-${'1'.repeat(16)}-01` } }),
  'for a tenant': () => run({ agentId: 'tenant', sessionId: 's1' }, () => asked('/open/tenant')),
  hooks: async () => {
    const told = [];
    const guard = new Checkrd({
      agentId: 'speaker',
      onAllow: event => told.push(['allow', event.agentId, new URL(event.url).pathname, event.code]),
      onDeny: event => told.push(['deny', event.agentId, new URL(event.url).pathname, event.code]),
      beforeRequest: async event => {
        if (event.url.endsWith('/hooked')) return false;
        return event.url.endsWith('/skipped') ? null : undefined;
      },
    });
    guard.instrument();
    const paths = ['/open/a', '/closed', '/open/hooked', '/closed/skipped'];
    const said = [];
    for (const path of paths) said.push(await show(async () => (await asked(path))[0]));
    await guard.run({ agentId: 'other' }, () => asked('/open/b'));
    await fetch(`${at}/open/c`);
    guard.uninstrument();
    await asked('/open/d');
    await guard.close();
    return [said, told];
  },
  ...(CALLS_ONLY?.includes('env') && {
    'env fetch': () => fetch(`${at}/open/env-fetch`).then(r => r.text()),
    'env fetch denied': () => fetch(`${at}/closed`),
    'env request': () => asked('/open/env-request'),
    'env request denied': () => asked('/closed'),
    'env http': () => got('/open/env-http'),
    'env http denied': () => got('/closed'),
  }),
  kill: async () => {
    const { body } = await undici.request(`${at}/open/endless`);
    let said = null;
    try {
      for await (const _ of body) {
        if (said !== null) continue;
        said = 'open';
        console.log(JSON.stringify(['kill me', null]));
      }
      return 'ended';
    } catch (error) {
      // Before the next call.
      rmSync(join(process.env.CHECKRD_CONFIG_DIR, 'killswitch'));
      return codeOf(error);
    }
  },
  close: async () => {
    const global = undici.getGlobalDispatcher();
    await global.close();
    return [global.closed, await show(() => asked('/open/plain'))];
  },
};

for (const [name, call] of Object.entries(CALLS)) {
  if (!call || (CALLS_ONLY !== undefined && !new RegExp(CALLS_ONLY).test(name))) continue;
  const late = new Promise(resolve => setTimeout(resolve, 60_000, 'late'));
  console.log(JSON.stringify([name, (await Promise.race([show(call), late])) ?? null]));
}
process.exit(0);
