import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { checkedLoader, documentsLoader, type ReadDocument } from '#src/agent/offline.js';
import { openReplay, type Replay } from '#src/agent/replay.js';
import type { FlatRecord } from '#src/core/audit/canonical.js';
import { decisionRecord } from '#src/core/audit/decision-record.js';
import { checkRequest } from '#src/core/decide/request.js';
import { checkAction } from '#src/core/decide/tool-request.js';
import type { Decision } from '#src/core/decide/types.js';
import { pathReadings } from '#src/core/explain/path-readings.js';
import type { CheckedPolicy } from '#src/core/policy/checked.js';
import { readPolicyObject } from '#src/core/policy/read.js';
import { type Recorded, readDecision } from '#src/core/replay/recorded.js';
import type { Replayed } from '#src/core/replay/tally.js';
import { policyOf } from '../support/engine.js';
import { aimed, type TextAction } from '../support/oracle/arbitrary.js';

const SEED = 20_260_107;
const CASES = 120;
const START = Date.parse('2026-01-07T12:00:00Z');
const load = checkedLoader();

/** What an agent would have put into its log. */
function recorded(decision: Decision, request: TextAction, agent: string, atMs: number): Recorded {
  const { method, tool } = request;
  const valid =
    tool === null
      ? checkRequest(method, request.url, request.headers)
      : checkAction({ method, url: request.url, tool });
  assert.ok(valid.ok);
  const fields = decisionRecord(
    decision,
    { method, ...(valid.url === null ? {} : { url: valid.url }), ...(tool === null ? {} : { tool }) },
    {
      ...{ requestId: 'r', parentRequestId: null, agentId: agent, instanceId: 'i', sessionId: null, traceId: 't' },
      ...{ spanId: 's', parentSpanId: null, policy: null, urlPath: 'endpoint', decisionNs: 1 },
    },
  );
  const read = readDecision({ ...fields, time: new Date(atMs).toISOString() } as unknown as FlatRecord);
  assert.ok(read !== null);
  return read;
}

/** It keeps to what a replay takes as given. */
function asGiven(request: TextAction): boolean {
  if (request.tool !== null) {
    const { method, url, tool } = request;
    return checkAction({ method, url, tool }).ok && !/_method/.test(url ?? '');
  }
  const { method, url, headers, body } = request;
  const valid = checkRequest(method, url, headers);
  if (!valid.ok || new URL(valid.url).port !== '' || pathReadings(valid.path)?.length !== 1) return false;
  // A form, or a query, that cannot be read may hold another method.
  const types = headers.filter(([name]) => name.toLowerCase() === 'content-type').map(([, value]) => value);
  if (body !== null && (types.length > 1 || types.some(type => type.includes(',') || /form/i.test(type)))) return false;
  return !/_method|\?.*%/.test(url) && !headers.some(([name]) => /^x-(http-)?method/i.test(name));
}

/** In place of those that are no calls at all. */
const URLS = fc.array(
  fc
    .tuple(
      fc.constantFrom('api.example.com', 'api.example.com', 'a.b.example.com', '127.0.0.1', '[::1]', 'example.com'),
      fc.array(fc.constantFrom('v1', 'a', 'b', 'ab', '12', '7', 'deadbeef1', 'é', 'abcdefghijklmno1'), {
        maxLength: 3,
      }),
      fc.constantFrom('', '?q=a', '?q=b&q=a'),
    )
    .map(([host, path, query]) => `https://${host}/${path.join('/')}${query}`),
  { minLength: 1, maxLength: 6 },
);

function replayOf(policy: CheckedPolicy): Replay {
  const opened = openReplay([{ path: 'policy.yaml', layer: null, policy }]);
  assert.ok(opened.ok);
  return opened.replay;
}

test('what is certain in a replay is what the policy decides about the whole request', t => {
  t.diagnostic(`seed ${SEED}`);
  const seen = { certain: 0, limited: 0, cannot_say: 0, folded: 0, tool: 0 };
  fc.assert(
    fc.property(aimed, URLS, ([text, asked], urls) => {
      const read = readPolicyObject(text);
      assert.ok(read.ok);
      const loaded = load(read.policy, 65_536);
      assert.ok(loaded.ok);
      const replay = replayOf(read.policy);
      let nowMs = START;
      for (const [i, { asked: given, agent, later }] of asked.entries()) {
        nowMs += later;
        const request: TextAction =
          given.tool !== null || asGiven(given) ? given : { ...given, url: urls[i % urls.length] ?? '' };
        if (!asGiven(request)) continue;
        const decision = loaded.decider.decide(request, agent, nowMs, false);
        const record = recorded(decision, request, agent, nowMs);
        const now = replay.decide(record);
        seen[now.is]++;
        if (now.is === 'cannot_say') continue;
        const what = `${JSON.stringify({ request, agent, record })} under ${text}`;
        assert.equal(now.result, decision.result, what);
        if (now.rule !== null) assert.equal(now.rule, decision.matchedRule ?? decision.code, what);
        if (decision.code === 'rate_limited') seen.limited++;
        if (record.path?.includes('{id}')) seen.folded++;
        if (record.tool !== null) seen.tool++;
      }
    }),
    { seed: SEED, numRuns: CASES, endOnFailure: true },
  );
  t.diagnostic(JSON.stringify(seen));
  assert.ok(
    seen.certain > 100 && seen.cannot_say > 12 && seen.limited > 0 && seen.folded > 5 && seen.tool > 12,
    JSON.stringify(seen),
  );
});

test('with layers, what is certain is what all documents decide together', t => {
  t.diagnostic(`seed ${SEED}`);
  const seen = { certain: 0, cannot_say: 0, of_layer: 0, limited: 0 };
  fc.assert(
    fc.property(fc.array(aimed, { minLength: 2, maxLength: 3 }), URLS, fc.nat(1), (made, urls, layersAllow) => {
      const documents = made.map(([text], i): ReadDocument => {
        // Layers that deny whatever they do not name would leave little to the others.
        const read = readPolicyObject(text);
        assert.ok(read.ok);
        const policy: CheckedPolicy =
          i > 0 && layersAllow > 0 ? { ...read.policy, defaultResult: 'allow' } : read.policy;
        return { path: `${i}.yaml`, layer: i === 0 ? null : `${i}.yaml`, policy };
      });
      const loaded = documentsLoader()(documents, 65_536);
      const opened = openReplay(documents);
      assert.ok(loaded.ok && opened.ok);
      let nowMs = START;
      for (const [i, { asked: given, agent, later }] of made.flatMap(([, asked]) => asked).entries()) {
        nowMs += later;
        const request: TextAction =
          given.tool !== null || asGiven(given) ? given : { ...given, url: urls[i % urls.length] ?? '' };
        if (!asGiven(request)) continue;
        const decision = loaded.decider.decide(request, agent, nowMs, false);
        const now: Replayed = opened.replay.decide(recorded(decision, request, agent, nowMs));
        seen[now.is]++;
        if (now.is === 'cannot_say') continue;
        const what: string = `${JSON.stringify({ request, agent, now, decision })} under ${made.map(([text]) => text).join('\n')}`;
        assert.equal(now.result, decision.result, what);
        if (now.rule !== null) {
          assert.equal(now.rule, decision.matchedRule ?? decision.code, what);
          assert.equal(now.layer, decision.policyLayer, what);
          if (now.layer !== undefined) seen.of_layer++;
        }
        if (decision.code === 'rate_limited') seen.limited++;
      }
    }),
    { seed: SEED, numRuns: 40, endOnFailure: true },
  );
  t.diagnostic(JSON.stringify(seen));
  assert.ok(seen.certain > 100 && seen.of_layer > 10 && seen.limited > 0, JSON.stringify(seen));
});

const get = (url: string, atMs = START): Recorded => {
  const decision: Decision = {
    ...{ result: 'allow', enforced: true, code: 'rule_allowed', matchedRule: 'old', matchedRuleKind: 'allow' },
    ...{ reason: '', uncertain: false, shadowRules: [] },
  };
  return recorded(decision, { method: 'GET', url, headers: [], body: null, tool: null, args: null }, 'default', atMs);
};

const said = (replay: Replay, url: string, atMs?: number): string => {
  const now = replay.decide(get(url, atMs));
  return now.is === 'certain' ? `${now.result} ${now.rule}` : `? ${now.rule}`;
};

test('a rule that looks at what the log does not hold makes unsayable only what hangs on it', () => {
  const replay = replayOf(
    policyOf(`
default: deny
rules:
  - name: team
    allow: { url: "api.example.com/**", headers: [{ name: x-team, exact: core }] }
  - name: reads
    allow: { url: "api.example.com/public/**" }
  - name: no-debug
    deny: { url: "api.example.com/debug/**", query: [{ name: on }] }
  - name: never
    deny: { url: "api.example.com/secret" }
  - name: odd-port
    allow: { url: "api.example.com:8443/port" }
`),
  );
  assert.equal(said(replay, 'https://api.example.com/x'), '? team');
  assert.equal(said(replay, 'https://api.example.com/public/x'), 'allow reads');
  assert.equal(said(replay, 'https://api.example.com/debug/x'), '? no-debug');
  assert.equal(said(replay, 'https://api.example.com/secret'), 'deny never');
  assert.equal(said(replay, 'https://other.example/'), 'deny default_denied');
});

test('a folded segment is any ID: a pattern that tells IDs apart cannot say', () => {
  const replay = replayOf(
    policyOf(`
default: deny
rules:
  - name: ids
    allow: { url: "api.example.com/users/{id}" }
  - name: one
    deny: { url: "api.example.com/users/42" }
  - name: any
    allow: { url: "api.example.com/things/*" }
  - name: some
    allow: { url: "api.example.com/files/7*" }
`),
  );
  assert.equal(said(replay, 'https://api.example.com/users/7'), '? one');
  assert.equal(said(replay, 'https://api.example.com/users/bob'), 'deny default_denied');
  assert.equal(said(replay, 'https://api.example.com/things/12345'), 'allow any');
  assert.equal(said(replay, 'https://api.example.com/files/7001'), '? some');
  assert.equal(said(replay, 'https://api.example.com/files/7x'), 'allow some');
});

test('limits count in the times of the records, until a call cannot be said', () => {
  const rules = `
default: allow
rules:
  - name: two
    limit: { calls_per_minute: 2, per: endpoint, url: "api.example.com/**" }
  - name: debug
    deny: { url: "api.example.com/debug", headers: [{ name: x-debug }] }
`;
  const replay = replayOf(policyOf(rules));
  const at = (seconds: number): number => START + seconds * 1000;
  assert.equal(said(replay, 'https://api.example.com/a/1', at(0)), 'allow default_allowed');
  assert.equal(said(replay, 'https://api.example.com/a/2', at(1)), 'allow default_allowed');
  assert.equal(said(replay, 'https://api.example.com/a/3', at(2)), 'deny two');
  assert.equal(said(replay, 'https://api.example.com/a/3', at(60)), 'allow default_allowed');
  assert.equal(said(replay, 'https://api.example.com/debug', at(61)), '? debug');
  assert.equal(said(replay, 'https://api.example.com/a/3', at(300)), '? two');
  assert.equal(said(replay, 'https://other.example/', at(301)), 'allow default_allowed');
});

test('a tool call is certain where no rule that may decide looks into its arguments', () => {
  const replay = replayOf(
    policyOf(`
default: deny
rules:
  - name: reads
    allow: { tool: "files/read_*" }
  - name: server
    allow: { url: "tool://files/tools/{id}" }
  - name: no-etc
    deny: { tool: "files/*", args: { jsonpath: $.path, prefix: /etc/ } }
  - name: no-body
    deny: { tool: "web/*", body: { jsonpath: $.a } }
  - name: web
    allow: { tool: "web/*" }
  - name: trial
    mode: dry_run
    deny: { tool: "**" }
  - name: two
    limit: { calls_per_minute: 2, per: endpoint, tool: "web/*" }
  - name: trial-limit
    mode: dry_run
    limit: { calls_per_minute: 1, per: global }
`),
  );
  const none = { scheme: null, host: null, path: null };
  const tool = (name: string, at: Partial<Recorded> = none): string => {
    const now = replay.decide({ ...get('https://a.example/'), method: 'POST', tool: name, ...at });
    return now.is === 'certain' ? `${now.result} ${now.rule}` : `? ${now.rule}`;
  };
  assert.equal(tool('files/read_file'), '? no-etc');
  assert.equal(tool('shell'), 'deny default_denied');
  assert.equal(tool('x', { scheme: 'tool', host: 'files', path: '/tools/{id}' }), 'allow server');
  assert.deepEqual(
    [tool('web/a'), tool('web/a'), tool('web/a'), tool('web/b')],
    ['allow web', 'allow web', 'deny two', 'allow web'],
  );
  assert.equal(said(replay, 'https://files.example/'), 'deny default_denied');
});

test('what was cut, or had more than one reading, is not made again', () => {
  const replay = replayOf(policyOf('default: allow\nrules: []'));
  const record = get('https://api.example.com/x');
  const changes: readonly Partial<Recorded>[] = [
    { pathCut: true },
    { path: '/a%20b' },
    { path: '/a//b' },
    { path: '/\ud800' },
    { host: null },
    { host: 'a b' },
    { tool: 'read' },
    { tool: 'invalid', scheme: null, host: null, path: null },
    { scheme: 'tool' },
    { tool: 'read', scheme: 'tool', path: '/a%2Fb' },
    { agent: 'invalid' },
  ];
  for (const change of changes) {
    assert.deepEqual(replay.decide({ ...record, ...change }), { is: 'cannot_say', rule: null });
  }
});
