// T-106 of THREAT-MODEL.md.
/** Readiness through the real `systemd-notify` to a real datagram socket. */
import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { daemonReady, spawnDaemon } from '../support/daemon-process.js';
import { nobody, nobodysFolder, notRoot } from '../support/nobody.js';
import { markNotified, noNotifySocket, notifySocket } from '../support/notify-socket.js';
import { ask } from '../support/unix-http.js';
import { until } from '../support/until.js';

function prepared(t: TestContext, policy: string | null, folder = ownFolder(t)): string {
  writeFileSync(
    join(folder, 'checkrd.yaml'),
    'policy: policy.yaml\ndaemon: { agents: [{ id: crm }], drain_timeout: 1 }\n',
  );
  if (policy !== null) writeFileSync(join(folder, 'policy.yaml'), policy);
  return folder;
}

function ownFolder(t: TestContext): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'checkrd-notify-')));
  t.after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 10 }));
  return folder;
}

test('systemd hears READY with the main process, once the sockets answer, then STOPPING', {
  skip: noNotifySocket,
}, async t => {
  const folder = prepared(t, 'default: deny\nrules: []\n');
  const socket = join(folder, 'notify');
  const heard = await notifySocket(t, socket);
  const daemon = spawnDaemon(t, folder, { env: { NOTIFY_SOCKET: socket } });
  await until('READY=1', () => /^READY=1$/m.test(heard()));
  assert.equal((await ask(join(folder, 'agent', 'crm.sock'), '/readyz')).status, 200);
  await until('STATUS', () => /STATUS=ok, strict, 1 agent, policy [0-9a-f]{12}/.test(heard()));
  // Two datagrams stand together without a line between them.
  assert.match(heard(), new RegExp(`MAINPID=${daemon.pid}(?!\\d)`));
  assert.doesNotMatch(heard(), /STOPPING=1/);
  daemon.kill('SIGTERM');
  await until('STOPPING=1', () => heard().includes('STOPPING=1'));
  assert.equal(await daemon.exit, 0, daemon.said());
  assert.doesNotMatch(daemon.said(), /systemd could not be told/);
});

test('a daemon that cannot start never says READY', { skip: noNotifySocket }, async t => {
  const folder = prepared(t, 'default: deny\nrules: []\n');
  const socket = join(folder, 'notify');
  const heard = await notifySocket(t, socket);
  writeFileSync(join(folder, 'audit'), 'no folder');
  const daemon = spawnDaemon(t, folder, { env: { NOTIFY_SOCKET: socket } });
  assert.equal(await daemon.exit, 2, daemon.said());
  await markNotified(socket, heard, 'after its end');
  assert.match(heard(), /^STATUS=after its end/);
});

test('a notify socket where nobody listens is said, and the daemon serves all the same', {
  skip: noNotifySocket,
}, async t => {
  const folder = prepared(t, 'default: deny\nrules: []\n');
  const daemon = spawnDaemon(t, folder, { env: { NOTIFY_SOCKET: join(folder, 'nobody-listens') } });
  await daemonReady(daemon);
  await until('a warning', () => daemon.said().includes('systemd could not be told'));
  assert.equal((await ask(join(folder, 'agent', 'crm.sock'), '/readyz')).status, 200);
  daemon.kill('SIGTERM');
  assert.equal(await daemon.exit, 0);
});

test('as another user: the watchdog hears of a daemon that turns and not of one that hangs; a reload is said with its time', {
  skip: noNotifySocket || notRoot,
}, async t => {
  const folder = prepared(t, 'default: deny\nrules: []\n', nobodysFolder(t));
  const socket = join(folder, 'notify');
  const heard = await notifySocket(t, socket);
  chmodSync(socket, 0o666);
  const daemon = spawnDaemon(t, folder, { env: { NOTIFY_SOCKET: socket, WATCHDOG_USEC: '200000' }, ...nobody });
  const beats = (): number => heard().split('WATCHDOG=1').length - 1;
  await until('three words', () => beats() >= 3);
  daemon.kill('SIGHUP');
  await until('a reload', () =>
    /RELOADING=1\nMONOTONIC_USEC=\d+[\s\S]*READY=1\nSTATUS=ok, strict, 1 agent, policy/.test(heard()),
  );
  daemon.kill('SIGSTOP');
  await until('it stands', () => readFileSync(`/proc/${daemon.pid}/stat`, 'utf8').includes(') T '));
  // A word that was under way, in a process of its own, still arrives.
  const children = () => readFileSync(`/proc/${daemon.pid}/task/${daemon.pid}/children`, 'utf8').trim().split(' ');
  const running = (pid: string): boolean => pid !== '' && existsSync(`/proc/${pid}/exe`);
  await until('its words are said', () => !children().some(running));
  await markNotified(socket, heard, 'it stands');
  const before = beats();
  // Were it to go on, this would be long enough to hear of it.
  await new Promise(resolve => setTimeout(resolve, 500));
  await markNotified(socket, heard, 'it stood');
  assert.equal(beats(), before);
  daemon.kill('SIGCONT');
  await until('it goes on', () => beats() > before);
  assert.doesNotMatch(daemon.said(), /systemd could not be told/);
  daemon.kill('SIGTERM');
  assert.equal(await daemon.exit, 0);
});

test('a watchdog that waits for somebody else is not fed', { skip: noNotifySocket }, async t => {
  const folder = prepared(t, 'default: deny\nrules: []\n');
  const socket = join(folder, 'notify');
  const heard = await notifySocket(t, socket);
  const env = { NOTIFY_SOCKET: socket, WATCHDOG_USEC: '20000', WATCHDOG_PID: '1' };
  const daemon = spawnDaemon(t, folder, { env });
  await until('READY=1', () => heard().includes('READY=1'));
  daemon.kill('SIGTERM');
  await until('STOPPING=1', () => heard().includes('STOPPING=1'));
  assert.equal(await daemon.exit, 0);
  assert.doesNotMatch(heard(), /WATCHDOG=1/);
});
