// T-39, T-40, T-49 of THREAT-MODEL.md.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, lstatSync, mkdirSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { answers } from '#src/agent/decide.js';
import { openAgent } from '#src/agent/open.js';
import type { LiveDocument } from '#src/agent/types.js';
import type { AgentId, Sha256Hex } from '#src/core/brand.js';
import { startDaemon } from '#src/daemon/daemon.js';
import { daemonSettings, notifierInto, testDaemon } from '../support/daemon.js';
import { DaemonTestAgent } from '../support/daemon-agent.js';
import { tempFolder } from '../support/temp.js';
import { ask } from '../support/unix-http.js';
import { until } from '../support/until.js';

const LINE = JSON.stringify({ request: { method: 'GET', url: 'https://a.test/' } });
const quiet = () => {};
const parts = (folder: string, openAgent = async () => new DaemonTestAgent(), more = '') => ({
  settings: daemonSettings(folder, more),
  version: '0.0.0',
  logger: { debug: quiet, info: quiet, warn: quiet, error: quiet },
  notifier: notifierInto([]),
  events: { say: quiet },
  openAgent,
});

test('sockets are for owner and group; ready is said last', async t => {
  const { agent, main, crm } = await testDaemon(t);
  for (const path of [main, crm]) assert.equal(statSync(path).mode & 0o777, 0o660);
  assert.deepEqual(agent.acts, ['ready ok, strict, 2 agents, no policy']);
});

test('a group of the machine gets its socket', { skip: process.getuid?.() !== 0 && 'needs root' }, async t => {
  const folder = tempFolder(t);
  const settings = daemonSettings(folder);
  const agents = settings.daemon.agents.map((a, i) => ({ ...a, group: i === 0 ? 'daemon' : '12345' }));
  await testDaemon(t, { settings: { ...settings, daemon: { ...settings.daemon, agents } } }, folder);
  const daemonGroup = Number(execFileSync('getent', ['group', 'daemon'], { encoding: 'utf8' }).split(':')[2]);
  assert.equal(statSync(join(folder, 'agent/crm.sock')).gid, daemonGroup);
  assert.equal(statSync(join(folder, 'agent/billing.sock')).gid, 12345);
});

test('under a narrow umask, as units have it, agents still get as far as their sockets', async t => {
  const mask = process.umask(0o027);
  t.after(() => process.umask(mask));
  const { crm } = await testDaemon(t);
  assert.equal(statSync(dirname(crm)).mode & 0o777, 0o755);
  assert.equal(statSync(crm).mode & 0o777, 0o660);
});

test('an unknown group is a mistake in the settings', async t => {
  const folder = tempFolder(t);
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
  const folder = tempFolder(t);
  const other = createServer().listen(join(folder, 'checkrd.sock'));
  await once(other, 'listening');
  t.after(() => other.close());
  await assert.rejects(startDaemon(parts(folder)), { code: 'socket_in_use' });
  assert.ok(lstatSync(join(folder, 'checkrd.sock')).isSocket());
});

test('sockets of the dead are taken over', async t => {
  const folder = tempFolder(t);
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
    const folder = tempFolder(t);
    mkdirSync(join(folder, 'agent'));
    writeFileSync(join(folder, name), 'mine');
    await assert.rejects(startDaemon(parts(folder)), { code: 'socket_path_taken' });
    assert.ok(lstatSync(join(folder, name)).isFile());
  });
}

test('an agent that cannot be opened leaves no socket and no lock behind', async t => {
  const folder = tempFolder(t);
  const broken = async () => {
    throw new Error('no engine');
  };
  await assert.rejects(startDaemon(parts(folder, broken)), /no engine/);
  assert.ok(!existsSync(join(folder, 'checkrd.sock')));
  await testDaemon(t, {}, folder);
});

test('a stop refuses new calls, waits for outcomes, then closes everything', async t => {
  const folder = tempFolder(t);
  const settings = daemonSettings(folder);
  const patient = { ...settings, daemon: { ...settings.daemon, drainTimeout: 120 } };
  const { agent, daemon, crm, main } = await testDaemon(t, { settings: patient }, folder);
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
  const folder = tempFolder(t);
  chmodSync(folder, 0o755);
  const text = 'require_separation: true\n';
  await testDaemon(t, { settings: daemonSettings(folder, text) }, folder);

  const open = tempFolder(t);
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

test('a reload is said when it begins and when it is done', async t => {
  const { agent, daemon } = await testDaemon(t);
  daemon.hangup();
  assert.deepEqual(agent.acts.slice(1), ['reloading', 'hangup', 'reloaded ok, strict, 2 agents, no policy']);
});

test('the watchdog hears of it at once, and nothing while engine or socket do not answer or after a stop', async t => {
  const acts: string[] = [];
  const { agent, daemon, said, main } = await testDaemon(t, { notifier: notifierInto(acts, 20) });
  const alive = () => acts.filter(act => act === 'alive ok, strict, 2 agents, no policy').length;
  const ailing = () => said.filter(text => text.startsWith('engine or socket do not answer')).length;
  await until('two words', () => alive() >= 2);
  agent.throws = true;
  await until('it is ailing', () => ailing() >= 2);
  const [then, ailed] = [alive(), ailing()];
  await until('it is asked again', () => ailing() > ailed);
  assert.equal(alive(), then);
  agent.throws = false;
  await until('it is well again', () => alive() > then);
  renameSync(main, `${main}.away`);
  const lost = ailing();
  await until('nobody answers', () => ailing() > lost);
  renameSync(`${main}.away`, main);
  await daemon.stop();
  assert.equal(acts.at(-1), 'stopping');
});

test('that an engine answers is asked without charging a limit or writing a record; one that traps does not', async t => {
  const folder = tempFolder(t);
  const limit = '{ calls_per_hour: 1, per: global }';
  writeFileSync(join(folder, 'policy.yaml'), `default: allow\nrules:\n  - name: once\n    limit: ${limit}\n`);
  const agent = openAgent(daemonSettings(folder), { policyObject: null, disabled: false, warn: quiet });
  t.after(() => agent.close());
  const { size } = agent.health().audit;
  assert.deepEqual([agent.decides(), agent.decides()], [true, true]);
  assert.equal(agent.health().audit.size, size);
  const get = { method: 'GET', url: 'https://a.test/', headers: [], body: { kind: 'none' } } as const;
  const codes = [1, 2]
    .map(() => agent.begin(get, { agent: 'crm' as AgentId }))
    .map(begun => 'decision' in begun && begun.decision.code);
  assert.deepEqual(codes, ['default_allowed', 'rate_limited']);
  assert.equal(agent.decides(), true);
  const trap = (): never => {
    throw new Error('unreachable');
  };
  const engine = {
    inspectBytes: 0,
    headerNames: [],
    decide: trap,
    settle: trap,
    exportLimits: trap,
    importLimits: trap,
  };
  const documents = [{ engine } as unknown as LiveDocument];
  assert.equal(answers({ id: '0' as Sha256Hex, documents }, { wallMs: 0, monotonicMs: 0 }), false);
});
