/** A guarded tool with a real agent: decided, recorded, given the copy, overtaken by the switch. T-54 of THREAT-MODEL.md. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { findPolicyDenied } from 'checkrd';
import { failureOf, opens } from '../../support/agent-under-test.js';
import { until } from '../../support/until.js';

const POLICY = `default: deny
rules:
  - { name: reads, allow: { tool: "files/read_*" } }
  - { name: no-secrets, deny: { args: { jsonpath: $.path, prefix: /etc/ } }, hint: "read below /srv instead" }
  - { name: trial, mode: dry_run, deny: { tool: "files/**" } }
  - { name: twice, limit: { calls_per_hour: 3, per: endpoint, tool: "files/*" } }
`;

test('a call is decided, recorded and given the copy; its outcome follows', async t => {
  const { checkrd, records } = opens(t, POLICY);
  const given: unknown[] = [];
  const read = checkrd.guardTool('files/read_text', (args: { path: string; more: unknown[] }) => {
    given.push(args);
    return Promise.resolve(args.path.length);
  });
  const args = { path: '/srv/a', more: [{ b: 1 }] };
  assert.equal(await read(args), 6);
  assert.deepEqual(given, [args]);
  assert.notEqual(given[0], args);
  assert.notEqual((given[0] as typeof args).more, args.more);

  const [decision] = records('decision');
  const { code, matched_rule, tool, method, span_name, shadow_rules, url_host } = decision ?? {};
  assert.deepEqual(
    { code, matched_rule, tool, method, span_name, shadow_rules, url_host },
    {
      ...{ code: 'rule_allowed', matched_rule: 'reads', tool: 'files/read_text', method: 'POST' },
      ...{ span_name: 'execute_tool files/read_text', shadow_rules: 'trial', url_host: undefined },
    },
  );
  const [outcome] = records('outcome');
  assert.equal(outcome?.request_id, decision?.request_id);
  assert.equal(outcome?.result, 'ok');
  assert.ok(!JSON.stringify(records('decision')).includes('/srv'), 'no argument is recorded');
});

test('a denial throws with the hint, and the tool does not run', async t => {
  const { checkrd, records } = opens(t, POLICY);
  let ran = 0;
  const read = checkrd.guardTool('files/read_text', (_: unknown) => ran++);
  const denial = findPolicyDenied(await failureOf(read({ path: '/etc/passwd' })));
  assert.equal(denial?.code, 'rule_denied');
  assert.equal(denial?.hint, 'read below /srv instead');
  assert.equal(denial?.reason, "denied by rule 'no-secrets'");
  assert.equal(denial?.requestId, records('decision')[0]?.request_id);
  assert.ok(!JSON.stringify(records('decision')).includes('below'), 'the hint is not in the log');
  const other = await failureOf(checkrd.guardTool('files/write', () => ran++)(undefined));
  assert.equal(findPolicyDenied(other)?.code, 'default_denied');
  assert.equal(findPolicyDenied(other)?.hint, null);
  assert.equal(ran, 0);
  assert.equal(records('outcome').length, 0);
});

test('what does not survive JSON is UNKNOWN for every rule on arguments, and the tool never sees it', async t => {
  const { checkrd } = opens(t, POLICY);
  const given: unknown[] = [];
  const read = checkrd.guardTool('files/read_text', (args: unknown) => given.push(args));
  const denial = findPolicyDenied(await failureOf(read({ path: '/srv/a', at: new Date(0) })));
  assert.equal(denial?.reason, "could not be judged against rule 'no-secrets'");
  const free = opens(t, 'default: allow\nrules: []\n');
  await free.checkrd.guardTool('t', (args: unknown) => given.push(args))({ a: undefined, at: new Date(0) });
  assert.deepEqual(given, [{ at: '1970-01-01T00:00:00.000Z' }]);
});

test('arguments without a JSON form are refused and recorded', async t => {
  const { checkrd, records } = opens(t, 'default: allow\nmode: dry_run\nrules: []\n');
  const denial = findPolicyDenied(await failureOf(checkrd.guardTool('t', (_: unknown) => 1)({ n: 1n })));
  assert.equal(denial?.code, 'request_invalid');
  assert.deepEqual(
    records('decision').map(r => [r.code, r.tool]),
    [['request_invalid', 't']],
  );
});

test('a name that cannot be is refused; one that is no claim is recorded as invalid', async t => {
  const { checkrd, records } = opens(t, 'default: allow\nrules: []\n');
  assert.equal(
    findPolicyDenied(await failureOf(checkrd.guardTool('a\nb', () => 1)(undefined)))?.code,
    'request_invalid',
  );
  assert.equal(await checkrd.guardTool('send mail', () => 1)(undefined), 1);
  assert.deepEqual(
    records('decision').map(r => [r.code, r.tool, r.span_name]),
    [
      ['request_invalid', 'invalid', 'execute_tool invalid'],
      ['default_allowed', 'invalid', 'execute_tool invalid'],
    ],
  );
  assert.throws(() => checkrd.guardTool(5 as never, () => 1), TypeError);
  assert.throws(() => checkrd.guardTool('t', 5 as never), TypeError);
});

test('a tool that fails, at once or later, is recorded as an error and its error is the caller’s', async t => {
  const { checkrd, records } = opens(t, 'default: allow\nrules: []\n');
  const mine = new Error('mine');
  const now = checkrd.guardTool('now', () => {
    throw mine;
  });
  assert.equal(await failureOf(now(undefined)), mine);
  assert.equal(await failureOf(checkrd.guardTool('later', () => Promise.reject(mine))(undefined)), mine);
  assert.deepEqual(
    records('outcome').map(r => r.result),
    ['error', 'error'],
  );
});

test('limits count tools', async t => {
  const { checkrd } = opens(t, POLICY);
  const read = checkrd.guardTool('files/read_text', () => 1);
  for (let i = 0; i < 3; i++) await read(undefined);
  const denial = findPolicyDenied(await failureOf(read(undefined)));
  assert.equal(denial?.code, 'rate_limited');
  assert.ok((denial?.retryAfterMs ?? 0) > 0);
  assert.equal(await checkrd.guardTool('files/read_other', () => 2)(undefined), 2);
});

test('an engaged switch refuses before the tool starts', async t => {
  const { checkrd, killed, records } = opens(t, 'default: allow\nrules: []\n');
  writeFileSync(killed(), '');
  let ran = false;
  const tool = checkrd.guardTool('t', () => {
    ran = true;
  });
  assert.equal(findPolicyDenied(await failureOf(tool(undefined)))?.code, 'kill_switch');
  assert.equal(ran, false);
  assert.deepEqual(
    records('decision').map(r => [r.code, r.tool]),
    [['kill_switch', 't']],
  );
});

test('a tool that has started when the switch fires is killed_late; its caller gets the denial at once', async t => {
  const { checkrd, killed, records } = opens(t, 'default: allow\nrules: []\n');
  let end: (value: string) => void = () => undefined;
  const running = checkrd.guardTool('t', () => new Promise<string>(resolve => (end = resolve)))(undefined);
  writeFileSync(killed(), '');
  assert.equal(findPolicyDenied(await failureOf(running))?.code, 'kill_switch');
  end('too late');
  await until('recorded', () => records('kill_engaged').length === 1);
  assert.deepEqual(
    records('outcome').map(r => r.result),
    ['killed_late'],
  );
  assert.equal(records('kill_engaged')[0]?.aborted, 1);
});

test('hooks are asked and told, with the name and without arguments', async t => {
  const seen: unknown[] = [];
  let answer: unknown;
  const { checkrd, records, killed } = opens(t, POLICY, {
    beforeRequest: event => {
      seen.push(['before', event.tool, event.method, event.url, Object.keys(event).includes('args')]);
      return answer;
    },
    onAllow: event => seen.push(['allow', event.tool, event.matchedRule, event.hint]),
    onDeny: event => seen.push(['deny', event.tool, event.code, event.hint]),
  });
  const read = checkrd.guardTool('files/read_text', (_: unknown) => 'done');
  assert.equal(await read({ path: '/srv' }), 'done');
  await failureOf(read({ path: '/etc/x' }));
  answer = false;
  await failureOf(read(undefined));
  answer = Promise.resolve(null);
  assert.equal(await read({ path: '/etc/x' }), 'done');
  const before = ['before', 'files/read_text', 'POST', '', false];
  assert.deepEqual(seen, [
    before,
    ['allow', 'files/read_text', 'reads', null],
    before,
    ['deny', 'files/read_text', 'rule_denied', 'read below /srv instead'],
    before,
    ['deny', 'files/read_text', 'hook_refused', null],
    before,
    ['allow', 'files/read_text', null, null],
  ]);
  // The switch is looked at again after a hook was waited for.
  answer = Promise.resolve(true).then(() => writeFileSync(killed(), ''));
  assert.equal(findPolicyDenied(await failureOf(read(undefined)))?.code, 'kill_switch');
  assert.deepEqual(
    records('decision').map(r => r.code),
    [...['rule_allowed', 'rule_denied', 'hook_refused', 'hook_skipped', 'kill_switch']],
  );
});

test('a closed agent refuses', async t => {
  const { checkrd } = opens(t, 'default: allow\nrules: []\n');
  const tool = checkrd.guardTool('t', () => 1);
  await checkrd.close();
  assert.equal(findPolicyDenied(await failureOf(tool(undefined)))?.code, 'audit_unavailable');
});

test('the hint is in the 403 of a fetch', async t => {
  const policy = 'default: allow\nrules:\n  - { name: r, deny: { url: "**/x" }, hint: "ask a person" }\n';
  const { checkrd } = opens(t, policy, { onDenied: 'response' });
  const answer = await checkrd.wrap()('https://api.example.com/x');
  assert.equal(answer.status, 403);
  const { error } = (await answer.json()) as { error: Record<string, unknown> };
  assert.deepEqual([error.code, error.hint], ['rule_denied', 'ask a person']);
});
