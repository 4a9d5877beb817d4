/** Each bound of the language: just at it a policy loads, one more is refused with the bound's name and value. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type PolicyReading, readPolicy } from '#src/core/policy/read.js';

const read = (text: string, format: 'yaml' | 'json'): PolicyReading =>
  readPolicy(new TextEncoder().encode(`${text}\n`), format);
const many = <T>(n: number, make: (i: number) => T): T[] => Array.from({ length: n }, (_, i) => make(i));
/** A policy of one rule, as JSON, which is quick to read. */
const rule = (effect: object, kind = 'deny', name = 'r'): string =>
  JSON.stringify({ default: 'deny', rules: [{ name, [kind]: effect }] });
const header = (test: object) => ({ headers: [{ name: 'a', ...test }] });
const query = (test: object) => ({ query: [{ name: 'a', ...test }] });
const body = (test: object) => ({ body: { jsonpath: '$.a', ...test } });
const limit = (more: object): string => rule({ calls_per_day: 1, per: 'body_field', ...more }, 'limit');
const x = (n: number): string => 'x'.repeat(n);
const ids = (n: number): string[] => many(n, i => `v${i}`);

type Bound = readonly [name: string, policy: (n: number) => string, most: number, says: RegExp];

const bounds: readonly Bound[] = [
  [
    'matchers of a rule',
    n =>
      rule({ method: 'GET', url: 'a.com', time_within: '09:00-17:00', headers: many(n - 3, i => ({ name: `h${i}` })) }),
    64,
    /the rule has 65 matchers; the most is 64/,
  ],
  ['headers', n => rule({ headers: many(n, i => ({ name: `h${i}` })) }), 64, /`headers` has 65 items; the most is 64/],
  ['query', n => rule({ query: many(n, i => ({ name: `q${i}` })) }), 64, /`query` has 65 items; the most is 64/],
  ['body', n => rule({ body: many(n, i => ({ jsonpath: `$.b${i}` })) }), 64, /`body` has 65 items; the most is 64/],
  [
    'bytes of a URL pattern',
    n => rule({ url: `a.com/${x(n - 6)}` }),
    1024,
    /URL pattern has 1,025 bytes; the most is 1,024/,
  ],
  [
    'bytes of a glob',
    n => JSON.stringify({ default: 'deny', agents: [x(n)], rules: [] }),
    1024,
    /`agents` has 1,025 bytes; the most is 1,024/,
  ],
  [
    'bytes of a JSON path',
    n => rule({ body: { jsonpath: `$.${x(n - 2)}` } }),
    1024,
    /JSON path has 1,025 bytes; the most is 1,024/,
  ],
  ['bytes of a field', n => limit({ field: `$.${x(n - 2)}` }), 1024, /JSON path has 1,025 bytes; the most is 1,024/],
  [
    'bytes of a header name',
    n => rule({ headers: [{ name: x(n) }] }),
    1024,
    /`name` has 1,025 bytes; the most is 1,024/,
  ],
  ['bytes of a query name', n => rule({ query: [{ name: x(n) }] }), 1024, /`name` has 1,025 bytes; the most is 1,024/],
  ...(['prefix', 'suffix', 'contains'] as const).flatMap((key): Bound[] => {
    const says = new RegExp(`\`${key}\` has 1,025 bytes; the most is 1,024`);
    return [
      [`bytes of \`${key}\` of a header`, n => rule(header({ [key]: x(n) })), 1024, says],
      [`bytes of \`${key}\` of a query`, n => rule(query({ [key]: x(n) })), 1024, says],
      [`bytes of \`${key}\` of a body`, n => rule(body({ [key]: x(n) })), 1024, says],
    ];
  }),
  ['segments of a path', n => rule({ url: `a.com${'/x'.repeat(n)}` }), 64, /65 path segments; the most is 64/],
  ['labels of a host', n => rule({ url: many(n, () => 'x').join('.') }), 64, /65 labels; the most is 64/],
  [
    'segments of a JSON path',
    n => rule({ body: { jsonpath: `$${'.a'.repeat(n)}` } }),
    64,
    /65 segments; the most is 64/,
  ],
  ['methods', n => rule({ method: ids(n) }), 256, /`method` has 257 items; the most is 256/],
  [
    'globs',
    n => JSON.stringify({ default: 'deny', agents: ids(n), rules: [] }),
    256,
    /`agents` has 257 items; the most is 256/,
  ],
  ['days', n => rule({ days: many(n, () => 'mon') }), 256, /`days` has 257 items; the most is 256/],
  ['`in` of a header', n => rule(header({ in: ids(n) })), 10_000, /`in` has 10,001 items; the most is 10,000/],
  ['`in` of a query', n => rule(query({ in: ids(n) })), 10_000, /`in` has 10,001 items; the most is 10,000/],
  ['`in` of a body', n => rule(body({ in: ids(n) })), 10_000, /`in` has 10,001 items; the most is 10,000/],
  ['`not_in` of a body', n => rule(body({ not_in: ids(n) })), 10_000, /`not_in` has 10,001 items; the most is 10,000/],
  ['bytes of a name', n => rule({}, 'deny', x(n)), 128, /name of a rule has 129 bytes; the most is 128/],
  ['bytes of a method', n => rule({ method: x(n) }), 64, /the method has 65 bytes; the most is 64/],
  [
    'calls',
    n => rule({ calls_per_day: n, per: 'host' }, 'limit'),
    1_000_000,
    /`calls_per_day` is an integer from 1 to 1000000/,
  ],
];

for (const [name, policy, most, says] of bounds) {
  test(`${name}: ${most} load, ${most + 1} do not`, () => {
    const good = read(policy(most), 'json');
    assert.ok(good.ok, good.ok ? '' : JSON.stringify(good.issues));
    const over = read(policy(most + 1), 'json');
    assert.ok(!over.ok, 'it loads');
    assert.match(over.issues[0]?.message ?? '', says);
  });
}

for (const [format, most, says] of [
  ['yaml', 4 * 1024 * 1024, /4,194,305 bytes; the most is 4,194,304/],
  ['json', 16 * 1024 * 1024, /16,777,217 bytes; the most is 16,777,216/],
] as const) {
  test(`a file in ${format}: ${most} bytes load, one more does not`, () => {
    const policy = (bytes: number): string => {
      const text = '{ "default": "deny", "rules": [] }';
      return text + ' '.repeat(bytes - text.length - 1);
    };
    assert.ok(read(policy(most), format).ok);
    const over = read(policy(most + 1), format);
    assert.ok(!over.ok);
    assert.equal(over.issues[0]?.code, 'bound_exceeded');
    assert.match(over.issues[0]?.message ?? '', says);
  });
}

test('rules in JSON: 100,001 are refused before any of them is compiled', { timeout: 60_000 }, () => {
  const rules = many(100_001, i => ({ name: `r${i}`, deny: {} }));
  const over = read(JSON.stringify({ default: 'deny', rules }), 'json');
  assert.ok(!over.ok);
  assert.match(over.issues[0]?.message ?? '', /100,001 rules; the most is 100,000/);
});
