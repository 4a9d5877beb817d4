/** `node:http` against the real policy, switch and log: judged with its body, recorded, ended by `touch`. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http, { type ClientRequest, type IncomingMessage } from 'node:http';
import { test } from 'node:test';
import { openLibrary } from '#src/agent/open-library.js';
import { install } from '#src/transports/node-http/install.js';
import { Home } from '../support/home.js';
import { until } from '../support/until.js';
import { startWireServer } from '../support/wire-server.js';

for (const durability of ['write', 'fsync']) {
  test(`policy, body rule, Unix socket, tunnel, kill switch, log (durability: ${durability})`, async t => {
    const server = await startWireServer();
    const { port } = server;
    const home = new Home({
      'checkrd.yaml': `audit:\n  durability: ${durability}\n`,
      'policy.yaml': [
        'default: deny',
        'rules:',
        `  - { name: reads, allow: { method: [GET], url: "http://127.0.0.1:${port}/**" } }`,
        `  - { name: small, allow: { method: [POST], url: "http://127.0.0.1:${port}/**", body: { jsonpath: $.amount, max: 100 } } }`,
        `  - { name: proxy, allow: { method: CONNECT, url: "tcp://127.0.0.1:${port}" } }`,
        '  - { name: tunnel, allow: { method: CONNECT, url: "tcp://far.example:443" } }',
        '  - { name: socket, allow: { tool: "node:net", args: { jsonpath: $.path, exact: /nowhere.sock } } }',
        '  - { name: over it, allow: { method: GET, url: "http://localhost/v1" } }',
        '',
      ].join('\n'),
    });
    const agent = openLibrary({ options: { configDir: home.dir, agentId: 'web' }, env: {} });
    const undo = install({ agent, agentId: agent.agentId });
    t.after(async () => {
      undo();
      http.globalAgent.destroy();
      await agent.close();
      await server.close();
      home.remove();
    });
    const at = { host: '127.0.0.1', port };
    const status = async (request: ClientRequest): Promise<unknown> => {
      try {
        const [res] = (await once(request, 'response')) as [IncomingMessage];
        await res.resume().toArray();
        return res.statusCode;
      } catch (error) {
        return (error as { code: string }).code;
      }
    };
    const post = (amount: number): ClientRequest =>
      http
        .request({ ...at, method: 'POST', path: '/pay', headers: { 'Content-Type': 'application/json' } })
        .end(JSON.stringify({ amount }));

    assert.equal(await status(http.get({ ...at, path: '/ok' })), 200);
    assert.equal(await status(post(100)), 200);
    assert.equal(await status(post(101)), 'default_denied');
    assert.equal(await status(http.get({ ...at, path: '/ok', headers: { Host: 'good.example' } })), 'request_invalid');
    assert.equal(await status(http.get({ socketPath: '/nowhere.sock', path: '/v1' })), 'ENOENT');
    assert.equal(await status(http.get({ socketPath: '/other.sock', path: '/v1' })), 'default_denied');
    const tunnel = http.request({ ...at, method: 'CONNECT', path: 'far.example:443' }).end();
    const [, socket] = await once(tunnel, 'connect');
    const stream = http.get({ ...at, path: '/stream' });
    const [res] = (await once(stream, 'response')) as [IncomingMessage];
    const closed = new Promise(resolve => socket.on('error', () => undefined).on('close', resolve));
    const ended = Promise.all([res.toArray().catch((error: { code: string }) => error.code), closed]);
    home.write('killswitch', '');
    assert.equal((await ended)[0], 'kill_switch');
    assert.equal(await status(http.get({ ...at, path: '/ok' })), 'kill_switch');
    assert.ok(!server.wire.join('').includes('101') && !server.wire.join('').includes('good.example'));

    await until('all is recorded', () => home.records('web').filter(({ type }) => type === 'outcome').length >= 7);
    const records = home.records('web');
    const results = new Map(records.filter(r => r.type === 'outcome').map(r => [r.request_id, r.result]));
    const told = records
      .filter(({ type }) => type === 'decision')
      .map(r => [r.method, r.tool ?? r.url_path, r.matched_rule ?? r.code, results.get(r.request_id) ?? null]);
    assert.deepEqual(told, [
      ['GET', '/ok', 'reads', 'ok'],
      ['POST', '/pay', 'small', 'ok'],
      ['POST', '/pay', 'default_denied', null],
      ['GET', '/ok', 'request_invalid', null],
      ['POST', 'node:net', 'socket', 'error'],
      ['GET', '/v1', 'over it', 'error'],
      ['POST', 'node:net', 'default_denied', null],
      ['CONNECT', '/', 'proxy', 'killed'],
      ['CONNECT', '/', 'tunnel', 'killed'],
      ['GET', '/stream', 'reads', 'killed'],
      ['GET', '/ok', 'kill_switch', null],
    ]);
  });
}
