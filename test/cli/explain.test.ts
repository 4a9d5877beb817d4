import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Misuse } from '#src/cli/args.js';
import { explain } from '#src/cli/explain.js';
import { runCommand } from '../support/cli-command.js';
import { Home } from '../support/home.js';

const POLICY = `default: deny
rules:
  - name: reads
    allow: { method: GET, url: "api.example.com/**" }
  - name: hours
    allow: { url: "api.example.com/**", time_within: "09:00-17:00" }
  - name: elsewhere
    deny: { url: "other.example.com/**" }
  - name: rate
    limit: { calls_per_minute: 2, per: host }
`;
const GET = '{"method":"GET","url":"https://api.example.com/v1"}';
const AT = ['--at', '2026-01-07T20:00:00Z'];

function policyFile(t: { after(done: () => void): void }, text = POLICY): string {
  const home = new Home({ 'policy.yaml': text });
  t.after(() => home.remove());
  return home.path('policy.yaml');
}

test('json: the decision as `decide` gives it, then why, then every rule in the order of the decision', async t => {
  const run = await runCommand(explain, ['--policy', policyFile(t), '--json', '--agent', 'crm', ...AT, GET]);
  assert.equal(run.code, 0);
  const { rules, ...answer } = JSON.parse(run.out[0] as string);
  assert.deepEqual(answer, {
    result: 'allow',
    enforced: true,
    code: 'rule_allowed',
    matched_rule: 'reads',
    matched_rule_kind: 'allow',
    reason: "allowed by rule 'reads'",
    uncertain: false,
    agent: 'crm',
    at: '2026-01-07T20:00:00.000Z',
    default: 'deny',
    why: [
      'no `deny` fired, and an `allow` did',
      "limit 'rate' is charged: 1 of 2 in 60000 ms, per host; counters begin empty here",
    ],
    rules_elsewhere: 1,
  });
  assert.deepEqual(
    rules.map(({ name, kind, line, verdict, fired }: Record<string, unknown>) => [name, kind, line, verdict, fired]),
    [
      ['reads', 'allow', 3, 'true', true],
      ['hours', 'allow', 5, 'false', false],
      ['rate', 'limit', 9, 'true', true],
    ],
  );
  assert.deepEqual(rules[2].limit, { calls: 2, window_ms: 60_000, per: 'host', charged: true });
  assert.deepEqual(rules[1].matchers, [
    { key: 'url', text: 'url api.example.com/**', verdict: 'true', readings: [] },
    { key: 'time', text: 'time_within 09:00-17:00 UTC', verdict: 'false', readings: [] },
  ]);
});

test('a tool call: the hint, what only watches, and rules for HTTP counted', async t => {
  const policy = policyFile(
    t,
    `default: deny
rules:
  - { name: no-etc, deny: { tool: "**", args: { jsonpath: $.path, prefix: /etc/ } }, hint: read below /srv }
  - { name: trial, mode: dry_run, deny: { tool: "read_*" } }
  - { name: tally, mode: dry_run, limit: { calls_per_day: 1, per: global } }
  - { name: web, allow: { url: "https://api.example.com/**" } }
  - { name: others, allow: { tool: "write_*" } }
`,
  );
  const call = '{"tool":"read_file","args":{"path":"/etc/passwd"}}';
  const run = await runCommand(explain, ['--policy', policy, ...AT, call]);
  assert.deepEqual(
    [run.code, run.out],
    [
      1,
      [
        "deny rule_denied: denied by rule 'no-etc'",
        'hint: read below /srv',
        '  a `deny` fired, and nothing outweighs a `deny`',
        "  recorded, and without a part in it: 'trial'",
        "deny 'no-etc' (line 3) fires: true",
        '  true    tool **',
        '  true    args $.path prefix "/etc/"',
        '            $.path is "/etc/passwd" → true',
        "deny 'trial' (line 4) (shadow: recorded, never decides) fires: true",
        '  true    tool read_*',
        "limit 'tally' (line 5) (shadow: recorded, never decides) applies: true",
        '  it has no matcher: every request',
        '2 rules not shown: the url or tool does not match (--all shows them)',
      ],
    ],
  );
  const json = await runCommand(explain, ['--policy', policy, '--json', ...AT, call]);
  const answer = JSON.parse(json.out[0] as string);
  assert.deepEqual([answer.hint, answer.shadow_rules], ['read below /srv', ['trial']]);
  assert.deepEqual(
    answer.rules.map(({ shadow, limit }: { shadow: boolean; limit?: { charged: boolean } }) => [
      shadow,
      limit?.charged,
    ]),
    [
      [false, undefined],
      [true, undefined],
      [true, false],
    ],
  );
});

test('--all shows the rules of other hosts too', async t => {
  const run = await runCommand(explain, ['--policy', policyFile(t), '--all', ...AT, GET]);
  assert.ok(run.out.includes("deny 'elsewhere' (line 7) does not fire: false"), run.out.join('\n'));
});

test('between two rules that fired: the specific one, then the earlier one', async t => {
  const run = await runCommand(explain, ['--policy', policyFile(t), '--at', '2026-01-07T12:00:00Z', GET]);
  assert.ok(run.out.includes("  'reads' is named and not 'hours': it stands earlier in the file"), run.out.join('\n'));
});

test('a denial is 1; a request that cannot be judged has no rules', async t => {
  const policy = policyFile(t);
  const denied = await runCommand(explain, ['--policy', policy, ...AT, GET.replace('GET', 'POST')]);
  assert.equal(denied.code, 1);
  const json = await runCommand(explain, ['--policy', policy, '--json', ...AT, GET.replace('GET', 'POST')]);
  assert.equal(JSON.parse(json.out[0] as string).rules.at(-1).limit.charged, false);
  assert.ok(denied.out.includes('  no `deny` and no `allow` fired, so `default: deny` decides'));
  const invalid = await runCommand(explain, ['--policy', policy, ...AT, '{"method":"GET","url":"nowhere"}']);
  assert.equal(invalid.code, 1);
  assert.equal(invalid.out.length, 2);
});

test('what is quoted of a request reaches no terminal raw', async t => {
  const policy = policyFile(
    t,
    'default: deny\nrules:\n  - name: h\n    allow: { headers: [{ name: x-a, exact: a }] }\n',
  );
  const request = JSON.stringify({
    ...{ method: 'GET', url: 'https://a.example/' },
    headers: [
      ['x-a', '\u001b[2J'],
      ['X-A', '\u0085'],
    ],
    body: '{"a":"\u001b"}',
  });
  const run = await runCommand(explain, ['--policy', policy, ...AT, request]);
  assert.doesNotMatch(run.out.join(''), /\p{Cc}/u);
  assert.match(run.out.join('\n'), /header line 1: "\\u001b\[2J"/);
});

test('a body that is longer than what is inspected', async t => {
  const policy = policyFile(
    t,
    'default: allow\nrules:\n  - name: b\n    deny: { body: { jsonpath: $.a, exact: 1 } }\n',
  );
  const body = JSON.stringify({ a: 'x'.repeat(1_100_000) });
  const request = JSON.stringify({ method: 'POST', url: 'https://a.example/', body });
  const run = await runCommand(explain, ['--policy', policy, '--json', ...AT, request]);
  const answer = JSON.parse(run.out[0] as string);
  assert.deepEqual([run.code, answer.code, answer.rules[0].verdict], [1, 'body_too_large', 'unread']);
});

test('a policy that does not load is 2 and misuse is misuse', async t => {
  const bad = await runCommand(explain, ['--policy', policyFile(t, 'default: maybe\nrules: []\n'), GET]);
  assert.equal(bad.code, 2);
  assert.match(bad.err[0] ?? '', /policy\.yaml:1:10: error: .*\[unknown_value\]/);
  await assert.rejects(runCommand(explain, [GET]), Misuse);
  await assert.rejects(runCommand(explain, ['--policy', policyFile(t), '{']), Misuse);
});

test('with layers: what all of them decide, who denies, then each document, also one that has no say', async t => {
  const home = new Home({
    'policy.yaml': POLICY,
    'policy.d/10-company.yaml': 'default: allow\nrules:\n  - { name: no-api, deny: { url: "api.example.com/**" } }\n',
    'policy.d/20-bots.yaml': 'agents: [bot-*]\ndefault: deny\nrules: []\n',
  });
  t.after(() => home.remove());
  const args = ['--policy', home.path('policy.yaml'), '--layers', ...AT, GET];
  const run = await runCommand(explain, [...args, '--json']);
  const { documents, ...whole } = JSON.parse(run.out[0] as string);
  assert.deepEqual(
    [run.code, whole.code, whole.matched_rule, whole.policy_layer, whole.agent],
    [1, 'rule_denied', 'no-api', '10-company.yaml', 'default'],
  );
  assert.deepEqual(
    documents.map((d: Record<string, unknown>) => [d.layer, d.silent, d.code, (d.rules as object[]).length]),
    [
      [null, false, 'rule_allowed', 3],
      ['10-company.yaml', false, 'rule_denied', 1],
      ['20-bots.yaml', true, 'no_policy_for_agent', 0],
    ],
  );
  const { out } = await runCommand(explain, args);
  assert.equal(out[0], "deny rule_denied: denied by rule 'no-api' (layer '10-company.yaml')");
  assert.equal(out.at(-1), 'it has no say: its `agents` does not name this agent');
  // Without the flag the file decides alone, as ever.
  assert.equal((await runCommand(explain, ['--policy', home.path('policy.yaml'), ...AT, GET])).code, 0);
  home.write('policy.d/30-bad.yaml', 'rulse: []\n');
  const bad = await runCommand(explain, args);
  assert.equal(bad.code, 2);
  assert.match(bad.err[0] ?? '', /policy\.d\/30-bad\.yaml/);
});
