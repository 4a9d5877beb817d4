// T-117 of THREAT-MODEL.md.
import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { METRICS } from '#src/core/metrics/table.js';
import { daemonSettings, testDaemon } from '../support/daemon.js';
import { scrape } from '../support/scrape.js';
import { tempFolder } from '../support/temp.js';
import { unlentPort } from '../support/unlent-port.js';

function over(
  port: number,
  path: string,
  method = 'GET',
  host = `127.0.0.1:${port}`,
): Promise<readonly [number, string]> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port, path, method, headers: { host }, agent: false }, response => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
      response.on('end', () => resolve([response.statusCode ?? 0, text]));
    });
    asked.on('error', reject);
    asked.end();
  });
}

test('the main socket answers metrics, an agent’s does not; the port of this machine answers nothing else', async t => {
  const folder = tempFolder(t);
  const port = await unlentPort();
  const settings = daemonSettings(folder, `  metrics: 127.0.0.1:${port}\n`);
  const audit = (name: string) => join(folder, 'audit', name);
  mkdirSync(audit(''));
  for (const [name, size] of [
    ['daemon.0.jsonl', 1000],
    ['daemon.9.jsonl.gz', 500],
    ['daemon.jsonl.reserve', 9999],
    ['other.jsonl', 77],
  ] as const)
    writeFileSync(audit(name), Buffer.alloc(size));
  symlinkSync('daemon.0.jsonl', audit('daemon.jsonl'));
  const twoDaysAgo = Date.now() / 1000 - 2 * 86_400;
  utimesSync(audit('daemon.0.jsonl'), twoDaysAgo, twoDaysAgo);
  const { main, crm, daemon } = await testDaemon(t, { settings }, folder);
  const { status, type, text } = await scrape(main);
  assert.equal(status, 200);
  assert.equal(type, 'text/plain; version=0.0.4; charset=utf-8');
  assert.match(text, /^checkrd_build_info\{version="0\.0\.0",node="v[^"]+"\} 1$/m);
  assert.match(text, /^checkrd_policy_state\{state="ok"\} 1$/m);
  assert.match(text, /^checkrd_kill_switches_engaged 0$/m);
  assert.match(text, /^process_resident_memory_bytes \d{7,}$/m);
  assert.match(text, /^checkrd_disk_free_bytes \d+$/m);
  assert.match(text, /^checkrd_log_bytes 1500$/m, 'its own files, packed ones too; no link, no reserve, no other log');
  assert.match(text, /^checkrd_log_growth_bytes_per_day 7(50|49\.\d+)$/m);
  // What every daemon knows from its first moment on; the others are known later or not everywhere.
  for (const { name } of METRICS.filter(
    row =>
      !/break_glass_expires|policy_live|policy_info|checkpoint_times|growth|full_days|decisions_total|outcomes|records_total/.test(
        row.name,
      ),
  ))
    assert.match(text, new RegExp(`^# TYPE ${name} `, 'm'));
  assert.equal((await scrape(crm)).status, 404);

  assert.match((await over(port, '/metrics'))[1], /^checkrd_build_info/m);
  for (const host of [`localhost:${port}`, `[::1]:${port}`])
    assert.equal((await over(port, '/metrics', 'GET', host))[0], 200);
  for (const path of ['/healthz', '/readyz', '/v1/decide', '/']) assert.equal((await over(port, path))[0], 404);
  assert.equal((await over(port, '/metrics', 'POST'))[0], 405);
  for (const host of ['evil.test', `evil.test:${port}`, '127.0.0.1.evil.test', '::1'])
    assert.equal((await over(port, '/metrics', 'GET', host))[0], 421, host);
  await daemon.stop();
  await assert.rejects(over(port, '/metrics'), { code: 'ECONNREFUSED' });
});

test('an address of another reach is refused with the settings, a taken port at start', async t => {
  assert.throws(() => daemonSettings('/tmp', '  metrics: 0.0.0.0:9464\n'), /must be an address of this machine alone/);
  const taken = createServer();
  await new Promise<void>(resolve => taken.listen(0, '127.0.0.1', resolve));
  t.after(() => taken.close());
  const { port } = taken.address() as { port: number };
  const folder = tempFolder(t);
  const settings = daemonSettings(folder, `  metrics: 127.0.0.1:${port}\n`);
  await assert.rejects(testDaemon(t, { settings }, folder), { code: 'metrics_listen_failed' });
  // Nothing is left behind: the sockets are free for the next.
  await testDaemon(t, {}, folder);
});
