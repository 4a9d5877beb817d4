/**
 * Events as the real `logger --journald` hands them over: the daemon in a mount namespace whose journal socket is the test's.
 */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { EVENTS } from '#src/core/events.js';
import { Home } from '../support/home.js';
import { until } from '../support/until.js';

const RECEIVE = `
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind('/run/systemd/journal/socket')
out = open(sys.argv[1], 'ab', buffering=0)
open(sys.argv[2], 'w').close()
while True: out.write(s.recv(65536) + b'\\n')
`;
const SCRIPT = `
mkdir -p /run/systemd && mount -t tmpfs none /run/systemd && mkdir /run/systemd/journal || exit 1
python3 -c "$RECEIVE" "$1/received" "$1/bound" &
receiver=$!
trap 'kill "$receiver" 2>/dev/null' EXIT
trap 'exit 1' TERM
while [ ! -e "$1/bound" ]; do sleep 0.02; done
"$NODE" dist/cli/main.js daemon --config "$1/checkrd.yaml" &
daemon=$!
trap 'kill -TERM "$daemon"' TERM
wait "$daemon"; wait "$daemon"
for i in $(seq 400); do grep -q 'CHECKRD_EVENT=stopped' "$1/received" && break; sleep 0.05; done
`;
const can = (program: string, ...args: string[]) => spawnSync(program, args).status === 0;
const skip =
  process.getuid?.() !== 0
    ? 'not root'
    : !can('unshare', '-m', 'true')
      ? 'no mount namespaces here'
      : !can('logger', '--version') || !can('python3', '--version')
        ? 'no logger (util-linux) or python3 on this machine'
        : false;

test('a kill, a refused policy and the daemon’s own life reach the journal with ID, code and agent', {
  skip,
}, async t => {
  const home = new Home({
    'policy.yaml': 'default: deny\nrules: []\n',
    'checkrd.yaml': 'daemon: { agents: [{ id: crm }], drain_timeout: 1 }\n',
  });
  const child = spawn('unshare', ['-m', 'sh', '-c', SCRIPT, 'sh', home.dir], {
    env: { PATH: process.env.PATH, NODE: process.execPath, RECEIVE, JOURNAL_STREAM: '8:1' },
    stdio: 'ignore',
    // A group of its own, so that all of them end with the test.
    detached: true,
  });
  const exit = once(child, 'exit');
  t.after(async () => {
    try {
      process.kill(-(child.pid as number), 'SIGKILL');
    } catch {
      // They have ended.
    }
    await exit;
    home.remove();
  });
  const received = () => (existsSync(home.path('received')) ? readFileSync(home.path('received'), 'utf8') : '');
  const entryOf = async (event: keyof typeof EVENTS): Promise<string> => {
    await until(event, () => received().includes(`CHECKRD_EVENT=${event}\n`));
    const found = received()
      .split('\n\n')
      .find(entry => entry.includes(`CHECKRD_EVENT=${event}\n`) || entry.endsWith(`CHECKRD_EVENT=${event}`));
    return found ?? '';
  };
  assert.match(await entryOf('ready'), new RegExp(`^MESSAGE_ID=${EVENTS.ready.messageId}$`, 'm'));
  writeFileSync(home.path('killswitch.d', 'crm'), '');
  const kill = await entryOf('kill_engaged');
  for (const line of [
    `MESSAGE_ID=${EVENTS.kill_engaged.messageId}`,
    'PRIORITY=3',
    'SYSLOG_IDENTIFIER=checkrd',
    'CHECKRD_AGENT=crm',
  ])
    assert.ok(kill.split('\n').includes(line), `${line}\n${kill}`);
  rmSync(home.path('killswitch.d', 'crm'));
  await entryOf('kill_released');
  home.replace('policy.yaml', 'nonsense: true\n');
  assert.match(await entryOf('policy_rejected'), /^CHECKRD_CODE=\w+$/m);
  child.kill('SIGTERM');
  await entryOf('stopped');
});
