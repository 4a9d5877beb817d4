/** `checkrd daemon` end to end: real processes, real sockets, a log that verifies at the end. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { test } from 'node:test';
import { cli } from '../support/cli.js';
import { DaemonHome } from '../support/daemon-home.js';
import { until } from '../support/until.js';

const POLICY = `default: deny
rules:
  - { name: reads, allow: { url: api.test/x } }
  - { name: rare, allow: { url: api.test/rare } }
  - { name: twice, limit: { calls_per_hour: 2, per: global, url: api.test/rare } }
  - { name: cap, deny: { url: api.test/x, body: { jsonpath: $.amount, min: 100 } } }
`;
const SETTINGS = 'daemon: { agents: [{ id: crm }, { id: billing }], drain_timeout: 1 }\n';
const FILES = { 'policy.yaml': POLICY, 'checkrd.yaml': SETTINGS };

const logs = (home: DaemonHome, ...more: string[]): string[] => [home.path('audit/daemon.jsonl'), ...more];
const verified = async (home: DaemonHome, ...more: string[]) => {
  const ran = await cli(['verify', '--key', home.path('keys/origin.pub'), ...logs(home, ...more)]);
  assert.equal(ran.code, 0, ran.out + ran.err);
};

test('from start to SIGTERM', async t => {
  // Longer than any machine takes for what is asked while it drains; it ends with the last call.
  const home = new DaemonHome(t, {
    ...FILES,
    'checkrd.yaml': SETTINGS.replace('drain_timeout: 1', 'drain_timeout: 60'),
  });
  const daemon = await home.start();
  const [health, ready] = [await home.ask('main', '/healthz'), await home.ask('main', '/readyz')];
  assert.deepEqual([health.status, health.body.status, ready.status], [200, 'ok', 200]);

  const allowed = await home.decide('crm');
  assert.deepEqual([allowed.body.result, allowed.body.matched_rule], ['allow', 'reads']);
  const done = { request_id: allowed.body.request_id, result: 'ok', status_code: 200 };
  assert.equal((await home.ask('billing', '/v1/outcome', done)).status, 404, 'not its call');
  assert.equal((await home.ask('crm', '/v1/outcome', done)).status, 200);
  assert.equal((await home.ask('crm', '/v1/outcome', done)).status, 404, 'once');
  const post = (amount: number) => ({
    request: { method: 'POST', url: 'https://api.test/x', body: JSON.stringify({ amount }) },
  });
  assert.equal((await home.ask('crm', '/v1/decide', post(100))).body.code, 'rule_denied');
  assert.equal((await home.ask('crm', '/v1/decide', post(99))).body.code, 'rule_allowed');

  // A limit of all agents together.
  const rare = (agent: string) => home.decide(agent, 'https://api.test/rare').then(answer => answer.body.code);
  assert.deepEqual(
    [await rare('crm'), await rare('billing'), await rare('crm'), await rare('billing')],
    ['rule_allowed', 'rule_allowed', 'rate_limited', 'rate_limited'],
  );
  // Its counters outlive a reload.
  home.replace('policy.yaml', POLICY.replace('reads', 'reads-again'));
  await until('the reload', async () => (await home.decide('crm')).body.matched_rule === 'reads-again');
  assert.equal(await rare('crm'), 'rate_limited');

  const mismatch = await home.decide('crm', undefined, { agent: 'billing' });
  assert.deepEqual([mismatch.status, (await home.decide('crm', undefined, { agent: 'crm' })).status], [403, 200]);
  assert.match(mismatch.text, /agent_mismatch.*this socket belongs to agent 'crm'/);
  assert.equal((await home.decide('main')).status, 403);

  const bad: readonly (readonly [body: string, status: number, says: RegExp])[] = [
    ['{"request":', 400, /"ok":false,"errors":\[\{"code":"/],
    ['', 400, /"ok":false/],
    ['[]', 400, /"ok":false/],
    ['{"reqest":{}}', 400, /a line has `request`/],
    ['{"request":{"method":"GET","url":"https://api.test/x"},"killed":false}', 400, /looks for itself/],
    ['{"load_file":"/etc/passwd"}', 400, /decides by its own policy/],
    [
      JSON.stringify({ request: { method: 'POST', url: 'https://api.test/x', body: 'x'.repeat(3 << 20) } }),
      413,
      /at most/,
    ],
  ];
  for (const [body, status, says] of bad) {
    const answer = await home.ask('crm', '/v1/decide', body);
    assert.equal(answer.status, status, body.slice(0, 80));
    assert.match(answer.text, says);
  }
  assert.equal((await home.decide('crm', '/relative')).body.code, 'request_invalid');

  const log = home.path('audit/daemon.jsonl');
  renameSync(log, `${log}.1`);
  daemon.kill('SIGHUP');
  await until('the next file', () => existsSync(log));

  const open = (await home.decide('crm')).body;
  home.write('killswitch', 'reason: drill\n');
  const killed = (await home.decide('crm')).body;
  assert.deepEqual([killed.code, killed.reason], ['kill_switch', 'the kill switch stops every agent: drill']);
  assert.equal((await home.ask('crm', '/v1/outcome', { request_id: open.request_id, result: 'ok' })).status, 404);
  assert.match((await home.ask('main', '/healthz')).text, /"reason":"drill"/);
  rmSync(home.path('killswitch'));
  home.write('killswitch.d/billing', '');
  assert.equal((await home.decide('billing')).body.code, 'kill_switch');
  const another = (await home.decide('crm')).body;
  assert.equal(another.result, 'allow');
  rmSync(home.path('killswitch.d/billing'));

  const last = (await home.decide('crm')).body;
  assert.equal((await home.ask('crm', '/v1/outcome', { request_id: another.request_id, result: 'ok' })).status, 200);
  daemon.kill('SIGTERM');
  await until('draining', () => daemon.said().includes('"msg":"stopping"'));
  assert.equal((await home.decide('crm')).status, 503);
  assert.equal((await home.ask('crm', '/v1/outcome', { request_id: last.request_id, result: 'ok' })).status, 200);
  assert.equal(await daemon.exit, 0, daemon.said());
  assert.ok(!existsSync(home.path('checkrd.sock')));
  await verified(home, `${log}.1`);
  const outcomes = readFileSync(log, 'utf8')
    .split('\n')
    .filter(line => line.includes('"type":"outcome"'));
  const of = (id: unknown) => outcomes.find(line => line.includes(String(id)));
  assert.match(of(open.request_id) ?? '', /"result":"killed"/);
  assert.match(of(last.request_id) ?? '', /"result":"ok"/);
});

test('1,000 decisions at once, beside clients that never finish a request', async t => {
  const home = new DaemonHome(t, FILES);
  const daemon = await home.start();
  const slow = await Promise.all(
    Array.from({ length: 5 }, async (_, i) => {
      const socket = connect(home.path('agent/crm.sock'));
      socket.on('error', () => undefined);
      socket.write(['', 'POST /v1/dec', 'POST /v1/decide HTTP/1.1\r\ncontent-length: 100\r\n\r\n{'][i % 3] as string);
      return socket;
    }),
  );
  // It sees none of them before all are there.
  daemon.kill('SIGSTOP');
  const asked = Array.from({ length: 1000 }, () => home.decide('crm'));
  await new Promise(setImmediate);
  daemon.kill('SIGCONT');
  const answers = await Promise.all(asked);
  assert.ok(answers.every(answer => answer.status === 200 && answer.body.result === 'allow'));
  assert.equal(new Set(answers.map(answer => answer.body.request_id)).size, 1000);
  assert.match((await home.ask('main', '/healthz')).text, /"open_calls":1000/);
  for (const socket of slow) socket.destroy();
  daemon.kill('SIGTERM');
  assert.equal(await daemon.exit, 0);
  const text = readFileSync(home.path('audit/daemon.jsonl'), 'utf8');
  for (const { body } of answers) assert.ok(text.includes(String(body.request_id)));
  assert.equal(text.match(/"result":"aborted"/g)?.length, 1000);
  await verified(home);
});

test('a second start is refused; after kill -9 the next takes over, and the log goes on', async t => {
  const home = new DaemonHome(t, FILES);
  const first = await home.start();
  const second = home.spawn();
  assert.equal(await second.exit, 2);
  assert.match(second.said(), /another process listens on `.*checkrd\.sock`\nhint: stop the daemon that runs/);
  assert.equal((await home.decide('crm')).body.result, 'allow');
  first.kill('SIGKILL');
  await first.exit;
  assert.ok(existsSync(home.path('agent/crm.sock')));
  const third = await home.start();
  assert.equal((await home.decide('crm')).body.result, 'allow');
  third.kill('SIGTERM');
  assert.equal(await third.exit, 0);
  await verified(home);
  const log = readFileSync(home.path('audit/daemon.jsonl'), 'utf8');
  assert.equal(log.match(/"type":"log_started"/g)?.length, 1);
  assert.equal(log.match(/"code":"rule_allowed"/g)?.length, 2);
});
