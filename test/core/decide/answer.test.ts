import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ENGINE_CODES, toDecision } from '#src/core/decide/answer.js';
import { foldNames, foldPath, isIdLike } from '#src/core/decide/endpoint.js';
import { type DecisionCode, SOFT_CODES } from '#src/core/decide/types.js';

const RULES = {
  ruleNames: ['a', 'd', 'l'],
  ruleKinds: ['allow', 'deny', 'limit'],
  ruleHints: [null, null, null],
} as const;
const ENFORCE = { mode: 'enforce', forceDryRun: false } as const;
const answer = (code: DecisionCode | null, ruleIndex = -1, uncertain = false, retryAfterMs = 0) => ({
  needBody: false,
  code: (ENGINE_CODES as readonly (DecisionCode | null)[]).indexOf(code),
  ruleIndex,
  uncertain,
  retryAfterMs,
  shadowRules: [],
});

const rows = [
  [answer('rule_allowed', 0), 'allow', 'allow', "allowed by rule 'a'"],
  [answer('default_allowed'), 'allow', 'default', 'allowed by default'],
  [answer('rule_denied', 1), 'deny', 'deny', "denied by rule 'd'"],
  [answer('rule_denied', 1, true), 'deny', 'deny', "could not be judged against rule 'd'"],
  [answer('default_denied'), 'deny', 'default', 'denied by default'],
  [answer('rate_limited', 2, false, 40), 'deny', 'limit', "rate limited by rule 'l', would pass in 40 ms"],
  [answer('limit_keys_exhausted', 2), 'deny', 'limit', "rule 'l' counts as many keys as it can hold"],
  [answer('no_policy_for_agent'), 'deny', 'system', 'the policy does not speak for this agent'],
  [answer('body_too_large'), 'deny', 'system', 'the body is longer than what is inspected, and a rule looks into it'],
  [answer('request_invalid'), 'deny', 'system', 'the request cannot be judged'],
  [answer(null), 'deny', 'system', 'the engine could not judge this request'],
] as const;

for (const [given, result, kind, reason] of rows) {
  test(`"${reason}"`, () => {
    const decision = toDecision(given, RULES, ENFORCE);
    assert.deepEqual(
      [decision.result, decision.enforced, decision.matchedRuleKind, decision.reason, decision.retryAfterMs],
      [result, true, kind, reason, reason.startsWith('rate') ? 40 : undefined],
    );
    for (const how of [
      { mode: 'dry_run', forceDryRun: false } as const,
      { mode: 'enforce', forceDryRun: true } as const,
    ]) {
      const dry = toDecision(given, RULES, how);
      assert.equal(dry.result, result);
      assert.equal(dry.enforced, result === 'allow' || !SOFT_CODES.has(dry.code));
    }
  });
}

test('an answer that makes no sense is denied in every mode', () => {
  const dry = { mode: 'dry_run', forceDryRun: true } as const;
  const odd = [
    answer('rule_allowed', 1),
    answer('rule_allowed', -1),
    answer('rule_allowed', 99),
    answer('rule_denied', 0),
    { ...answer('default_allowed'), code: 14 },
    { ...answer('default_allowed'), needBody: true },
  ];
  for (const given of odd) {
    const { result, enforced, code } = toDecision(given, RULES, dry);
    assert.deepEqual([result, enforced, code], ['deny', true, 'request_invalid']);
  }
});

const folds: readonly (readonly [string, string])[] = [
  ['/', '/'],
  ['/v1/things/42', '/v1/things/{id}'],
  ['/v1/things/42/', '/v1/things/{id}'],
  ['/%34%32', '/{id}'],
  ['/a%2F42', '/a/{id}'],
  ['/a//b/%2e%2e/c', '/a/c'],
  ['/a%5Cb', '/a/b'],
  ['/123e4567-e89b-12d3-a456-426614174000/x', '/{id}/x'],
  ['/%FF/42', '/%FF/{id}'],
  ['/%00/42', '/%00/{id}'],
  ['/%C3%BC', '/ü'],
];
for (const [path, folded] of folds) {
  test(`${path} folds to ${folded}`, () => {
    assert.equal(foldPath(path), folded);
  });
}

test('what is like an ID', () => {
  const yes = [
    '0',
    '42',
    'deadbee1',
    'DEADBEE1',
    'abcdefghijklmno1',
    '123E4567-e89b-12d3-a456-426614174000',
    'üüüüüüüüüüüüüüa1',
  ];
  const no = ['', 'deadbeef', 'dead1', 'abcdefghijklmn1', 'contacts', '42-', 'a-very-long-name-without-one'];
  assert.deepEqual([yes.filter(s => !isIdLike(s)), no.filter(isIdLike)], [[], []]);
});

for (const [path, folded] of [
  ['/tools/read_file', '/tools/read_file'],
  ['/tools/a%20b/', '/tools/a b'],
  ['/agents/4f1c2a9b8d7e6f50/stream', '/agents/{id}/stream'],
  ['/tools/a%2Fb', '/tools/a%2Fb'],
  ['/tools/%252e', '/tools/%252e'],
  ['/tools/..%5c;x//y', '/tools/..\\;x//y'],
  ['/tools/%FF', '/tools/%FF'],
  ['/', '/'],
] as const) {
  test(`names in ${path} stay names`, () => assert.equal(foldNames(path), folded));
}

test('the hint of a rule is part of its denials, and of nothing else', () => {
  const hinted = { ...RULES, ruleHints: ['h0', 'h1', 'h2'] };
  const hint = (given: Parameters<typeof toDecision>[0]) => toDecision(given, hinted, ENFORCE).hint;
  assert.equal(hint(answer('rule_denied', 1)), 'h1');
  assert.equal(hint(answer('rate_limited', 2)), 'h2');
  assert.equal(hint(answer('limit_keys_exhausted', 2)), 'h2');
  assert.equal(hint(answer('rule_allowed', 0)), undefined);
  assert.equal(hint(answer('default_denied')), undefined);
  assert.equal(toDecision(answer('rule_denied', 1), hinted, { mode: 'dry_run', forceDryRun: false }).hint, 'h1');
});

test('shadow rules are named; every document that was asked has its say', () => {
  const decision = toDecision({ ...answer('default_allowed'), shadowRules: [0, 2] }, RULES, ENFORCE);
  assert.deepEqual(decision.shadowRules, ['a', 'l']);
});
