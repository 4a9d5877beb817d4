// T-90 of THREAT-MODEL.md.
/** A denied request never reaches the network, whichever door of `node:http` and `node:https` it takes. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http, { type ClientRequest, get as namedGet } from 'node:http';
import https from 'node:https';
import { createRequire } from 'node:module';
import { after, test } from 'node:test';
import { types } from 'node:util';
import { findPolicyDenied } from '#src/agent/errors.js';
import { install } from '#src/transports/node-http/install.js';
import { SteeredAgent } from '../../support/steered-agent.js';
import { until } from '../../support/until.js';
import { startWireServer } from '../../support/wire-server.js';

const server = await startWireServer();
const agent = new SteeredAgent();
const undo = install({ agent, agentId: agent.agentId });
after(async () => {
  undo();
  await server.close();
});
const { port } = server;
const require = createRequire(import.meta.url);

const touched: string[] = [];
const lookup = ((name: string) => {
  touched.push(`looked up ${name}`);
  throw new Error('looked up');
}) as never;
const at = { host: '127.0.0.1', port, lookup };
const named = { host: 'forbidden.example', port, lookup };

class Dialling extends http.Agent {
  override createConnection(): never {
    touched.push('dialled');
    throw new Error('dialled');
  }
}
class Foreign {
  addRequest(): void {
    touched.push('added');
  }
}
/** Classes of the old kind. */
function Old(this: ClientRequest, options: object): void {
  (http.ClientRequest as unknown as (options: object) => void).call(this, options);
}
Old.prototype = Object.create(http.ClientRequest.prototype);

const doors: Readonly<Record<string, () => ClientRequest>> = {
  'http.get': () => http.get(`http://127.0.0.1:${port}/`),
  'http.get by name': () => http.get(named),
  'http.request': () => http.request(named).end(),
  'a named import': () => namedGet(named),
  require: () => require('node:http').get(named),
  'https.get': () => https.get(named),
  'https.request': () => https.request(`https://127.0.0.1:${port}/`, { rejectUnauthorized: false }).end(),
  'new ClientRequest': () => new http.ClientRequest(named as never).end(),
  'a class of ClientRequest': () => new (class extends http.ClientRequest {})(named as never).end(),
  'a class of the old kind': () => new (Old as unknown as new (options: object) => ClientRequest)(named).end(),
  'agent: false': () => http.get({ ...named, agent: false }),
  'an agent of its own class': () => http.get({ ...named, agent: new Dialling() }),
  'an agent of another package': () => http.get({ ...named, agent: new Foreign() as never }),
  createConnection: () => {
    const createConnection = (): never => {
      touched.push('dialled');
      throw new Error('dialled');
    };
    return http.get({ ...at, createConnection });
  },
  'a Unix socket': () => http.get({ socketPath: '/nowhere.sock' }),
  'an upgrade': () => http.get({ ...at, headers: { Connection: 'Upgrade', Upgrade: 'websocket' } }),
  'a tunnel': () => http.request({ ...at, method: 'CONNECT', path: 'far.example:443' }).end(),
  'a proxy': () => http.get({ ...at, path: 'http://far.example/' }),
  flushHeaders: () => {
    const request = http.request({ ...at, method: 'POST' });
    request.flushHeaders();
    return request;
  },
  Expect: () => http.request({ ...at, method: 'POST', headers: { Expect: '100-continue' } }),
  'a body in pieces': () => {
    const request = http.request({ ...at, method: 'POST' });
    request.write('secret');
    return request;
  },
};

for (const [door, open] of Object.entries(doors)) {
  test(`denied: ${door}`, async () => {
    agent.steer = () => 'deny';
    const before = agent.refusals.length;
    const request = open();
    const events: string[] = [];
    for (const event of ['socket', 'response', 'finish', 'close']) request.on(event, () => events.push(event));
    const [error] = await once(request, 'error');
    if (!request.closed) await once(request, 'close');
    assert.equal(findPolicyDenied(error)?.code, 'rule_denied');
    assert.deepEqual([events, touched, server.wire], [['close'], [], []]);
    assert.equal(agent.refusals.length, before + 1);
    assert.equal(request.destroyed, true);
    agent.steer = () => 'allow';
  });
}

test('denied: nothing goes out on a pooled socket, which stays for others', async () => {
  const pool = new http.Agent({ keepAlive: true });
  const read = async (path: string): Promise<number | undefined> => {
    const [res] = await once(http.get({ ...at, path, agent: pool }), 'response');
    await res.resume().toArray();
    return res.statusCode;
  };
  await read('/1');
  agent.steer = () => 'deny';
  await assert.rejects(read('/2'), { name: 'CheckrdPolicyDenied' });
  agent.steer = () => 'allow';
  await read('/3');
  pool.destroy();
  assert.deepEqual(
    server.wire.map(bytes => bytes.match(/GET \S+/g)),
    [['GET /1', 'GET /3']],
  );
  server.forget();
});

test('nothing happens before something is sent', async () => {
  const asked = agent.asked.length;
  const request = http.request(named);
  await new Promise(resolve => setImmediate(resolve));
  assert.deepEqual([agent.asked.length, touched], [asked, []]);
  const closed = new Promise(resolve => request.on('close', resolve));
  request.on('error', () => undefined).destroy();
  await closed;
  assert.equal(agent.asked.length, asked, 'what was never sent is no call');
});

test('put in twice it decides once; taken out it decides nothing, and what stands above still works', async () => {
  const port2 = { agent, agentId: agent.agentId };
  assert.throws(() => install(port2), /guarded already/);
  const ours = http.request;
  const above = ((...args: Parameters<typeof http.get>) => ours(...args)) as typeof http.request;
  http.request = above;
  undo();
  undo();
  const asked = agent.asked.length;
  const [res] = await once(http.request({ ...at, lookup: undefined, path: '/undone' } as never).end(), 'response');
  res.resume();
  assert.equal(http.request, above);
  assert.equal(agent.asked.length, asked);
  assert.equal(namedGet, http.get);
  assert.equal(types.isProxy(http.get), false, 'the native one is back');
  http.request = ours;
  const again = install(port2);
  assert.equal(install(port2), again);
  agent.steer = () => 'deny';
  await assert.rejects(once(http.get(at), 'response'), { name: 'CheckrdPolicyDenied' });
  assert.equal(agent.asked.length, asked + 1);
  again();
  http.globalAgent.destroy();
  await until('the connections are closed', () => server.open.size === 0);
});
