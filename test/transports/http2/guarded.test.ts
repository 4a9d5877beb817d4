// T-125, T-126, T-127 and T-128 of THREAT-MODEL.md.
/** A session of `node:http2` under the guard: denied, attacked, stopped; what is recorded of it. */
import assert from 'node:assert/strict';
import dns from 'node:dns';
import { once } from 'node:events';
import http2, { type ClientHttp2Session, type ClientHttp2Stream, type OutgoingHttpHeaders } from 'node:http2';
import net, { type AddressInfo, type Socket } from 'node:net';
import { after, afterEach, test } from 'node:test';
import { promisify } from 'node:util';
import { type CheckrdPolicyDenied, findPolicyDenied } from '#src/agent/errors.js';
import type { HttpRequest } from '#src/core/decide/types.js';
import type { RequestEvent } from '#src/transports/hooks.js';
import { install } from '#src/transports/http2/install.js';
import type { HttpPort } from '#src/transports/node-http/port.js';
import { SteeredAgent } from '../../support/steered-agent.js';
import { until } from '../../support/until.js';

const reached: string[] = [];
const lookedUp: string[] = [];
const nativeLookup = dns.lookup;
dns.lookup = Object.assign(
  (name: string, ...rest: unknown[]) => {
    lookedUp.push(name);
    return (nativeLookup as (...args: unknown[]) => unknown)(name === 'localhost' ? '127.0.0.1' : name, ...rest);
  },
  { __promisify__: nativeLookup.__promisify__ },
) as typeof dns.lookup;

const server = http2.createServer();
const open = new Set<Socket>();
const rst: number[] = [];
server.on('connection', socket => {
  reached.push('connection');
  open.add(socket);
  socket.on('close', () => open.delete(socket));
});
server.on('sessionError', () => undefined);
server.on('stream', (stream, headers) => {
  reached.push(`${headers[':method']} ${headers[':authority']} ${headers[':path'] ?? ''}`.trim());
  stream.on('error', () => undefined).on('close', () => rst.push(stream.rstCode));
  if (headers[':path'] === '/hang' || headers[':path'] === '/push') {
    if (headers[':path'] === '/push') {
      stream.pushStream({ ':path': '/pushed' }, (_error, pushed) => {
        pushed.on('error', () => undefined).respond({ ':status': 200 });
        pushed.write('pushed');
      });
    }
    stream.respond({ ':status': 200 });
    stream.write('part');
    return;
  }
  const chunks: Buffer[] = [];
  stream.on('data', chunk => chunks.push(chunk as Buffer));
  stream.on('end', () => {
    stream.respond({ ':status': 201, 'content-type': 'application/json' });
    stream.end(JSON.stringify({ model: 'm', usage: { prompt_tokens: 3, completion_tokens: 4 } }));
    reached.push(Buffer.concat(chunks).toString());
  });
});
server.listen(0, '127.0.0.1');
await once(server, 'listening');
const { port } = server.address() as AddressInfo;
lookedUp.length = 0;

const agent = new SteeredAgent();
const events: RequestEvent[] = [];
const edge: HttpPort & { hooks: { onAllow?: (event: RequestEvent) => void; beforeRequest?: () => unknown } } = {
  agent,
  agentId: agent.agentId,
  hooks: {},
};
const undo = install(edge);
const sessions: ClientHttp2Session[] = [];
const connect = (authority = `http://127.0.0.1:${port}`, options = {}): ClientHttp2Session => {
  const session = http2.connect(authority, options);
  sessions.push(session.on('error', () => undefined));
  return session;
};
afterEach(async () => {
  for (const session of sessions.splice(0)) session.destroy();
  await until('the connections are closed', () => open.size === 0);
  reached.length = lookedUp.length = rst.length = agent.asked.length = agent.calls.length = 0;
  agent.refusals.length = 0;
  agent.steer = () => 'allow';
  agent.hold = null;
  edge.hooks = {};
});
after(() => {
  undo();
  dns.lookup = nativeLookup;
  server.close();
});

const asked = (): string[] => agent.asked.map(({ method, url }) => `${method} ${url}`);
const read = async (stream: ClientHttp2Stream): Promise<string> => Buffer.concat(await stream.toArray()).toString();
const denied = async (made: ClientHttp2Stream | ClientHttp2Session): Promise<CheckrdPolicyDenied> => {
  let error: unknown;
  made.on('error', first => {
    error ??= first;
  });
  await new Promise<void>(resolve => made.on('close', () => resolve()));
  const denial = findPolicyDenied(error);
  assert.ok(denial, String(error));
  return denial;
};
const denyAll = (): void => {
  agent.steer = () => 'deny';
};

test('denied: no name is looked up, no connection is made, and the session serves what is allowed', async () => {
  agent.steer = ({ url }) => (url?.endsWith('/no') ? 'deny' : 'allow');
  const session = connect(`http://localhost:${port}`);
  for (const headers of [{ ':path': '/no' }, { ':path': '/no', ':method': 'POST' }]) {
    const stream = session.request(headers);
    stream.write?.('secret', () => undefined);
    assert.equal((await denied(stream)).code, 'rule_denied');
  }
  assert.deepEqual([reached, lookedUp, session.connecting, session.destroyed], [[], [], true, false]);
  await read(session.request({ ':path': '/yes' }));
  assert.deepEqual(lookedUp, ['localhost']);
  assert.equal((await denied(session.request({ ':path': '/no' }))).code, 'rule_denied');
  await read(session.request({ ':path': '/yes' }));
  assert.deepEqual(
    reached.filter(line => line !== ''),
    ['connection', `GET localhost:${port} /yes`, `GET localhost:${port} /yes`],
  );
});

test('a session nobody asks anything of is decided as a connection', async () => {
  agent.steer = ({ method }) => (method === 'CONNECT' ? 'deny' : 'allow');
  const session = connect(`http://localhost:${port}`);
  assert.equal((await denied(session)).code, 'rule_denied');
  await assert.rejects(promisify(http2.connect)(`http://localhost:${port}`), { name: 'CheckrdPolicyDenied' });
  assert.deepEqual([reached, lookedUp, asked()], [[], [], Array(2).fill(`CONNECT tcp://localhost:${port}/`)]);
  agent.steer = () => 'allow';
  const waited = connect();
  await once(waited, 'remoteSettings');
  await read(waited.request({}));
  assert.equal(agent.calls[0]?.outcomes.length, 0, 'the connection is under way until it closes');
  waited.close();
  await once(waited, 'close');
  assert.deepEqual(agent.calls[0]?.outcomes, [{ result: 'ok' }]);
});

test('closed or destroyed before anything was allowed: nothing is opened', async () => {
  for (const end of ['close', 'destroy'] as const) {
    const session = connect();
    session[end]();
    await once(session, 'close');
  }
  assert.deepEqual([reached, asked()], [[], []]);
});

test('an authority that is not where the session goes is judged by both', async () => {
  agent.steer = ({ url }) => (url?.includes('api.example') ? 'allow' : 'deny');
  const fool = { ':authority': 'api.example', ':path': '/v1' };
  for (const options of [{}, { host: '127.0.0.1' }]) {
    const session = connect(`http://${'host' in options ? `api.example:${port}` : `127.0.0.1:${port}`}`, options);
    await denied(session.request(fool));
  }
  await denied(connect().request({ host: 'api.example' }));
  assert.deepEqual([reached, asked()], [[], Array(3).fill(`CONNECT tcp://127.0.0.1:${port}/`)]);
  agent.steer = ({ method }) => (method === 'CONNECT' ? 'allow' : 'deny');
  await denied(connect().request(fool));
  assert.deepEqual([reached, asked().at(-1)], [[], 'GET http://api.example/v1']);
  agent.steer = () => 'allow';
  await read(connect().request(fool));
  assert.deepEqual(reached, ['connection', 'GET api.example /v1', '']);
});

const shifty = (...values: unknown[]): { toString(): unknown } => ({ toString: () => values.shift() ?? '/evil' });
const odd: Readonly<Record<string, OutgoingHttpHeaders>> = {
  'two names of the host': { ':authority': `127.0.0.1:${port}`, host: 'api.example' },
  'a NUL in a header': { 'x-a': 'a\0\0:authority\0evil.example\0' },
  'what becomes a NUL': { 'x-a': 'a\u0100\u0100b' },
  'a blank in a path': { ':path': '/a b' },
  'a tab in a path': { ':path': '/pub\t/../secret' },
  'a path that is none': { ':path': 'evil' },
  'a backslash': { ':path': '\\\\evil.example/' },
  'a user in the authority': { ':authority': `u:p@127.0.0.1:${port}` },
  'a path in the authority': { ':authority': `127.0.0.1:${port}/x` },
  'another scheme': { ':scheme': 'https' },
  'a scheme that is none': { ':scheme': 'ftp' },
  'CONNECT without a port': { ':method': 'CONNECT', ':authority': 'far.example' },
};

test('what cannot be said to be judged as it is sent is refused', async () => {
  const session = connect();
  for (const [name, headers] of Object.entries(odd)) {
    const stream = session.request(headers);
    // The core's check of a Host header is not the steered agent's.
    if (name === 'two names of the host') {
      const [, last] = agent.asked.at(-1)?.headers.slice(-1)[0] ?? [];
      assert.equal(last, 'api.example');
      await read(stream);
      continue;
    }
    assert.equal((await denied(stream)).code, 'request_invalid', name);
  }
  await denied(
    connect(`https://127.0.0.1:${port}`, { servername: 'front.example' }).request({ ':authority': 'api.example' }),
  );
  assert.deepEqual(reached.slice(0, 2), ['connection', `GET 127.0.0.1:${port} /`]);
});

test('headers are read once, and paths go out in the form that is judged', async () => {
  const session = connect();
  await read(session.request({ ':path': shifty('/ok') as never, 'x-a': shifty('1') as never }));
  await read(session.request({ ':path': '/a/../b?q=\u00fc#f' }));
  let reads = 0;
  const changing = {
    get ':path'() {
      return reads++ === 0 ? '/first' : '/evil';
    },
  };
  await read(session.request(changing));
  assert.deepEqual(
    reached.filter(line => line.startsWith('GET')).map(line => line.split(' ')[2]),
    ['/ok', '/b?q=%FC', '/first'],
  );
  assert.deepEqual(
    agent.asked.map(({ url }) => new URL(url as string).pathname),
    ['/ok', '/b', '/first'],
  );
});

test('the body that is judged is the one that is sent', async () => {
  const bodies: string[] = [];
  agent.steer = ({ body }) => {
    if (body.kind === 'unread') return 'need_body';
    bodies.push(body.kind === 'bytes' ? Buffer.from(body.bytes).toString() : body.kind);
    return bodies.at(-1)?.includes('bad') === true || body.kind === 'too_large' ? 'deny' : 'allow';
  };
  const session = connect();
  const stream = session.request({ ':method': 'POST' });
  const first = Buffer.from('good');
  await new Promise(resolve => stream.write(first, resolve));
  first.write('evil');
  assert.deepEqual(reached, []);
  stream.end(' end');
  await read(stream);
  const bad = session.request({ ':method': 'POST' });
  bad.end('bad');
  await denied(bad);
  agent.inspectBytes = 10;
  const large = session.request({ ':method': 'POST' });
  large.write(Buffer.alloc(11));
  await denied(large);
  agent.inspectBytes = 1024;
  const left = session.request({ ':method': 'POST' });
  left.on('error', () => undefined).destroy();
  await once(left, 'close');
  assert.deepEqual(bodies, ['good end', 'bad', 'too_large']);
  assert.deepEqual(reached, ['connection', `POST 127.0.0.1:${port} /`, 'good end']);
});

test('CONNECT and WebSockets are judged by where they lead', async () => {
  const here = `127.0.0.1:${port}`;
  agent.steer = ({ url }) => (url === `tcp://${here}/` ? 'allow' : 'deny');
  const session = connect();
  session.request({ ':method': 'CONNECT', ':authority': 'far.example:443' }).on('error', () => undefined);
  for (const protocol of ['websocket', 'connect-udp']) {
    session.request({ ':method': 'CONNECT', ':protocol': protocol, ':path': '/chat' }).on('error', () => undefined);
  }
  assert.deepEqual(asked(), [
    `CONNECT tcp://${here}/`,
    'CONNECT tcp://far.example:443/',
    `GET ws://${here}/chat`,
    `CONNECT http://${here}/chat`,
  ]);
});

test('past request: a handle, a view, a stand-in and code run while it is made send nothing undecided', async () => {
  const session = connect();
  await once(session, 'remoteSettings');
  denyAll();
  const own = session as unknown as Record<symbol, { request?(...args: unknown[]): unknown } | undefined>;
  const handle = Object.getOwnPropertySymbols(session)
    .map(name => own[name])
    .find(value => typeof value?.request === 'function');
  const lines = `:method\0GET\0\0:scheme\0http\0\0:authority\0a\0\0:path\0/evil\0\0`;
  assert.equal(typeof handle?.request?.([lines, 4], 1, 0, 16, false), 'number');
  assert.equal(agent.refusals.at(-1)?.code, 'not_covered');
  const { request } = Object.getPrototypeOf(session) as ClientHttp2Session;
  assert.throws(() => request.call(new Proxy(session, {}), { ':path': '/evil' }), TypeError);
  assert.throws(() => request.call(Object.create(session), { ':path': '/evil' }), TypeError);
  // Node asks the signal while it makes the stream.
  const signal = new AbortController().signal;
  Object.defineProperty(signal, 'aborted', {
    get() {
      Reflect.deleteProperty(session, 'connecting');
      return false;
    },
  });
  await denied(session.request({ ':path': '/evil' }, { signal }));
  const Class = session.constructor as new (options: object, socket: Socket) => ClientHttp2Session;
  const socket = net.connect(port, '127.0.0.1');
  await once(socket, 'connect');
  const made = new Class({}, socket);
  sessions.push(made);
  await denied(made.request({ ':path': '/evil', ':authority': 'a', ':scheme': 'http' }));
  assert.deepEqual(reached, ['connection', 'connection']);
});

test('the switch ends streams with CANCEL, pushed ones too, refuses new ones and what waits', async () => {
  const session = connect();
  const pushed = once(session, 'stream') as Promise<[ClientHttp2Stream]>;
  const [one, two] = [session.request({ ':path': '/push' }), session.request({ ':path': '/hang' })];
  await Promise.all([once(one, 'data'), once(two, 'readable')]);
  const [other] = await pushed;
  agent.steer = ({ body }) => (body.kind === 'unread' ? 'need_body' : 'allow');
  const waits = session.request({ ':method': 'POST' });
  waits.write('some');
  await until('it waits', () => agent.asked.length === 3);
  const all = [one, two, other, waits].map(denied);
  agent.kill();
  assert.equal(two.read(), null, 'what had arrived is not handed out');
  assert.deepEqual(
    (await Promise.all(all)).map(({ code }) => code),
    Array(4).fill('kill_switch'),
  );
  assert.equal((await denied(session.request({}))).code, 'kill_switch');
  assert.equal((await denied(connect().request({}))).code, 'kill_switch');
  await until('the server knows', () => rst.length === 2);
  assert.deepEqual([rst, session.destroyed], [[8, 8], false]);
  assert.deepEqual(
    agent.calls.map(({ outcomes }) => outcomes.map(({ result, statusCode }) => [result, statusCode])),
    Array(2).fill([['killed', 200]]),
  );
  agent.hold = null;
  agent.steer = () => 'allow';
  await read(session.request({}));
});

test('outcomes, hooks, trace and caller are those of node:http', async () => {
  const trace = `00-${'ab'.repeat(16)}-${'cd'.repeat(8)}-01`;
  edge.hooks = { beforeRequest: async () => 'go', onAllow: event => void events.push(event) };
  const session = connect();
  const stream = session.request({ ':method': 'POST', traceparent: trace, 'content-length': 2, authorization: 's' });
  stream.end('ok');
  await read(stream);
  edge.hooks = {};
  const [call] = agent.calls;
  await until('it is over', () => call?.outcomes.length === 1);
  assert.deepEqual(call?.outcomes, [
    {
      result: 'ok',
      statusCode: 201,
      responseBytes: 63,
      requestBytes: 2,
      usage: { model: 'm', inputTokens: 3, outputTokens: 4 },
    },
  ]);
  assert.equal(call?.context.traceparent, trace);
  assert.equal(events[0]?.traceId, 'ab'.repeat(16));
  assert.deepEqual(events[0]?.headers, [
    ['traceparent', trace],
    ['content-length', '2'],
  ]);
  edge.hooks = { beforeRequest: () => false };
  assert.equal((await denied(session.request({}))).code, 'hook_refused');
  edge.hooks = {};
  const control = new AbortController();
  const aborted = session.request({ ':path': '/hang' }, { signal: control.signal });
  aborted.once('data', () => control.abort());
  await assert.rejects(once(aborted, 'close'), { name: 'AbortError' });
  await until('it is over', () => agent.last.outcomes.length === 1);
  assert.equal(agent.last.outcomes[0]?.result, 'aborted');
});

test('put in twice it decides once; taken out it decides nothing', async () => {
  assert.equal(install(edge), undo);
  assert.throws(() => install({ ...edge }), /guarded already/);
  const ours = http2.connect;
  undo();
  undo();
  assert.notEqual(http2.connect, ours);
  const session = ours(`http://127.0.0.1:${port}`);
  sessions.push(session);
  denyAll();
  await read(session.request({}));
  assert.deepEqual(agent.asked satisfies HttpRequest[], []);
});
