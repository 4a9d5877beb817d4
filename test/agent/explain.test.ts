import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { explainPolicy } from '#src/agent/explain.js';
import { checkedLoader } from '#src/agent/offline.js';
import type { Explanation, RuleReport } from '#src/core/explain/explanation.js';
import type { CheckedPolicy, CheckedRule } from '#src/core/policy/checked.js';
import { readPolicyObject } from '#src/core/policy/read.js';
import { policyOf } from '../support/engine.js';
import { aimed, type TextAction } from '../support/oracle/arbitrary.js';

const NOON = Date.parse('2026-01-07T12:00:00Z');
const SEED = Number(process.env.SEED ?? 20_260_107);
const CASES = Number(process.env.CASES ?? 60);
const load = checkedLoader();

function explained(policy: CheckedPolicy, request: TextAction, agent = 'default', atMs = NOON): Explanation {
  const answer = explainPolicy(policy, { request, agent, atMs, all: true });
  assert.ok(answer.ok);
  return answer.explanation;
}

/** Those that fire among each other: as shadow rules they all say so. A limit of one refuses the second of two calls. */
function firing(policy: CheckedPolicy, among: readonly CheckedRule[], request: TextAction, agent: string): string[] {
  const rules = among.map((rule): CheckedRule => {
    const { effect } = rule;
    return { ...rule, shadow: true, effect: effect.kind === 'limit' ? { ...effect, calls: 1 } : effect };
  });
  const loaded = load({ ...policy, agents: null, mode: 'enforce', defaultResult: 'allow', rules }, 65_536);
  assert.ok(loaded.ok);
  loaded.decider.decide(request, agent, NOON, false);
  return [...loaded.decider.decide(request, agent, NOON, false).shadowRules];
}

const fired = (rules: readonly RuleReport[]): string[] =>
  [...rules]
    .sort((a, b) => a.index - b.index)
    .filter(rule => rule.fired)
    .map(({ name }) => name);

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
  const see = (what: string): void => void seen.set(what, (seen.get(what) ?? 0) + 1);
  fc.assert(
    fc.property(aimed, ([text, asked]) => {
      const read = readPolicyObject(text);
      assert.ok(read.ok);
      for (const { asked: request, agent } of asked.slice(0, 2)) {
        const { decision, rules } = explained(read.policy, request, agent);
        see(decision.code);
        if (request.tool !== null) see('tool');
        if (decision.shadowRules.length > 0) see('shadow');
        if (decision.uncertain) see('uncertain');
        const what = `${JSON.stringify({ request, agent })} under ${text}: ${JSON.stringify(rules)}`;
        if (decision.code === 'request_invalid' || decision.code === 'no_policy_for_agent') {
          assert.deepEqual(rules, [], what);
          continue;
        }
        assert.equal(rules.length, read.policy.rules.length, what);
        const binding = rules.filter(rule => !rule.shadow);
        const denied = winner(binding.filter(rule => rule.effect.kind === 'deny'));
        const allowed = winner(binding.filter(rule => rule.effect.kind === 'allow'));
        const deciding = denied ?? allowed;
        assert.equal(decision.matchedRule, deciding?.name ?? null, what);
        assert.equal(decision.uncertain, denied?.verdict === 'unknown', what);
        const byDefault: string = read.policy.defaultResult === 'allow' ? 'default_allowed' : 'default_denied';
        const code: string = denied ? 'rule_denied' : allowed ? 'rule_allowed' : byDefault;
        assert.equal(decision.code, code, what);
        // The first call of all is refused by no limit.
        const shadows = rules.filter(rule => rule.shadow && rule.effect.kind !== 'limit');
        assert.deepEqual(decision.shadowRules, fired(shadows), what);
        const all: readonly CheckedRule[] = read.policy.rules;
        const bind: readonly CheckedRule[] = all.filter(rule => !rule.shadow);
        assert.deepEqual(firing(read.policy, bind, request, agent), fired(binding), what);
        if (bind.length === all.length) continue;
        const shadowLimits = rules.filter(rule => rule.shadow && rule.effect.kind === 'limit');
        const wouldFire = firing(read.policy, all, request, agent);
        for (const { name, fired: said } of shadowLimits)
          assert.equal(wouldFire.includes(name), said, `${name}: ${what}`);
      }
    }),
    { seed: SEED, numRuns: CASES, endOnFailure: true },
  );
  for (const code of ['rule_denied', 'rule_allowed', 'default_denied', 'default_allowed', 'tool', 'shadow']) {
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
const post: TextAction = {
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

const SEVERAL = policyOf(`
default: deny
rules:
  - name: alone
    deny: { body: { jsonpath: $.a.b, prefix: b } }
  - name: several
    allow: { body: { jsonpath: "$.a[*]", exists: false } }
`);

test('a body is judged in the company of all that look into it: a name given twice spoils it for every rule', () => {
  const request = { ...post, body: '{"é":{"x":1,"x":2}}' };
  const { decision, rules } = explained(SEVERAL, request);
  assert.deepEqual([decision.code, decision.uncertain], ['rule_denied', true]);
  assert.deepEqual(
    rules.map(({ name, verdict }) => `${name} ${verdict}`),
    ['alone unknown', 'several unknown'],
  );
  // A rule that is out anyway is no company.
  const [alone, several] = SEVERAL.rules as readonly [CheckedRule, CheckedRule];
  const elsewhere = { ...several, matcher: { ...several.matcher, methods: ['PUT'] } };
  assert.equal(explained({ ...SEVERAL, rules: [alone, elsewhere] }, request).rules[0]?.verdict, 'false');
  // Nor is a shadow rule of those that bind.
  const shadow = { ...several, shadow: true };
  const among = explained({ ...SEVERAL, rules: [alone, shadow] }, request).rules;
  assert.deepEqual(
    among.map(({ verdict, shadow: beside }) => `${verdict} ${beside}`),
    ['false false', 'unknown true'],
  );
});

const TOOLS = policyOf(`
default: deny
rules:
  - name: reads
    allow: { tool: ["read_*", "files/**"] }
  - name: no-etc
    deny: { tool: "**", args: { jsonpath: $.path, regex: "^/etc/", contains: pass } }
    hint: read below /srv
  - name: web
    allow: { url: "https://api.example.com/**" }
  - name: trial
    mode: dry_run
    deny: { args: { jsonpath: $.path } }
`);
const call: TextAction = {
  ...{ method: 'POST', url: null, headers: [], body: null, tool: 'read_file' },
  args: '{"path":"/etc/passwd"}',
};

test('a tool call: its name, its arguments, and a rule that only watches', () => {
  const { decision, rules } = explained(TOOLS, call);
  assert.deepEqual([decision.code, decision.hint, decision.shadowRules], ['rule_denied', 'read below /srv', ['trial']]);
  assert.deepEqual(
    rules.map(({ name, fired, shadow, specificity }) => [name, fired, shadow, specificity]),
    [
      ['no-etc', true, false, 0],
      ['trial', true, true, 0],
      ['reads', true, false, 1],
      ['web', false, false, 3],
    ],
  );
  assert.deepEqual(
    rules[0]?.matchers.map(({ words }) => words),
    ['tool **', 'args $.path contains "pass" regex "^/etc/"'],
  );
  assert.deepEqual(readingsIn({ decision, rules, elsewhere: 0 }, 'no-etc'), [
    'args $.path contains "pass": true',
    'args $.path regex "^/etc/": true',
    '$.path is "/etc/passwd": true',
  ]);
  assert.deepEqual(readingsIn(explained(TOOLS, { ...call, args: null }), 'no-etc').slice(-1), [
    'there are no arguments: null',
  ]);
});

test('lines are read one by one; a body that says it is encoded is not as it says', () => {
  const policy = policyOf('default: deny\nrules: [{ name: r, deny: { body: { jsonpath: $.a, min: 5 } } }]');
  const lines = { ...post, body: '{"a":1}\n\n{"a":7}\n{"b":0}' };
  assert.deepEqual(readingsIn(explained(policy, lines), 'r'), [
    'line 1: $.a is 1: false',
    'line 2: $.a is 7: true',
    'line 3: nothing at $.a: false',
  ]);
  const encoded = explained(policy, { ...post, headers: [['Content-Encoding', 'gzip']], body: '{"a":1}' });
  assert.deepEqual(readingsIn(encoded, 'r'), ['not as "gzip" says it is encoded: null']);
  assert.equal(encoded.rules[0]?.verdict, 'unknown');
});
