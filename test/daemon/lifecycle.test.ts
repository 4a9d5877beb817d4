// T-39, T-40, T-49 of THREAT-MODEL.md.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, lstatSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { startDaemon } from '#src/daemon/daemon.js';
import { daemonSettings, temporaryFolder, testDaemon } from '../support/daemon.js';
import { DaemonTestAgent } from '../support/daemon-agent.js';
import { ask } from '../support/unix-http.js';

const LINE = JSON.stringify({ request: { method: 'GET', url: 'https://a.test/' } });
const quiet = () => {};
const parts = (folder: string, openAgent = async () => new DaemonTestAgent(), more = '') => ({
  settings: daemonSettings(folder, more),
  version: '0.0.0',
  logger: { debug: quiet, info: quiet, warn: quiet, error: quiet },
  notifier: { ready: async () => {}, stopping: quiet },
  events: { say: quiet },
  openAgent,
});

test('sockets are for owner and group; ready is said last', async t => {
  const { agent, main, crm } = await testDaemon(t);
  for (const path of [main, crm]) assert.equal(statSync(path).mode & 0o777, 0o660);
  assert.deepEqual(agent.acts, ['ready 2 agents, strict']);
});

test('a group of the machine gets its socket', { skip: process.getuid?.() !== 0 && 'needs root' }, async t => {
  const folder = temporaryFolder(t);
  const settings = daemonSettings(folder);
  const agents = settings.daemon.agents.map((a, i) => ({ ...a, group: i === 0 ? 'daemon' : '12345' }));
  await testDaemon(t, { settings: { ...settings, daemon: { ...settings.daemon, agents } } }, folder);
  const daemonGroup = Number(execFileSync('getent', ['group', 'daemon'], { encoding: 'utf8' }).split(':')[2]);
  assert.equal(statSync(join(folder, 'agent/crm.sock')).gid, daemonGroup);
  assert.equal(statSync(join(folder, 'agent/billing.sock')).gid, 12345);
});

test('an unknown group is a mistake in the settings', async t => {
  const folder = temporaryFolder(t);
  const settings = daemonSettings(folder, 'operators_group: no-such-group-here\n');
  await assert.rejects(startDaemon({ ...parts(folder), settings }), { code: 'group_unknown' });
});

test('a second daemon is refused before it opens the log; the first lives on', async t => {
  const first = await testDaemon(t);
  let opened = 0;
  const count = async () => {
    opened += 1;
    return new DaemonTestAgent();
  };
  const second = startDaemon(parts(first.folder, count));
  await assert.rejects(second, { code: 'socket_in_use' });
  assert.equal(opened, 0);
  assert.equal((await ask(first.crm, '/v1/decide', LINE)).status, 200);
});

test('a listener that knows no lock is respected too', async t => {
  const folder = temporaryFolder(t);
  const other = createServer().listen(join(folder, 'checkrd.sock'));
  await once(other, 'listening');
  t.after(() => other.close());
  await assert.rejects(startDaemon(parts(folder)), { code: 'socket_in_use' });
  assert.ok(lstatSync(join(folder, 'checkrd.sock')).isSocket());
});

test('sockets of the dead are taken over', async t => {
  const folder = temporaryFolder(t);
  mkdirSync(join(folder, 'agent'));
  const paths = [join(folder, 'checkrd.sock'), join(folder, 'agent/crm.sock')];
  const listening = paths.map(p => `require('net').createServer().listen(${JSON.stringify(p)})`).join(';');
  const dead = spawn(process.execPath, ['-e', `${listening};setTimeout(()=>process.kill(process.pid,'SIGKILL'),100)`]);
  await once(dead, 'exit');
  for (const path of paths) assert.ok(existsSync(path));
  const { crm } = await testDaemon(t, {}, folder);
  assert.equal((await ask(crm, '/v1/decide', LINE)).status, 200);
});

for (const name of ['checkrd.sock', 'agent/crm.sock']) {
  test(`a file at ${name} is not removed`, async t => {
    const folder = temporaryFolder(t);
    mkdirSync(join(folder, 'agent'));
    writeFileSync(join(folder, name), 'mine');
    await assert.rejects(startDaemon(parts(folder)), { code: 'socket_path_taken' });
    assert.ok(lstatSync(join(folder, name)).isFile());
  });
}

test('an agent that cannot be opened leaves no socket and no lock behind', async t => {
  const folder = temporaryFolder(t);
  const broken = async () => {
    throw new Error('no engine');
  };
  await assert.rejects(startDaemon(parts(folder, broken)), /no engine/);
  assert.ok(!existsSync(join(folder, 'checkrd.sock')));
  await testDaemon(t, {}, folder);
});

test('a stop refuses new calls, waits for outcomes, then closes everything', async t => {
  const { agent, daemon, crm, main } = await testDaemon(t);
  const { request_id } = (await ask(crm, '/v1/decide', LINE)).body;
  const stopped = daemon.stop();
  assert.equal((await ask(crm, '/v1/decide', LINE)).status, 503);
  assert.equal((await ask(main, '/readyz')).status, 503);
  assert.equal((await ask(main, '/healthz')).body.status, 'stopping');
  assert.equal((await ask(crm, '/v1/outcome', JSON.stringify({ request_id, result: 'ok' }))).status, 200);
  await stopped;
  assert.deepEqual(agent.outcomes, [{ requestId: request_id, result: 'ok' }]);
  assert.deepEqual(agent.acts.slice(1), ['stopping', 'close']);
  assert.ok(!existsSync(crm) && !existsSync(main));
});

test('a stop does not wait for ever: calls without outcome are recorded as aborted', async t => {
  const { agent, daemon, crm } = await testDaemon(t);
  await ask(crm, '/v1/decide', LINE);
  await daemon.stop();
  assert.deepEqual(
    agent.outcomes.map(o => o.result),
    ['aborted'],
  );
});

test('hanging connections do not hold a stop up', async t => {
  const { daemon, crm } = await testDaemon(t);
  const idle = connect(crm);
  idle.on('error', quiet);
  await once(idle, 'connect');
  idle.write('POST /v1/decide HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{');
  await daemon.stop();
  idle.destroy();
});

test('a request that never ends is cut off', async t => {
  const { crm } = await testDaemon(t, { timeouts: { headersMs: 200, requestMs: 300 } });
  const slow = connect(crm);
  t.after(() => slow.destroy());
  slow.write('POST /v1/decide HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{');
  const [answer] = (await once(slow, 'data')) as [Buffer];
  assert.match(answer.toString(), /^HTTP\/1\.1 408/);
});

test('require_separation refuses what agents could write, before anything is opened', async t => {
  const folder = temporaryFolder(t);
  chmodSync(folder, 0o755);
  const text = 'require_separation: true\n';
  await testDaemon(t, { settings: daemonSettings(folder, text) }, folder);

  const open = temporaryFolder(t);
  chmodSync(open, 0o757);
  await assert.rejects(startDaemon(parts(open, undefined, text)), { code: 'not_separate' });
  chmodSync(open, 0o775);
  await assert.rejects(startDaemon(parts(open, undefined, text)), { code: 'not_separate' });
  chmodSync(open, 0o755);
  for (const name of ['trust', 'policy.d']) {
    mkdirSync(join(open, name), { recursive: true });
    chmodSync(join(open, name), 0o777);
    await assert.rejects(startDaemon(parts(open, undefined, text)), {
      code: 'not_separate',
      message: new RegExp(name),
    });
    chmodSync(join(open, name), 0o755);
  }
  assert.ok(!existsSync(join(open, 'checkrd.sock.lock')));
});
