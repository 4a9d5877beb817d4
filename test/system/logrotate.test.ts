/**
 * The snippet of the packages under the real logrotate, while the daemon answers: no record is lost or doubled.
 *
 * Only paths, user and the reload differ from what is shipped: here is no user `checkrd` and no service manager.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { Agent } from 'node:http';
import { join } from 'node:path';
import { test } from 'node:test';
import { daemonReady, spawnDaemon } from '../support/daemon-process.js';
import { logrotateSnippet } from '../support/logrotate-snippet.js';
import { nobody, nobodysFolder, notRoot } from '../support/nobody.js';
import { ask } from '../support/unix-http.js';
import { until } from '../support/until.js';

const ROTATIONS = 6;
/** Answers between two rotations, at least. */
const BETWEEN = 300;
const WORKERS = 8;
const missing = spawnSync('logrotate', ['--version']).error === undefined ? false : 'no logrotate on this machine';

const SETTINGS =
  'policy: policy.yaml\naudit: { path: logs/audit.jsonl, url_path: raw }\ndaemon: { agents: [{ id: crm }], drain_timeout: 1 }\n';
const POLICY = 'default: deny\nrules:\n  - { name: reads, allow: { method: GET, url: api.test/** } }\n';

test('the snippet never copies and truncates', () => {
  const said = readFileSync('packaging/logrotate/checkrd', 'utf8').replace(/#.*/g, '');
  assert.doesNotMatch(said, /copytruncate/);
  assert.match(said, /^ +delaycompress$/m);
});

test(`${ROTATIONS} rotations under load lose and double nothing`, { skip: notRoot || missing }, async t => {
  const folder = nobodysFolder(t);
  const logs = join(folder, 'logs');
  writeFileSync(join(folder, 'checkrd.yaml'), SETTINGS);
  writeFileSync(join(folder, 'policy.yaml'), POLICY);
  const daemon = spawnDaemon(t, folder, nobody);
  await daemonReady(daemon);
  const conf = join(folder, 'logrotate.conf');
  writeFileSync(conf, logrotateSnippet(logs, daemon.pid), { mode: 0o644 });

  const socket = join(folder, 'agent', 'crm.sock');
  const agent = new Agent({ keepAlive: true, maxSockets: WORKERS });
  const answered: string[] = [];
  let outcomes = 0;
  let going = true;
  const worker = async (id: number): Promise<void> => {
    for (let n = 0; going; n++) {
      const method = n % 5 === 4 ? 'DELETE' : 'GET';
      const line = JSON.stringify({ request: { method, url: `https://api.test/${id}/${n}` } });
      const decided = await ask(socket, '/v1/decide', line, { agent });
      assert.equal(decided.status, 200, decided.text);
      assert.equal(decided.body.code, method === 'GET' ? 'rule_allowed' : 'default_denied', decided.text);
      answered.push(String(decided.body.request_id));
      if (method !== 'GET') continue;
      const outcome = { request_id: decided.body.request_id, result: 'ok', status_code: 200 };
      const ended = await ask(socket, '/v1/outcome', JSON.stringify(outcome), { agent });
      assert.equal(ended.status, 200, ended.text);
      outcomes++;
    }
  };
  const load = Promise.all(Array.from({ length: WORKERS }, (_, id) => worker(id)));
  load.catch(() => undefined);

  for (let rotation = 1; rotation <= ROTATIONS; rotation++) {
    const from = answered.length;
    await until('answers', () => answered.length >= from + BETWEEN);
    const done = spawnSync('logrotate', ['-f', '-s', join(folder, 'logrotate.state'), conf], { encoding: 'utf8' });
    assert.equal(done.status, 0, done.stderr);
    const rotated = answered.length;
    await until('answers after the rotation', () => answered.length >= rotated + BETWEEN);
  }
  going = false;
  await load;
  agent.destroy();
  daemon.kill('SIGTERM');
  assert.equal(await daemon.exit, 0, daemon.said());

  const files = readdirSync(logs).filter(name => /^audit\.jsonl(\.\d+(\.gz)?)?$/.test(name));
  assert.equal(files.length, ROTATIONS + 1, files.join(' '));
  assert.equal(files.filter(name => name.endsWith('.gz')).length, ROTATIONS - 1);
  assert.equal(statSync(join(logs, 'audit.jsonl')).mode & 0o777, 0o640);
  for (const name of files.filter(name => name.endsWith('.gz'))) {
    assert.equal(spawnSync('gunzip', [join(logs, name)]).status, 0);
  }
  const plain = files.map(name => join(logs, name.replace(/\.gz$/, '')));

  const key = join(folder, 'keys', 'origin.pub');
  const verify = ['dist/cli/main.js', 'verify', ...plain, '--key', key];
  const verified = spawnSync(process.execPath, verify, { encoding: 'utf8' });
  assert.equal(verified.status, 0, verified.stdout + verified.stderr);

  const records = plain.flatMap(path =>
    readFileSync(path, 'utf8')
      .trimEnd()
      .split('\n')
      .map(line => JSON.parse(line) as Record<string, unknown>),
  );
  assert.equal(new Set(records.map(record => record.log)).size, 1);
  const seqs = records.map(record => Number(record.seq)).sort((a, b) => a - b);
  assert.deepEqual(
    seqs,
    seqs.map((_, i) => i),
  );
  const decided = records.filter(record => record.type === 'decision').map(record => String(record.request_id));
  assert.equal(decided.length, answered.length);
  assert.deepEqual(decided.sort(), answered.sort());
  assert.equal(records.filter(record => record.type === 'outcome').length, outcomes);
  const openings = records.filter(record => record.type === 'segment_opened');
  assert.equal(openings.length, ROTATIONS);
  // Under load the next record may see the new file before the signal arrives.
  for (const opening of openings) assert.match(String(opening.reason), /^(signal|inode)$/);
  t.diagnostic(`${answered.length} answers over ${ROTATIONS} rotations`);
});
