/**
 * Sinks: one event for each call, after its records, and no trouble of a sink reaches a call. T-29 of THREAT-MODEL.md.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { type TestContext, test } from 'node:test';
import {
  Checkrd,
  CheckrdInitError,
  isCheckrdPolicyDenied,
  JsonFileSink,
  type TelemetryEvent,
  type TelemetrySink,
} from 'checkrd';
import { AGENT, opens, type Served, serves, type UnderTest } from '../support/agent-under-test.js';
import { Home } from '../support/home.js';
import { until } from '../support/until.js';

const policyFor = ({ host }: Served): string =>
  `default: deny\nrules:\n  - { name: reads, allow: { method: GET, url: "${host}/**" } }\n`;

class Kept implements TelemetrySink {
  readonly events: TelemetryEvent[] = [];
  closed = 0;
  constructor(readonly also: (event: TelemetryEvent) => unknown = () => undefined) {}
  enqueue(event: TelemetryEvent): unknown {
    this.events.push(event);
    return this.also(event);
  }
  async close(): Promise<void> {
    this.closed++;
  }
}

async function under(t: TestContext, sink: TelemetrySink): Promise<UnderTest & { readonly server: Served }> {
  const server = await serves(t);
  return { ...opens(t, policyFor(server), { telemetrySink: sink }), server };
}

/** A call's answer, read to its end. */
async function called(guarded: typeof fetch, url: string, init: RequestInit = {}): Promise<void> {
  await (await guarded(url, init)).text();
}

test('one event for each call, when its records are in the log; frozen, and with nothing that the log has not', async t => {
  const logged: number[] = [];
  const sink = new Kept(event => {
    logged.push(agent.home.records(AGENT).filter(record => record.request_id === event.request_id).length);
  });
  const agent = await under(t, sink);
  const { fetch: guarded, server } = agent;
  const headers = { authorization: 'Bearer s3cret-one', traceparent: `00-${'ab'.repeat(16)}-${'cd'.repeat(8)}-01` };
  await called(guarded, `${server.origin}/contacts/123456?token=s3cret-two#s3cret-three`, { headers });
  await assert.rejects(guarded(`${server.origin}/x`, { method: 'POST', body: 's3cret-four' }), isCheckrdPolicyDenied);
  await until('two events', () => sink.events.length === 2);

  const [allowed, denied] = sink.events as [TelemetryEvent, TelemetryEvent];
  const { request_id, instance_id, timestamp, span_id, latency_ms, policy_sha256, ...rest } = allowed;
  assert.ok([request_id, instance_id, span_id, policy_sha256].every(text => typeof text === 'string' && text !== ''));
  assert.equal(new Date(timestamp).toISOString(), timestamp);
  assert.ok(Number.isInteger(latency_ms));
  assert.deepEqual(rest, {
    agent_id: AGENT,
    policy_result: 'allowed',
    enforced: true,
    code: 'rule_allowed',
    matched_rule: 'reads',
    matched_rule_kind: 'allow',
    policy_mode: 'enforce',
    method: 'GET',
    url_scheme: 'http',
    url_host: '127.0.0.1',
    url_path: '/contacts/{id}',
    trace_id: 'ab'.repeat(16),
    parent_span_id: 'cd'.repeat(8),
    span_name: 'GET 127.0.0.1',
    span_kind: 'CLIENT',
    span_status_code: 'OK',
    result: 'ok',
    status_code: 200,
    request_bytes: 0,
    response_bytes: 2,
  });
  assert.deepEqual(
    [denied.policy_result, denied.code, denied.deny_reason, denied.span_status_code, denied.result],
    ['denied', 'default_denied', 'denied by default', 'UNSET', undefined],
  );
  assert.deepEqual(logged, [2, 1]);
  assert.ok(sink.events.every(event => Object.isFrozen(event)));
  assert.doesNotMatch(JSON.stringify(sink.events), /s3cret/);
  await agent.checkrd.close();
  assert.equal(sink.closed, 1);
});

test('a call that the switch ends is an event with that result', async t => {
  const server = await serves(t, (_, response) => void response.write('begin'));
  const sink = new Kept();
  const agent = opens(t, policyFor(server), { telemetrySink: sink });
  const answer = await agent.fetch(`${server.origin}/`);
  writeFileSync(agent.killed(), '');
  await assert.rejects(answer.text(), isCheckrdPolicyDenied);
  await until('the event', () => sink.events.length === 1);
  assert.deepEqual([sink.events[0]?.result, sink.events[0]?.span_status_code], ['killed', 'ERROR']);
});

const dropped = (agent: UnderTest): unknown[] =>
  agent.records('records_dropped').map(({ sink, count }) => [sink, count]);

for (const [what, also] of [
  [
    'throws',
    () => {
      throw new Error('no');
    },
  ],
  ['rejects', () => Promise.reject(new Error('no'))],
  ['answers with what is no promise', () => 'soon'],
] as const) {
  test(`a sink that ${what}: calls go on, and what it did not get is counted in the log`, async t => {
    const sink = new Kept(also);
    const agent = await under(t, sink);
    for (let i = 0; i < 5; i++) await called(agent.fetch, `${agent.server.origin}/${i}`);
    await until('the events', () => sink.events.length === 5);
    await agent.checkrd.close();
    assert.deepEqual(dropped(agent), what.startsWith('answers') ? [] : [['telemetry', 5]]);
    assert.equal(agent.records('outcome').length, 5);
  });
}

test('a sink that never answers delays no call, holds a bounded number of events, and does not hold up the end', async t => {
  const sink = new Kept(() => new Promise(() => undefined));
  sink.close = () => new Promise(() => undefined);
  const agent = await under(t, sink);
  const guarded = agent.checkrd.guardTool('none', () => null);
  const calls = 10_500;
  // Denied calls as many as this are answered late; what is told the sink does not wait for that.
  for (let i = 0; i < calls; i++) {
    void guarded({}).catch(() => undefined);
    if (i % 100 === 0) await new Promise(resolve => setImmediate(resolve));
  }
  // One that waited for the sink, or for its second, would keep all behind it waiting.
  await until('every call is decided', () => agent.records('decision').length === calls);
  await agent.checkrd.close();
  assert.ok(sink.events.length < 100, `${sink.events.length}`);
  // Every event that was not handed over, and each that was and not answered in time.
  const counts = dropped(agent) as [string, number][];
  const sum = counts.reduce((total, [, count]) => total + count, 0);
  assert.ok(sum >= calls - sink.events.length && sum <= calls, `${sum} of ${calls}, ${sink.events.length} handed over`);
  assert.equal(agent.records('decision').length, calls);
});

test('JsonFileSink: whole lines at the end of the file, and in the new one after a rotation', async t => {
  const home = new Home();
  t.after(() => home.remove());
  const path = home.path('events.jsonl');
  const agent = await under(t, new JsonFileSink({ path }));
  const requests = (file: string): string[] =>
    readFileSync(file, 'utf8')
      .trimEnd()
      .split('\n')
      .map(line => String(JSON.parse(line).request_id));
  for (let i = 0; i < 20; i++) await called(agent.fetch, `${agent.server.origin}/${i}`);
  await until('the first events', () => existsSync(path) && requests(path).length === 20);
  renameSync(path, `${path}.1`);
  await new Promise(resolve => setTimeout(resolve, 1100));
  await called(agent.fetch, `${agent.server.origin}/after`);
  await agent.checkrd.close();
  assert.deepEqual(
    [...requests(`${path}.1`), ...requests(path)],
    agent.records('decision').map(record => record.request_id),
  );
});

test('JsonFileSink: no link, no folder, no file that is none', t => {
  const home = new Home();
  t.after(() => home.remove());
  symlinkSync(home.path('elsewhere'), home.path('link'));
  mkdirSync(home.path('folder'));
  for (const path of [home.path('link'), home.path('folder'), home.path('absent', 'events')]) {
    assert.throws(() => new JsonFileSink(path), { code: 'sink_unwritable' });
  }
  assert.ok(!existsSync(home.path('elsewhere')));
});

test('a program that exits without closing: its sink has what was decided; ConsoleSink leaves standard output alone', t => {
  const home = new Home({ 'policy.yaml': 'default: deny\nrules: []\n' });
  t.after(() => home.remove());
  const program = home.path('program.mjs');
  const index = JSON.stringify(resolve('dist/index.js'));
  writeFileSync(
    program,
    `import { Checkrd, ConsoleSink } from ${index};
     const checkrd = new Checkrd({ agentId: 'a', configDir: ${JSON.stringify(home.dir)}, telemetrySink: new ConsoleSink() });
     const guarded = checkrd.wrap(fetch);
     for (let i = 0; i < 3; i++) guarded('https://api.test/' + i).catch(() => undefined);
     await null; process.exit(0);`,
  );
  const ran = spawnSync(process.execPath, [program], { encoding: 'utf8' });
  assert.equal(ran.status, 0, ran.stderr);
  assert.equal(ran.stdout, '');
  const events = ran.stderr
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line) as TelemetryEvent);
  const recorded = home.records('a').filter(record => record.type === 'decision');
  assert.deepEqual(
    events.map(event => event.request_id),
    recorded.map(record => record.request_id),
  );
});

test('a sink that never answers keeps no program alive', t => {
  const home = new Home({ 'policy.yaml': 'default: deny\nrules: []\n' });
  t.after(() => home.remove());
  const program = home.path('program.mjs');
  writeFileSync(
    program,
    `import { Checkrd } from ${JSON.stringify(resolve('dist/index.js'))};
     const telemetrySink = { enqueue: () => new Promise(() => undefined), close: async () => undefined };
     const checkrd = new Checkrd({ agentId: 'a', configDir: ${JSON.stringify(home.dir)}, telemetrySink });
     const guarded = checkrd.wrap(fetch);
     for (let i = 0; i < 30; i++) await guarded('https://api.test/').catch(() => undefined);`,
  );
  const ran = spawnSync(process.execPath, [program], { encoding: 'utf8', timeout: 60_000 });
  assert.equal(ran.status, 0, ran.stderr);
  assert.equal(home.records('a').at(-1)?.type === 'checkpoint', true);
});

test('what is no sink is refused', () => {
  for (const telemetrySink of [{}, { enqueue() {} }, 'file'] as unknown as TelemetrySink[]) {
    assert.throws(
      () => new Checkrd({ agentId: 'a', telemetrySink }),
      (error: unknown) => error instanceof CheckrdInitError && error.code === 'option_invalid',
    );
  }
});
