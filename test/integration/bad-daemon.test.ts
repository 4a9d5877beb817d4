/** What `checkrd daemon` cannot start with: one error, exit code 2, and nobody else's file or socket is touched. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { DaemonHome } from '../support/daemon-home.js';
import { until } from '../support/until.js';

const SETTINGS = 'daemon: { agents: [{ id: crm }, { id: billing }], drain_timeout: 1 }\n';
const FILES = { 'policy.yaml': 'default: allow\nrules: []\n', 'checkrd.yaml': SETTINGS };

const REFUSED: readonly (readonly [name: string, put: (home: DaemonHome) => void, says: RegExp])[] = [
  [
    'a mistyped setting',
    home => home.write('checkrd.yaml', 'daemon:\n  agnets: []\n'),
    /checkrd\.yaml:2:3: `daemon\.agnets` is no setting \(did you mean `agents`\?\)\nhint: mend each place/,
  ],
  [
    'a file where the socket should be',
    home => home.write('checkrd.sock', 'x'),
    /`.*checkrd\.sock` exists and is no socket\nhint: move it away/,
  ],
  [
    "a file where an agent's socket should be",
    home => home.write('agent/crm.sock', 'x'),
    /`.*agent\/crm\.sock` exists and is no socket\nhint: move it away/,
  ],
  [
    'a log folder whose parent is missing',
    home => home.write('checkrd.yaml', `${SETTINGS}audit: { path: no/such/daemon.jsonl }\n`),
    /folder of the audit log `.*no\/such` does not exist \(mkdir -p -m 0750 '.*no\/such' makes it\)\nhint: make it/,
  ],
  [
    'a kill switch below a file',
    home => home.write('checkrd.yaml', `${SETTINGS}killswitch: policy.yaml/kill\n`),
    /folder `.*policy\.yaml` of the kill switch is not there and cannot be made/,
  ],
  [
    'an agent ID that is a path',
    home => home.write('checkrd.yaml', 'daemon: { agents: [{ id: ../x }] }\n'),
    /checkrd\.yaml:1:\d+: .*agent ID/,
  ],
];
test('what the daemon cannot start with: exit code 2, one error, nothing listening', async t => {
  const started = REFUSED.map(([name, put, says]) => {
    const home = new DaemonHome(t, FILES);
    put(home);
    return { name, says, home, daemon: home.spawn() };
  });
  for (const { name, says, home, daemon } of started) {
    assert.equal(await daemon.exit, 2, `${name}: ${daemon.said()}`);
    assert.match(daemon.said(), says, name);
    assert.equal(daemon.said().match(/^error: /gm)?.length, 1, daemon.said());
    assert.ok(!existsSync(home.path('checkrd.sock')) || readFileSync(home.path('checkrd.sock'), 'utf8') === 'x');
  }
});

test('a path on which a stranger listens is not taken from it', async t => {
  const home = new DaemonHome(t, FILES);
  mkdirSync(home.path('agent'));
  const stranger = createServer().listen(home.path('agent', 'crm.sock'));
  t.after(() => stranger.close());
  await until('the stranger', () => stranger.listening);
  const daemon = home.spawn();
  assert.equal(await daemon.exit, 2);
  assert.match(daemon.said(), /another process listens on `.*crm\.sock`/);
  assert.ok(existsSync(home.path('agent', 'crm.sock')));
});
