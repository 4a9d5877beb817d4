/** OpenTelemetrySink with the real API and SDK: spans and metrics as the program's own providers get them. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { isCheckrdPolicyDenied, type OpenTelemetryApi, OpenTelemetrySink } from 'checkrd';
import { AGENT, opens, serves } from '../support/agent-under-test.js';
import { Home } from '../support/home.js';
import { until } from '../support/until.js';

const packages = join(process.cwd(), 'test', 'sdk', 'packages');
// From this tier's own lockfile, not from the root's.
const ownRequire = createRequire(join(packages, 'package.json'));

/** As much of the SDK as is used here. */
interface ReadSpan {
  readonly name: string;
  readonly kind: number;
  readonly attributes: Record<string, unknown>;
  readonly status: { readonly code: number };
  readonly parentSpanContext?: { readonly spanId: string };
  spanContext(): { readonly traceId: string };
  readonly duration: readonly [number, number];
}
interface Point {
  readonly attributes: Record<string, unknown>;
  readonly value: number | { readonly count: number };
}
interface Metric {
  readonly descriptor: { readonly name: string; readonly unit: string };
  readonly dataPoints: readonly Point[];
}

const api = ownRequire('@opentelemetry/api') as OpenTelemetryApi & {
  trace: { setGlobalTracerProvider(provider: unknown): boolean };
  metrics: { setGlobalMeterProvider(provider: unknown): boolean };
};
const traces = ownRequire('@opentelemetry/sdk-trace-base');
const metrics = ownRequire('@opentelemetry/sdk-metrics');
const spans = new traces.InMemorySpanExporter() as { getFinishedSpans(): ReadSpan[] };
const measured = new metrics.InMemoryMetricExporter(metrics.AggregationTemporality.CUMULATIVE) as {
  getMetrics(): { scopeMetrics: { scope: { name: string }; metrics: Metric[] }[] }[];
};
const reader = new metrics.PeriodicExportingMetricReader({ exporter: measured, exportIntervalMillis: 3_600_000 });
api.trace.setGlobalTracerProvider(
  new traces.BasicTracerProvider({ spanProcessors: [new traces.SimpleSpanProcessor(spans)] }),
);
api.metrics.setGlobalMeterProvider(new metrics.MeterProvider({ readers: [reader] }));

test('spans and metrics say what the records say', async t => {
  const server = await serves(t, ({ path }, response) => {
    response.statusCode = path === '/missing' ? 404 : 200;
    response.end('ok');
  });
  const policy = `default: deny\nrules:\n  - { name: reads, allow: { method: GET, url: "${server.host}/**" } }\n`;
  const { checkrd, fetch: guarded, records } = opens(t, policy, { telemetrySink: new OpenTelemetrySink(api) });
  const parent = { traceId: 'ab'.repeat(16), spanId: 'cd'.repeat(8) };
  const headers = { traceparent: `00-${parent.traceId}-${parent.spanId}-01` };
  await (await guarded(`${server.origin}/contacts/123456?token=s3cret`, { headers })).text();
  await (await guarded(`${server.origin}/missing`)).text();
  await assert.rejects(guarded(`${server.origin}/`, { method: 'DELETE' }), isCheckrdPolicyDenied);
  await until('three spans', () => spans.getFinishedSpans().length === 3);

  const [first, second, denied] = spans.getFinishedSpans() as [ReadSpan, ReadSpan, ReadSpan];
  const ids = records('decision').map(record => record.request_id);
  assert.deepEqual(
    [first, second, denied].map(span => span.attributes['checkrd.request_id']),
    ids,
  );
  assert.deepEqual([first.name, first.kind, first.status.code], ['GET 127.0.0.1', 2, 0]);
  assert.equal(first.spanContext().traceId, parent.traceId);
  assert.equal(first.parentSpanContext?.spanId, parent.spanId);
  assert.equal(second.parentSpanContext, undefined);
  assert.equal(first.attributes['url.path'], '/contacts/{id}');
  assert.equal(first.attributes['server.address'], '127.0.0.1');
  assert.equal(first.attributes['checkrd.matched_rule'], 'reads');
  assert.equal(second.attributes['http.response.status_code'], 404);
  assert.deepEqual(
    [denied.attributes['checkrd.policy_result'], denied.attributes['checkrd.code'], denied.status.code],
    ['denied', 'default_denied', 0],
  );
  const latencyMs = Number(records('outcome')[0]?.latency_ms);
  assert.ok(Math.abs(first.duration[0] * 1000 + first.duration[1] / 1e6 - latencyMs) < 1);
  assert.doesNotMatch(JSON.stringify(spans.getFinishedSpans().map(span => [span.name, span.attributes])), /s3cret/);
  await checkrd.close();

  await reader.forceFlush();
  const ours =
    measured
      .getMetrics()
      .at(-1)
      ?.scopeMetrics.find(({ scope }) => scope.name === 'checkrd')?.metrics ?? [];
  const [calls, duration] = ours as [Metric, Metric];
  assert.deepEqual(
    ours.map(({ descriptor }) => [descriptor.name, descriptor.unit]),
    [
      ['checkrd.calls', ''],
      ['checkrd.call.duration', 'ms'],
    ],
  );
  const counted = calls.dataPoints.map(({ attributes, value }) => [attributes['checkrd.code'], value]);
  assert.deepEqual(counted, [
    ['rule_allowed', 2],
    ['default_denied', 1],
  ]);
  assert.ok(calls.dataPoints.every(({ attributes }) => attributes['checkrd.agent_id'] === AGENT));
  assert.deepEqual(
    duration.dataPoints.map(({ value }) => (value as { count: number }).count),
    [2],
  );
});

test('without an argument the API is looked for; where there is none, the error says what to do', t => {
  const home = new Home();
  t.after(() => home.remove());
  const program = home.path('program.mjs');
  writeFileSync(
    program,
    `import { OpenTelemetrySink } from ${JSON.stringify(resolve('dist/index.js'))};
     try { new OpenTelemetrySink(); console.log('found'); } catch (error) { console.log(error.code, error.hint); }`,
  );
  const run = (cwd: string): string => spawnSync(process.execPath, [program], { cwd, encoding: 'utf8' }).stdout;
  assert.equal(run(packages), 'found\n');
  assert.match(run(home.dir), /^open_telemetry_missing npm install @opentelemetry\/api/);
});

test('the active span is the parent of a call that carries none', t => {
  const home = new Home();
  t.after(() => home.remove());
  const program = home.path('program.mjs');
  writeFileSync(
    program,
    `import { AsyncLocalStorage } from 'node:async_hooks';
     import { createRequire } from 'node:module';
     import { Checkrd } from ${JSON.stringify(resolve('dist/index.js'))};
     const require = createRequire(${JSON.stringify(join(packages, 'package.json'))});
     const { context, trace, ROOT_CONTEXT } = require('@opentelemetry/api');
     const { BasicTracerProvider } = require('@opentelemetry/sdk-trace-base');
     const store = new AsyncLocalStorage();
     context.setGlobalContextManager({
       active: () => store.getStore() ?? ROOT_CONTEXT,
       with: (active, act, self, ...args) => store.run(active, () => act.apply(self, args)),
       bind: (_, target) => target,
       enable() { return this; },
       disable() { return this; },
     });
     trace.setGlobalTracerProvider(new BasicTracerProvider());
     const policy = { default: 'allow', rules: [] };
     const checkrd = new Checkrd({ agentId: 'traced', policy, killswitchFile: false });
     const guarded = checkrd.wrap(async () => new Response('ok'));
     await trace.getTracer('program').startActiveSpan('work', async span => {
       await new Promise(resolve => setTimeout(resolve, 1));
       await guarded('http://api.example/in');
       const { traceId, spanId } = span.spanContext();
       console.log(traceId, spanId);
     });
     await guarded('http://api.example/out');
     await checkrd.close();`,
  );
  const env = { ...process.env, CHECKRD_CONFIG_DIR: home.dir };
  const ran = spawnSync(process.execPath, [program], { cwd: packages, env, encoding: 'utf8' });
  const [inside, outside] = home.records('traced').filter(record => record.type === 'decision');
  assert.equal(`${inside?.trace_id} ${inside?.parent_span_id}\n`, ran.stdout, ran.stderr);
  assert.match(ran.stdout, /^[0-9a-f]{32} [0-9a-f]{16}\n$/);
  assert.equal(outside?.parent_span_id, undefined);
});
