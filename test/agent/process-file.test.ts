// T-113: what a guarded process says of itself, when, and what becomes of a file that says it wrongly.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { Counters, callTotals, OTHER_AGENTS } from '#src/agent/counters.js';
import type { WayCoverage } from '#src/agent/coverage.js';
import { ProcessFile } from '#src/agent/process-file.js';
import type { AgentHealth } from '#src/agent/types.js';
import type { DecisionFields } from '#src/core/audit/fields.js';
import { resolveSettings } from '#src/core/config/resolve.js';
import { type LimitFacts, limitsOf, wordsOf } from '#src/core/status/limits.js';
import { decodeReport, encodeReport, PROCESS_FILE_MAX_BYTES } from '#src/core/status/process-report.js';
import { threadText, waysText } from '#src/core/status/process-text.js';
import { ageText, labelled } from '#src/core/status/words.js';
import { HandTimers } from '../support/hand-timers.js';
import { HEALTH } from '../support/health.js';
import { Home } from '../support/home.js';
import { processReport } from '../support/process-report.js';
import { until } from '../support/until.js';

const DECISION = {
  type: 'decision',
  request_id: 'r',
  agent_id: 'a',
  instance_id: 'i',
  policy_result: 'allow',
  enforced: true,
  code: 'rule_allowed',
  matched_rule_kind: 'allow',
  trace_id: 't',
  span_id: 's',
  span_name: 'n',
  decision_ns: 1,
} as const satisfies DecisionFields;

test('it is written at once, a second after a way changes its state, ten after numbers, each minute; and never after the end', async t => {
  const home = new Home();
  t.after(() => home.remove());
  const got = resolveSettings({
    face: 'library',
    options: { agentId: 'crm' },
    env: {},
    file: null,
    configDir: home.dir,
    home: home.dir,
    cwd: home.dir,
  });
  assert.ok(got.ok);
  const timers = new HandTimers();
  const counters = new Counters();
  const way: { -readonly [K in keyof WayCoverage]: WayCoverage[K] } = {
    way: 'fetch',
    state: 'wrapped',
    passed: 0,
    note: null,
  };
  const health = (): AgentHealth => ({ ...HEALTH, counters: counters.read(), coverage: [way] });
  const file = new ProcessFile({
    settings: got.settings,
    agentId: 'crm',
    instanceId: '00000000000000aa',
    disabled: false,
    nodeFlags: [],
    health,
    timers,
    wallMs: () => 1000 + timers.now(),
  });
  const { path } = file.state;
  const said = () => {
    const decoded = decodeReport(readFileSync(path, 'utf8'));
    assert.equal(decoded.is, 'report');
    return decoded.is === 'report' ? decoded.report : assert.fail();
  };
  const saidAt = async (ms: number): Promise<void> => until(`said at ${ms}`, () => said().writtenMs === 1000 + ms);
  assert.equal(said().writtenMs, 1000);
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.equal(statSync(home.path('state')).mode & 0o777, 0o700);

  counters.written(DECISION);
  way.state = 'bypassed';
  way.passed = 1;
  timers.pass(999);
  assert.equal(said().writtenMs, 1000);
  timers.pass(1);
  await saidAt(1_000);
  assert.deepEqual([said().coverage[0]?.state, said().allowed], ['bypassed', 1]);

  counters.written({ ...DECISION, policy_result: 'deny', code: 'rule_denied' });
  timers.pass(9_000);
  assert.equal(said().denied, 0);
  timers.pass(1_000);
  await saidAt(11_000);
  assert.deepEqual([said().denied, said().byCode], [1, { rule_allowed: 1, rule_denied: 1 }]);
  timers.pass(60_000);
  await saidAt(71_000);

  // It cannot be written, and then it can.
  rmSync(home.path('state/processes'), { recursive: true });
  writeFileSync(home.path('state/processes'), '');
  way.state = 'seen';
  timers.pass(1_000);
  await until('it says so', () => file.state.error !== null);
  rmSync(home.path('state/processes'));
  timers.pass(10_000);
  await until('it can again', () => file.state.error === null);
  assert.equal(said().coverage[0]?.state, 'seen');

  way.state = 'wrapped';
  timers.pass(1_000);
  file.remove();
  timers.pass(120_000);
  await new Promise(resolve => setTimeout(resolve, 20));
  assert.ok(!existsSync(path));
});

test('counts: by agent, code and verdict, what was handed in apart, and no more agents than a bound', () => {
  const counters = new Counters();
  counters.written(DECISION);
  counters.written({ ...DECISION, policy_result: 'deny', enforced: false, code: 'rule_denied' });
  counters.written({ ...DECISION, policy_result: 'deny', code: 'rule_denied', reported: true });
  counters.written({ type: 'outcome', request_id: 'r', result: 'ok', latency_ms: 1 });
  counters.written({ type: 'policy_rejected', path: 'p', error: 'e' });
  counters.lost();
  const read = counters.read();
  assert.deepEqual(
    read.decisions.map(({ agent, code, verdict, reported, count }) => [agent, code, verdict, reported, count]),
    [
      ['a', 'rule_allowed', 'allow', false, 1],
      ['a', 'rule_denied', 'observed', false, 1],
      ['a', 'rule_denied', 'deny', true, 1],
    ],
  );
  assert.deepEqual(callTotals(read, false), {
    allowed: 1,
    denied: 0,
    observed: 1,
    byCode: { rule_allowed: 1, rule_denied: 1 },
  });
  assert.deepEqual([read.records, read.reported, read.unwritten, read.policiesRejected], [5, 1, 1, 1]);
  for (let n = 0; n < 1_000; n++) counters.written({ ...DECISION, agent_id: `tenant-${n}` });
  const agents = new Set(counters.read().decisions.map(({ agent }) => agent));
  assert.equal(agents.size, 257);
  assert.ok(agents.has(OTHER_AGENTS));
  assert.equal(callTotals(counters.read(), false).allowed, 1_001);
});

test('a report is read as it was written, and nothing else passes for one', () => {
  const text = processReport({});
  const whole = JSON.parse(text) as Record<string, unknown>;
  const decoded = decodeReport(text);
  assert.ok(decoded.is === 'report');
  assert.equal(encodeReport(decoded.report), text);
  const more = decodeReport(JSON.stringify({ ...whole, secret: 'x' }));
  assert.ok(more.is === 'report' && !('secret' in more.report));
  const odd: readonly [string, unknown][] = [
    ['v', 0],
    ['v', '1'],
    ['instanceId', '../../etc/passwd'],
    ['agentId', 'a\u001b[2J'],
    ['identity', null],
    ['identity', { pid: -1, tid: null, startTicks: null, bootId: null, pidNamespace: null }],
    ['identity', { pid: 1, tid: 1.5, startTicks: null, bootId: null, pidNamespace: null }],
    ['identity', { pid: 1, tid: 1, startTicks: 1, bootId: '../x', pidNamespace: null }],
    ['node', '\n'],
    ['mode', 'loose'],
    ['state', null],
    ['enforce', 1],
    ['policySha256', 'AB'.repeat(32)],
    ['log', 'x'.repeat(513)],
    ['writtenMs', 1e300],
    ['coverage', [{ way: 'fetch', state: 'fine', passed: 0, note: null }]],
    ['coverage', [{ way: 'a b', state: 'seen', passed: 0, note: null }]],
    ['coverage', new Array(65).fill({ way: 'fetch', state: 'seen', passed: 0, note: null })],
    ['coverage', {}],
    ['limits', ['No']],
    ['allowed', -1],
    ['byCode', { 'a\nb': 1 }],
    ['byCode', []],
  ];
  for (const [key, value] of odd) {
    const { is } = decodeReport(JSON.stringify({ ...whole, [key]: value }));
    assert.equal(is, 'damaged', `${key}: ${JSON.stringify(value)}`);
  }
  for (const bad of ['', '[]', 'null', '{"v":1', '{}', '{"v":1}']) assert.equal(decodeReport(bad).is, 'damaged', bad);
  assert.equal(decodeReport('{"v":2}').is, 'newer');
  // The longest that a process may be made to say is read again.
  const way = { way: 'fetch', state: 'bypassed', passed: 2 ** 53 - 1, note: '\u0001'.repeat(5_000) } as const;
  const longest = processReport({ coverage: new Array(12).fill(way), log: '\u0001'.repeat(4_096) });
  assert.ok(Buffer.byteLength(longest) <= PROCESS_FILE_MAX_BYTES);
  assert.equal(decodeReport(longest).is, 'report');
});

test('limits: which of them hold', () => {
  const all: LimitFacts = {
    wholeProcess: true,
    nodeFlags: ['--disable-sigusr1', '--import', 'checkrd/register', '--import=./own.mjs'],
    nativeAllowed: false,
    nativePassed: false,
    datagramsAllowed: false,
    processesAllowed: false,
    callsWait: false,
  };
  const least = ['inner_handles', 'answers', 'files'];
  assert.deepEqual(limitsOf(all), least);
  const rows: readonly [Partial<LimitFacts>, readonly string[]][] = [
    [{ wholeProcess: false }, ['fetch_only', 'native_code', 'datagram_lookup', 'other_programs']],
    [{ nodeFlags: ['--disable-sigusr1', '--import=./own.mjs', '--import', 'checkrd/register'] }, ['preloaded']],
    [{ nodeFlags: ['--disable-sigusr1', '--import', 'checkrd/register', '-r', './own.cjs'] }, ['preloaded']],
    [{ nodeFlags: ['--disable-sigusr1', ...wordsOf('--require "/a b/dist/register.js" -r x')] }, []],
    [{ nodeFlags: [] }, ['debugger']],
    [{ nodeFlags: ['--disable-sigusr1', '--inspect=0'] }, ['debugger']],
    [{ nativeAllowed: true }, ['native_code']],
    [{ nativePassed: true }, ['native_code']],
    [{ datagramsAllowed: true }, ['datagram_lookup']],
    [{ processesAllowed: true }, ['other_programs']],
    [{ callsWait: true }, ['unsynced_ways']],
  ];
  for (const [facts, more] of rows) {
    assert.deepEqual(new Set(limitsOf({ ...all, ...facts })), new Set([...least, ...more]), JSON.stringify(facts));
  }
});

test('words: ages, lines of a screen, ways', () => {
  const ages: readonly [number, string][] = [
    [-5, '0 s'],
    [59_999, '59 s'],
    [60_000, '1 min'],
    [7_200_000, '2 h'],
    [9e9, '104 d'],
  ];
  for (const [ms, text] of ages) assert.equal(ageText(ms), text);
  const lines = labelled('log', `${'word '.repeat(30)}${'x'.repeat(120)} end`, 100);
  assert.deepEqual([lines.length, lines[0]?.length, lines.at(-1)], [4, 99, '          end']);
  assert.deepEqual(labelled('a', 'b\u001b[2J\u202ec\nd', 100), ['a         b [2J c d']);
  const row = (way: string, state: 'wrapped' | 'seen' | 'bypassed', note: string | null = null) => ({
    ...{ way, state, note, passed: state === 'bypassed' ? 2 : 0 },
  });
  const mixed = [
    row('fetch', 'wrapped'),
    row('http', 'wrapped'),
    row('datagrams', 'seen'),
    row('processes', 'bypassed', 'curl'),
  ];
  assert.equal(waysText(mixed), 'processes bypassed (2, last: curl); datagrams seen; fetch, http wrapped');
  assert.equal(waysText(mixed.slice(0, 2)), 'all 2 ways wrapped');
  const decoded = decodeReport(processReport({ coverage: mixed.slice(0, 2), mode: 'permissive', state: 'degraded' }));
  assert.ok(decoded.is === 'report');
  const last = { ...decoded.report, life: 'unknown' } as const;
  assert.equal(
    threadText({ last, agents: ['a', 'b', 'c', 'd', 'e'], silentMs: 300_000 }),
    'pid 1 a, b, c and 2 more (permissive, degraded, cannot be told whether it lives, silent for 5 min): all 2 ways wrapped',
  );
});
