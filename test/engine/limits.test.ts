// T-42, T-43 of THREAT-MODEL.md.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Ask, decide, engineModule, type Loaded, load, programOf } from '../support/engine.js';

const U = 'https://api.example.com/v1/things/42';
const limit = (spec: string): Loaded => load(`default: allow\nrules:\n  - { name: l, limit: { ${spec} } }\n`);
const fresh = ({ policy }: Loaded): Loaded => ({
  policy,
  engine: engineModule().instantiate(programOf(policy), { inspectBytes: 1024 }),
});

function run(loaded: Loaded, asks: readonly (Partial<Ask> | number)[]): string[] {
  return asks.map(ask => decide(loaded, { url: U, ...(typeof ask === 'number' ? { ms: ask } : ask) }));
}
const OK = 'default_allowed';

test('at most N in any window, and the wait is exact', () => {
  assert.deepEqual(run(limit('calls_per_second: 2, per: global'), [0, 10, 20, 999, 1000, 1001, 1010, 1011]), [
    OK,
    OK,
    'rate_limited l 980',
    'rate_limited l 1',
    OK,
    'rate_limited l 9',
    OK,
    'rate_limited l 989',
  ]);
});

test('a stamp is rounded up, now is rounded down', () => {
  assert.deepEqual(run(limit('calls_per_second: 1, per: global'), [0.5, 1000.9, 1001]), [OK, 'rate_limited l 1', OK]);
});

test('a day is counted in whole seconds against the caller', () => {
  const day = 86_400_000;
  assert.deepEqual(run(limit('calls_per_day: 1, per: global'), [1, day, day + 999, day + 1000]), [
    OK,
    'rate_limited l 1000',
    'rate_limited l 1',
    OK,
  ]);
});

test('the clock never runs backwards, and what is no number is no time', () => {
  assert.deepEqual(run(limit('calls_per_second: 1, per: global'), [5000, 10, Number.NaN, -1, 5999, 6000]), [
    OK,
    'rate_limited l 1000',
    'rate_limited l 1000',
    'rate_limited l 1000',
    'rate_limited l 1',
    OK,
  ]);
});

test('a long silence, and one past the wrap of 32-bit ticks, leaves nothing behind', () => {
  const loaded = limit('calls_per_day: 1, per: global');
  const wrap = 2 ** 32;
  assert.deepEqual(run(loaded, [0, 86_401_500, 86_402_000 + wrap, 86_402_001 + wrap]), [
    OK,
    OK,
    OK,
    'rate_limited l 86400703',
  ]);
});

const keys: readonly (readonly [per: string, a: Partial<Ask>, b: Partial<Ask>, same: boolean])[] = [
  ['global', { agent: 'a' }, { agent: 'b', url: 'https://b.example/' }, true],
  ['agent', { agent: 'a' }, { agent: 'a', url: 'https://b.example/' }, true],
  ['agent', { agent: 'a' }, { agent: 'b' }, false],
  ['host', { url: 'https://a.example/x' }, { url: 'http://a.example./y' }, true],
  ['host', { url: 'https://a.example/x' }, { url: 'https://b.example/x' }, false],
  ['endpoint', { url: 'https://a.example/x/1' }, { url: 'https://a.example/x/2' }, true],
  ['endpoint', { url: 'https://a.example/x/1' }, { url: 'https://a.example/x/1/' }, true],
  ['endpoint', { url: 'https://a.example/x/1' }, { url: 'https://a.example/y/1' }, false],
  ['endpoint', { url: 'https://a.example/x' }, { url: 'https://b.example/x' }, false],
  ['endpoint', { url: 'https://a.example/x%2Fy' }, { url: 'https://a.example/x/y' }, true],
  ['endpoint', { url: 'https://a.example/%78' }, { url: 'https://a.example/x' }, true],
  ['endpoint', { url: 'https://a.example/%FF' }, { url: 'https://a.example/%FE' }, true],
  ['endpoint', { url: 'https://a.example/%FF' }, { url: 'https://a.example/' }, false],
  [
    'endpoint',
    { url: `https://a.example/${'y-'.repeat(300)}` },
    { url: `https://a.example/${'y-'.repeat(300)}` },
    true,
  ],
  [
    'endpoint',
    { url: `https://a.example/${'y-'.repeat(300)}` },
    { url: `https://a.example/${'y-'.repeat(301)}` },
    false,
  ],
];
for (const [per, a, b, same] of keys) {
  test(`per ${per}: ${JSON.stringify(a).slice(0, 60)} and ${JSON.stringify(b).slice(0, 60)} share a key: ${same}`, () => {
    const [first, second] = run(limit(`calls_per_minute: 1, per: ${per}`), [a, b]);
    assert.deepEqual([first, second?.split(' ')[0]], [OK, same ? 'rate_limited' : OK]);
  });
}

test('a call that anything else denies is not charged', () => {
  const loaded = load(
    'default: deny\nrules:\n  - { name: l, limit: { calls_per_minute: 1, per: global } }\n  - { name: a, allow: { method: GET } }\n  - { name: d, deny: { query: [{ name: q }] } }',
  );
  assert.deepEqual(run(loaded, [{ method: 'PUT' }, { url: `${U}?q` }, { method: 'GET' }, { method: 'GET' }]), [
    'default_denied',
    'rule_denied d',
    'rule_allowed a',
    'rate_limited l 60000',
  ]);
});

test('only if all limits pass is each charged; the first in the file is named, the wait is the longest', () => {
  const loaded = load(
    'default: allow\nrules:\n  - { name: a, limit: { calls_per_second: 3, per: global, url: "api.example.com/**" } }\n  - { name: b, limit: { calls_per_minute: 1, per: agent, url: "**/things/{id}" } }\n  - { name: c, limit: { calls_per_second: 1, per: global, url: "*" } }',
  );
  assert.deepEqual(
    run(loaded, [0, 1, { ms: 2, agent: 'x' }, { ms: 1000, agent: 'x' }, { ms: 1001, agent: 'y' }, 1002]),
    [OK, 'rate_limited b 59999', 'rate_limited c 998', OK, 'rate_limited c 999', 'rate_limited b 58998'],
  );
  const other = load(
    'default: allow\nrules:\n  - { name: a, limit: { calls_per_second: 1, per: global } }\n  - { name: b, limit: { calls_per_minute: 1, per: global } }',
  );
  assert.deepEqual(run(other, [0, 500, 1500]), [OK, 'rate_limited a 59500', 'rate_limited b 58500']);
});

test('a limit with a matcher counts what the matcher does not exclude', () => {
  const loaded = limit('calls_per_minute: 1, per: global, url: "api.example.com/a/*"');
  assert.deepEqual(
    run(loaded, [
      { url: 'https://api.example.com/b' },
      { url: 'https://api.example.com/%FF' },
      { url: 'https://api.example.com/a/b' },
    ]),
    [OK, OK, 'rate_limited l 60000'],
  );
});

test('10,000 live keys, never a live one given up; an idle one is', () => {
  const loaded = limit('calls_per_second: 5, per: host');
  for (let i = 0; i < 10_000; i++) {
    assert.equal(decide(loaded, { url: `https://h${i}.example/`, ms: i < 5000 ? 0 : 500 }), OK);
  }
  const ask = (host: string, ms: number): string => decide(loaded, { url: `https://${host}.example/`, ms });
  assert.equal(ask('new', 600), 'limit_keys_exhausted l');
  assert.equal(ask('h1', 600), OK);
  assert.equal(ask('new', 999), 'limit_keys_exhausted l');
  assert.equal(ask('new', 1000), OK);
  assert.equal(ask('h1', 1000), OK);

  const state = loaded.engine.exportLimits();
  const next = fresh(loaded);
  next.engine.importLimits(state);
  assert.deepEqual(next.engine.exportLimits(), state);
});

test('a key with more stamps than one transfer holds moves whole', () => {
  const loaded = limit('calls_per_hour: 40000, per: global');
  for (let i = 0; i < 40_000; i++) assert.equal(decide(loaded, { url: U, ms: i }), OK);
  const state = loaded.engine.exportLimits();
  const next = fresh(loaded);
  next.engine.importLimits(state);
  assert.deepEqual(next.engine.exportLimits(), state);
  assert.equal(decide(next, { url: U, ms: 40_000 }), 'rate_limited l 3560000');
  assert.equal(decide(next, { url: U, ms: 3_600_000 }), OK);
});

test('counters are the same as of a naive model, across export and import', () => {
  const windows = { second: 1000, minute: 60_000, hour: 3_600_000, day: 86_400_000 };
  const step = fc.record({
    wait: fc.oneof(
      fc.nat(40),
      fc.nat(1500),
      fc.nat(70_000),
      fc.nat(4_000_000),
      fc.constant(86_400_000),
      fc.double({ min: 0, max: 3, noNaN: true }),
    ),
    agent: fc.constantFrom('a', 'b'),
    host: fc.constantFrom('x.example', 'y.example'),
    move: fc.boolean(),
  });
  const spec = fc.record({
    window: fc.constantFrom('second', 'minute', 'hour', 'day'),
    calls: fc.integer({ min: 1, max: 4 }),
    per: fc.constantFrom('global', 'agent', 'host'),
  });
  fc.assert(
    fc.property(fc.array(spec, { minLength: 1, maxLength: 3 }), fc.array(step, { maxLength: 60 }), (specs, steps) => {
      const rules = specs.map(
        (s, i) => `  - { name: l${i}, limit: { calls_per_${s.window}: ${s.calls}, per: ${s.per} } }`,
      );
      let loaded = load(`default: allow\nrules:\n${rules.join('\n')}\n`);
      const models = specs.map(s => ({
        ...s,
        ms: windows[s.window as keyof typeof windows],
        seen: new Map<string, number[]>(),
      }));
      let now = 0;
      for (const { wait, agent, host, move } of steps) {
        now += wait;
        let failed: string | null = null;
        const charge: (() => void)[] = [];
        models.forEach((m, i) => {
          const unit = m.ms === 86_400_000 ? 1000 : 1;
          const key = m.per === 'global' ? '' : m.per === 'agent' ? agent : host;
          const stamps = m.seen.get(key) ?? [];
          const live = stamps.filter(stamp => Math.floor(now / unit) - stamp < m.ms / unit);
          if (live.length >= m.calls) failed ??= `rate_limited l${i}`;
          charge.push(() => m.seen.set(key, [...live, Math.ceil(now / unit)]));
        });
        if (failed === null) for (const add of charge) add();
        const got = decide(loaded, { url: `https://${host}/`, agent, ms: now });
        assert.equal(got.replace(/ \d+$/, ''), failed ?? OK);
        if (!move) continue;
        const state = loaded.engine.exportLimits();
        loaded = fresh(loaded);
        loaded.engine.importLimits(state);
        assert.deepEqual(loaded.engine.exportLimits(), state);
      }
    }),
    { numRuns: 150, seed: 20260107 },
  );
});

test('counters follow name, window, per and field; the number may change', () => {
  const old = limit('calls_per_minute: 3, per: global');
  run(old, [0, 1, 2]);
  const state = old.engine.exportLimits();
  const taken = (spec: string, name = 'l'): string => {
    const next = load(`default: allow\nrules:\n  - { name: ${name}, limit: { ${spec} } }\n`);
    next.engine.importLimits(state);
    return decide(next, { url: U, ms: 10 });
  };
  assert.equal(taken('calls_per_minute: 3, per: global'), 'rate_limited l 59990');
  assert.equal(taken('calls_per_minute: 4, per: global'), OK);
  assert.equal(taken('calls_per_minute: 1, per: global'), 'rate_limited l 59992');
  assert.equal(taken('calls_per_minute: 3, per: agent'), OK);
  assert.equal(taken('calls_per_hour: 3, per: global'), OK);
  assert.equal(taken('calls_per_minute: 3, per: global', 'other'), OK);
});

test('a state that is cut, of another version or with anything behind it is refused and takes nothing over', () => {
  const old = limit('calls_per_minute: 3, per: agent');
  run(old, [0, 1, { ms: 2, agent: 'b' }]);
  const state = old.engine.exportLimits();
  const refused = (bytes: Uint8Array): void => {
    const next = fresh(old);
    assert.throws(() => next.engine.importLimits(bytes), { code: 'limit_state_invalid' });
    assert.deepEqual(run(next, [3, 4, 5]), [OK, OK, OK]);
  };
  for (let n = 0; n < state.length; n++) refused(state.subarray(0, n));
  refused(Uint8Array.of(...state, 0));
  refused(state.with(4, 2));
  refused(state.with(0, 0));
});
