import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { explainPolicy } from '#src/agent/explain.js';
import { checkedLoader } from '#src/agent/offline.js';
import type { Explanation, RuleReport } from '#src/core/explain/explanation.js';
import type { CheckedPolicy, CheckedRule } from '#src/core/policy/checked.js';
import { readPolicyObject } from '#src/core/policy/read.js';
import { policyOf } from '../support/engine.js';
import { policyText, requests, type TextRequest } from '../support/oracle/arbitrary.js';

const NOON = Date.parse('2026-01-07T12:00:00Z');
const SEED = 20_260_107;
const CASES = 150;
const load = checkedLoader();

function explained(policy: CheckedPolicy, request: TextRequest, agent = 'default', atMs = NOON): Explanation {
  const answer = explainPolicy(policy, { request, agent, atMs, all: true });
  assert.ok(answer.ok);
  return answer.explanation;
}

/** Whether a rule fires when it stands alone, whole. */
function firesAlone(
  policy: CheckedPolicy,
  rule: CheckedRule,
  request: TextRequest,
  agent: string,
  atMs: number,
): boolean {
  const { effect } = rule;
  const alone: CheckedRule = effect.kind === 'limit' ? { ...rule, effect: { ...effect, calls: 1 } } : rule;
  const defaultResult = effect.kind === 'allow' ? 'deny' : 'allow';
  const loaded = load({ ...policy, agents: null, mode: 'enforce', defaultResult, rules: [alone] }, 65_536);
  assert.ok(loaded.ok);
  const decide = () => loaded.decider.decide(request, agent, atMs, false);
  const { code } = decide();
  if (effect.kind === 'limit') return decide().code === 'rate_limited';
  return code === 'rule_denied' || code === 'rule_allowed';
}

/** The order of §6 over what was explained. */
function winner(rules: readonly RuleReport[]): RuleReport | undefined {
  return rules
    .filter(rule => rule.fired)
    .sort(
      (a, b) =>
        Number(b.verdict === 'true') - Number(a.verdict === 'true') ||
        b.specificity - a.specificity ||
        a.index - b.index,
    )[0];
}

test('what is explained adds up to what is decided, on generated policies and requests', t => {
  t.diagnostic(`seed ${SEED}`);
  const seen = new Map<string, number>();
  fc.assert(
    fc.property(policyText, requests, (text, asked) => {
      const read = readPolicyObject(text);
      assert.ok(read.ok);
      for (const { asked: request, agent } of asked.slice(0, 2)) {
        const { decision, rules } = explained(read.policy, request, agent);
        seen.set(decision.code, (seen.get(decision.code) ?? 0) + 1);
        const what = `${JSON.stringify({ request, agent })} under ${text}: ${JSON.stringify(rules)}`;
        if (decision.code === 'request_invalid' || decision.code === 'no_policy_for_agent') {
          assert.deepEqual(rules, [], what);
          continue;
        }
        assert.equal(rules.length, read.policy.rules.length, what);
        for (const report of rules) {
          const rule = read.policy.rules[report.index] as CheckedRule;
          assert.equal(firesAlone(read.policy, rule, request, agent, NOON), report.fired, `${report.name}: ${what}`);
        }
        const denied = winner(rules.filter(rule => rule.effect.kind === 'deny'));
        const allowed = winner(rules.filter(rule => rule.effect.kind === 'allow'));
        const deciding = denied ?? allowed;
        assert.equal(decision.matchedRule, deciding?.name ?? null, what);
        assert.equal(decision.uncertain, denied?.verdict === 'unknown', what);
        const byDefault: string = read.policy.defaultResult === 'allow' ? 'default_allowed' : 'default_denied';
        const code: string = denied ? 'rule_denied' : allowed ? 'rule_allowed' : byDefault;
        assert.equal(decision.code, code, what);
      }
    }),
    { seed: SEED, numRuns: CASES, endOnFailure: true },
  );
  for (const code of ['rule_denied', 'rule_allowed', 'default_denied', 'default_allowed']) {
    assert.ok((seen.get(code) ?? 0) >= 5, `${code} was seen: ${[...seen].join(' ')}`);
  }
});

const POLICY = policyOf(`
default: deny
rules:
  - name: no-large
    deny: { method: POST, url: "api.example.com/v1/charges", body: { jsonpath: $.amount, min: 50000, max: 90000 } }
  - name: no-deletes
    deny: { method: DELETE, url: "*" }
  - name: wide
    allow: { url: "api.example.com/**" }
  - name: narrow
    allow: { url: "api.example.com/v1/**", headers: [{ name: x-team, in: [core] }] }
  - name: rate
    limit: { calls_per_minute: 3, per: host, url: "api.example.com/**" }
`);
const post: TextRequest = {
  method: 'POST',
  url: 'https://api.example.com/v1/charges',
  headers: [],
  body: null,
  tool: null,
  args: null,
};

const readingsIn = ({ rules }: Explanation, rule: string): string[] =>
  rules
    .filter(({ name }) => name === rule)
    .flatMap(({ matchers }) => matchers.flatMap(({ readings }) => readings))
    .map(({ what, verdict }) => `${what}: ${verdict}`);

test('the value at the path and each operator are shown', () => {
  const explanation = explained(POLICY, { ...post, body: '{"amount":60000.50}' });
  assert.deepEqual(readingsIn(explanation, 'no-large'), [
    'body $.amount min 50000: true',
    'body $.amount max 90000: true',
    'as JSON: $.amount is 60000.50: true',
  ]);
});

test('a method override is the reading that fired', () => {
  const explanation = explained(POLICY, { ...post, headers: [['X-HTTP-Method-Override', 'GET, delete']] });
  assert.equal(explanation.decision.matchedRule, 'no-deletes');
  assert.deepEqual(readingsIn(explanation, 'no-deletes'), [
    'method "POST": false',
    'method override X-HTTP-Method-Override: "GET": false',
    'method override X-HTTP-Method-Override: "delete": true',
  ]);
});

test('an allow says which header line is not enough', () => {
  const headers = [
    ['x-team', 'core'],
    ['X-Team', 'web'],
  ] as const;
  const explanation = explained(POLICY, { ...post, headers });
  assert.deepEqual(readingsIn(explanation, 'narrow'), [
    'header line 1: "core": true',
    'header line 2: "web": false',
    'header lines joined: "core, web": false',
  ]);
  assert.equal(explanation.rules.find(({ name }) => name === 'narrow')?.verdict, 'mixed');
});

test('path readings are asked alone where a path can say them alone', () => {
  const slash = explained(POLICY, { ...post, url: 'https://api.example.com/v1%2Fcharges' });
  assert.deepEqual(readingsIn(slash, 'wide'), [
    'path reading a: "/v1%2Fcharges": null',
    'path reading b, d: "/v1/charges": true',
  ]);
  const explanation = explained(POLICY, { ...post, url: 'https://api.example.com/v1;x/charges' });
  assert.deepEqual(readingsIn(explanation, 'wide'), [
    'path reading a, b: "/v1;x/charges": true',
    'path reading d: "/v1/charges": true',
  ]);
});

test('a port decides an allow and not a deny', () => {
  const explanation = explained(POLICY, { ...post, method: 'DELETE', url: 'https://api.example.com:8443/v1/charges' });
  const verdicts = explanation.rules.map(({ name, verdict }) => `${name} ${verdict}`);
  assert.deepEqual(verdicts, ['no-large false', 'no-deletes true', 'wide false', 'narrow false', 'rate false']);
});
