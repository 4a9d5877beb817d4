// T-132
/** What the edges of a process patch is given back as it was, also where somebody else has patched over it since. */
import assert from 'node:assert/strict';
import child_process from 'node:child_process';
import dgram from 'node:dgram';
import dns from 'node:dns';
import http from 'node:http';
import http2 from 'node:http2';
import https from 'node:https';
import { syncBuiltinESMExports } from 'node:module';
import net from 'node:net';
import { test } from 'node:test';
import worker_threads from 'node:worker_threads';
import { Coverage } from '#src/agent/coverage.js';
import { install as datagrams } from '#src/transports/datagrams/install.js';
import { install as fetches } from '#src/transports/fetch/install.js';
import { install as http2s } from '#src/transports/http2/install.js';
import { install as names } from '#src/transports/names/install.js';
import { install as https_ } from '#src/transports/node-http/install.js';
import type { ProcessPort } from '#src/transports/port.js';
import { install as processes } from '#src/transports/processes/install.js';
import { install as sockets } from '#src/transports/sockets/install.js';
import { install as threads } from '#src/transports/threads/install.js';
import { install as undicis } from '#src/transports/undici/install.js';
import { openPool } from '#src/transports/undici/pool.js';
import { SteeredAgent } from '../support/steered-agent.js';

const DISPATCHER = Symbol.for('undici.globalDispatcher.1');
const pool = openPool();

/** Every property that an edge may touch. */
const targets = (): Record<string, object> => ({
  http,
  https,
  http2,
  net,
  dns,
  'dns.promises': dns.promises,
  'dns.Resolver': dns.Resolver.prototype,
  dgram,
  'dgram.Socket': dgram.Socket.prototype,
  child_process,
  ChildProcess: child_process.ChildProcess.prototype,
  worker_threads,
  Socket: net.Socket.prototype,
  ClientRequest: http.ClientRequest.prototype,
  process,
});
const snapshot = (): Record<string, unknown> => ({
  ...Object.fromEntries(
    Object.entries(targets()).map(([name, target]) => [name, Object.getOwnPropertyDescriptors(target)]),
  ),
  fetch: Object.getOwnPropertyDescriptor(globalThis, 'fetch'),
  dispatcher: Object.getOwnPropertyDescriptor(globalThis, DISPATCHER),
});

/** Names of what is not the same thing any more. */
function changed(before: Record<string, unknown>, after: Record<string, unknown>): string[] {
  const names: string[] = [];
  for (const [name, was] of Object.entries(before)) {
    const is = after[name];
    const isOne = Object.hasOwn(was as object, 'writable') && 'enumerable' in (was as object);
    const pairs = isOne ? { '': [was, is] } : paired(was as object, is as object);
    for (const [key, [a, b]] of Object.entries(pairs)) if (!same(a, b)) names.push(`${name}.${key}`);
  }
  return names;
}

function paired(was: object, is: object): Record<string, [unknown, unknown]> {
  const keys = new Set([...Reflect.ownKeys(was), ...Reflect.ownKeys(is)]);
  return Object.fromEntries(
    [...keys].map(key => [String(key), [Reflect.get(was, key) as unknown, Reflect.get(is, key) as unknown]]),
  );
}

function same(a: unknown, b: unknown): boolean {
  const [one, other] = [a, b] as (PropertyDescriptor | undefined)[];
  const names = ['value', 'get', 'set', 'writable', 'enumerable', 'configurable'] as const;
  return names.every(name => Object.is(one?.[name], other?.[name]));
}

function port(): ProcessPort {
  const agent = new SteeredAgent(() => 'deny');
  return {
    agent,
    agentId: agent.agentId,
    caller: () => ({ agent: agent.agentId }),
    hooks: {},
    strict: true,
    egress: { coverage: 'report', datagrams: 'policy', names: 'policy', processes: 'policy', native: 'report' },
    coverage: new Coverage(),
    inherit: { entry: '/nowhere.js', variables: {}, agentId: agent.agentId },
    ownSocket: Symbol('own'),
  } as ProcessPort;
}

function installAll(): (() => void)[] {
  const one = port();
  assert.ok(pool !== null);
  const undos = [
    ...[fetches(one, pool), undicis(one, pool), names(one), https_(one), http2s(one), sockets(one)],
    ...[datagrams(one), processes(one), threads(one)],
  ];
  syncBuiltinESMExports();
  return undos;
}

test('each edge gives back exactly what it found, in whatever order, as often as it is asked', () => {
  const before = snapshot();
  for (const order of ['as installed', 'the other way round']) {
    const undos = installAll();
    assert.ok(changed(before, snapshot()).length > 20);
    for (const undo of order === 'as installed' ? undos : undos.toReversed()) {
      undo();
      undo();
    }
    assert.deepEqual(changed(before, snapshot()), [], order);
  }
});

test('what somebody has patched over ours stays, and ours passes everything on', async t => {
  const server = http.createServer((_asked, answer) => answer.end('ok')).listen(0, '127.0.0.1');
  t.after(() => server.close());
  await new Promise(resolve => server.once('listening', resolve));
  const { port: number } = server.address() as net.AddressInfo;
  const url = `http://127.0.0.1:${number}/`;
  const before = snapshot();
  const undos = installAll();
  const globals = globalThis as unknown as Record<symbol, { dispatch(options: object, handler: object): boolean }>;
  const [ours, patched] = [globals[DISPATCHER], { fetch, get: http.get, connect: net.Socket.prototype.connect }];
  let passed = 0;
  const over = <F extends (...args: never[]) => unknown>(under: F): F =>
    function (this: unknown, ...args: never[]) {
      passed++;
      return Reflect.apply(under, this, args);
    } as unknown as F;
  globalThis.fetch = over(patched.fetch);
  http.get = over(patched.get);
  net.Socket.prototype.connect = over(patched.connect as never);
  await assert.rejects(fetch(url), { code: 'rule_denied' });
  for (const undo of undos) undo();
  const left = changed(before, snapshot());
  assert.deepEqual(left.sort(), ['Socket.connect', 'fetch.', 'http.get']);
  const fetched = await fetch(url, { headers: { connection: 'close' } });
  assert.equal(await fetched.text(), 'ok');
  const answer = await new Promise<http.IncomingMessage>((resolve, reject) =>
    http.get(url, { agent: false }, resolve).on('error', reject),
  );
  answer.resume();
  const status = await new Promise((resolve, reject) => {
    const handler = {
      onConnect: () => undefined,
      onHeaders: (code: number) => resolve(code) === undefined,
      onData: () => true,
      onComplete: () => undefined,
      onError: reject,
    };
    ours?.dispatch({ origin: url, path: '/', method: 'GET', headers: { connection: 'close' } }, handler);
  });
  assert.deepEqual([answer.statusCode, status], [200, 200]);
  assert.ok(passed >= 4, `${passed}`);
  Object.assign(http, { get: patched.get });
});
