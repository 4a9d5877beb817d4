import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Misuse } from '#src/cli/args.js';
import { replay } from '#src/cli/replay.js';
import { runCommand } from '../support/cli-command.js';
import { logOfCalls } from '../support/log-of-calls.js';

const POLICY = `default: deny
rules:
  - name: old
    allow: { method: GET, url: "api.example.com/**" }
  - name: team
    allow: { method: POST, url: "api.example.com/**", headers: [{ name: x-team }] }
`;
const DENIED = { policy_result: 'deny', code: 'default_denied', matched_rule: '' } as const;

test('nothing changes, over several files in any order', async t => {
  const log = logOfCalls(t, ['GET api.example.com/a', 'GET api.example.com/users/{id}', '', 'GET api.example.com/']);
  const policy = log.write('policy.yaml', POLICY);
  const run = await runCommand(replay, ['--policy', policy, '--key', log.key, ...log.files.toReversed()]);
  assert.equal(run.code, 0, run.out.join('\n'));
  assert.equal(run.out.at(-1), 'NOTHING WOULD CHANGE');
  assert.deepEqual(run.err, []);
});

test('changes are counted by the rule then and the rule now, with examples', async t => {
  const log = logOfCalls(t, [
    'DELETE api.example.com/users/{id}',
    'DELETE api.example.com/users/{id}',
    ['GET api.example.com/b', { ...DENIED, enforced: false }],
    ['GET api.example.com/c', { matched_rule: 'other' }],
    'POST api.example.com/d',
    ['GET api.example.com/e', { policy_result: 'deny', code: 'kill_switch', matched_rule_kind: 'kill_switch' }],
  ]);
  const policy = log.write('policy.yaml', POLICY);
  const run = await runCommand(replay, ['--json', '--policy', policy, '--key', log.key, ...log.files]);
  assert.equal(run.code, 1);
  const answer = JSON.parse(run.out[0] as string);
  assert.equal(answer.verdict, 'changes');
  assert.deepEqual(
    [answer.replayed, answer.same, answer.changed, answer.cannot_say, answer.not_by_policy],
    [5, 0, 4, 1, { kill_switch: 1 }],
  );
  assert.deepEqual(answer.changes, [
    {
      from: { result: 'allow', rule: 'old' },
      to: { result: 'deny', rule: 'default_denied' },
      count: 2,
      examples: ['DELETE api.example.com/users/{id}'],
    },
    {
      from: { result: 'deny', rule: 'default_denied' },
      to: { result: 'allow', rule: 'old' },
      count: 1,
      examples: ['GET api.example.com/b'],
    },
    {
      from: { result: 'allow', rule: 'other' },
      to: { result: 'allow', rule: 'old' },
      count: 1,
      examples: ['GET api.example.com/c'],
    },
  ]);
  assert.deepEqual(answer.undecided, [{ rule: 'team', count: 1, examples: ['POST api.example.com/d'] }]);
  assert.equal(answer.given.length, 5);
});

test('of no decision nothing can be said', async t => {
  const log = logOfCalls(t, [
    'GET api.example.com/a',
    ['GET api.example.com/e', { policy_result: 'deny', code: 'kill_switch', matched_rule_kind: 'kill_switch' }],
  ]);
  const asked = ['--policy', log.write('policy.yaml', POLICY), '--key', log.key, ...log.files];
  for (const since of ['2030-01-01T00:00:00Z', '2026-01-01T00:00:02Z']) {
    const run = await runCommand(replay, ['--since', since, ...asked]);
    assert.deepEqual([run.code, run.out.at(-1)], [2, 'CANNOT SAY: there is no decision of a policy to replay']);
    const json = await runCommand(replay, ['--json', '--since', since, ...asked]);
    assert.equal(JSON.parse(json.out[0] as string).verdict, 'cannot_say');
  }
});

test('what cannot be said is 2, not 0', async t => {
  const log = logOfCalls(t, ['POST api.example.com/d']);
  const policy = log.write('policy.yaml', POLICY);
  const run = await runCommand(replay, ['--policy', policy, '--key', log.key, ...log.files]);
  assert.equal(run.code, 2);
  assert.ok(run.out.includes(`  1  'team' asks what the log does not hold`), run.out.join('\n'));
});

test('only decisions from and before the times given', async t => {
  const log = logOfCalls(t, ['DELETE api.example.com/', 'GET api.example.com/', 'DELETE api.example.com/']);
  const policy = log.write('policy.yaml', POLICY);
  const times = ['--since', '2026-01-01T00:00:02Z', '--until', '2026-01-01T00:00:03Z'];
  const run = await runCommand(replay, ['--json', '--policy', policy, '--key', log.key, ...times, ...log.files]);
  assert.equal(run.code, 0, run.out[0]);
  assert.equal(JSON.parse(run.out[0] as string).replayed, 1);
});

test('a log that is not what was written is refused, and nothing is concluded, unless told so', async t => {
  const log = logOfCalls(t, ['GET api.example.com/', 'DELETE api.example.com/']);
  const policy = log.write('policy.yaml', POLICY);
  const changed = log.write('changed.jsonl', readFileSync(log.files[0] as string, 'utf8').replace('DELETE', 'GET'));
  const refused = await runCommand(replay, ['--json', '--policy', policy, '--key', log.key, changed]);
  assert.equal(refused.code, 2);
  const answer = JSON.parse(refused.out[0] as string);
  assert.equal(answer.verdict, 'cannot_say');
  assert.equal(answer.logs[0].verdict, 'tampered');
  assert.equal(answer.changes, undefined);
  assert.match(refused.err.join('\n'), /TAMPERED: edited.*\nerror: .*\nhint: .*--unverified/);
  const all = await runCommand(replay, ['--policy', policy, '--key', log.key, '--unverified', changed]);
  assert.equal(all.code, 0, all.out.join('\n'));
});

test('a log of which the key given signed nothing is refused, and nothing is concluded, unless told so', async t => {
  const log = logOfCalls(t, ['GET api.example.com/', 'GET api.example.com/a']);
  const policy = log.write('policy.yaml', POLICY);
  const lines = readFileSync(log.files[0] as string, 'utf8')
    .trimEnd()
    .split('\n');
  const unsigned = log.write('unsigned.jsonl', `${lines.slice(0, -1).join('\n')}\n`);
  const refused = await runCommand(replay, ['--json', '--policy', policy, '--key', log.key, unsigned]);
  assert.equal(refused.code, 2);
  const answer = JSON.parse(refused.out[0] as string);
  assert.deepEqual([answer.verdict, answer.logs[0].verdict, answer.changes], ['cannot_say', 'cannot_say', undefined]);
  assert.match(
    refused.err.join('\n'),
    /nothing in it is signed\nerror: the key signed nothing .*\nhint: .*--unverified/,
  );
  for (const more of [['--unverified', '--key', log.key], []]) {
    const all = await runCommand(replay, ['--policy', policy, ...more, unsigned]);
    assert.deepEqual([all.code, all.out.at(-1)], [0, 'NOTHING WOULD CHANGE']);
    assert.match(all.err.join('\n'), /origin unproven: nothing in it is signed$/);
  }
});

test('what came after the last signature is used, and its number is said', async t => {
  const log = logOfCalls(t, ['GET api.example.com/', '', 'GET api.example.com/a', 'DELETE api.example.com/b']);
  const [first = '', last = ''] = log.files;
  const lines = readFileSync(last, 'utf8').trimEnd().split('\n');
  const open = log.write('open.jsonl', `${lines.slice(0, -1).join('\n')}\n`);
  const run = await runCommand(replay, ['--policy', log.write('p.yaml', POLICY), '--key', log.key, first, open]);
  assert.deepEqual([run.code, run.out.at(-1)], [1, '1 DECISIONS WOULD CHANGE']);
  assert.match(run.err.join('\n'), /: the last 3 of its records are not signed yet$/);
});

test('without a key the origin is said to be unproven, and the answer stands', async t => {
  const log = logOfCalls(t, ['GET api.example.com/']);
  const run = await runCommand(replay, ['--policy', log.write('p.yaml', POLICY), ...log.files]);
  assert.equal(run.code, 0);
  assert.match(run.err.join('\n'), /origin unproven: no key was given/);
});

test('misuse, a policy that does not load, and files without a record', async t => {
  const log = logOfCalls(t, ['GET api.example.com/']);
  await assert.rejects(runCommand(replay, log.files), Misuse);
  await assert.rejects(
    runCommand(replay, ['--policy', log.write('p.yaml', POLICY), '--since', 'noon', ...log.files]),
    Misuse,
  );
  const bad = await runCommand(replay, ['--policy', log.write('bad.yaml', 'default: maybe\n'), ...log.files]);
  assert.equal(bad.code, 2);
  const none = await runCommand(replay, ['--policy', log.write('p.yaml', POLICY), log.write('empty.jsonl', '')]);
  assert.equal(none.code, 2);
});

test('with layers: a rule of a layer is another than that of the same name in the policy', async t => {
  const denied = { ...DENIED, code: 'rule_denied', matched_rule: 'bound', policy_layer: '10-a.yaml' } as const;
  const log = logOfCalls(t, [
    'GET api.example.com/a',
    'GET api.example.com/users/{id}',
    ['GET api.example.com/users/{id}', denied],
    ['GET api.example.com/users/{id}', { ...denied, policy_layer: '20-b.yaml' }],
  ]);
  const policy = log.write('policy.yaml', POLICY);
  mkdirSync(join(log.folder, 'policy.d'));
  log.write(
    'policy.d/10-a.yaml',
    'default: allow\nrules:\n  - { name: bound, deny: { url: "api.example.com/users/**" } }\n',
  );
  const run = async (...more: string[]) =>
    JSON.parse(
      (await runCommand(replay, ['--json', '--policy', policy, ...more, '--key', log.key, ...log.files])).out[0] ?? '',
    );
  const layered = await run('--layers');
  assert.deepEqual([layered.replayed, layered.same, layered.changed], [4, 2, 2]);
  const to = { result: 'deny', rule: 'bound', layer: '10-a.yaml' };
  assert.deepEqual(
    layered.changes.map(({ from, to }: Record<string, unknown>) => ({ from, to })),
    [
      { from: { result: 'allow', rule: 'old' }, to },
      { from: { ...to, layer: '20-b.yaml' }, to },
    ],
  );
  assert.deepEqual([(await run()).same, (await run()).changed], [2, 2]);
});
