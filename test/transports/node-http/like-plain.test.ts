/**
 * What is allowed behaves as with plain `node:http`: each row runs bare, guarded, and guarded with every body read for
 * judgement; the events in their order, the answer, and the bytes at the server are compared.
 */
import assert from 'node:assert/strict';
import http, { type ClientRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { createConnection } from 'node:net';
import { PassThrough, Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { after, test } from 'node:test';
import { parse } from 'node:url';
import { promisify } from 'node:util';
import { install } from '#src/transports/node-http/install.js';
import { lookup } from '../../support/no-such-name.js';
import { SteeredAgent } from '../../support/steered-agent.js';
import { startWireServer } from '../../support/wire-server.js';

const server = await startWireServer();
after(() => server.close());
const { port } = server;
const base = `http://127.0.0.1:${port}`;
const at = { host: '127.0.0.1', port };

const EVENTS = ['socket', 'abort', 'information', 'continue', 'finish', 'drain', 'timeout', 'error', 'close'] as const;
const told = (error: unknown): unknown => {
  const { name, code, message } = error as Error & { code?: string };
  return [name, code, message.replace(/:\d+/g, '')];
};
const face = (res: IncomingMessage): unknown => {
  const { statusCode, statusMessage, httpVersion, headers, rawHeaders } = res;
  return { statusCode, statusMessage, httpVersion, headers, rawHeaders, is: res instanceof http.IncomingMessage };
};

interface Made {
  readonly request: ClientRequest;
  readonly said: unknown[];
  readonly closed: Promise<unknown>;
}

/** Notes what a request does until it has closed, its answer with it. */
function watch(request: ClientRequest, end: 'close' | 'error' = 'close'): Made {
  const said: unknown[] = [];
  let answered = Promise.resolve();
  for (const event of EVENTS) {
    request.on(event, (first: unknown) => {
      if (event === 'error') said.push([event, told(first)]);
      else said.push(event === 'information' ? [event, first] : event);
    });
  }
  request.on('response', (res: IncomingMessage) => {
    said.push(['response', face(res)]);
    answered = (async () => {
      let body = '';
      try {
        for await (const chunk of res) body += chunk;
      } catch (error) {
        said.push(['failed', told(error)]);
      }
      said.push(['read', body.length > 100 ? body.length : body, res.complete, res.rawTrailers, res.aborted]);
    })();
  });
  const closed = new Promise<void>(resolve => request.on(end, () => resolve())).then(async () => {
    await answered;
    const { destroyed, aborted, finished, reusedSocket, method, path, host, protocol, writableEnded } = request;
    return [said, { destroyed, aborted, finished, reusedSocket, method, path, host, protocol, writableEnded }];
  });
  return { request, said, closed };
}

type Options = RequestOptions & Record<string, unknown>;
const sent = (options: Options, act: (request: ClientRequest) => unknown = request => request.end()) => {
  return async (): Promise<unknown> => {
    // A `createConnection` that fails leaves a request that never closes.
    const made = watch(http.request({ ...at, ...options }), 'fails' in options ? 'error' : 'close');
    await act(made.request);
    return made.closed;
  };
};
const post = (path: string, act: (request: ClientRequest) => unknown, headers: Options['headers'] = {}) =>
  sent({ method: 'POST', path, headers }, act);
const got = (...args: unknown[]) => {
  return (): Promise<unknown> => watch((http.get as (...args: unknown[]) => ClientRequest)(...args)).closed;
};
const thrown = (make: () => unknown) => async (): Promise<unknown> => {
  try {
    make();
    return 'nothing';
  } catch (error) {
    return told(error);
  }
};
const turn = promisify(setImmediate);

interface Row {
  readonly name: string;
  readonly run: () => Promise<unknown>;
}
const row = (name: string, run: () => Promise<unknown>): Row => ({ name, run });

class OldAgent extends http.Agent {
  seen: string[] = [];
  override createConnection(options: never, done: never): never {
    this.seen.push(String((options as Options).host), String((options as Options).path));
    return super.createConnection(options, done) as never;
  }
}

const rows: readonly Row[] = [
  // what it is called with
  row('get with a string', got(`${base}/ok?q=1#f`)),
  row('get with a URL', got(new URL(`${base}/ok`))),
  row('get with a parsed URL', got(parse(`${base}/ok?q`))),
  row('get with options', got({ ...at, path: '/ok' })),
  row('a URL and options', got(`${base}/ok`, { headers: { 'x-a': '1' }, path: '/404' })),
  row('user and password in the URL', got(`http://u:p%20w@127.0.0.1:${port}/ok`)),
  row('auth', sent({ path: '/ok', auth: 'user:pass' })),
  row('a callback', async () => {
    const res = await new Promise<IncomingMessage>(resolve => http.get(`${base}/ok`, resolve));
    return [face(res), Buffer.concat(await res.toArray()).toString()];
  }),
  row('a callback after options', async () => {
    const res = await new Promise<IncomingMessage>(resolve => http.request(base, { path: '/404' }, resolve).end());
    return [face(res), Buffer.concat(await res.toArray()).toString()];
  }),
  row('new ClientRequest', async () => {
    const made = watch(new http.ClientRequest({ ...at, path: '/ok' } as never));
    made.request.end();
    return [made.request instanceof http.ClientRequest, made.request.constructor.name, await made.closed];
  }),
  row('a class of ClientRequest', async () => {
    class Mine extends http.ClientRequest {
      readonly mine = 1;
    }
    const made = watch(new Mine(`${base}/ok`));
    made.request.end();
    return [made.request instanceof Mine, (made.request as Mine).mine, await made.closed];
  }),
  row('names and lengths', async () => [
    [http.request.name, http.request.length, http.get.name, http.get.length],
    [
      http.ClientRequest.name,
      http.ClientRequest.length,
      http.ClientRequest.prototype.constructor === http.ClientRequest,
    ],
  ]),
  row('keys of a request', async () => {
    const request = http.request(`${base}/ok`);
    const keys = Object.keys(request);
    request.on('error', () => undefined).destroy();
    return [keys, (request as { agent?: unknown }).agent === http.globalAgent, Object.prototype.toString.call(request)];
  }),
  row('options are left alone', async () => {
    const options = Object.freeze({ ...at, path: '/ok', headers: Object.freeze({ a: '1' }) });
    return [await got(options)(), options];
  }),
  row('hostname over host', sent({ hostname: '127.0.0.1', host: 'nowhere.invalid', path: '/ok' })),
  row('a port as text', sent({ port: `${port}`, path: '/ok' })),
  row('no path', sent({})),
  row('a method in small letters', sent({ method: 'put', path: '/ok' })),
  row('a method of our own', sent({ method: 'PURGE', path: '/ok' })),
  row('OPTIONS *', sent({ method: 'OPTIONS', path: '*' })),
  row('HEAD', sent({ method: 'HEAD', path: '/head' })),
  // what Node refuses
  row(
    'a bad URL',
    thrown(() => http.get('no url')),
  ),
  row(
    'a bad protocol',
    thrown(() => http.get('https://127.0.0.1/')),
  ),
  row(
    'a bad path',
    thrown(() => http.get({ ...at, path: '/a b' })),
  ),
  row(
    'a bad method',
    thrown(() => http.request({ ...at, method: 'a b' })),
  ),
  row(
    'a method that is no text',
    thrown(() => http.request({ ...at, method: 5 as never })),
  ),
  row(
    'a bad agent',
    thrown(() => http.request({ ...at, agent: {} as never })),
  ),
  row(
    'a bad host',
    thrown(() => http.request({ ...at, host: 5 as never })),
  ),
  row(
    'a bad header',
    thrown(() => http.request({ ...at, headers: { 'a b': '1' } })),
  ),
  row(
    'a bad header value',
    thrown(() => http.request({ ...at, headers: { a: 'b\nc' } })),
  ),
  row(
    'a bad timeout',
    thrown(() => http.request({ ...at, timeout: 'x' as never })),
  ),
  row('a bad chunk', async () => {
    const { request, closed } = watch(http.request({ ...at, method: 'POST' }));
    const error = await thrown(() => request.write(5))();
    request.destroy();
    return [error, await closed];
  }),
  // headers
  row('headers as lists', sent({ path: '/ok', headers: { 'x-a': ['1', '2'], Cookie: ['a=1', 'b=2'] } })),
  row(
    'headers as an array',
    sent({ path: '/ok', headers: ['Host', `127.0.0.1:${port}`, 'X-A', '1', 'x-a', '2'] as never }),
  ),
  row(
    'headers set and removed',
    sent({ path: '/ok' }, request => {
      request.setHeader('X-B', 'b');
      request.setHeader('x-a', 1);
      request.appendHeader?.('x-b', 'c');
      request.removeHeader('connection');
      request.setHeader('x-gone', '1');
      request.removeHeader('X-Gone');
      request.end();
    }),
  ),
  row('setHost: false', sent({ path: '/ok', setHost: false })),
  row('headers after they are sent', async () => {
    const { request, closed } = watch(http.request({ ...at, path: '/ok' }));
    request.flushHeaders();
    const error = await thrown(() => request.setHeader('a', '1'))();
    request.end();
    return [error, request.headersSent, await closed];
  }),
  row('Latin-1 in a header', sent({ path: '/latin', headers: { 'x-l': 'caf\u00e9' } })),
  row('double answers', sent({ path: '/twice' })),
  row('joinDuplicateHeaders', sent({ path: '/twice', joinDuplicateHeaders: true })),
  row('a huge head', sent({ path: '/huge-head' })),
  row('a huge head that is asked for', sent({ path: '/huge-head', maxHeaderSize: 65_536 })),
  // bodies
  row(
    'end with text',
    post('/ok', request => request.end('h\u00e4llo')),
  ),
  row(
    'end with bytes',
    post('/ok', request => request.end(Buffer.from('bytes'))),
  ),
  row(
    'end with an encoding and a callback',
    post('/ok', request => {
      return new Promise(resolve => request.end('68656c6c6f', 'hex', () => resolve(0)));
    }),
  ),
  row(
    'chunks',
    post('/ok', request => {
      request.write('one');
      request.write(Buffer.from('two'));
      request.write('drei', 'latin1');
      request.end('four');
    }),
  ),
  row(
    'chunks in turns',
    post('/ok', async request => {
      request.write('one');
      await turn();
      request.write('two');
      await turn();
      request.end();
    }),
  ),
  row(
    'chunks with a length',
    post(
      '/ok',
      request => {
        request.write('abc');
        request.end('def');
      },
      { 'Content-Length': 6 },
    ),
  ),
  row(
    'an empty body',
    post('/ok', request => request.end('')),
  ),
  row(
    'a header of its own for chunks',
    post('/ok', request => request.end('abc'), { 'Transfer-Encoding': 'chunked' }),
  ),
  row(
    'DELETE with a body',
    sent({ method: 'DELETE', headers: { 'Content-Length': 3 } }, request => request.end('abc')),
  ),
  row(
    'GET with a body',
    sent({ method: 'GET', headers: { 'Content-Length': '3' } }, request => request.end('abc')),
  ),
  row(
    'trailers',
    post(
      '/ok',
      request => {
        request.write('abc');
        request.addTrailers({ 'X-Sum': '3' });
        request.end();
      },
      { Trailer: 'X-Sum' },
    ),
  ),
  row(
    'flushHeaders, then a body',
    post('/ok', async request => {
      request.flushHeaders();
      await turn();
      request.end('late');
    }),
  ),
  row(
    'cork',
    post('/ok', request => {
      request.cork();
      request.write('a');
      request.write('b');
      request.uncork();
      request.end('c');
    }),
  ),
  row(
    'setNoDelay, setSocketKeepAlive',
    post('/ok', request => {
      request.setNoDelay(true);
      request.setSocketKeepAlive(true, 1000);
      request.end('x');
    }),
  ),
  row(
    'write callbacks',
    post('/ok', async request => {
      const done: string[] = [];
      request.write('a', () => done.push('a'));
      await new Promise<void>(resolve => request.write('b', 'utf8', () => resolve()));
      request.end(done.join());
    }),
  ),
  row(
    'write after end',
    post('/ok', request => {
      request.end('x');
      request.write('y');
    }),
  ),
  row('a stream', async () => {
    const made = watch(http.request({ ...at, method: 'POST', path: '/ok' }));
    await pipeline(Readable.from(['one', 'two', 'three']), made.request);
    return made.closed;
  }),
  row('a stream of a megabyte', async () => {
    const { request, closed } = watch(http.request({ ...at, method: 'POST', path: '/ok' }));
    await pipeline(Readable.from(Array.from({ length: 64 }, () => Buffer.alloc(10_000, 'm'))), request);
    const [said] = (await closed) as [unknown[]];
    // How often it says `drain` is the network's affair.
    return said.filter(event => event !== 'drain');
  }),
  row(
    'an answer before the body is sent',
    post('/early', async request => {
      request.write('some');
      await new Promise(resolve => request.on('response', resolve));
      request.end();
    }),
  ),
  row(
    'Expect: 100-continue',
    post(
      '/ok',
      async request => {
        await new Promise(resolve => request.on('continue', resolve));
        request.end('go');
      },
      { Expect: '100-continue', 'Content-Length': 2 },
    ),
  ),
  row(
    'Expect, refused',
    post(
      '/refuses',
      async request => {
        await new Promise(resolve => request.on('response', resolve));
        request.end();
      },
      { Expect: '100-continue', 'Content-Length': 2 },
    ),
  ),
  // answers
  row('trailers of the answer', sent({ path: '/trailers' })),
  row('103 and 102', sent({ path: '/hints' })),
  ...['204', '304', '404', '500', 'redirect', 'until-close', 'close', 'http10', 'latin', 'big'].map(path =>
    row(`answer ${path}`, sent({ path: `/${path}` })),
  ),
  ...['drop', 'reset', 'short', 'bad-chunk', 'garbage'].map(path => row(`failure ${path}`, sent({ path: `/${path}` }))),
  row('nobody listens at that port', async () => watch(http.get('http://127.0.0.1:1/')).closed),
  row('an unknown name', async () => watch(http.get('http://nowhere.invalid/', { lookup })).closed),
  row('an answer nobody listens to', async () => {
    const request = http.get(`${base}/big`);
    await new Promise(resolve => request.on('close', resolve));
    return [request.destroyed, request.writableFinished];
  }),
  row('an answer read with pause and resume', async () => {
    const request = http.get(`${base}/trailers`);
    const res = await new Promise<IncomingMessage>(resolve => request.on('response', resolve));
    res.pause();
    setImmediate(() => res.resume());
    let body = '';
    res.setEncoding('utf8').on('data', chunk => {
      body += chunk;
    });
    await new Promise(resolve => res.on('end', resolve));
    return [body, res.trailers];
  }),
  row('an answer piped on', async () => {
    const through = new PassThrough();
    http.get(`${base}/big`, res => res.pipe(through));
    return Buffer.concat(await through.toArray()).length;
  }),
  row('an answer nobody reads is not lost', async () => {
    const res = await new Promise<IncomingMessage>(resolve => http.get(`${base}/ok`, resolve));
    await turn();
    return res.read()?.toString();
  }),
  // giving up
  row(
    'destroy at once',
    sent({ path: '/ok' }, request => request.destroy()),
  ),
  row(
    'destroy at once, with an error',
    sent({ path: '/ok' }, request => request.destroy(new Error('mine'))),
  ),
  row(
    'destroy after end',
    sent({ path: '/never' }, request => request.end().destroy()),
  ),
  row(
    'abort at once',
    sent({ path: '/ok' }, request => request.abort()),
  ),
  row(
    'destroy before the answer',
    sent({ path: '/never' }, async request => {
      request.end();
      await new Promise(resolve => request.on('finish', resolve));
      request.destroy(new Error('mine'));
    }),
  ),
  row(
    'destroy while the answer comes',
    sent({ path: '/stream' }, request => {
      request.end();
      request.on('response', res => res.once('data', () => request.destroy()));
    }),
  ),
  row(
    'destroy the answer',
    sent({ path: '/stream' }, request => {
      request.end();
      request.on('response', res => res.once('data', () => res.destroy(new Error('mine'))));
    }),
  ),
  row(
    'a signal before',
    sent({ path: '/ok', signal: AbortSignal.abort() }, request => request.end()),
  ),
  row('a signal during', async () => {
    const control = new AbortController();
    const made = watch(http.request({ ...at, path: '/never', signal: control.signal }));
    made.request.end();
    made.request.on('finish', () => control.abort());
    return made.closed;
  }),
  row('a timeout', async () => {
    const run = sent({ path: '/never', timeout: 20 }, request => {
      request.on('timeout', () => request.destroy());
      request.end();
    });
    const [said, ...rest] = (await run()) as [unknown[]];
    // It begins with the connection: whether all was sent before it is over is the machine's affair.
    return [said.filter(event => event !== 'finish'), ...rest];
  }),
  row(
    'setTimeout',
    sent({ path: '/never' }, request => {
      request.setTimeout(150, () => request.destroy(new Error('too long')));
      request.end();
    }),
  ),
  row(
    'an error thrown by a listener of `socket`',
    sent({ path: '/ok' }, request => {
      request.on('socket', socket => socket.destroy(new Error('mine')));
      request.end();
    }),
  ),
  // agents
  row('agent: false', sent({ path: '/ok', agent: false })),
  row('an agent without keep-alive', sent({ path: '/ok', agent: new http.Agent({ keepAlive: false }) })),
  row('an agent of its own class', async () => {
    const agent = new OldAgent({ keepAlive: false });
    return [await sent({ path: '/ok', agent })(), agent.seen];
  }),
  row('keep-alive', async () => {
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    const all = [];
    for (let i = 0; i < 3; i++) all.push(await sent({ path: '/ok', agent })());
    const names = [Object.keys(agent.freeSockets), Object.keys(agent.sockets), Object.keys(agent.requests)];
    agent.destroy();
    return [all, names];
  }),
  row('requests that queue', async () => {
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    const all = await Promise.all([0, 1, 2].map(i => sent({ path: `/${i}`, agent })()));
    agent.destroy();
    return all;
  }),
  row('requests that queue without keep-alive', async () => {
    const agent = new http.Agent({ maxSockets: 1 });
    return Promise.all([0, 1, 2].map(i => sent({ path: `/${i}`, agent })()));
  }),
  row('destroyed in the queue', async () => {
    const agent = new http.Agent({ maxSockets: 1 });
    const first = sent({ path: '/ok', agent })();
    const second = sent({ path: '/ok', agent }, async request => {
      request.end();
      await turn();
      request.destroy();
    })();
    return Promise.all([first, second]);
  }),
  row('createConnection that returns', sent({ path: '/ok', createConnection: () => createConnection(at) })),
  row(
    'createConnection that calls back',
    sent({
      path: '/ok',
      createConnection: ((_: unknown, done: (error: null, socket: unknown) => void) => {
        setImmediate(() => done(null, createConnection(at)));
      }) as never,
    }),
  ),
  row(
    'createConnection that fails',
    sent({
      fails: true,
      createConnection: (() => {
        throw new Error('mine');
      }) as never,
    }),
  ),
  row(
    'createConnection that calls back a failure',
    sent({
      fails: true,
      createConnection: ((_: unknown, done: (error: Error) => void) => done(new Error('mine'))) as never,
    }),
  ),
  // beyond requests
  row('upgrade', async () => {
    const made = watch(http.request({ ...at, path: '/up', headers: { Connection: 'Upgrade', Upgrade: 'raw' } }));
    made.request.end();
    const [res, socket, head] = await new Promise<[IncomingMessage, NodeJS.ReadWriteStream, Buffer]>(resolve =>
      made.request.on('upgrade', (...args) => resolve(args as never)),
    );
    socket.write('ping');
    const echo = await new Promise(resolve => socket.once('data', resolve));
    socket.end();
    return [face(res), `${head}`, `${echo}`, await made.closed];
  }),
  row('upgrade nobody listens to', sent({ headers: { Connection: 'Upgrade', Upgrade: 'raw' } })),
  row('upgrade declined', sent({ path: '/declines', headers: { Connection: 'Upgrade', Upgrade: 'raw' } })),
  row('CONNECT', async () => {
    const made = watch(http.request({ ...at, method: 'CONNECT', path: 'far.example:443' }));
    made.request.end();
    const [res, socket, head] = await new Promise<[IncomingMessage, NodeJS.ReadWriteStream, Buffer]>(resolve =>
      made.request.on('connect', (...args) => resolve(args as never)),
    );
    socket.end();
    return [face(res), `${head}`, await made.closed];
  }),
  row('a whole URL to a proxy', sent({ path: 'http://far.example/x', headers: { Host: 'far.example' } })),
];

/** What reached the server before is a matter of chance. */
const gaveUp = new Set(
  rows.map(({ name }) => name).filter(name => /destroy|signal|abort|timeout|setTimeout/i.test(name)),
);
/** Whose program waits in mid-body for the answer: with a rule on bodies it waits for ever. */
const WAITS = { 'an answer before the body is sent': 1, 'Expect, refused': 1, 'Expect: 100-continue': 1 };

async function pass(skip?: object): Promise<Map<string, unknown>> {
  const results = new Map<string, unknown>();
  for (const { name, run } of rows) {
    http.globalAgent.destroy();
    server.forget();
    if (skip !== undefined && name in skip) continue;
    const result = await run();
    results.set(name, { result, wire: gaveUp.has(name) ? null : server.wire.filter(bytes => bytes !== '') });
  }
  return results;
}

const bare = await pass();
const agent = new SteeredAgent();
const undo = install({ agent, agentId: agent.agentId });
const guarded = await pass();
const decided = agent.asked.length;
agent.steer = request => (request.body.kind === 'unread' ? 'need_body' : 'allow');
const read = await pass(WAITS);
undo();

/** `socket` comes when the request has been decided, a moment later than in plain Node: these tell the same, in another order. */
for (const name of ['write after end', 'abort at once']) {
  for (const results of [bare, guarded, read]) {
    const { result } = results.get(name) as { result: [unknown[]] };
    result[0].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  }
}

for (const { name } of rows) {
  test(name, () => {
    assert.deepEqual(guarded.get(name), bare.get(name));
    if (!(name in WAITS)) assert.deepEqual(read.get(name), bare.get(name), 'with its body read first');
  });
}

test('every row was decided', () => {
  assert.ok(rows.length >= 80 && decided >= rows.length - 15, `${decided} decisions for ${rows.length} rows`);
});
