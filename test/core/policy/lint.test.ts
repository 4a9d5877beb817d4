/** Each lint: a policy that shows it, and near misses that do not. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lintPolicy } from '#src/core/policy/lint/lint.js';
import { isPublicSuffix } from '#src/core/policy/lint/suffixes.js';
import { LINTS, type Lint, type LintCode } from '#src/core/policy/lints.js';
import { readPolicy, readPolicyObject } from '#src/core/policy/read.js';

const TESTS = `tests: [{ name: t, request: { url: "https://a.test/" }, expect: { result: deny } }]\n`;

function lint(text: string): readonly Lint[] {
  const reading = readPolicy(new TextEncoder().encode(text), 'yaml');
  assert.ok(reading.ok, `${JSON.stringify(reading)}\n${text}`);
  return lintPolicy(reading.policy, text);
}

/** Rules `a`, `b`, … of a policy that denies by default; the codes of `of`. */
function found(of: LintCode, ...rules: readonly string[]): number {
  const listed = rules.map((rule, i) => `  - { name: ${String.fromCharCode(97 + i)}, ${rule} }\n`).join('');
  return lint(`default: deny\n${TESTS}rules:\n${listed}`).filter(one => one.code === of).length;
}

const A = 'allow: { url: "https://a.test/x" }';
type Rules = readonly string[];
const CASES: Partial<Record<LintCode, { readonly shows: readonly Rules[]; readonly not: readonly Rules[] }>> = {
  empty_matcher: {
    shows: [['allow: {}']],
    not: [
      ['deny: {}'],
      ['allow: {}, method: GET'],
      ['limit: { calls_per_day: 1, per: global }', 'allow: { url: "*" }'],
    ],
  },
  allow_everything: {
    shows: [
      ['allow: { url: "*" }'],
      ['allow: { url: "**" }'],
      ['allow: { method: "*" }'],
      ['allow: { url: "*:*/**", method: ["*", GET] }'],
      ['allow: { url: "*/**" }'],
      ['allow: { tool: "**" }'],
      ['allow: { tool: [read, "**"], url: "*" }'],
    ],
    not: [
      ['allow: {}'],
      ['deny: { url: "*" }'],
      ['allow: { url: "https://*/**" }'],
      ['allow: { url: "*/*" }'],
      ['allow: { url: "*:443/**" }'],
      ['allow: { method: GET, url: "*" }'],
      ['allow: { url: "*", time_within: "09:00-17:00" }'],
      ['allow: { tool: "*" }'],
      ['deny: { tool: "**" }'],
      ['allow: { tool: "**", args: { jsonpath: $.a } }'],
      ['mode: dry_run, allow: { tool: "**" }'],
    ],
  },
  plain_http: {
    shows: [['allow: { url: "http://api.a.test/x" }'], ['allow: { url: "ws://10.0.0.1/" }']],
    not: [
      ['allow: { url: "https://api.a.test/x" }'],
      ['allow: { url: "api.a.test/x" }'],
      ['deny: { url: "http://api.a.test/x" }'],
      [
        'allow: { url: "http://localhost:8080/x" }',
        'allow: { url: "http://127.0.0.1/x" }',
        'allow: { url: "http://[::1]/x" }',
      ],
    ],
  },
  body_on_bodyless_method: {
    shows: [
      ['deny: { method: GET, body: { jsonpath: $.a } }'],
      ['allow: { method: [get, head], body: { jsonpath: $.a } }'],
    ],
    not: [
      ['deny: { method: [GET, POST], body: { jsonpath: $.a } }'],
      ['deny: { body: { jsonpath: $.a } }'],
      ['deny: { method: GET }'],
    ],
  },
  glob_over_public_suffix: {
    shows: [
      // Any host at all is over every suffix.
      ['allow: { url: "https://*/**" }'],
      ['allow: { url: "**/x" }'],
      ['allow: { url: "*.com/x" }'],
      ['allow: { url: "**.co.uk/x" }'],
      ['allow: { url: "my-*.github.io/x" }'],
      ['allow: { url: "a.**.com/x" }'],
      ['allow: { url: "10.0.*.*/x" }'],
      ['allow: { url: "*.s3.eu-west-1.amazonaws.com/x" }'],
      ['allow: { url: "api.*/x" }'],
    ],
    not: [
      ['allow: { url: "*.example.com/x" }'],
      ['allow: { url: "*.me.github.io/x" }'],
      ['deny: { url: "*.com/x" }'],
      ['allow: { url: "*.local/x" }'],
      ['allow: { url: "example.com/*" }'],
      ['allow: { url: "tool://*/x" }'],
      ['deny: { url: "https://*/**" }'],
    ],
  },
  glob_in_domain: {
    shows: [
      ['allow: { url: "api.exam*.co.example" }'],
      ['allow: { url: "a*.example.com/x" }'],
      ['allow: { url: "*.b*.example.com" }'],
    ],
    not: [
      ['allow: { url: "a*.b.example.com/x" }'],
      ['allow: { url: "*.example.com/x" }'],
      ['deny: { url: "a*.example.com/x" }'],
      ['allow: { url: "a*.com/x" }'],
    ],
  },
  host_without_dot: {
    shows: [['allow: { url: "github/tools/*" }']],
    not: [
      ['allow: { url: "tool://github/tools/*" }'],
      ['allow: { url: "https://intranet/x" }'],
      ['allow: { url: "a.test/x" }'],
      ['deny: { url: "github/**" }'],
      ['allow: { url: "*/x" }'],
      ['allow: { url: "github/tools/*", tool: "read_*" }'],
    ],
  },
  min_over_max: {
    shows: [
      ['deny: { body: { jsonpath: $.a, min: 5, max: 4.99 } }'],
      ['allow: { method: POST, body: [{ jsonpath: $.a, min: -1, max: -1.5 }] }'],
      ['deny: { tool: a, args: { jsonpath: $.a, min: 5, max: 4.99 } }'],
    ],
    not: [['deny: { body: { jsonpath: $.a, min: 5, max: 5.0 } }'], ['deny: { body: { jsonpath: $.a, min: 5 } }']],
  },
  rule_repeated: {
    shows: [
      [A, 'allow: { url: "HTTPS://A.test/x/" }'],
      ['deny: { method: GET }', 'method: get, deny: {}'],
      ['deny: { query: [{ name: a, regex: "^a" }] }', 'deny: { query: [{ name: a, regex: "^a" }] }'],
      ['deny: { tool: read }', 'deny: { tool: [read] }'],
    ],
    not: [
      [A, 'deny: { url: "https://a.test/x" }'],
      [A, 'allow: { url: "https://a.test/y" }'],
      ['allow: { url: "*", time_within: "09:00-17:00" }', 'allow: { url: "*", time_outside: "09:00-17:00" }'],
      ['deny: { query: [{ name: a, regex: "^a" }] }', 'deny: { query: [{ name: a, regex: "^b" }] }'],
      ['deny: { tool: read }', 'deny: { tool: write }'],
      ['deny: { tool: read }', 'mode: dry_run, deny: { tool: read }'],
      ['mode: dry_run, deny: { tool: read }', 'deny: { tool: read }'],
    ],
  },
  rule_never_fires: {
    shows: [
      ['allow: { url: "tcp://a.test/" }'],
      ['allow: { url: "tcp://*:*/" }', 'limit: { calls_per_day: 1, per: global, url: "tcp://a.test/" }'],
      [A, 'deny: {}'],
      [A, 'deny: { url: "*" }'],
      [A, 'deny: { url: "a.test/**" }'],
      [A, 'deny: { url: "*.test/**" }'],
      [A, 'deny: { url: "**.test/x" }'],
      [
        'allow: { method: GET, url: "a.test/x", headers: [{ name: a }] }',
        'deny: { method: [GET, POST], headers: [{ name: A }] }',
      ],
      ['deny: { time_within: "09:00-17:00", time_outside: "08:00-18:00" }'],
      ['deny: { time_outside: "00:00-24:00" }'],
      ['deny: { time_within: "22:00-06:00", time_outside: "21:00-07:00" }'],
      ['allow: { body: [{ jsonpath: $.a, exact: 1 }, { jsonpath: a, exact: 2 }] }'],
      ['allow: { body: { jsonpath: $.a, exact: 1, min: 2 } }'],
      ['allow: { body: { jsonpath: $.a, exact: a, in: [b, c] } }'],
      ['allow: { body: { jsonpath: $.a, exact: a, not_in: [a] } }'],
      ['allow: { headers: [{ name: a, exact: x }, { name: A, exact: y }] }'],
      ['allow: { query: [{ name: a }, { name: a, present: false }] }'],
      ['allow: { tool: read_file }', 'deny: { tool: "**" }'],
      ['allow: { tool: ["files/read", "files/a/b"] }', 'deny: { tool: ["x", "files/**"] }'],
      ['allow: { tool: read, args: { jsonpath: $.a } }', 'deny: { args: { jsonpath: $.a } }'],
      ['allow: { tool: read, args: { jsonpath: $.a } }', 'deny: {}'],
      ['allow: { tool: a, args: [{ jsonpath: $.a, exact: 1 }, { jsonpath: a, exact: 2 }] }'],
      ['deny: { tool: read, body: { jsonpath: $.path } }'],
      ['deny: { tool: read, headers: [{ name: a }] }'],
      ['deny: { tool: read, url: "https://a.test/**" }'],
    ],
    not: [
      [A, 'deny: { url: "https://a.test/y" }'],
      [A, 'deny: { tool: "**" }'],
      [A, 'mode: dry_run, deny: {}'],
      ['allow: { tool: ["files/read", "web/get"] }', 'deny: { tool: "files/**" }'],
      ['allow: { tool: "read_*" }', 'deny: { tool: read_file }'],
      ['allow: { tool: read }', 'deny: { tool: read, args: { jsonpath: $.a } }'],
      ['deny: { tool: read, body: { jsonpath: $.a, exists: false }, headers: [{ name: a, present: false }] }'],
      ['deny: { tool: read, url: "tool://files/**" }'],
      [A, 'deny: { url: "http://a.test/**" }'],
      [A, 'deny: { url: "*.a.test/**" }'],
      [A, 'deny: { method: GET, url: "a.test/**" }'],
      [A, 'deny: { url: "a.test/**", time_outside: "09:00-17:00" }'],
      ['allow: { url: "tcp://a.test:22/" }', 'deny: { url: "a.test/**" }'],
      ['allow: { url: "tcp://a.test:*/" }'],
      ['allow: { url: "tcp://*/" }'],
      ['deny: { url: "tcp://a.test/" }'],
      ['allow: { url: "**.a.test/x" }', 'deny: { url: "*.a.test/**" }'],
      ['allow: { url: "a.test:*/x" }', 'deny: { url: "a.test:443/x" }'],
      ['deny: { time_within: "09:00-17:00", time_outside: "12:00-13:00" }'],
      ['deny: { body: [{ jsonpath: $.a, exact: 1 }, { jsonpath: $.a, exact: 2 }] }'],
      ['allow: { body: [{ jsonpath: $.a, exact: 1 }, { jsonpath: $.b, exact: 2 }] }'],
      ['allow: { body: { jsonpath: $.a, exact: 1, min: 1, max: 1.0 } }'],
      ['allow: { query: [{ name: a, exact: x }], headers: [{ name: a, exact: y }] }'],
      ['deny: { headers: [{ name: a, exact: x }, { name: a, exact: y }] }'],
      ['allow: { query: [{ name: a, exact: x }, { name: A, exact: y }] }'],
    ],
  },
  limit_never_reached: {
    shows: [
      ['limit: { calls_per_day: 1, per: global }', 'deny: { url: "*" }'],
      ['limit: { calls_per_day: 1, per: global, url: "a.test/x" }', 'allow: { url: "b.test/x" }'],
      ['limit: { calls_per_day: 1, per: global }'],
      ['limit: { calls_per_day: 1, per: global, tool: "*" }', 'allow: { url: "https://a.test/x" }'],
      ['limit: { calls_per_day: 1, per: global, tool: read }', 'allow: { tool: [write, a/b] }'],
      ['limit: { calls_per_day: 1, per: global, method: POST }', 'allow: { method: [GET, HEAD], url: "*" }'],
      [A, 'limit: { calls_per_minute: 10, per: global }', 'limit: { calls_per_minute: 11, per: agent }'],
      [A, 'limit: { calls_per_minute: 10, per: host }', 'limit: { calls_per_minute: 10, per: endpoint }'],
      [A, 'limit: { calls_per_hour: 10, per: global }', 'limit: { calls_per_second: 10, per: agent, method: GET }'],
      [A, 'limit: { calls_per_second: 1, per: global }', 'limit: { calls_per_minute: 61, per: global }'],
    ],
    not: [
      [A, 'limit: { calls_per_day: 1, per: global }'],
      ['limit: { calls_per_day: 1, per: global, tool: "*" }', 'allow: { url: "files/**" }'],
      ['limit: { calls_per_day: 1, per: global, tool: read }', 'allow: { tool: [write, "r*"] }'],
      // A body that nobody reads is no match for the `deny`, and one for the limit.
      [
        'limit: { calls_per_day: 1, per: global, tool: a, args: { jsonpath: $.a } }',
        'deny: { tool: a, args: { jsonpath: $.a } }',
        'allow: { tool: a }',
      ],
      ['limit: { calls_per_day: 1, per: global, method: POST }', 'allow: { method: [GET, POST], url: "*" }'],
      ['limit: { calls_per_day: 1, per: global, url: "[::ffff:1.2.3.4]/" }', 'allow: { url: "1.2.3.4/" }'],
      [A, 'limit: { calls_per_minute: 10, per: agent }', 'limit: { calls_per_minute: 11, per: global }'],
      [A, 'limit: { calls_per_minute: 10, per: endpoint }', 'limit: { calls_per_minute: 11, per: host }'],
      [A, 'limit: { calls_per_second: 1, per: global }', 'limit: { calls_per_minute: 60, per: global }'],
      [A, 'limit: { calls_per_minute: 10, per: global, method: GET }', 'limit: { calls_per_minute: 11, per: global }'],
      [A, 'limit: { calls_per_hour: 10, per: global }', 'limit: { calls_per_second: 9, per: global }'],
      [
        A,
        'limit: { calls_per_hour: 10, per: body_field, field: $.a }',
        'limit: { calls_per_hour: 10, per: body_field, field: $.b }',
      ],
    ],
  },
};

for (const [name, { shows, not }] of Object.entries(CASES)) {
  const code = name as LintCode;
  for (const rules of shows) test(`${code}: ${rules.join(' | ')}`, () => assert.equal(found(code, ...rules), 1));
  for (const rules of not) test(`not ${code}: ${rules.join(' | ')}`, () => assert.equal(found(code, ...rules), 0));
}

test('the default and missing tests have their places', () => {
  assert.deepEqual(
    lint('agent: x\ndefault: allow\nrules: []\n').map(({ code, line, column }) => [code, line, column]),
    [
      ['no_tests', 1, 1],
      ['default_allow', 2, 1],
    ],
  );
  assert.deepEqual(lint(`default: deny\n${TESTS}rules: []\n`), []);
});

test('a lint names its rule and where it begins; of an object there is no place', () => {
  const [one] = lint(`default: deny\n${TESTS}rules:\n  - name: all\n    allow: {}\n`);
  assert.deepEqual([one?.line, one?.column], [4, 5]);
  assert.match(one?.message ?? '', /^the rule `all`: /);
  const reading = readPolicyObject('{"default":"allow","rules":[{"name":"all","allow":{}}]}');
  assert.ok(reading.ok);
  for (const { line, column } of lintPolicy(reading.policy, null)) assert.deepEqual([line, column], [null, null]);
});

/** T-140. */
test('what does not show is told once a line, wherever it stands; what a script needs is not', () => {
  const at = (text: string): unknown[] =>
    lint(text)
      .filter(({ code }) => code === 'hidden_character')
      .map(({ line, column, message }) => [line, column, /U\+\w+/.exec(message)?.[0]]);
  const policy = (comment: string, name = 'a', path = 'x'): string =>
    `# ${comment}\ndefault: deny\n${TESTS}rules:\n  - { name: "${name}", deny: { url: "a.test/${path}" } }\n`;
  for (const character of '\u00A0\u00AD\u0007\u200B\u200C\u200D\u200E\u2028\u202E\u2060\u2066\u3164\uFEFF\uFE0F') {
    const code = `U+${character.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`;
    assert.deepEqual(at(policy(`ab${character}${character}`)), [[1, 5, code]], code);
    if (character !== '\u0007') assert.deepEqual(at(policy('', `a${character}b`)), [[5, 15, code]], code);
  }
  assert.deepEqual(at(policy('\u{E0041}', 'a', 'é\u200D')), [
    [1, 3, 'U+E0041'],
    [5, 40, 'U+200D'],
  ]);
  for (const seen of ['⚠️ careful', '👨‍👩‍👧', 'می‌خواهم', '全角　空白', 'é \\u202E']) {
    assert.deepEqual(at(policy(seen, seen)), [], seen);
  }
});

test('every code has a case, and the table is in order', () => {
  const shown = new Set([...Object.keys(CASES), 'default_allow', 'hidden_character', 'no_tests']);
  assert.deepEqual(Object.keys(LINTS), [...shown].sort());
});

test('suffixes: some of many', () => {
  for (const suffix of ['', 'com', 'co.uk', 'github.io', 's3.amazonaws.com']) assert.ok(isPublicSuffix(suffix), suffix);
  for (const suffix of ['example.com', 'internal', 'cluster.local', 'notamazonaws.com', 'a.github.io']) {
    assert.ok(!isPublicSuffix(suffix), suffix);
  }
});

const PUBLISHED: readonly (readonly [policy: string, lints: readonly LintCode[]])[] = [
  [
    `agent: crm-agent
default: deny
rules:
  - name: read-contacts
    allow: { method: [GET], url: "api.salesforce.com/*/sobjects/Contact/*" }
  - name: small-charges
    allow: { method: [POST], url: "api.stripe.com/v1/charges" }
    body: { jsonpath: "$.amount", max: 50000 }
  - name: no-deletes
    deny: { method: [DELETE], url: "*" }
  - name: per-endpoint
    limit: { calls_per_minute: 60, per: endpoint }
  - name: office-hours
    deny: { time_outside: "09:00-17:00", timezone: "UTC" }
`,
    ['no_tests'],
  ],
  [
    `default: deny
mode: enforce
rules:
  - name: chat-models
    allow:
      method: [POST]
      url: "api.openai.com/v1/chat/completions"
      body:
        - jsonpath: "$.model"
          in: [gpt-4o, gpt-4o-mini]
  - name: per-model
    limit: { per: body_field, field: "$.model", calls_per_minute: 100 }
`,
    ['no_tests'],
  ],
  [
    `agent: any-label
default: deny
rules:
  - name: reads
    allow: { method: ["GET"], url: "*" }
  - name: overall
    limit: { calls_per_minute: 60, per: global }
`,
    ['no_tests'],
  ],
];

test('the published policies have nothing wrong with them but that nothing tests them', () => {
  for (const [policy, codes] of PUBLISHED) {
    assert.deepEqual(
      lint(policy).map(one => one.code),
      codes,
    );
  }
});
