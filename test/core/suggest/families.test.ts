import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compilePolicy } from '#src/agent/compile.js';
import { checkedLoader } from '#src/agent/offline.js';
import { failures, runTests } from '#src/agent/policy-tests.js';
import type { FlatRecord } from '#src/core/audit/canonical.js';
import { decisionRecord } from '#src/core/audit/decision-record.js';
import { utf8 } from '#src/core/bytes.js';
import { checkRequest } from '#src/core/decide/request.js';
import { checkAction } from '#src/core/decide/tool-request.js';
import type { Decision } from '#src/core/decide/types.js';
import { pathReadings } from '#src/core/explain/path-readings.js';
import { lintPolicy } from '#src/core/policy/lint/lint.js';
import { readPolicy } from '#src/core/policy/read.js';
import { readDecision } from '#src/core/replay/recorded.js';
import { FAMILIES_MAX, Families } from '#src/core/suggest/families.js';
import { policyText } from '#src/core/suggest/policy-text.js';
import { engineModule } from '../../support/engine.js';
import { actions, request, type TextAction } from '../../support/oracle/arbitrary.js';

const SEED = 20_260_107;
const CASES = 100;
const load = checkedLoader();
const ALLOWED: Decision = {
  ...{ result: 'allow', enforced: true, code: 'default_allowed', matchedRule: null, matchedRuleKind: 'default' },
  ...{ reason: '', uncertain: false, shadowRules: [] },
};

function add(families: Families, asked: TextAction, urlPath: 'endpoint' | 'raw'): boolean {
  const { method, tool } = asked;
  const valid =
    tool === null ? checkRequest(method, asked.url, asked.headers) : checkAction({ method, url: asked.url, tool });
  if (!valid.ok) return false;
  const fields = decisionRecord(
    ALLOWED,
    { method, ...(valid.url === null ? {} : { url: valid.url }), ...(tool === null ? {} : { tool }) },
    {
      ...{ requestId: 'r', parentRequestId: null, agentId: 'a', instanceId: 'i', sessionId: null, traceId: 't' },
      ...{ spanId: 's', parentSpanId: null, policy: null, urlPath, decisionNs: 1 },
    },
  );
  const recorded = readDecision({ ...fields, time: '2026-01-07T12:00:00.000Z' } as unknown as FlatRecord);
  assert.ok(recorded !== null);
  const before = families.calls;
  families.add(recorded);
  return families.calls > before;
}

/** A usual port, and one method and one path, whoever reads it. */
function isPlain(asked: TextAction): boolean {
  if (asked.tool !== null) return true;
  const { method, url, headers } = asked;
  const valid = checkRequest(method, url, headers);
  return (
    valid.ok &&
    new URL(valid.url).port === '' &&
    pathReadings(valid.path)?.length === 1 &&
    !/\?.*(_method|%)/.test(url) &&
    !headers.some(([name]) => /^(x-(http-)?method|content-type)/i.test(name))
  );
}

test('whatever was called: the proposal loads, allows what it covers, and no other host', t => {
  t.diagnostic(`seed ${SEED}`);
  let held = 0;
  let tools = 0;
  fc.assert(
    fc.property(
      fc
        .array(actions, { minLength: 1, maxLength: 6 })
        .map(lists => lists.flatMap(list => list.map(({ asked }) => asked))),
      request,
      fc.constantFrom('endpoint' as const, 'raw' as const),
      (calls, other, urlPath) => {
        const families = new Families();
        const covered = calls.filter(call => add(families, call, urlPath));
        const text = policyText(families, null);
        const read = readPolicy(utf8(text), 'yaml');
        assert.ok(read.ok, text);
        const loaded = load(read.policy, 65_536);
        assert.ok(loaded.ok, text);
        const compiled = compilePolicy(utf8(text), 'policy.yaml');
        assert.ok(compiled.ok);
        const outcomes = runTests(compiled, engineModule(), 1024);
        assert.deepEqual(failures(outcomes), [], text);
        assert.equal(outcomes.length, families.list().length + 2);
        const lints = lintPolicy(read.policy, text).filter(({ code }) => code !== 'plain_http');
        assert.deepEqual(lints, [], text);
        for (const call of covered.filter(isPlain)) {
          if (call.tool !== null) tools++;
          const { result } = loaded.decider.decide(call, 'a', 0, false);
          assert.equal(result, 'allow', `${JSON.stringify(call)} under ${text}`);
          held++;
        }
        const hosts = new Set(families.list().map(({ host }) => host));
        const valid = checkRequest(other.method, other.url, other.headers);
        if (valid.ok && !hosts.has(valid.host)) {
          // Two spellings of one address are one host.
          if (/^\[|^127\./.test(valid.host)) return;
          assert.equal(loaded.decider.decide(other, 'a', 0, false).result, 'deny', `${other.url} under ${text}`);
        }
      },
    ),
    { seed: SEED, numRuns: CASES, endOnFailure: true },
  );
  t.diagnostic(`${held} calls were allowed`);
  assert.ok(held > 100 && tools > 20, `${held} ${tools}`);
});

test('a log with more addresses than a person reads is cut, and said', () => {
  const families = new Families();
  for (let i = 0; i <= FAMILIES_MAX; i++) {
    add(
      families,
      { method: 'GET', url: `https://h${i}.example/`, headers: [], body: null, tool: null, args: null },
      'endpoint',
    );
  }
  assert.equal(families.list().length, FAMILIES_MAX);
  assert.deepEqual([...families.uncovered], [[`more than ${FAMILIES_MAX} different addresses`, 1]]);
});

test('tests of long addresses do not make the policy too large to load', () => {
  const families = new Families();
  for (let i = 0; i < FAMILIES_MAX; i++) {
    const name = i.toString(10).replace(/\d/g, digit => 'abcdefghij'[Number(digit)] ?? '');
    const url = `https://h.example/${'é'.repeat(480)}${name}`;
    assert.ok(add(families, { method: 'GET', url, headers: [], body: null, tool: null, args: null }, 'endpoint'));
  }
  const text = policyText(families, null);
  const read = readPolicy(utf8(text), 'yaml');
  assert.ok(read.ok);
  assert.ok(families.list().length === FAMILIES_MAX && read.policy.tests.length < FAMILIES_MAX);
  assert.match(text, /^# \d+ rules have no test here/m);
});
