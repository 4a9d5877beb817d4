/**
 * The program's active span as the parent of its calls. One process against a stand-in of the API that can also fail; the real
 * API is in test/sdk/open-telemetry.test.ts.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { Home } from '../support/home.js';

const API = `
console.log('loaded');
module.exports = { context: { active: () => globalThis.span }, trace: { getSpanContext: span => span() } };
`;
const program = (checkrd: string): string => `
import { Checkrd } from ${JSON.stringify(checkrd)};
const guard = new Checkrd({ agentId: 'traced', policy: { default: 'allow', rules: [] }, killswitchFile: false, policyWatch: false });
const told = [];
const guarded = guard.withOptions({ onAllow: event => told.push(event.traceId) });
const call = guarded.wrap(async () => new Response('ok'));
const url = 'http://api.example/x';
await call(url);
globalThis[Symbol.for('opentelemetry.js.api.1')] = {};
const of = (spanId, traceId = 'ab'.repeat(16)) => () => ({ traceId, spanId, traceFlags: 1 });
globalThis.span = of('1'.repeat(16));
await call(url);
await call(url, { headers: { traceparent: '00-' + 'cd'.repeat(16) + '-' + '2'.repeat(16) + '-00' } });
await call(url, { headers: { traceparent: 'nonsense' } });
await guarded.guardTool('t', async () => undefined)(undefined);
for (const span of [() => undefined, of('0'.repeat(16)), of('x'), of(7, {}), () => { throw new Error('no'); }]) {
  globalThis.span = span;
  await call(url);
}
await guard.close();
console.log(JSON.stringify(told.slice(1, 5)));
`;

test('a call without a traceparent has the active span as its parent; a failure of the API is no call’s', t => {
  const home = new Home({
    'node_modules/@opentelemetry/api/index.js': API,
    'program.mjs': program(pathToFileURL('dist/index.js').href),
  });
  t.after(() => home.remove());
  const env = { PATH: process.env.PATH, HOME: home.dir, CHECKRD_CONFIG_DIR: home.dir };
  const ran = spawnSync(process.execPath, [home.path('program.mjs')], { cwd: home.dir, env, encoding: 'utf8' });
  const own = 'ab'.repeat(16);
  const given = 'cd'.repeat(16);
  assert.deepEqual(ran.stdout.trim().split('\n'), ['loaded', JSON.stringify([own, given, own, own])], ran.stderr);
  const decisions = home.records('traced').filter(record => record.type === 'decision');
  assert.deepEqual(
    decisions.map(record => record.parent_span_id),
    [undefined, '1'.repeat(16), '2'.repeat(16), '1'.repeat(16), '1'.repeat(16), ...Array(5).fill(undefined)],
  );
  assert.deepEqual(
    decisions.slice(1, 5).map(record => record.trace_id),
    [own, given, own, own],
  );
  for (const record of decisions) assert.match(String(record.trace_id), /^[0-9a-f]{32}$/);
});
