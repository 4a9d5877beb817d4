/**
 * The daemon's metrics, the alert rules and the dashboard under the real Prometheus: what promtool takes, what a server scrapes.
 */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { type TestContext, test } from 'node:test';
import { METRICS } from '#src/core/metrics/table.js';
import { DaemonHome } from '../support/daemon-home.js';
import { scrape } from '../support/scrape.js';
import { until } from '../support/until.js';

const promtool = (args: readonly string[], input = '', cwd = 'examples/prometheus') =>
  spawnSync('promtool', args, { encoding: 'utf8', input, cwd });
const skip = promtool(['--version']).error === undefined ? false : 'no promtool on this machine (prometheus)';
const noServer = spawnSync('prometheus', ['--version']).error === undefined ? false : 'no prometheus on this machine';

const POLICY = 'default: deny\nrules:\n  - { name: reads, allow: { method: GET, url: api.test/** } }\n';

interface Address {
  readonly host: string;
  readonly port: number;
}

/**
 * An address of this machine that nobody else takes before it is listened on: all of 127/8 is, and connections come from
 * 127.0.0.1.
 */
async function freeAddress(): Promise<Address> {
  const host = `127.${randomInt(1, 255)}.${randomInt(1, 255)}.${randomInt(1, 255)}`;
  const server = createServer();
  await once(server.listen(0, host), 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return { host, port };
}

/** A daemon that has allowed twice and denied once, and ended one call. */
async function busyDaemon(t: TestContext, { host, port }: Address): Promise<DaemonHome> {
  const home = new DaemonHome(t, {
    'policy.yaml': POLICY,
    'checkrd.yaml': `daemon: { agents: [{ id: crm }], metrics: ${host}:${port} }\n`,
  });
  await home.start();
  await home.decide('crm');
  const { body } = await home.decide('crm');
  await home.decide('crm', 'https://other.test/');
  await home.ask('crm', '/v1/outcome', { request_id: body.request_id, result: 'ok' });
  return home;
}

test('promtool takes rules and configuration, and each rule fires when it must and not else', { skip }, () => {
  for (const args of [
    ['check', 'rules', 'alerts.yml'],
    ['check', 'config', 'prometheus.yml'],
    ['test', 'rules', 'alerts.test.yml'],
  ]) {
    const { status, stdout, stderr } = promtool(args);
    assert.equal(status, 0, `${args.join(' ')}: ${stdout}${stderr}`);
  }
});

test('promtool has nothing to say against what a daemon answers', { skip }, async t => {
  const home = await busyDaemon(t, await freeAddress());
  const { text } = await scrape(home.path('checkrd.sock'));
  const { status, stdout, stderr } = promtool(['check', 'metrics'], text);
  assert.equal(status, 0, `${stdout}${stderr}`);
  assert.equal(`${stdout}${stderr}`, '');
});

interface Answer {
  readonly status: string;
  readonly data: { readonly result: readonly { metric: Record<string, string>; value: [number, string] }[] };
}

test('a real Prometheus scrapes the port, and answers every query of the dashboard', { skip: noServer }, async t => {
  const [metrics, own] = [await freeAddress(), await freeAddress()];
  const home = await busyDaemon(t, metrics);
  const config = readFileSync('examples/prometheus/prometheus.yml', 'utf8')
    .replace('scrape_interval: 15s', 'scrape_interval: 1s')
    .replaceAll('127.0.0.1:9464', `${metrics.host}:${metrics.port}`)
    .replace('[alerts.yml]', `["${process.cwd()}/examples/prometheus/alerts.yml"]`);
  home.write('prometheus.yml', config);
  const server = spawn(
    'prometheus',
    [
      `--config.file=${home.path('prometheus.yml')}`,
      `--storage.tsdb.path=${home.path('tsdb')}`,
      `--web.listen-address=${own.host}:${own.port}`,
    ],
    { stdio: 'ignore' },
  );
  const ended = once(server, 'exit');
  t.after(async () => {
    server.kill('SIGKILL');
    await ended;
  });
  const query = async (expr: string, at = ''): Promise<Answer> => {
    const asked = `query=${encodeURIComponent(expr)}${at}`;
    const answer = await fetch(`http://${own.host}:${own.port}/api/v1/query?${asked}`);
    return (await answer.json()) as Answer;
  };
  // All that follows is asked as of one scrape that has succeeded: a later one may be late.
  let at = '';
  const scraped = async (): Promise<boolean> => {
    assert.equal(server.exitCode, null, 'prometheus has ended');
    try {
      const { result } = (await query('timestamp(checkrd_decisions_total)')).data;
      at = `&time=${result[0]?.value[1]}`;
      return result.length === 2;
    } catch {
      return false;
    }
  };
  await until('a scrape', scraped, 60_000);
  const value = async (expr: string) => (await query(expr, at)).data.result.map(row => row.value[1]).join();
  assert.equal(await value('up{job="checkrd"}'), '1');
  assert.equal(
    await value('checkrd_decisions_total{agent="crm",verdict="allow",code="rule_allowed",origin="daemon"}'),
    '2',
  );
  assert.equal(await value('checkrd_decisions_total{verdict="deny",code="default_denied"}'), '1');
  assert.equal(await value('checkrd_outcomes_total{result="ok"}'), '1');
  assert.equal(await value('checkrd_open_calls'), '1');
  assert.equal(await value('checkrd_decision_duration_seconds_count'), '3');
  assert.equal(await value('checkrd_policy_reloads_total{result="loaded"}'), '1');
  assert.equal(await value('checkrd_log_records_total{type="decision"}'), '3');
  assert.equal(await value('time() - checkrd_policy_live_timestamp_seconds < bool 600'), '1');
  // All that is in the table but what needs a past or an event.
  for (const { name, type } of METRICS) {
    if (/break_glass_expires|growth|full_days/.test(name)) continue;
    const found = await query(type === 'histogram' ? `${name}_count` : name, at);
    assert.ok(found.data.result.length > 0, name);
  }
  const dashboard = JSON.parse(readFileSync('examples/grafana/checkrd.json', 'utf8')) as {
    panels: { targets?: { expr: string }[] }[];
  };
  for (const { expr } of dashboard.panels.flatMap(panel => panel.targets ?? [])) {
    const asked = expr.replaceAll('$instance', '.*').replaceAll('$__rate_interval', '1m');
    assert.equal((await query(asked, at)).status, 'success', asked);
  }
});
