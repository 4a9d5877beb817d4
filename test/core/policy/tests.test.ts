/** The reader of `tests:`: what it takes, what it refuses and where. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readPolicy } from '#src/core/policy/read.js';
import { type PolicyTest, testCost } from '#src/core/policy/test-case.js';

const HEAD = 'default: deny\nrules: [{ name: r, allow: {} }]\ntests:\n';
const read = (text: string) => readPolicy(new TextEncoder().encode(text), 'yaml');

function one(text: string): PolicyTest {
  const reading = read(HEAD + text);
  assert.ok(reading.ok, JSON.stringify(reading));
  assert.equal(reading.policy.tests.length, 1);
  return reading.policy.tests[0]!;
}

const full = (request: string, expect = '{ result: deny }') =>
  `  - name: t\n    request: ${request}\n    expect: ${expect}\n`;

test('everything absent has its default', () => {
  assert.deepEqual(one(full('{ url: "https://a.test/" }')), {
    name: 't',
    request: { method: 'GET', url: 'https://a.test/', headers: [], body: null, tool: null, args: null },
    agent: null,
    wallMs: Date.UTC(2026, 0, 7, 12),
    repeat: 1,
    expect: { result: 'deny', code: null, rule: null },
    at: { line: 4, column: 5 },
  });
});

test('everything given is taken', () => {
  const got = one(
    full(
      '{ method: POST, url: u, headers: [[A, b], [a, "1"]], body: "x=1", agent: me, at: "2026-01-07T01:00:00+01:00", repeat: 3 }',
      '{ result: allow, code: rule_allowed, rule: r }',
    ),
  );
  assert.deepEqual(got.request, {
    method: 'POST',
    url: 'u',
    headers: [
      ['A', 'b'],
      ['a', '1'],
    ],
    body: 'x=1',
    tool: null,
    args: null,
  });
  assert.deepEqual([got.agent, got.wallMs, got.repeat], ['me', Date.UTC(2026, 0, 7), 3]);
  assert.deepEqual(got.expect, { result: 'allow', code: 'rule_allowed', rule: 'r' });
});

test('the call of a tool needs no URL; its arguments keep their numbers', () => {
  const { request } = one(full('{ tool: read_file, args: { n: 1.50, path: /srv } }'));
  assert.deepEqual(request, {
    ...{ method: 'POST', url: null, headers: [], body: null },
    ...{ tool: 'read_file', args: '{"n":1.50,"path":"/srv"}' },
  });
});

test('a mapping is sent as JSON with its type, numbers as they are written', () => {
  const body = '{ a: 60000.0, b: [1e400, -0.10, +5, .5, 5., 5.e3, null, true, ~], "c\\n": "é\\"", d: {}, e: [] }';
  const { request } = one(full(`{ method: POST, url: u, body: ${body} }`));
  const json = '{"a":60000.0,"b":[1e400,-0.10,5,0.5,5,5e3,null,true,null],"c\\n":"é\\"","d":{},"e":[]}';
  assert.equal(request.body, json);
  assert.doesNotThrow(() => JSON.parse(json));
  assert.deepEqual(request.headers, [['Content-Type', 'application/json']]);
  assert.equal(one(full('{ method: POST, url: u, body: [1.50] }')).request.body, '[1.50]');
});

test('a Content-Type that is given stays the only one', () => {
  const { request } = one(full('{ method: POST, url: u, headers: [[content-TYPE, text/plain]], body: { a: 1 } }'));
  assert.deepEqual(request.headers, [['content-TYPE', 'text/plain']]);
  assert.deepEqual(one(full('{ method: POST, url: u, body: "{}" }')).request.headers, []);
});

const wide = 'a'.repeat(129);
const U = 'url: u';
const REFUSED: readonly (readonly [
  name: string,
  text: string,
  code: string,
  line: number,
  column: number,
  says?: RegExp,
])[] = [
  ['no tests at all', '  []\n', 'empty_list', 4, 3],
  ['a test that is a string', '  - x\n', 'wrong_type', 4, 5],
  ['an unknown key', `${full(`{ ${U} }`)}    expects: {}\n`, 'unknown_key', 7, 5, /did you mean `expect`/],
  ['no request', '  - name: t\n    expect: { result: deny }\n', 'missing_key', 4, 5, /`request`/],
  ['no expectation', `  - name: t\n    request: { ${U} }\n`, 'missing_key', 4, 5, /`expect`/],
  ['no name', `  - request: { ${U} }\n    expect: { result: deny }\n`, 'missing_key', 4, 5, /`name`/],
  ['an empty name', full(`{ ${U} }`).replace('name: t', 'name: ""'), 'empty_value', 4, 11],
  ['a long name', full(`{ ${U} }`).replace('name: t', `name: ${wide}`), 'bound_exceeded', 4, 11],
  ['a control in a name', full(`{ ${U} }`).replace('name: t', 'name: "a\\e[2J"'), 'name_invalid', 4, 11],
  ['two tests of one name', full(`{ ${U} }`) + full(`{ ${U} }`), 'duplicate_name', 7, 5, /line 4/],
  ['no URL', full('{ method: GET }'), 'missing_key', 5, 14, /`url`/],
  ['an empty URL', full('{ url: "" }'), 'empty_value', 5, 16],
  ['an empty method', full(`{ method: "", ${U} }`), 'empty_value', 5, 16],
  ['an unknown key of the request', full(`{ ${U}, header: [] }`), 'unknown_key', 5, 24, /`headers`/],
  ['a body without a method', full(`{ ${U}, body: "" }`), 'missing_key', 5, 14, /`method: POST`/],
  ['a number as a body', full(`{ method: POST, ${U}, body: 5 }`), 'wrong_type', 5, 44],
  ['headers as a mapping', full(`{ ${U}, headers: { a: b } }`), 'wrong_type', 5, 33],
  ['a header as a string', full(`{ ${U}, headers: ["a: b"] }`), 'wrong_type', 5, 34],
  ['a header of three', full(`{ ${U}, headers: [[a, b, c]] }`), 'test_invalid', 5, 34],
  ['a header that is a number', full(`{ ${U}, headers: [[a, 5]] }`), 'test_invalid', 5, 34, /quote a number/],
  ['a header name with a space', full(`{ ${U}, headers: [["a b", c]] }`), 'test_invalid', 5, 35],
  ['a header of two lines', full(`{ ${U}, headers: [[a, "b\\nc: d"]] }`), 'test_invalid', 5, 38],
  ['no headers', full(`{ ${U}, headers: [] }`), 'empty_list', 5, 33],
  ['a bad agent', full(`{ ${U}, agent: "a b" }`), 'test_invalid', 5, 24],
  ['a bad time', full(`{ ${U}, at: "2026-02-30T00:00:00Z" }`), 'test_invalid', 5, 24],
  ['no repeat', full(`{ ${U}, repeat: 0 }`), 'number_invalid', 5, 32],
  ['many repeats', full(`{ ${U}, repeat: 100001 }`), 'number_invalid', 5, 32],
  ['half a repeat', full(`{ ${U}, repeat: 1.5 }`), 'number_invalid', 5, 32],
  ['another result', full(`{ ${U} }`, '{ result: refuse }'), 'unknown_value', 6, 23],
  ['no result', full(`{ ${U} }`, '{ code: rule_denied }'), 'missing_key', 6, 13, /`result`/],
  ['a code of no decision', full(`{ ${U} }`, '{ result: deny, code: kill_switch }'), 'unknown_value', 6, 35],
  ['a code of the other result', full(`{ ${U} }`, '{ result: deny, code: rule_allowed }'), 'test_invalid', 6, 29],
  ['a rule that is not there', full(`{ ${U} }`, '{ result: deny, rule: nobody }'), 'unknown_value', 6, 29],
  ['a rule by default', full(`{ ${U} }`, '{ result: deny, code: default_denied, rule: r }'), 'test_invalid', 6, 51],
  ['neither URL nor tool', full('{ agent: a }'), 'missing_key', 5, 14, /`url` nor `tool`/],
  ['arguments of no tool', full(`{ ${U}, args: { a: 1 } }`), 'missing_key', 5, 24, /no `tool`/],
  ['headers of a tool', full('{ tool: t, headers: [[a, b]] }'), 'test_invalid', 5, 25],
  ['a body of a tool', full('{ tool: t, body: x }'), 'test_invalid', 5, 25],
  ['a tool without a name', full('{ tool: "" }'), 'empty_value', 5, 16],
  ['a null expectation', full(`{ ${U} }`, ''), 'null_value', 6, 13],
];

for (const [name, text, code, line, column, says = /./] of REFUSED) {
  test(`refused: ${name}`, () => {
    const reading = read(HEAD + text);
    assert.ok(!reading.ok);
    const [issue] = reading.issues;
    assert.deepEqual([issue?.code, issue?.line, issue?.column], [code, line, column], JSON.stringify(reading.issues));
    assert.match(`${issue?.message}; ${issue?.suggestion}`, says);
    assert.equal(reading.issues.length, 1, JSON.stringify(reading.issues));
  });
}

test('a run has a bound, and bodies count', () => {
  const repeated = Array.from({ length: 11 }, (_, i) =>
    full(`{ ${U}, repeat: 100000 }`).replace('name: t', `name: t${i}`),
  );
  assert.ok(read(HEAD + repeated.slice(0, 10).join('')).ok);
  const reading = read(HEAD + repeated.join(''));
  assert.ok(!reading.ok);
  assert.match(reading.issues[0]?.message ?? '', /1,100,000 decisions.*the most is 1,000,000/);
  const request = { method: 'POST', url: 'u', headers: [], body: 'x'.repeat(3000), tool: null, args: null };
  assert.equal(testCost([{ repeat: 10, request }]), 30);
});

test('a mistake in a rule is not a second one in the test that names it', () => {
  const text = 'default: deny\nrules: [{ name: r, allow: { url: "" } }]\ntests:\n';
  const reading = read(text + full(`{ ${U} }`, '{ result: allow, rule: r }'));
  assert.ok(!reading.ok);
  assert.deepEqual(
    reading.issues.map(issue => issue.line),
    [2],
  );
});
