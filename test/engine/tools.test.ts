/** Calls of tools: names, arguments, synthetic URLs, and what separates them from HTTP (language, §3.6). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Ask, both, decide, load, value } from '../support/engine.js';

const HTTP = 'https://api.example.com/v1/x';
const MCP = 'tool://files/tools/read_file';

/** Values as test/support/engine.ts `value` writes them, by matcher. */
function table(matcher: string, rows: readonly (readonly [Ask, string])[]): void {
  test(`matcher ${matcher}`, () => {
    const pair = both(matcher);
    for (const [ask, want] of rows) assert.equal(value(pair, ask), want, JSON.stringify(ask));
  });
}

table('{ tool: read_file }', [
  [{ tool: 'read_file' }, 'T'],
  [{ tool: 'read_file/' }, 'T'],
  [{ tool: 'read_files' }, 'F'],
  [{ tool: 'Read_file' }, 'F'],
  [{ tool: 'x/read_file' }, 'F'],
  [{ tool: 'read%5ffile' }, 'F'],
  [{ tool: 'read_file', url: MCP }, 'T'],
  [{ url: HTTP }, 'F'],
  [{ url: MCP, method: 'POST' }, 'F'],
]);
table('{ tool: ["read_*", "github/**", "db/{id}/*"] }', [
  [{ tool: 'read_' }, 'T'],
  [{ tool: 'read_all' }, 'T'],
  [{ tool: 'read_a/b' }, 'F'],
  [{ tool: 'github' }, 'T'],
  [{ tool: 'github/repos/delete' }, 'T'],
  [{ tool: 'githubs' }, 'F'],
  [{ tool: 'db/42/x' }, 'T'],
  [{ tool: 'db/abc/x' }, 'F'],
  [{ tool: 'db//x' }, 'F'],
]);
table('{ tool: "**" }', [
  [{ tool: 'a' }, 'T'],
  [{ tool: 'a/b//c' }, 'T'],
  [{ tool: '/' }, 'T'],
  [{ tool: 'größe' }, 'T'],
  [{ url: HTTP }, 'F'],
  [{ url: 'tool://langchain.local/llm/x' }, 'F'],
]);
table('{ tool: "a//b" }', [
  [{ tool: 'a//b' }, 'T'],
  [{ tool: 'a/b' }, 'F'],
]);

table('{ url: "*" }', [
  [{ tool: 'a' }, 'T'],
  [{ tool: 'a', url: MCP }, 'T'],
]);
for (const pattern of ['**/x', '*/**', 'files/**', 'tool://*/**', '**.example.com/**']) {
  table(`{ url: "${pattern}" }`, [[{ tool: 'a' }, 'F']]);
}
for (const pattern of ['files/tools/*', 'tool://files/tools/read_file', '*/tools/**', '**/read_file', 'files:*/**']) {
  table(`{ url: "${pattern}" }`, [
    [{ tool: 'other', url: MCP }, 'T'],
    [{ tool: 'other', url: `${MCP}/` }, 'T'],
  ]);
}
for (const pattern of ['https://files/**', 'http://*/**', 'wss://**', 'tcp://*:*', 'files:443/**']) {
  table(`{ url: "${pattern}" }`, [[{ tool: 'a', url: MCP }, 'F']]);
}
table('{ url: "files/tools/a/b" }', [
  [{ tool: 'a', url: 'tool://files/tools/a/b' }, 'T'],
  // A name is one segment, with no further reading.
  [{ tool: 'a', url: 'tool://files/tools/a%2Fb' }, 'F'],
  [{ tool: 'a', url: 'tool://files/tools/a;x/b' }, 'F'],
  [{ tool: 'a', url: 'tool://files/tools/a//b' }, 'F'],
  [{ tool: 'a', url: 'tool://files/tools/%61/b' }, 'T'],
  [{ tool: 'a', url: 'tool://files/tools/%0a/b' }, 'U'],
]);
table('{ tool: read_file, url: "files/**" }', [
  [{ tool: 'read_file', url: MCP }, 'T'],
  [{ tool: 'read_file', url: 'tool://mail/tools/read_file' }, 'F'],
  [{ tool: 'write_file', url: MCP }, 'F'],
  [{ tool: 'read_file' }, 'F'],
  [{ url: MCP, method: 'POST' }, 'F'],
]);
table('{ tool: a, url: "*", method: POST }', [
  [{ tool: 'a' }, 'T'],
  [{ tool: 'a', method: 'PUT' }, 'F'],
]);

table('{ args: { jsonpath: $.path, prefix: /tmp/ } }', [
  [{ tool: 'a', args: '{"path":"/tmp/x"}' }, 'T'],
  [{ tool: 'a', args: '{"path":"\\u002ftmp/x"}' }, 'T'],
  [{ tool: 'a', args: '{"path":"/etc/x"}' }, 'F'],
  [{ tool: 'a', args: '{}' }, 'F'],
  [{ tool: 'a' }, 'F'],
  [{ tool: 'a', args: '{"path":5}' }, 'U'],
  [{ tool: 'a', args: '{"path":"/tmp/x","path":"/tmp/x"}' }, 'U'],
  [{ tool: 'a', args: { kind: 'lost' } }, 'U'],
  [{ tool: 'a', args: '{"path":"/tmp/x"' }, 'U'],
  // Arguments are one JSON value, never lines of them.
  [{ tool: 'a', args: '{"path":"/tmp/x"}\n{"path":"/tmp/x"}' }, 'U'],
  [{ url: HTTP, method: 'POST', body: '{"path":"/tmp/x"}' }, 'F'],
  [{ tool: 'a', args: { kind: 'too_large' } }, 'body_too_large / body_too_large'],
]);
table('{ args: { jsonpath: $.amount, max: 1.5 } }', [
  [{ tool: 'a', args: '{"amount":1.50}' }, 'T'],
  [{ tool: 'a', args: '{"amount":1.500000000000000000001}' }, 'F'],
]);
table('{ args: { jsonpath: $.a, exists: false } }', [
  [{ tool: 'a' }, 'T'],
  [{ tool: 'a', args: '{}' }, 'T'],
  [{ tool: 'a', args: '{"a":null}' }, 'F'],
  [{ tool: 'a', args: { kind: 'lost' } }, 'U'],
  [{ url: HTTP }, 'F'],
]);
test('`not_in` is as in a body: true in a deny when there are arguments and no node', () => {
  const deny = both('{ args: { jsonpath: $.a, not_in: [1] } }').deny;
  assert.equal(decide(deny, { tool: 't', args: '{}' }), 'rule_denied r');
  assert.equal(decide(deny, { tool: 't' }), 'default_allowed');
});

table('{ body: { jsonpath: $.a } }', [
  [{ tool: 't', args: '{"a":1}' }, 'F'],
  [{ url: HTTP, method: 'POST', body: '{"a":1}' }, 'T'],
]);
table('{ body: { jsonpath: $.a, exists: false } }', [[{ tool: 't', args: '{"a":1}' }, 'T']]);
table('{ body: { jsonpath: $.b, exists: false }, args: { jsonpath: $.b } }', [
  [{ tool: 't', args: '{"b":1}' }, 'T'],
  [{ tool: 't', args: '{"a":1}' }, 'F'],
  [{ url: HTTP, method: 'POST', body: '{"b":1}' }, 'F'],
]);
table('{ body: { jsonpath: $.b }, args: { jsonpath: $.b } }', [
  [{ tool: 't', args: '{"b":1}' }, 'F'],
  [{ url: HTTP, method: 'POST', body: '{"b":1}' }, 'F'],
]);

test('rules on bodies and on arguments in one policy each see their own', () => {
  const loaded = load(`
default: allow
rules:
  - { name: body, deny: { body: { jsonpath: $.x, exact: b } } }
  - { name: args, deny: { args: { jsonpath: $.x, exact: a } } }
  - { name: both-kinds, deny: { body: { jsonpath: $.x, exact: z }, method: PUT } }
`);
  const asks: readonly (readonly [Ask, string])[] = [
    [{ url: HTTP, method: 'POST', body: '{"x":"b"}' }, 'rule_denied body'],
    [{ url: HTTP, method: 'POST', body: '{"x":"a"}' }, 'default_allowed'],
    [{ tool: 't', args: '{"x":"a"}' }, 'rule_denied args'],
    [{ tool: 't', args: '{"x":"b"}' }, 'default_allowed'],
    [{ tool: 't', args: '{"x":"z"}', method: 'PUT' }, 'default_allowed'],
  ];
  // One after the other in one engine: nothing of a request is left for the next.
  for (const [ask, want] of [...asks, ...asks.toReversed()])
    assert.equal(decide(loaded, ask), want, JSON.stringify(ask));
});

test('arguments that no rule looks at are not read, however long they are', () => {
  const loaded = load('default: allow\nrules:\n  - { name: r, deny: { tool: b, args: { jsonpath: $.a } } }', 16);
  const args = JSON.stringify({ a: 'x'.repeat(100) });
  assert.equal(decide(loaded, { tool: 'a', args }), 'default_allowed');
  assert.equal(decide(loaded, { tool: 'b', args }), 'body_too_large');
  assert.equal(decide(loaded, { tool: 'b', args, permissive: true }), 'default_allowed ?');
});

test('long arguments are copied when a rule asks for them', () => {
  const loaded = load('default: allow\nrules:\n  - { name: r, deny: { tool: b, args: { jsonpath: $.z, exact: 1 } } }');
  const args = JSON.stringify({ a: 'x'.repeat(20_000), z: 1 });
  assert.equal(decide(loaded, { tool: 'a', args }), 'default_allowed');
  assert.equal(decide(loaded, { tool: 'b', args }), 'rule_denied r');
  assert.equal(decide(loaded, { url: HTTP, method: 'POST', body: args }), 'default_allowed');
});

test('the engine itself refuses what is no name and what is no URL of a tool', () => {
  const loaded = load('default: allow\nrules: []');
  assert.equal(decide(loaded, { tool: 'x'.repeat(1024) }), 'default_allowed');
  for (const tool of ['', 'a\nb', 'a\u0085b', 'x'.repeat(1025), 'é'.repeat(513)]) {
    assert.equal(decide(loaded, { tool }), 'request_invalid', JSON.stringify(tool));
  }
  for (const url of [HTTP, 'ws://files/', 'tcp://files:1/'])
    assert.equal(decide(loaded, { tool: 'a', url }), 'request_invalid');
  assert.equal(decide(loaded, { tool: 'a', method: 'A B' }), 'request_invalid');
  assert.equal(decide(loaded, { url: '', raw: true }), 'request_invalid');
});

test('no name of a tool reaches the next request', () => {
  const loaded = load('agents: [a]\ndefault: allow\nrules:\n  - { name: r, deny: { tool: "**" } }');
  assert.equal(decide(loaded, { tool: 't', agent: 'b' }), 'no_policy_for_agent');
  assert.equal(decide(loaded, { url: HTTP, agent: 'a' }), 'default_allowed');
  assert.equal(decide(loaded, { tool: 't', method: 'x'.repeat(300), agent: 'a' }), 'request_invalid');
  assert.equal(decide(loaded, { url: HTTP, agent: 'a' }), 'default_allowed');
});

test('the rule that is named has the most segments, those of its tool among them', () => {
  const rules = (...matchers: string[]) =>
    load(`default: deny\nrules:\n${matchers.map((m, i) => `  - { name: r${i}, allow: ${m} }`).join('\n')}`);
  const ask = { tool: 'github/repos/read', url: 'tool://github/tools/read' };
  for (const [matchers, want] of [
    [['{ tool: "**" }', '{ tool: "github/**" }', '{ tool: "github/repos/*" }'], 'r2'],
    [['{ tool: "*/*/*" }', '{ tool: "**" }'], 'r0'],
    [['{ tool: "github/**" }', '{ url: "github/tools/**" }'], 'r1'],
    [['{ url: "github/tools/*" }', '{ tool: "github/*/read" }'], 'r0'],
    [['{ url: "github/tools/*" }', '{ tool: "github/*/read", url: "github/**" }'], 'r1'],
    // Of several patterns the most specific one counts, whichever matched.
    [['{ tool: "github/**" }', '{ tool: ["**", "a/b"] }'], 'r1'],
  ] as const) {
    assert.equal(decide(rules(...matchers), ask), `rule_allowed ${want}`, matchers.join(' '));
  }
});

const limited = (per: string, more = '') =>
  load(`default: allow\nrules:\n  - { name: l, limit: { calls_per_hour: 1, per: ${per}${more} } }`);
const says = (loaded: ReturnType<typeof load>, asks: readonly Ask[]) =>
  asks
    .map(ask => decide(loaded, ask).startsWith('default_allowed'))
    .map(passed => (passed ? '1' : '0'))
    .join('');

test('limits count tool calls by the synthetic URL, without one by the name', () => {
  const read = { tool: 'read', url: 'tool://files/tools/read' };
  const asks: Ask[] = [
    read,
    read,
    { tool: 'x', url: 'tool://files/tools/x' },
    { tool: 'read', url: 'tool://mail/tools/read' },
  ];
  assert.equal(says(limited('host'), asks), '1001');
  assert.equal(says(limited('endpoint'), asks), '1011');
  // Names that look like IDs are names all the same; without a host there is one key for all.
  const bare: Ask[] = [
    { tool: 'get_weather_report_v2' },
    { tool: 'get_weather_report_v3' },
    { tool: 'get_weather_report_v2' },
    { tool: 'a/b' },
    { tool: 'a' },
  ];
  assert.equal(says(limited('endpoint'), bare), '11011');
  assert.equal(says(limited('host'), bare), '10000');
  assert.equal(says(limited('host'), [{ tool: 'files' }, { url: 'https://files/' }, read]), '110');
});

test('a field of the body is none of the arguments: calls of tools share one key', () => {
  const asks: Ask[] = [
    { tool: 'a', args: '{"m":1}' },
    { tool: 'a', args: '{"m":2}' },
    { url: HTTP, method: 'POST', body: '{"m":1}' },
    { url: HTTP, method: 'POST', body: '{"m":2}' },
    { url: HTTP },
  ];
  assert.equal(says(limited('body_field', ', field: $.m'), asks), '10110');
  // Also when the arguments have been read for another rule.
  const both = load(`default: allow
rules:
  - { name: l, limit: { calls_per_hour: 1, per: body_field, field: $.m } }
  - { name: d, deny: { args: { jsonpath: $.m, exact: 9 } } }`);
  assert.equal(says(both, asks), '10110');
});

test('a limit on a tool counts that tool', () => {
  const loaded = limited('global', ', tool: "mail/*"');
  assert.equal(
    says(loaded, [{ tool: 'x' }, { tool: 'mail/a' }, { tool: 'x' }, { tool: 'mail/b' }, { url: HTTP }]),
    '11101',
  );
});

test('many tools, each with a rule: the one called is found', () => {
  const rules = Array.from(
    { length: 2000 },
    (_, i) => `  - { name: r${i}, allow: { tool: [s${i % 7}/t${i}, "only/${i}/*"] } }`,
  );
  const loaded = load(`default: deny\nrules:\n${rules.join('\n')}`);
  for (const i of [0, 999, 1999]) {
    assert.equal(decide(loaded, { tool: `s${i % 7}/t${i}` }), `rule_allowed r${i}`);
    assert.equal(decide(loaded, { tool: `only/${i}/x` }), `rule_allowed r${i}`);
    assert.equal(decide(loaded, { tool: `t${i}` }), 'default_denied');
  }
});
