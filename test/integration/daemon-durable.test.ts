/** Promise: the daemon answers when the disk has the record, and a flood of one agent slows that agent only. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { cli } from '../support/cli.js';
import { DaemonHome } from '../support/daemon-home.js';
import { until } from '../support/until.js';

const POLICY = 'default: deny\nrules:\n  - { name: reads, allow: { url: api.test/x } }\n';
const AGENTS = 'daemon: { agents: [{ id: crm }, { id: billing }], drain_timeout: 1 }\n';

test('durability fsync, and files of 64 KiB: many callers at once, each answered, all recorded, and it verifies', async t => {
  const audit = 'audit: { durability: fsync, rotate_bytes: 65536 }\n';
  const home = new DaemonHome(t, { 'policy.yaml': POLICY, 'checkrd.yaml': AGENTS + audit });
  const daemon = await home.start();
  for (let round = 0; round < 3; round += 1) {
    const answers = await Promise.all(Array.from({ length: 64 }, () => home.decide('crm')));
    assert.deepEqual(new Set(answers.map(({ body }) => body.code)), new Set(['rule_allowed']));
  }
  home.write('killswitch', '');
  assert.equal((await home.decide('crm')).body.code, 'kill_switch');
  daemon.kill('SIGTERM');
  await daemon.exit;
  const files = readdirSync(home.path('audit')).filter(name => /^daemon\.\d+\.jsonl$/.test(name));
  assert.ok(files.length >= 2, files.join(' '));
  const paths = [...files.map(name => home.path('audit', name)), home.path('audit/daemon.jsonl')];
  const ran = await cli(['verify', '--key', home.path('keys/origin.pub'), ...paths]);
  assert.equal(ran.code, 0, ran.out + ran.err);
});

test('a flood of denials of one agent: answered late, another agent at once', async t => {
  const home = new DaemonHome(t, { 'policy.yaml': POLICY, 'checkrd.yaml': AGENTS });
  await home.start();
  const startedMs = performance.now();
  const codes: unknown[] = [];
  // The last of them would be answered in four seconds, but for the end of the test.
  for (let n = 0; n < 250; n++) {
    void home.decide('crm', 'https://api.test/forbidden').then(
      ({ body }) => codes.push(body.code),
      () => undefined,
    );
  }
  await until('some answers', () => codes.length >= 40);
  assert.equal((await home.decide('billing', 'https://api.test/forbidden')).body.code, 'default_denied');
  assert.ok(codes.length < 250, 'the other agent was not behind all of them');
  await until('most answers', () => codes.length >= 150);
  const floodMs = performance.now() - startedMs;
  assert.ok(floodMs >= 1500, `150 denials took ${floodMs} ms`);
  assert.ok(codes.every(code => code === 'default_denied'));
  const recorded = () => home.records('daemon').filter(record => record.code === 'default_denied').length;
  await until('all are recorded', () => recorded() === 251);
});
