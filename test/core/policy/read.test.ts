// T-19 of THREAT-MODEL.md.
/** What loads, up to the bounds, and what nothing may do: throw. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { CheckedPolicy, CheckedRule } from '#src/core/policy/checked.js';
import { type PolicyReading, policyFormat, readPolicy, readPolicyObject } from '#src/core/policy/read.js';

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

function accepted(reading: PolicyReading): CheckedPolicy {
  assert.ok(reading.ok, reading.ok ? '' : JSON.stringify(reading.issues));
  return reading.policy;
}

const load = (text: string): CheckedPolicy => accepted(readPolicy(encode(text), 'yaml'));

/** The one rule that `lines` make. */
function ruleOf(lines: string): CheckedRule {
  const [rule] = load(`default: deny\nrules:\n  - name: a\n    ${lines}\n`).rules;
  assert.ok(rule !== undefined);
  return rule;
}

test('every key of the document is kept', () => {
  const policy = load(`agent: x\nagents: ["crm-*", b]\ndefault: allow\nmode: dry_run\nversion: 12\nrules: []\n`);
  assert.deepEqual(policy, {
    agentLabel: 'x',
    agents: ['crm-*', 'b'],
    defaultResult: 'allow',
    defaultAt: { line: 3, column: 1 },
    mode: 'dry_run',
    version: 12,
    rules: [],
    tests: [],
  });
});

test('queries and headers', () => {
  const { matcher } = ruleOf(`deny:
      query: [{ name: Page }, { name: q, exact: "", in: [a, "1"] }]
    headers:
      - { name: X-Team, prefix: a, suffix: b, contains: c, present: true }
      - { name: cookie, present: false }
    description: words
    source: handbook 3`);
  assert.deepEqual(matcher.query, [
    { kind: 'present', name: 'Page', test: {} },
    { kind: 'present', name: 'q', test: { exact: '', in: ['a', '1'] } },
  ]);
  assert.deepEqual(matcher.headers, [
    { kind: 'present', name: 'x-team', test: { prefix: 'a', suffix: 'b', contains: 'c' } },
    { kind: 'absent', name: 'cookie' },
  ]);
});

test('description and source are kept', () => {
  const { description, source } = ruleOf('allow: {}\n    description: words\n    source: handbook 3');
  assert.deepEqual([description, source], ['words', 'handbook 3']);
});

test('body operands keep type and exact value', () => {
  const { matcher } = ruleOf(`deny:
      body:
        - { jsonpath: a.0, in: [1.50, "1.5", true, ~, null], not_in: [-0] }
        - { jsonpath: $, exact: ~ }
        - { jsonpath: "$['x y']", min: -1e-3, max: 123456789012345678901234567890 }
        - { jsonpath: $.b }
        - { jsonpath: $.c, exists: false }`);
  const number = (negative: boolean, digits: string, pointExponent: number) => ({ negative, digits, pointExponent });
  assert.deepEqual(matcher.body, [
    {
      path: ['a', 0],
      test: {
        in: [
          { type: 'number', value: number(false, '15', 1) },
          { type: 'string', value: '1.5' },
          { type: 'boolean', value: true },
          { type: 'null' },
          { type: 'null' },
        ],
        notIn: [{ type: 'number', value: number(false, '', 0) }],
      },
    },
    { path: [], test: { exact: { type: 'null' } } },
    {
      path: ['x y'],
      test: { min: number(true, '1', -2), max: number(false, '12345678901234567890123456789', 30) },
    },
    { path: ['b'], test: { exists: true } },
    { path: ['c'], test: { exists: false } },
  ]);
});

const methods: readonly (readonly [given: string, methods: readonly string[]])[] = [
  ['get', ['GET']],
  ['[Get, GET, propfind]', ['GET', 'PROPFIND']],
  ['"*"', ['*']],
  ['"a!#$%&\'*+-.^_`|~9"', ["A!#$%&'*+-.^_`|~9"]],
];
for (const [given, expected] of methods) {
  test(`method ${given}`, () => {
    assert.deepEqual(ruleOf(`deny: { method: ${given} }`).matcher.methods, expected);
  });
}

const windows: readonly (readonly [given: string, start: number, end: number])[] = [
  ['00:00-24:00', 0, 1440],
  ['22:00-06:00', 1320, 360],
  ['22:00-00:00', 1320, 1440],
  ['09:00-17:30', 540, 1050],
];
for (const [given, startMinute, endMinute] of windows) {
  test(`window ${given}`, () => {
    const { time } = ruleOf(`deny: { time_within: "${given}" }`).matcher;
    assert.deepEqual(time, {
      windows: [{ kind: 'within', startMinute, endMinute, days: 127 }],
      zone: { kind: 'offset', minutes: 0 },
    });
  });
}

for (const [zone, minutes] of [
  ['UTC', 0],
  ['utc', 0],
  ['"+05:45"', 345],
  ['"-03:00"', -180],
  ['"-00:00"', 0],
] as const) {
  test(`zone ${zone}`, () => {
    const { time } = ruleOf(`deny: { time_outside: "01:00-02:00", timezone: ${zone} }`).matcher;
    assert.deepEqual(time?.zone, { kind: 'offset', minutes });
  });
}

test('both kinds of window together, one inside the effect and one beside it', () => {
  const { time } = ruleOf('deny: { time_outside: "01:00-02:00" }\n    time_within: "00:00-24:00"').matcher;
  assert.deepEqual(
    time?.windows.map(window => window.kind),
    ['within', 'outside'],
  );
});

test('a limit narrowed from inside and from beside', () => {
  const rule = ruleOf('limit: { calls_per_day: 1000000, per: host, method: POST }\n    url: a.com/**');
  assert.deepEqual(rule.effect, { kind: 'limit', calls: 1_000_000, windowMs: 86_400_000, per: 'host', field: null });
  assert.deepEqual(rule.matcher.methods, ['POST']);
  assert.equal(rule.matcher.url?.text, 'a.com/**');
});

test('an alias stands for its anchor, a hundred times and no more', () => {
  const list = (n: number) => `default: deny\nagents: [&a x, ${'*a, '.repeat(n)}]\nrules: []\n`;
  assert.equal(load(list(100)).agents?.length, 101);
  const reading = readPolicy(encode(list(101)), 'yaml');
  assert.deepEqual(reading.ok ? [] : reading.issues.map(issue => issue.code), ['bound_exceeded']);
});

test('aliases of aliases count for all they expand to', () => {
  let text = 'default: deny\nrules: []\nagent: &a0 x\n';
  for (let i = 1; i <= 30; i++) text += `k${i}: &a${i} [*a${i - 1}, *a${i - 1}]\n`;
  const reading = readPolicy(encode(text), 'yaml');
  assert.deepEqual(reading.ok ? [] : reading.issues.map(issue => issue.code), ['bound_exceeded']);
});

test('block scalars, quotes and core tags give the same strings', () => {
  const policy = load(`default: !!str deny\nversion: !!int 3\nagent: >-\n  two\n  words\nrules: []\n`);
  assert.equal(policy.agentLabel, 'two words');
  assert.equal(load(`default: 'deny'\n"rules": []\n`).defaultResult, 'deny');
});

test('plain words are strings but for those of the core schema', () => {
  for (const text of ['no', 'yes', 'on', 'Off', 'y', '2026-01-07', '12:30:00', '1_000', '0b11', 'nil', '=']) {
    assert.equal(load(`default: deny\nagent: ${text}\nrules: []\n`).agentLabel, text);
  }
  for (const text of ['true', 'False', 'NULL', '~', '1.0', '-.inf', '.5', '0o7', '0xA']) {
    assert.ok(!readPolicy(encode(`default: deny\nagent: ${text}\nrules: []\n`), 'yaml').ok, text);
  }
});

test('the empty text is a value, and null an operand', () => {
  const { matcher } = ruleOf(`deny:
      headers: [{ name: a, exact: "", prefix: "", suffix: "", contains: "", in: [""] }]
      body: { jsonpath: $.a, exact: "", in: [""], not_in: [~], prefix: "", suffix: "", contains: "" }`);
  const text = { prefix: '', suffix: '', contains: '' };
  assert.deepEqual(matcher.headers, [{ kind: 'present', name: 'a', test: { exact: '', ...text, in: [''] } }]);
  const empty = { type: 'string', value: '' };
  assert.deepEqual(matcher.body[0]?.test, { exact: empty, in: [empty], notIn: [{ type: 'null' }], ...text });
});

test('an end-of-document mark and the 1.2 directive are fine', () => {
  assert.equal(load('%YAML 1.2\n---\ndefault: deny\nrules: []\n...\n').rules.length, 0);
});

test('JSON is YAML, and means the same by either name', () => {
  const text = '{"default": "deny",\n "rules": [{"name": "a", "deny": {"body": {"jsonpath": "$.a", "max": 1e2}}}]}\n';
  const asJson = accepted(readPolicy(encode(text), 'json'));
  assert.deepEqual(accepted(readPolicy(encode(text), 'yaml')), asJson);
  assert.deepEqual(asJson.rules[0]?.at, { line: 2, column: 12 });
  const [rule] = accepted(readPolicyObject(text)).rules;
  assert.deepEqual(rule, { ...asJson.rules[0], at: null });
  assert.equal(load('{ default: deny, rules: [] }\n').defaultResult, 'deny');
});

test('only the name says the format', () => {
  const names = ['policy.yaml', 'policy', 'a.json', 'A.JSON', 'json', 'a.json.yaml'];
  assert.deepEqual(names.map(policyFormat), ['yaml', 'yaml', 'json', 'json', 'yaml', 'yaml']);
});

function manyRules(n: number): string {
  let text = 'default: deny\nrules:\n';
  for (let i = 0; i < n; i++) {
    text += `  - name: r${i}\n    allow: { method: [GET], url: "h${i}.example.com/v1/*" }\n`;
  }
  return text;
}

test('10,000 rules load, one more does not', { timeout: 120_000 }, () => {
  assert.equal(load(manyRules(10_000)).rules.length, 10_000);
  const reading = readPolicy(encode(manyRules(10_001)), 'yaml');
  assert.ok(!reading.ok);
  assert.match(reading.issues[0]?.message ?? '', /10,001 rules; the most is 10,000/);
});

test('JSON may hold more rules than YAML', { timeout: 120_000 }, () => {
  const rules = Array.from({ length: 20_000 }, (_, i) => ({ name: `r${i}`, deny: { url: `h${i}.example.com` } }));
  const text = `${JSON.stringify({ default: 'deny', rules })}\n`;
  assert.equal(accepted(readPolicy(encode(text), 'json')).rules.length, 20_000);
  assert.equal(readPolicy(encode(text), 'yaml').ok, false);
});

test('512 different JSON paths, one more does not', () => {
  const policy = (n: number): string => {
    const rule = (i: number) => ({ name: `r${i}`, deny: { body: [{ jsonpath: `$.a${i}` }, { jsonpath: '$.a0' }] } });
    return JSON.stringify({ default: 'deny', rules: Array.from({ length: n }, (_, i) => rule(i)) });
  };
  assert.ok(readPolicyObject(policy(512)).ok);
  const reading = readPolicyObject(policy(514));
  assert.ok(!reading.ok);
  assert.deepEqual(
    reading.issues.map(issue => issue.message),
    ['the policy has 513 different JSON paths; the most is 512'],
  );
});

test('a hundred thousand mistakes cost no more than a few', { timeout: 20_000 }, () => {
  const keys = Array.from({ length: 100_000 }, (_, i) => `"rulse${i}": 1`).join(',');
  const reading = readPolicy(encode(`{${keys}}\n`), 'json');
  assert.equal(reading.ok ? 0 : reading.issues.length, 50);
});

test('files past the bound of their format are refused unread', () => {
  for (const [format, mib] of [
    ['yaml', 4],
    ['json', 16],
  ] as const) {
    const reading = readPolicy(new Uint8Array(mib * 1024 * 1024 + 1).fill(0x20), format);
    assert.ok(!reading.ok);
    assert.deepEqual(
      reading.issues.map(issue => issue.code),
      ['bound_exceeded'],
    );
  }
});

const formats = fc.constantFrom('yaml', 'json') as fc.Arbitrary<'yaml' | 'json'>;

test('no bytes make it throw, and a refusal always says why', () => {
  const piece = fc.constantFrom(
    ...[
      'default: deny\n',
      'rules:\n',
      '  - name: a\n',
      '    allow: {}\n',
      '{',
      '}',
      '[',
      ']',
      '"',
      "'",
      ': ',
      '- ',
      ' ',
    ],
    ...[
      '\n',
      '\t',
      '&a ',
      '*a ',
      '!x ',
      '<<',
      '|',
      '>',
      '%',
      '@',
      '#',
      ',',
      '---\n',
      '?',
      '0x1',
      '~',
      '\u0085',
      'é',
      '\ud800',
    ],
  );
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 60 }),
    fc.array(piece, { maxLength: 30 }).map(pieces => encode(`${pieces.join('')}\n`)),
  );
  fc.assert(
    fc.property(bytes, formats, (given, format) => {
      const reading = readPolicy(given, format);
      if (reading.ok) return;
      assert.ok(reading.issues.length > 0);
      for (const issue of reading.issues) {
        assert.ok(issue.line !== null && issue.line >= 1 && issue.column !== null && issue.column >= 1);
        assert.doesNotMatch(issue.message + (issue.suggestion ?? ''), /\p{Cc}/u);
      }
    }),
    { numRuns: 2000 },
  );
});

test('no JSON value makes it throw', () => {
  const keys = fc.constantFrom(
    'default',
    'rules',
    'name',
    'allow',
    'limit',
    'body',
    'url',
    'jsonpath',
    'in',
    'per',
    'x',
  );
  const { value } = fc.letrec(tie => ({
    value: fc.oneof(
      { maxDepth: 7, withCrossShrink: true },
      fc.constantFrom<unknown>('deny', '', '$.a', 'a.com', 0, 1.5, true, null),
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(keys, tie('value'), { maxKeys: 5 }),
    ),
  }));
  fc.assert(
    fc.property(value, given => {
      const reading = readPolicyObject(JSON.stringify(given));
      if (!reading.ok) assert.ok(reading.issues.length > 0);
    }),
    { numRuns: 1000 },
  );
});
