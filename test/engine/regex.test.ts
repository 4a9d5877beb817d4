/** `regex` in the engine: what it finds, what it costs, what a spoilt table does. T-53 of THREAT-MODEL.md. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { H } from '#src/core/policy/program/format.js';
import { readPolicy } from '#src/core/policy/read.js';
import { cpuMs } from '../support/cpu-time.js';
import { both, decide, engineModule, load, policyOf, programOf, value } from '../support/engine.js';

const U = 'https://a.example/';
type Headers = readonly (readonly [string, string])[];

const queries: readonly (readonly [regex: string, query: string, value: string])[] = [
  ['^v[0-9]+$', 'a=v12', 'T'],
  ['^v[0-9]+$', 'a=v12x', 'F'],
  ['^v[0-9]+$', 'a=v1&a=x', 'D'],
  ['^v[0-9]+$', 'b=v1', 'F'],
  ['^é y$', 'a=%C3%A9+y', 'T'],
  ['(?i)é', 'a=%C3%89', 'T'],
  ['x', 'a=%FF', 'U'],
  ['^$', 'a=', 'T'],
];
for (const [regex, query, wanted] of queries) {
  test(`${regex} on the query ${query} is ${wanted}`, () => {
    assert.equal(value(both(`{ query: [{ name: a, regex: '${regex}' }] }`), { url: `${U}?${query}` }), wanted);
  });
}

const lines: readonly (readonly [regex: string, headers: Headers, value: string])[] = [
  ['^Bearer [a-z]+$', [['X-A', 'Bearer abc']], 'T'],
  ['^Bearer [a-z]+$', [['X-A', 'Basic abc']], 'F'],
  ['^b$', [['X-A', 'a, b']], 'D'],
  [
    '^a, b$',
    [
      ['X-A', 'a'],
      ['x-a', 'b'],
    ],
    'D',
  ],
  ['^ü$', [['X-A', 'ü']], 'T'],
  ['^b$', [], 'F'],
];
for (const [regex, headers, wanted] of lines) {
  test(`${regex} on the headers ${JSON.stringify(headers)} is ${wanted}`, () => {
    assert.equal(value(both(`{ headers: [{ name: X-A, regex: '${regex}' }] }`), { url: U, headers }), wanted);
  });
}

const bodies: readonly (readonly [regex: string, body: string, value: string, type?: string])[] = [
  ['^ab+$', '{"a":"abb"}', 'T'],
  ['^ab+$', '{"a":"abbc"}', 'F'],
  ['^ab+$', '{"a":5}', 'U'],
  ['^ab+$', '{"a":null}', 'U'],
  ['^ab+$', '{"a":["ab"]}', 'U'],
  ['^ab+$', '{"b":"ab"}', 'F'],
  ['^a"b$', '{"a":"a\\"b"}', 'T'],
  ['^é😀\\n$', '{"a":"\\u00e9\\ud83d\\ude00\\n"}', 'T'],
  ['^.$', '{"a":"\\ud83d\\ude00"}', 'T'],
  ['\\bdrop\\b', '{"a":"1; \\u0064rop table"}', 'T'],
  ['^a b&c$', 'a=a+b%26c', 'T', 'application/x-www-form-urlencoded'],
  ['^5$', 'a=5', 'T', 'application/x-www-form-urlencoded'],
  // Half of a surrogate pair is no character; what follows from that cannot be judged.
  ['^.x$', '{"a":"\\ud800x"}', 'U'],
  ['(?s)^.*secret', '{"a":"\\udc00 secret"}', 'U'],
  ['secret', '{"a":"\\udc00 secret"}', 'U'],
  ['^a', '{"a":"b\\ud800"}', 'U'],
  ['^.$', '{"a":"\ufffd"}', 'T'],
];
for (const [regex, body, wanted, type = 'application/json'] of bodies) {
  test(`${regex} on ${body} is ${wanted}`, () => {
    const ask = { url: U, method: 'POST', body, headers: [['content-type', type]] } as const;
    assert.equal(value(both(`{ body: { jsonpath: $.a, regex: '${regex}' } }`), ask), wanted);
  });
}

test('with other operators all must hold', () => {
  const pair = both('{ body: { jsonpath: $.a, prefix: x, regex: "[0-9]$", exact: x1 } }');
  assert.equal(value(pair, { url: U, method: 'POST', body: '{"a":"x1"}' }), 'T');
  assert.equal(value(pair, { url: U, method: 'POST', body: '{"a":"x2"}' }), 'F');
});

const many = (patterns: readonly string[]): string =>
  `default: deny\nrules:\n${patterns.map((p, i) => `  - { name: r${i}, allow: { query: [{ name: a, regex: '${p}' }] } }\n`).join('')}`;

test('a pattern that stands in many places is compiled and kept once', () => {
  const once = programOf(policyOf(many(['^.{40}y'])));
  const often = programOf(policyOf(many(Array.from({ length: 50 }, () => '^.{40}y'))));
  assert.equal(new DataView(often.buffer).getUint32((H.automata + 1) * 4, true), 1);
  assert.ok(often.length < once.length + 50 * 400, `${once.length}, then ${often.length}`);
});

test('4 MiB of tables are the most in one policy; the pattern that goes over is named', () => {
  // Each letter is a class of its own, each place takes eight states: over 400 KB a pattern.
  const letters = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';
  const patterns = Array.from({ length: 12 }, (_, i) => `^${letters}.{${400 + i}}$`);
  const reading = readPolicy(new TextEncoder().encode(many(patterns)), 'yaml');
  assert.ok(!reading.ok);
  const [issue] = reading.issues;
  assert.equal(issue?.code, 'bound_exceeded');
  assert.match(issue?.message ?? '', /`\^abc.*` has .* bytes of tables; the most is 4,194,304/);
});

test('a spoilt automaton is refused or runs; it never leaves its table', () => {
  const policy = policyOf(
    "default: deny\nrules:\n  - { name: r, allow: { query: [{ name: a, regex: '^(?:ab|c)+é?$' }], body: { jsonpath: $.a, regex: '[x-z]{2}' } } }",
  );
  const good = programOf(policy);
  const section = new DataView(good.buffer).getUint32(H.automata * 4, true);
  let state = 5;
  const next = (below: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  let refused = 0;
  for (let round = 0; round < 1500; round++) {
    const program = good.slice();
    const place = next(4) === 0 ? section + next(40) : section + next(good.length - section);
    program[place] = next(3) === 0 ? 255 : next(256);
    try {
      const engine = engineModule().instantiate(program, { inspectBytes: 256 });
      decide({ policy, engine }, { url: `${U}?a=abcab%C3%A9`, method: 'POST', body: '{"a":"\\u0078yz"}' });
    } catch (error) {
      assert.equal((error as { code?: string }).code, 'engine_program_refused');
      refused += 1;
    }
  }
  assert.ok(refused > 500, `${refused} of 1500`);
});

test('the time is that of one pass, whatever the pattern', () => {
  for (const pattern of ['(a+)+b', '(a|a)*b', '(a|aa)+$b|(x+x+)+y', '^(([a-z])+.)+[A-Z]([a-z])+$']) {
    const pair = load(
      `default: deny\nrules:\n  - { name: r, allow: { body: { jsonpath: $.a, regex: '${pattern}' } } }`,
      1 << 20,
    );
    const body = JSON.stringify({ a: 'a'.repeat(1_000_000) });
    const ask = { url: U, method: 'POST', body };
    decide(pair, ask);
    const ms = cpuMs(() => assert.equal(decide(pair, ask), 'default_denied'));
    // A pass for each byte would take minutes.
    assert.ok(ms < 2000, `${pattern}: ${ms} ms for 1 MB`);
  }
});
