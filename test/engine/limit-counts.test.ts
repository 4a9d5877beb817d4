/** What a limit promises (the language, section 5), against the calls that it let through rather than against a model. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { cpuMs } from '../support/cpu-time.js';
import { type Ask, decide, engineModule, type Loaded, load, programOf } from '../support/engine.js';

const U = 'https://api.example.com/v1/x';
const OK = 'default_allowed';
const PERIODS = { second: 1000, minute: 60_000, hour: 3_600_000, day: 86_400_000 } as const;
type Period = keyof typeof PERIODS;
const limit = (spec: string): Loaded => load(`default: allow\nrules:\n  - { name: l, limit: { ${spec} } }\n`);
const at = (loaded: Loaded, ms: number, more: Partial<Ask> = {}): string => decide(loaded, { url: U, ms, ...more });

for (const [period, window] of Object.entries(PERIODS)) {
  // Rounded against the caller: a tick is a millisecond, for a day a second.
  const tick = period === 'day' ? 1000 : 1;

  test(`a ${period}: the last moment at which it is full, and the first at which it is not`, () => {
    const loaded = limit(`calls_per_${period}: 2, per: global`);
    assert.deepEqual([at(loaded, 0), at(loaded, tick)], [OK, OK]);
    assert.equal(at(loaded, window - 0.001), 'rate_limited l 1');
    assert.equal(at(loaded, window), OK);
    assert.equal(at(loaded, window), `rate_limited l ${tick}`);
    assert.equal(at(loaded, window + tick), OK);
  });

  test(`a ${period}: a call between two ticks leaves late, never early`, () => {
    const loaded = limit(`calls_per_${period}: 1, per: global`);
    assert.equal(at(loaded, tick / 2), OK);
    assert.equal(at(loaded, window + tick / 2), `rate_limited l ${period === 'day' ? 500 : 1}`);
    assert.equal(at(loaded, window + tick), OK);
  });

  test(`a ${period}: no window of that length holds more than N of the calls that passed, and the wait is enough`, () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5 }),
        fc.array(fc.oneof(fc.double({ min: 0, max: window / 2, noNaN: true }), fc.nat(3), fc.nat(window)), {
          maxLength: 40,
        }),
        (calls, gaps) => {
          const loaded = limit(`calls_per_${period}: ${calls}, per: global`);
          const passed: number[] = [];
          let now = 0.25;
          for (const gap of gaps) {
            now += gap;
            let said = at(loaded, now);
            if (said !== OK) {
              const wait = Number(said.split(' ')[2]);
              assert.ok(wait > 0 && wait <= window + tick, said);
              // One that comes just before the wait is over is refused; one that comes when it is over passes.
              now = Math.max(now, Math.floor(now) + wait - 1);
              if (wait > 1) assert.notEqual(at(loaded, now), OK);
              now = Math.floor(now) + 1;
              said = at(loaded, now);
              assert.equal(said, OK);
            }
            passed.push(now);
          }
          passed.forEach((start, i) => {
            const nth = passed[i + calls];
            if (nth !== undefined) assert.ok(nth - start >= window, `${calls + 1} calls in ${nth - start} ms`);
          });
        },
      ),
      { numRuns: 60, seed: 20260107 },
    );
  });
}

test('a million calls a day, and not one more', { timeout: 60_000 }, () => {
  const loaded = limit('calls_per_day: 1000000, per: global');
  for (let i = 0; i < 1_000_000; i++) if (at(loaded, i) !== OK) assert.fail(`call ${i}`);
  assert.equal(at(loaded, 1_000_000), 'rate_limited l 85400000');
});

const json = (body: unknown): Partial<Ask> => ({
  method: 'POST',
  headers: [['Content-Type', 'application/json']],
  body: typeof body === 'string' ? body : JSON.stringify(body),
});
const form = (body: string): Partial<Ask> => ({
  method: 'POST',
  headers: [['Content-Type', 'application/x-www-form-urlencoded']],
  body,
});
const long = 'm'.repeat(257);
const fields: readonly (readonly [what: string, a: Partial<Ask>, b: Partial<Ask>, same: boolean])[] = [
  ['one value', json({ m: 'a' }), json({ m: 'a', x: 1 }), true],
  ['two values', json({ m: 'a' }), json({ m: 'b' }), false],
  ['a number in two spellings', json('{"m":1}'), json('{"m":10e-1}'), true],
  ['a number and a text', json({ m: 1 }), json({ m: '1' }), false],
  ['true and "true"', json({ m: true }), json({ m: 'true' }), false],
  ['null and nothing', json({ m: null }), json({}), false],
  ['nothing and no body', json({}), {}, true],
  ['an object and nothing', json({ m: {} }), json({}), true],
  ['broken and nothing', json('{"m":'), json({}), true],
  ['twice and nothing', json('{"m":"a","m":"b"}'), json({}), true],
  ['an empty text and nothing', json({ m: '' }), json({}), false],
  ['an escape', json('{"m":"\\u0061"}'), json({ m: 'a' }), true],
  ['a long text', json({ m: long }), json({ m: long }), true],
  ['two long texts', json({ m: `${long}a` }), json({ m: `${long}b` }), false],
  ['a form and JSON', form('m=a'), json({ m: 'a' }), true],
  ['a form twice and nothing', form('m=a&m=b'), json({}), true],
  ['over the limit and nothing', { method: 'POST', body: { kind: 'too_large' } }, json({}), true],
];
for (const [what, a, b, same] of fields) {
  test(`by a field, ${what}: one key is ${same}`, () => {
    const loaded = limit('calls_per_day: 1, per: body_field, field: "$.m"');
    assert.equal(at(loaded, 0, a), OK);
    assert.equal(at(loaded, 0, b).startsWith('rate_limited'), same);
  });
}

const folded: readonly (readonly [a: string, b: string, same: boolean])[] = [
  ['7', '123456789012345678', true],
  ['7', '7a', false],
  ['6f9619ff-8b86-d011-b42d-00cf4fc964ff', '00000000-0000-0000-0000-000000000000', true],
  ['6f9619ff-8b86-d011-b42d-00cf4fc964ff', '7', true],
  ['deadbeef1', 'cafebabe2', true],
  ['deadbeef', 'cafebabe', false],
  ['abc123', 'abc124', false],
  ['cus_NffrFeUfNV2Hib', 'cus_9s6XKzkNRiz8i3', true],
  ['list_all_customers', 'list_new_customers', false],
];
for (const [a, b, same] of folded) {
  test(`by endpoint, ${a} and ${b}: one key is ${same}`, () => {
    const loaded = limit('calls_per_day: 1, per: endpoint');
    assert.equal(at(loaded, 0, { url: `https://a.example/t/${a}/x` }), OK);
    assert.equal(at(loaded, 0, { url: `https://a.example/t/${b}/x` }).startsWith('rate_limited'), same);
  });
}

test('each rule has its own 10,000 keys, and a call that one refuses takes none of another', () => {
  const loaded = load(
    'default: allow\nrules:\n  - { name: a, limit: { calls_per_day: 9, per: host } }\n  - { name: b, limit: { calls_per_day: 20000, per: agent } }',
  );
  const ask = (host: string, agent: string): string => at(loaded, 0, { url: `https://${host}.example/`, agent });
  for (let i = 0; i < 10_000; i++) assert.equal(ask(`h${i}`, 'first'), OK);
  assert.equal(ask('new', 'refused'), 'limit_keys_exhausted a');
  for (let i = 0; i < 9_999; i++) assert.equal(ask(`h${i}`, `n${i}`), OK);
  assert.equal(ask('h1', 'one-too-many'), 'limit_keys_exhausted b');
  assert.equal(ask('h1', 'first'), OK);
});

test('counters follow the field; a lower number takes effect at once', () => {
  const old = limit('calls_per_minute: 5, per: body_field, field: "$.m"');
  for (let i = 0; i < 4; i++) assert.equal(at(old, i, json({ m: 'a', n: 'a' })), OK);
  const state = old.engine.exportLimits();
  const next = (spec: string): string => {
    const loaded = limit(spec);
    loaded.engine.importLimits(state);
    return at(loaded, 10, json({ m: 'a', n: 'a' }));
  };
  assert.equal(next('calls_per_minute: 5, per: body_field, field: "$.m"'), OK);
  assert.equal(next('calls_per_minute: 4, per: body_field, field: "$[\'m\']"'), 'rate_limited l 59990');
  assert.equal(next('calls_per_minute: 2, per: body_field, field: "$.m"'), 'rate_limited l 59992');
  assert.equal(next('calls_per_minute: 4, per: body_field, field: "$.n"'), OK);
});

test('a limit that is lowered says the right wait for as long as too many are live', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 6 }),
      fc.array(fc.nat(9000), { minLength: 1, maxLength: 40 }),
      (calls, gaps) => {
        const old = limit('calls_per_minute: 40, per: global');
        const passed: number[] = [];
        let now = 0;
        for (const gap of gaps) {
          now += gap;
          assert.equal(at(old, now), OK);
          passed.push(now);
          if (now > 40_000) break;
        }
        const loaded = limit(`calls_per_minute: ${calls}, per: global`);
        loaded.engine.importLimits(old.engine.exportLimits());
        for (const gap of gaps) {
          now += gap;
          const live = passed.filter(ms => ms + 60_000 > now);
          const turn = live[live.length - calls];
          const said = at(loaded, now);
          assert.equal(said, turn === undefined ? OK : `rate_limited l ${turn + 60_000 - now}`);
          if (turn === undefined) passed.push(now);
        }
      },
    ),
    { numRuns: 200, seed: 20260107 },
  );
});

test('a limit lowered from a million to one refuses as quickly as any', { timeout: 60_000 }, () => {
  const old = limit('calls_per_day: 1000000, per: global');
  for (let i = 0; i < 150_000; i++) if (at(old, i) !== OK) assert.fail(`call ${i}`);
  const loaded = limit('calls_per_day: 1, per: global');
  loaded.engine.importLimits(old.engine.exportLimits());
  const ms = cpuMs(() => {
    for (let i = 0; i < 10_000; i++) assert.match(at(loaded, 600_000 + i), /^rate_limited/);
  });
  // Half a million steps a call would take ten seconds.
  assert.ok(ms < 3000, `${ms} ms`);
});

test('every period and every `per` survives a reload, and nothing else of another rule does', () => {
  for (const period of Object.keys(PERIODS) as Period[]) {
    for (const per of ['global', 'agent', 'host', 'endpoint', 'body_field, field: "$.m"']) {
      const loaded = limit(`calls_per_${period}: 1, per: ${per}`);
      assert.equal(at(loaded, 5, json({ m: 'a' })), OK);
      const next: Loaded = {
        policy: loaded.policy,
        engine: engineModule().instantiate(programOf(loaded.policy), { inspectBytes: 1024 }),
      };
      next.engine.importLimits(loaded.engine.exportLimits());
      assert.match(at(next, 6, json({ m: 'a' })), /^rate_limited/, `${period} ${per}`);
    }
  }
});
