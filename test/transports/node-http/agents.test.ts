/** Agents of every kind, TLS, hooks, and the caller's async context: what is allowed works, and sockets carry the right mark. */
import assert from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import { EventEmitter, once } from 'node:events';
import http, { type ClientRequest, type IncomingMessage } from 'node:http';
import https from 'node:https';
import net from 'node:net';
import { after, test } from 'node:test';
import tls from 'node:tls';
import type { Hooks } from '#src/transports/hooks.js';
import { install } from '#src/transports/node-http/install.js';
import { isSanctioned } from '#src/transports/sanctioned.js';
import { SteeredAgent } from '../../support/steered-agent.js';
import { TLS_PAIR } from '../../support/tls-pair.js';
import { startWireServer } from '../../support/wire-server.js';

const [plain, secure] = [await startWireServer(), await startWireServer(TLS_PAIR)];
const agent = new SteeredAgent();
const hooks: { -readonly [K in keyof Hooks]: Hooks[K] } = {};
const tenants = new AsyncLocalStorage<string>();
const caller = () => ({ agent: (tenants.getStore() ?? agent.agentId) as typeof agent.agentId });
const undo = install({ agent, agentId: agent.agentId, caller, hooks });
after(async () => {
  undo();
  await Promise.all([plain.close(), secure.close()]);
});
const http1 = { host: '127.0.0.1', port: plain.port, path: '/ok' };
const https1 = { host: '127.0.0.1', port: secure.port, path: '/ok', ca: TLS_PAIR.cert };

async function body(request: ClientRequest): Promise<string> {
  const [res] = (await once(request, 'response')) as [IncomingMessage];
  return Buffer.concat(await res.toArray()).toString();
}

/** What `connect` is given while `work` runs: whether it is marked for where it goes, and for elsewhere. */
async function marks(work: () => Promise<unknown>): Promise<readonly [own: boolean, other: boolean][]> {
  const seen: [boolean, boolean][] = [];
  const { connect } = net.Socket.prototype;
  net.Socket.prototype.connect = function (this: net.Socket, ...args: unknown[]) {
    const [options] = (Array.isArray(args[0]) ? args[0] : args) as [{ host: string; port: number }];
    seen.push([
      isSanctioned(options, options.host, options.port),
      isSanctioned(options, 'other.example', options.port),
    ]);
    return Reflect.apply(connect, this, args as never);
  } as never;
  try {
    await work();
  } finally {
    net.Socket.prototype.connect = connect;
  }
  return seen;
}

test('https: judged as https, pooled, resumed, and marked', async () => {
  const pool = new https.Agent({ keepAlive: true, maxSockets: 1 });
  const calls = agent.asked.length;
  const seen = await marks(async () => {
    const all = [1, 2, 3].map(i => body(https.get({ ...https1, path: `/${i}`, agent: pool })));
    assert.deepEqual(await Promise.all(all), ['ok', 'ok', 'ok']);
  });
  pool.destroy();
  assert.deepEqual(seen, [[true, false]]);
  assert.equal(agent.asked.at(-1)?.url, `https://127.0.0.1:${secure.port}/3`);
  assert.equal(agent.asked.length, calls + 3);
  assert.equal(await body(https.get(`https://127.0.0.1:${secure.port}/ok`, { ca: TLS_PAIR.cert })), 'ok');
});

test('a socket that is made for a request that had to queue is marked too', async () => {
  const pool = new http.Agent({ maxSockets: 1 });
  const seen = await marks(() =>
    Promise.all([1, 2, 3].map(() => body(http.get({ ...http1, path: '/close', agent: pool })))),
  );
  assert.deepEqual(seen, [
    [true, false],
    [true, false],
    [true, false],
  ]);
});

test('an agent that dials a proxy: the request is judged, the mark does not cover the proxy', async () => {
  class ToProxy extends http.Agent {
    override createConnection(options: never): never {
      return net.connect({ ...(options as object), host: '127.0.0.1', port: plain.port }) as never;
    }
  }
  const seen = await marks(() => body(http.get({ host: 'far.example', path: '/ok', agent: new ToProxy() })));
  assert.deepEqual(seen, [[false, false]]);
  assert.equal(agent.asked.at(-1)?.url, 'http://far.example/ok');
});

/** As agents of other packages were written: no http.Agent, and `https` sought in the stack unless an option tells. */
class Emitting extends EventEmitter {
  addRequest(request: { onSocket(socket: unknown): void }, options: { secureEndpoint?: boolean }): void {
    const isSecure = options.secureEndpoint ?? new Error().stack?.includes('node:https:') === true;
    const to = { ...options, path: undefined };
    const socket = isSecure ? tls.connect(to) : net.connect(to as never);
    request.onSocket(socket);
  }
}
/** As they are written now: a socket in a while. */
class Later extends http.Agent {
  readonly #protocol = 'https:';
  get protocol(): string {
    return this.isSecureEndpoint() ? this.#protocol : 'http:';
  }
  set protocol(_: string) {
    // Node's constructor sets one.
  }
  isSecureEndpoint(options?: { secureEndpoint?: boolean }): boolean {
    return options?.secureEndpoint ?? new Error().stack?.includes('node:https:') === true;
  }
  createSocket(_: unknown, options: object, done: (error: null, socket: unknown) => void): void {
    const isSecure = this.isSecureEndpoint(options);
    setImmediate(() => done(null, isSecure ? tls.connect(options) : net.connect(options as never)));
  }
}
for (const make of [() => new Emitting() as never, () => new Later()]) {
  const own = make();
  test(`an agent of another package: ${own.constructor.name}`, async () => {
    assert.equal(await body(http.get({ ...http1, agent: make() })), 'ok');
    const seen = await marks(async () => assert.equal(await body(https.get({ ...https1, agent: make() })), 'ok'));
    assert.deepEqual(seen, [[true, false]]);
  });
}

test('an agent that edits the head in the queue finds it as Node left it, also when the body has been judged', async () => {
  class Editing extends http.Agent {
    addRequest(request: { outputData: { data: string }[] }, options: object): void {
      const [first] = request.outputData;
      if (first !== undefined) first.data = first.data.replace('\r\n', '\r\nX-Proxy: 1\r\n');
      (http.Agent.prototype as unknown as { addRequest(...args: unknown[]): void }).addRequest.call(
        this,
        request,
        options,
      );
    }
  }
  agent.steer = ({ body: given }) => (given.kind === 'unread' ? 'need_body' : 'allow');
  plain.forget();
  const request = http.request({ ...http1, method: 'POST', agent: new Editing() });
  request.end('text');
  assert.equal(await body(request), 'ok');
  assert.match(plain.wire.join(''), /^POST \/ok HTTP\/1.1\r\nX-Proxy: 1\r\n(.|\r\n)*text$/);
  agent.steer = () => 'allow';
});

test('listeners run in the async context of whoever made the request', async () => {
  const store = new AsyncLocalStorage<string>();
  agent.steer = ({ body: given }) => (given.kind === 'unread' ? 'need_body' : 'allow');
  const seen = await store.run('caller', async () => {
    const request = http.request({ ...http1, method: 'POST' });
    const found = new Promise(resolve => {
      request.on('response', res => {
        res.resume().on('end', () => resolve(store.getStore()));
      });
    });
    store.run('writer', () => void setImmediate(() => request.end('x')));
    return found;
  });
  assert.equal(seen, 'caller');
  agent.steer = () => 'allow';
});

test('each request is made for the caller of its own async context', async () => {
  const before = agent.asked.length;
  await Promise.all(
    Array.from({ length: 50 }, (_, i) =>
      tenants.run(`tenant-${i}`, () => body(http.get({ ...http1, path: `/${i}`, agent: new http.Agent() }))),
    ),
  );
  assert.equal(agent.asked.length, before + 50);
  for (const { request, context } of agent.calls.slice(-50)) {
    assert.equal(context.agent, `tenant-${new URL(request.url).pathname.slice(1)}`);
  }
});

test('hooks: asked, told, without credentials; one that waits, refuses, skips', async () => {
  const told: unknown[] = [];
  const note = (event: { url: string; headers: unknown; requestId: string }): void => {
    told.push([event.url, event.headers, event.requestId]);
  };
  hooks.onAllow = note;
  hooks.onDeny = note;
  hooks.beforeRequest = async () => undefined;
  const url = `http://127.0.0.1:${plain.port}/ok`;
  await body(http.get(url, { auth: 'user:secret', agent: new http.Agent() }));
  hooks.beforeRequest = () => false;
  await assert.rejects(body(http.get(url)), { code: 'hook_refused' });
  hooks.beforeRequest = () => null;
  const skips = agent.order.filter(step => step === 'skip').length;
  await body(http.get(url, { agent: new http.Agent() }));
  assert.equal(agent.order.filter(step => step === 'skip').length, skips + 1);
  for (const key of ['beforeRequest', 'onAllow', 'onDeny'] as const) delete hooks[key];
  assert.equal(told.length, 3);
  assert.ok(!JSON.stringify(told).includes('uthorization'));
  assert.ok(JSON.stringify(told).includes('keep-alive') || JSON.stringify(told).includes('close'));
});

test('a caller that gives up while a hook thinks is not recorded', async () => {
  let go = (): void => undefined;
  hooks.beforeRequest = () => new Promise<void>(resolve => (go = resolve));
  const calls = agent.calls.length;
  const refusals = agent.refusals.length;
  const request = http.get(http1);
  const error = once(request, 'response').catch((reason: Error) => reason.message);
  await new Promise(resolve => setImmediate(resolve));
  request.destroy();
  assert.equal(await error, 'socket hang up');
  go();
  await new Promise(resolve => setImmediate(resolve));
  delete hooks.beforeRequest;
  assert.deepEqual([agent.calls.length, agent.refusals.length], [calls, refusals]);
});
