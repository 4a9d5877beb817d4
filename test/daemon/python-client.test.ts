/** examples/daemon_client.py, as it stands, against a real daemon and a real upstream. */
import assert from 'node:assert/strict';
import { execFile, spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { endsWith } from '../support/ends-with.js';
import { Home } from '../support/home.js';
import { until } from '../support/until.js';
import { upstream } from '../support/upstream.js';

const python = spawnSync('python3', ['--version']).status === 0;

test('an agent in Python asks first, calls, and reports', {
  skip: !python && 'no python3 on this machine',
}, async t => {
  const server = await upstream();
  const home = new Home({
    'policy.yaml': 'default: deny\nrules:\n  - { name: reads, allow: { method: GET, url: "127.0.0.1:*/ok" } }\n',
    'checkrd.yaml':
      'policy: policy.yaml\naudit: { path: audit/daemon.jsonl }\ndaemon: { agents: [{ id: snake }], drain_timeout: 1 }\n',
  });
  const args = ['dist/cli/main.js', 'daemon', '--config', home.path('checkrd.yaml')];
  const daemon = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  daemon.stderr.on('data', text => {
    said += text;
  });
  const ended = endsWith(t, daemon);
  try {
    await until('the daemon', () => said.includes('"msg":"ready"') || daemon.exitCode !== null);
    const client = (path: string): Promise<{ stdout: string }> =>
      promisify(execFile)('python3', [
        'examples/daemon_client.py',
        home.path('agent', 'snake.sock'),
        'GET',
        `${server.origin}${path}`,
      ]);
    assert.equal((await client('/ok')).stdout, 'ok\n');
    await assert.rejects(client('/secret'), /denied, default_denied/);
    assert.deepEqual(server.seen, ['GET /ok']);
  } finally {
    daemon.kill('SIGTERM');
    await ended;
    await server.close();
  }
  const records = readFileSync(home.path('audit', 'daemon.jsonl'), 'utf8').trim().split('\n');
  const of = (type: string) => records.map(line => JSON.parse(line)).filter(record => record.type === type);
  assert.deepEqual(
    of('decision').map(record => [record.agent_id, record.code]),
    [
      ['snake', 'rule_allowed'],
      ['snake', 'default_denied'],
    ],
  );
  assert.equal(of('outcome')[0].status_code, 200);
  home.remove();
});
