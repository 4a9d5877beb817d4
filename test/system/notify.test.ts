/** Readiness through the real `systemd-notify` to a real datagram socket. */
import assert from 'node:assert/strict';
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { daemonReady, spawnDaemon } from '../support/daemon-process.js';
import { noNotifySocket, notifySocket } from '../support/notify-socket.js';
import { ask } from '../support/unix-http.js';
import { until } from '../support/until.js';

function prepared(t: TestContext, policy: string | null): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'checkrd-notify-')));
  t.after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 10 }));
  writeFileSync(
    join(folder, 'checkrd.yaml'),
    'policy: policy.yaml\ndaemon: { agents: [{ id: crm }], drain_timeout: 1 }\n',
  );
  if (policy !== null) writeFileSync(join(folder, 'policy.yaml'), policy);
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
  assert.equal(heard(), '');
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
