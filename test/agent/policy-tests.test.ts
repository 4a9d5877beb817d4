/** A policy's own tests, run by the engine; one whose tests fail is never built. T-56 of THREAT-MODEL.md. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GenerationBuilder } from '#src/agent/build-generation.js';
import { compilePolicy } from '#src/agent/compile.js';
import type { BuildOutcome, PolicySet } from '#src/agent/policy-ports.js';
import { runTests } from '#src/agent/policy-tests.js';
import { hashedSet } from '#src/disk/policy-set.js';
import { loadEngine } from '#src/wasm/module.js';
import { hash } from '../support/policy-source.js';

const engines = loadEngine();
const bytes = (text: string) => new TextEncoder().encode(text);

function run(text: string) {
  const compiled = compilePolicy(bytes(text), 'policy.yaml');
  assert.ok(compiled.ok, JSON.stringify(compiled));
  return runTests(compiled, engines, 1024);
}

const POLICY = `default: deny
agents: ["*"]
rules:
  - name: reads
    allow: { method: GET, url: "a.test/**", headers: [{ name: x-ok, exact: "1" }] }
  - name: small
    allow: { method: POST, url: a.test/pay, body: { jsonpath: $.amount, max: 10.5 } }
  - name: no-nights
    deny: { time_outside: "08:00-18:00" }
  - name: three
    limit: { calls_per_day: 3, per: agent }
  - name: read-tools
    allow: { tool: "files/read_*" }
  - name: below-srv
    deny: { tool: "files/**", args: { jsonpath: $.path, regex: "^/(etc|root)/" } }
  - name: one-at-b
    limit: { calls_per_second: 1, per: global, url: "a.test/b" }
tests:
`;

const CASES: readonly (readonly [request: string, expect: string])[] = [
  ['{ url: "https://a.test/x", headers: [[X-OK, "1"]] }', '{ result: allow, code: rule_allowed, rule: reads }'],
  ['{ url: "https://a.test/x" }', '{ result: deny, code: default_denied }'],
  ['{ tool: files/read_text, args: { path: /srv/a } }', '{ result: allow, code: rule_allowed, rule: read-tools }'],
  ['{ tool: files/read_text, args: { path: /etc/passwd } }', '{ result: deny, rule: below-srv }'],
  ['{ tool: files/read_text, args: { path: 5 } }', '{ result: deny, rule: below-srv }'],
  ['{ tool: files/read_text }', '{ result: allow }'],
  ['{ tool: files/write }', '{ result: deny, code: default_denied }'],
  ['{ tool: files/read_text, url: "tool://files/tools/read_text", repeat: 4 }', '{ result: deny, rule: three }'],
  ['{ tool: files/read_text, url: "https://a.test/x" }', '{ result: deny, code: request_invalid }'],
  [
    '{ url: "https://a.test/x", headers: [[X-OK, "1"]], at: "2026-01-07T20:00:00Z" }',
    '{ result: deny, rule: no-nights }',
  ],
  ['{ method: POST, url: "https://a.test/pay", body: { amount: 10.50 } }', '{ result: allow, rule: small }'],
  ['{ method: POST, url: "https://a.test/pay", body: { amount: 10.500000000000000000001 } }', '{ result: deny }'],
  [
    '{ method: POST, url: "https://a.test/pay", body: "amount=2", headers: [[Content-Type, application/x-www-form-urlencoded]] }',
    '{ result: allow }',
  ],
  ['{ url: "https://a.test/x", headers: [[X-OK, "1"]], repeat: 3 }', '{ result: allow }'],
  [
    '{ url: "https://a.test/x", headers: [[X-OK, "1"]], repeat: 4 }',
    '{ result: deny, code: rate_limited, rule: three }',
  ],
  [
    '{ url: "https://a.test/b", headers: [[X-OK, "1"]], repeat: 2 }',
    '{ result: deny, code: rate_limited, rule: one-at-b }',
  ],
  ['{ url: "https://a.test/b", headers: [[X-OK, "1"]] }', '{ result: allow }'],
  ['{ url: "/relative" }', '{ result: deny, code: request_invalid }'],
  [
    `{ method: POST, url: "https://a.test/pay", body: "${'x'.repeat(1025)}" }`,
    '{ result: deny, code: body_too_large }',
  ],
];
const listed = CASES.map(([request, expect], i) => `  - name: t${i}\n    request: ${request}\n    expect: ${expect}\n`);

test('tests of every kind hold, in any order, each with empty counters', () => {
  for (const order of [
    listed,
    [...listed].reverse(),
    [...listed, ...listed.map(text => text.replace('name: t', 'name: u'))],
  ]) {
    for (const { test: one, passed, got } of run(POLICY + order.join(''))) {
      assert.ok(passed, `${one.name}: ${JSON.stringify(got)}`);
    }
  }
});

test('each part of an expectation counts', () => {
  const ask = (expect: string) =>
    run(
      `${POLICY}  - name: t\n    request: { url: "https://a.test/x", headers: [[x-ok, "1"]] }\n    expect: ${expect}\n`,
    );
  const passed = (expect: string) => ask(expect)[0]?.passed;
  assert.equal(passed('{ result: allow, code: rule_allowed, rule: reads }'), true);
  assert.equal(passed('{ result: deny }'), false);
  assert.equal(passed('{ result: allow, code: default_allowed }'), false);
  assert.equal(passed('{ result: allow, rule: small }'), false);
});

test('a test of a tool that expects something else fails, and a shadow rule is not what decides', () => {
  const ask = (request: string, expect: string) =>
    run(`default: deny
rules:
  - { name: reads, allow: { tool: "read_*", args: { jsonpath: $.n, max: 1.5 } } }
  - { name: trial, mode: dry_run, deny: { tool: "**" } }
tests: [{ name: t, request: ${request}, expect: ${expect} }]
`)[0];
  assert.equal(ask('{ tool: read_a, args: { n: 1.50 } }', '{ result: allow, rule: reads }')?.passed, true);
  const over = ask('{ tool: read_a, args: { n: 1.50000000000000000001 } }', '{ result: allow }');
  assert.deepEqual([over?.passed, over?.got.code], [false, 'default_denied']);
  assert.equal(ask('{ tool: read_a, args: { n: 1 } }', '{ result: deny, rule: trial }')?.passed, false);
});

test('an agent, and a document that speaks for others', () => {
  const text = (agent: string) => `default: allow
agents: [crm-*]
rules: []
tests:
  - { name: t, request: { url: "https://a.test/"${agent} }, expect: { result: deny, code: no_policy_for_agent } }
`;
  assert.equal(run(text(''))[0]?.passed, true);
  assert.equal(run(text(', agent: crm-1'))[0]?.passed, false);
});

const FAILING = `default: deny
rules: []
tests:
  - name: passes
    request: { url: "https://a.test/" }
    expect: { result: deny }
  - name: fails
    request: { url: "https://a.test/" }
    expect: { result: allow }
`;

/** The set of one document. */
const only = (text: string): PolicySet =>
  hashedSet([{ path: 'p.yaml', name: 'p.yaml', isLayer: false, bytes: bytes(text), envelope: null }], hash);

function failed(outcome: BuildOutcome, line: number | null): void {
  assert.ok(!outcome.ok);
  assert.equal(outcome.issues.length, 1);
  const [issue] = outcome.issues;
  assert.equal(issue?.code, 'test_failed');
  assert.equal(issue?.line, line);
  assert.match(issue?.message ?? '', /^the test `fails` expected allow and got deny default_denied: /);
}

test('no way of building makes a generation of a policy whose tests fail', async () => {
  const builder = new GenerationBuilder(engines, 1024);
  failed(builder.buildSync(only(FAILING)), 7);
  failed(await builder.build(only(FAILING)), 7);
  const large = `${FAILING}#${' '.repeat(70_000)}\n`;
  failed(await builder.build(only(large)), 7);
  const tests = [{ name: 'fails', request: { url: 'https://a.test/' }, expect: { result: 'allow' } }];
  failed(builder.buildObject(JSON.stringify({ default: 'deny', rules: [], tests }), only(FAILING)), null);
});

test('tests that take long run in a worker, with the limit on bodies that is configured', async () => {
  const builder = new GenerationBuilder(engines, 8);
  const text = `default: deny
rules: [{ name: r, allow: { body: { jsonpath: $.a } } }]
tests:
  - { name: t, request: { method: POST, url: "https://a.test/", body: { a: 12345678 }, repeat: 9000 }, expect: { result: deny, code: body_too_large } }
`;
  const building = builder.build(only(text));
  assert.ok(building instanceof Promise, 'no decision waits for it');
  assert.ok((await building).ok);
});

test('a regular expression that takes long to compile is compiled in a worker', async () => {
  const policy = (regex: string): string =>
    `default: deny\nrules: [{ name: r, deny: { url: "*", body: { jsonpath: $.a, regex: '${regex}' } } }]\n`;
  const builder = new GenerationBuilder(engines, 1024);
  assert.ok(!(builder.build(only(policy('^ab?c$'))) instanceof Promise), 'a cheap one is there at once');
  const building = builder.build(only(policy('(a|b){9,40}c')));
  assert.ok(building instanceof Promise, 'no decision waits for it');
  assert.ok((await building).ok);
});

test('counters that tests charged are not those of the generation', async () => {
  const text = `default: allow
rules: [{ name: one, limit: { calls_per_day: 1, per: global } }]
tests:
  - { name: t, request: { url: "https://a.test/", repeat: 2 }, expect: { result: deny, code: rate_limited } }
`;
  const built = await new GenerationBuilder(engines, 1024).build(only(text));
  assert.ok(built.ok);
  const empty = Buffer.from(built.generation.documents[0]!.engine.exportLimits()).readUInt32LE(16);
  assert.equal(empty, 1, 'one limit');
  const call = { method: 'GET', url: 'https://a.test/', headers: [], body: { kind: 'none' } } as const;
  const answer = built.generation.documents[0]!.engine.decide(call, 'a', { wallMs: 0, monotonicMs: 0 });
  assert.equal(answer.ruleIndex, -1, 'no limit refuses');
});

test('1,000 tests of 10,000 rules with limits share an engine', t => {
  const rules = Array.from({ length: 10_000 }, (_, i) => `  - { name: r${i}, allow: { url: "h${i}.test/**" } }\n`);
  const tests = Array.from(
    { length: 1_000 },
    (_, i) =>
      `  - { name: t${i}, request: { url: "https://h${i}.test/a", repeat: 3 }, expect: { result: deny, code: rate_limited } }\n`,
  );
  rules[0] = '  - { name: two, limit: { calls_per_day: 2, per: host } }\n';
  rules[1] = '  - { name: all, allow: { url: "*" } }\n';
  const text = `default: deny\nrules:\n${rules.join('')}tests:\n${tests.join('')}`;
  const compiled = compilePolicy(bytes(text), 'policy.yaml');
  assert.ok(compiled.ok);
  const made = t.mock.method(engines, 'instantiate').mock;
  assert.ok(runTests(compiled, engines, 1024).every(outcome => outcome.passed));
  assert.equal(made.callCount(), 1);
});
