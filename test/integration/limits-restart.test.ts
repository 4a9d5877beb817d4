/** T-43: counters of limits and restarts of the daemon, each a real process on one folder. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { DaemonHome } from '../support/daemon-home.js';
import { until } from '../support/until.js';

const policy = (perHour: number, name = 'few'): string => `default: allow
rules:
  - { name: ${name}, limit: { calls_per_hour: ${perHour}, per: agent, url: api.test/few } }
  - { name: once, limit: { calls_per_day: 1, per: endpoint, url: api.test/once/** } }
`;
const LAYER = `default: allow
rules:
  - { name: layered, limit: { calls_per_hour: 1, per: global, url: api.test/layered } }
`;
const FILES = {
  'policy.yaml': policy(2),
  'policy.d/10-cap.yaml': LAYER,
  'checkrd.yaml': 'daemon: { agents: [{ id: crm }, { id: billing }], drain_timeout: 0 }\n',
};

function stored(home: DaemonHome): string {
  const [name = 'none', ...more] = readdirSync(home.path('state/limits')).filter(entry => !entry.startsWith('.'));
  assert.deepEqual(more, []);
  return home.path('state/limits', name);
}

const ask = async (home: DaemonHome, agent: string, path: string): Promise<unknown> =>
  (await home.decide(agent, `https://api.test/${path}`)).body.code;

test('what was counted counts after a stop, after kill -9, under another N, and in a layer', async t => {
  const home = new DaemonHome(t, FILES);
  const first = await home.start();
  const calls = ['few', 'once/17', 'layered'];
  for (const path of calls) assert.equal(await ask(home, 'crm', path), 'default_allowed');
  first.kill('SIGTERM');
  assert.equal(await first.exit, 0);

  const second = await home.start();
  assert.deepEqual(
    [await ask(home, 'crm', 'once/42'), await ask(home, 'crm', 'layered'), await ask(home, 'billing', 'layered')],
    ['rate_limited', 'rate_limited', 'rate_limited'],
  );
  // Nothing else is counted before it: what changes then is its counter.
  const before = readFileSync(stored(home));
  assert.equal(await ask(home, 'crm', 'few'), 'default_allowed', 'the second of two');
  await until('the counters are kept', () => !readFileSync(stored(home)).equals(before));
  assert.equal(await ask(home, 'billing', 'few'), 'default_allowed', 'a key of its own');
  second.kill('SIGKILL');
  await second.exit;

  // As if it had been killed over a write.
  writeFileSync(home.path('state/limits/.1-1.tmp'), 'half');
  const third = await home.start();
  assert.ok(!existsSync(home.path('state/limits/.1-1.tmp')));
  assert.equal(await ask(home, 'crm', 'few'), 'rate_limited');
  assert.equal(await ask(home, 'billing', 'few'), 'default_allowed');
  third.kill('SIGTERM');
  await third.exit;

  // A rule by another name is another rule; one with another N is not.
  home.replace('policy.yaml', policy(3));
  const fourth = await home.start();
  assert.deepEqual([await ask(home, 'crm', 'few'), await ask(home, 'crm', 'few')], ['default_allowed', 'rate_limited']);
  fourth.kill('SIGTERM');
  await fourth.exit;
  home.replace('policy.yaml', policy(3, 'other'));
  await home.start();
  assert.equal(await ask(home, 'crm', 'few'), 'default_allowed');
});

test('counters that cannot be read let nothing pass until an operator has decided; those that cannot be kept are said', async t => {
  const home = new DaemonHome(t, FILES);
  const first = await home.start();
  assert.equal(await ask(home, 'crm', 'layered'), 'default_allowed');
  first.kill('SIGTERM');
  await first.exit;
  const path = stored(home);
  const good = readFileSync(path);
  for (const [what, bytes] of [
    ['cut off', good.subarray(0, -1)],
    ['emptied', Buffer.alloc(0)],
    ['a counter changed', Buffer.concat([good.subarray(0, -1), Buffer.of((good.at(-1) ?? 0) ^ 0x80)])],
  ] as const) {
    writeFileSync(path, bytes);
    const daemon = await home.start();
    assert.equal(await ask(home, 'crm', 'few'), 'policy_missing', what);
    const health = await home.ask('main', '/healthz');
    assert.match(health.text, /limits_unreadable.*remove it, and every limit begins with an empty window/, what);
    daemon.kill('SIGTERM');
    await daemon.exit;
    assert.deepEqual(readFileSync(path), bytes, 'left as it was, for a person to look at');
  }

  await home.start();
  assert.equal(await ask(home, 'crm', 'few'), 'policy_missing');
  rmSync(path);
  await until('the policy', async () => (await ask(home, 'crm', 'layered')) === 'default_allowed');

  rmSync(home.path('state/limits'), { recursive: true, force: true });
  writeFileSync(home.path('state/limits'), 'no folder');
  assert.equal(await ask(home, 'crm', 'once/1'), 'default_allowed');
  await until('the warning', async () => (await home.ask('main', '/healthz')).text.includes('could not be kept in'));
  rmSync(home.path('state/limits'));
  await until('its end', async () => !(await home.ask('main', '/healthz')).text.includes('could not be kept in'));
});
