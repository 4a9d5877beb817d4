// T-30 of THREAT-MODEL.md.
/** The switch ends requests wherever they are; each is recorded once, and nothing is handed out after it. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http, { type ClientRequest, type IncomingMessage } from 'node:http';
import { after, test } from 'node:test';
import { install } from '#src/transports/node-http/install.js';
import { SteeredAgent } from '../../support/steered-agent.js';
import { until } from '../../support/until.js';
import { startWireServer } from '../../support/wire-server.js';

const server = await startWireServer();
let agent = new SteeredAgent();
const port = { agent: new Proxy({}, { get: (_, key) => Reflect.get(agent, key).bind(agent) }) as never };
const undo = install({ ...port, agentId: agent.agentId });
after(async () => {
  undo();
  await server.close();
});
const at = { host: '127.0.0.1', port: server.port };
const KILLED = { name: 'CheckrdPolicyDenied', code: 'kill_switch' };
const turn = (): Promise<void> => new Promise(resolve => setImmediate(resolve));
const fresh = (steer?: SteeredAgent['steer']): SteeredAgent => {
  agent = new SteeredAgent(steer);
  server.forget();
  return agent;
};
const ended = (): unknown => agent.calls.map(call => call.outcomes.map(outcome => outcome.result));
const failed = (request: ClientRequest): Promise<Error> =>
  new Promise((resolve, reject) => {
    request.on('error', resolve).on('response', () => reject(new Error('answered')));
  });
const read = async (res: IncomingMessage): Promise<string> => Buffer.concat(await res.toArray()).toString();

test('before the answer', async () => {
  fresh();
  const request = http.get({ ...at, path: '/never' });
  const failure = failed(request);
  await until('the server has it', () => server.wire.length === 1);
  const closed = once(request, 'close').catch(() => undefined);
  agent.kill();
  assert.equal((await failure).name, 'CheckrdPolicyDenied');
  assert.deepEqual(ended(), [['killed']]);
  await closed;
  await until('the connection is cut', () => server.open.size === 0);
});

test('while the answer comes: it fails with the denial, the request does not', async () => {
  fresh();
  const request = http.get({ ...at, path: '/stream' });
  const [res] = (await once(request, 'response')) as [IncomingMessage];
  const errors: unknown[] = [];
  request.on('error', error => errors.push(error));
  const [first] = await once(res, 'data');
  assert.equal(`${first}`, 'first');
  const failure = once(res, 'error');
  const aborted = once(res, 'aborted');
  agent.kill();
  await assert.rejects(
    failure.then(([error]) => Promise.reject(error)),
    KILLED,
  );
  await aborted.catch(() => undefined);
  assert.deepEqual([errors, ended(), agent.last.answered], [[], [['killed']], 200]);
  await until('the connection is cut', () => server.open.size === 0);
});

test('an answer with no listener for errors does not end the process', async () => {
  fresh();
  const request = http.get({ ...at, path: '/stream' });
  const [res] = (await once(request, 'response')) as [IncomingMessage];
  agent.kill();
  await new Promise(resolve => res.on('close', resolve));
  assert.equal(res.errored?.name, 'CheckrdPolicyDenied');
});

test('what has arrived is not handed out after the switch', async () => {
  fresh();
  const request = http.get({ ...at, path: '/stream' });
  const [res] = (await once(request, 'response')) as [IncomingMessage];
  await once(res, 'readable');
  agent.kill();
  assert.equal(res.read(), null);
  await assert.rejects(read(res), KILLED);
});

test('while the body goes out', async () => {
  fresh();
  const request = http.request({ ...at, method: 'POST', path: '/ok' });
  const failure = failed(request);
  request.write('some');
  await until('some of it is there', () => server.wire.join('').includes('some'));
  agent.kill();
  assert.equal((await failure).name, 'CheckrdPolicyDenied');
  request.write('more');
  await until('the connection is cut', () => server.open.size === 0);
  assert.ok(!server.wire.join('').includes('more'));
  assert.deepEqual(ended(), [['killed']]);
});

for (const [name, options] of [
  ['upgraded', { path: '/up', headers: { Connection: 'Upgrade', Upgrade: 'raw' } }],
  ['connect', { method: 'CONNECT', path: 'far.example:443' }],
] as const) {
  test(`a socket that is the program's own by now: ${name}`, async () => {
    fresh();
    const request = http.request({ ...at, ...options }).end();
    const [, socket] = await once(request, name === 'connect' ? 'connect' : 'upgrade');
    await turn();
    assert.deepEqual(agent.last.outcomes, []);
    const failure = once(socket, 'error');
    failure.catch(() => undefined);
    const closed = new Promise(resolve => socket.on('close', resolve));
    socket.on('error', () => undefined);
    agent.kill();
    await closed;
    await assert.rejects(
      failure.then(([error]) => Promise.reject(error)),
      KILLED,
    );
    assert.deepEqual(ended(), name === 'connect' ? [['killed'], ['killed']] : [['killed']]);
  });
}

test('in the queue of an agent', async () => {
  fresh();
  const pool = new http.Agent({ maxSockets: 1 });
  const first = http.get({ ...at, path: '/never', agent: pool });
  const second = http.get({ ...at, path: '/second', agent: pool });
  const errors = { first: 0, second: 0, closed: 0 };
  first.on('error', () => errors.first++).on('close', () => errors.closed++);
  second.on('error', () => errors.second++).on('close', () => errors.closed++);
  await until('the first is there', () => server.wire.length === 1);
  agent.kill();
  await until('both are closed', () => errors.closed === 2);
  await until('the connection is cut', () => server.open.size === 0);
  for (let i = 0; i < 5; i++) await turn();
  assert.deepEqual(errors, { first: 1, second: 1, closed: 2 });
  assert.deepEqual(ended(), [['killed'], ['killed']]);
  assert.ok(!server.wire.join('').includes('/second'));
  pool.destroy();
});

test('while it waits for its body, and while it waits for a hook', async () => {
  fresh(({ body }) => (body.kind === 'unread' ? 'need_body' : 'allow'));
  const request = http.request({ ...at, method: 'POST' });
  const failure = failed(request);
  request.write('half a body');
  await turn();
  agent.kill();
  assert.equal((await failure).name, 'CheckrdPolicyDenied');
  assert.deepEqual([agent.calls, server.wire], [[], []]);
});

test('requests that begin later are refused', async () => {
  fresh();
  agent.kill();
  const error = await failed(http.get({ ...at, path: '/late' }));
  assert.equal(error.name, 'CheckrdPolicyDenied');
  assert.deepEqual(server.wire, []);
});

test('two hundred at once', async () => {
  fresh();
  const pool = new http.Agent({ keepAlive: true });
  const results = await Promise.all(
    Array.from({ length: 200 }, async () => {
      const [res] = (await once(http.get({ ...at, path: '/stream', agent: pool }), 'response')) as [IncomingMessage];
      return { res, ended: read(res).catch((error: Error) => error.name) };
    }),
  );
  assert.equal(server.open.size, 200);
  agent.kill();
  const names = await Promise.all(results.map(result => result.ended));
  assert.deepEqual([...new Set(names)], ['CheckrdPolicyDenied']);
  assert.equal(
    agent.calls.filter(call => call.outcomes.length === 1 && call.outcomes[0]?.result === 'killed').length,
    200,
  );
  await until('every connection is cut', () => server.open.size === 0);
  pool.destroy();
});

// ---- outcomes of what nobody kills

const outcome = async (options: object, act: (request: ClientRequest) => unknown = request => request.end()) => {
  fresh();
  const request = http.request({ ...at, agent: new http.Agent(), ...options });
  request.on('error', () => undefined);
  await act(request);
  await until('it is recorded', () => agent.calls.length > 0 && agent.calls.every(call => call.outcomes.length === 1));
  const { latencyMs: _, ...rest } = agent.last.outcomes[0]!;
  return rest;
};
const readAll = (request: ClientRequest): unknown => request.on('response', res => res.resume()).end();

test('the outcome says status and bytes', async () => {
  assert.deepEqual(await outcome({ path: '/big' }, readAll), {
    result: 'ok',
    statusCode: 200,
    requestBytes: 0,
    responseBytes: 1_000_000,
  });
  assert.deepEqual(
    await outcome({ path: '/404', method: 'POST' }, request => {
      request.on('response', res => res.resume()).end('four');
    }),
    {
      result: 'ok',
      statusCode: 404,
      requestBytes: 4,
      responseBytes: 2,
    },
  );
  const chunked = await outcome({ path: '/ok', method: 'POST' }, request => {
    request.write('a');
    readAll(request);
  });
  assert.deepEqual(chunked, { result: 'ok', statusCode: 200, responseBytes: 2 });
});

test('the outcome says how it ended', async () => {
  const results = async (options: object, act?: (request: ClientRequest) => unknown): Promise<string> =>
    (await outcome(options, act)).result;
  assert.equal(await results({ path: '/drop' }), 'error');
  assert.equal(await results({ path: '/short' }, readAll), 'error');
  assert.equal(await results({ path: '/', port: 1 }), 'error');
  assert.equal(
    await results({ path: '/never' }, async request => {
      await new Promise(resolve => request.on('finish', resolve).end());
      request.destroy();
    }),
    'aborted',
  );
  for (const end of ['request', 'answer'] as const) {
    const act = (request: ClientRequest): unknown =>
      request.on('response', res => res.on('data', () => (end === 'answer' ? res : request).destroy())).end();
    assert.equal(await results({ path: '/stream' }, act), 'aborted', end);
  }
  assert.equal(
    await results({ path: '/up', headers: { Connection: 'Upgrade', Upgrade: 'raw' } }, request => {
      request.on('upgrade', (_, socket) => socket.end()).end();
    }),
    'ok',
  );
});
