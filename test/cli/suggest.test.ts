import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Misuse } from '#src/cli/args.js';
import { check } from '#src/cli/check.js';
import { replay } from '#src/cli/replay.js';
import { suggest } from '#src/cli/suggest.js';
import { Fault } from '#src/core/fault.js';
import { runCommand } from '../support/cli-command.js';
import { load } from '../support/engine.js';
import { type Call, logOfCalls } from '../support/log-of-calls.js';

const WOULD_BE_DENIED = { policy_result: 'deny', enforced: false, code: 'default_denied', matched_rule: '' } as const;
const CALLS: readonly Call[] = [
  ['GET api.example.com/v1/users/{id}', WOULD_BE_DENIED],
  ['GET api.example.com/v1/users/{id}', WOULD_BE_DENIED],
  ['PATCH api.example.com/v1/users/{id}', { agent_id: 'other' }],
  'GET api.example.com/',
  '',
  'POST files.example.com/a b/é.txt',
];
const NO_EVIDENCE: readonly Call[] = [
  ['GET refused.example.com/', { policy_result: 'deny', code: 'default_denied' }],
  ['GET named.example.com/', { ...WOULD_BE_DENIED, code: 'rule_denied', matched_rule: 'no' }],
  ['GET killed.example.com/', { policy_result: 'deny', code: 'kill_switch' }],
  ['GET hooked.example.com/', { code: 'hook_skipped' }],
];

async function proposal(args: readonly string[]): Promise<string> {
  const run = await runCommand(suggest, args);
  assert.equal(run.code, 0, run.err.join('\n'));
  return run.out.join('');
}

test('a proposal reads as it decides: no character of the log is invisible in it or turns a line around', async t => {
  const odd = '/a\u202Eb/c\u200Bd/e\u00A0f/g\u2028h/i\u{E0061}j/k\u3164l/ünï🚀';
  const log = logOfCalls(t, [
    `GET api.example.com${odd}`,
    ['POST ', { url_scheme: '', url_host: '', url_path: '', method: '', tool: 'read_file' }],
  ]);
  const text = await proposal(['--key', log.key, ...log.files]);
  assert.doesNotMatch(text, /(?![ \n])[\p{Cc}\p{Cf}\p{Z}\p{Default_Ignorable_Code_Point}]/u);
  const shown = String.raw`/a\u202eb/c\u200bd/e\u00a0f/g\u2028h/i\U000e0061j/k\u3164l/ünï🚀`;
  assert.ok(text.includes(`#   api.example.com${shown}\n`), text);
  assert.ok(text.includes(`url: "https://api.example.com${shown}"`), text);
  const policy = log.write('proposed.yaml', text);
  assert.equal((await runCommand(check, ['--strict', policy])).code, 0);
  const again = await runCommand(replay, ['--json', '--policy', policy, '--key', log.key, ...log.files]);
  const { changes } = JSON.parse(again.out[0] as string);
  assert.equal(changes[0].to.rule, `api.example.com${odd}`);
});

test('what the log shows is allowed, and nothing else', async t => {
  const log = logOfCalls(t, [...CALLS, ...NO_EVIDENCE]);
  const out = join(log.folder, 'proposed.yaml');
  const run = await runCommand(suggest, ['--key', log.key, '--out', out, ...log.files]);
  assert.deepEqual([run.code, run.out], [0, [`${out}: 3 rules from 5 calls`]]);
  assert.equal((await runCommand(check, [out])).code, 0);
  const text = readFileSync(out, 'utf8');
  const lines = text.split('\n');
  assert.ok(lines.includes('  # 3 calls (GET 2, PATCH 1), 2026-01-01T00:00:01.000Z to 2026-01-01T00:00:03.000Z'), text);
  assert.ok(lines.includes('  - name: "api.example.com/v1/users/{id}"'), text);
  assert.ok(lines.includes('#   files.example.com/a b/é.txt'), text);
  assert.ok(lines.includes('#   1 kill_switch'), text);
  assert.doesNotMatch(text, /refused|named|killed|hooked/);

  const seen = logOfCalls(t, CALLS);
  const again = await runCommand(replay, ['--json', '--policy', out, '--key', seen.key, ...seen.files]);
  const answer = JSON.parse(again.out[0] as string);
  assert.deepEqual([answer.replayed, answer.cannot_say], [5, 0]);
  for (const { to } of answer.changes) assert.equal(to.result, 'allow');

  const { engine } = load(text);
  const decide = (method: string, url: string): number =>
    engine.decide({ method, url, headers: [], body: { kind: 'none' } }, 'x', { wallMs: 0, monotonicMs: 0 }).code;
  const [allowed, denied] = [1, 7];
  assert.equal(decide('GET', 'https://api.example.com/v1/users/42'), allowed);
  assert.equal(decide('POST', 'https://files.example.com/a%20b/%C3%A9.txt'), allowed);
  assert.equal(decide('GET', 'https://api.example.com/v1/users/bob'), denied);
  assert.equal(decide('DELETE', 'https://api.example.com/v1/users/42'), denied);
  assert.equal(decide('GET', 'https://killed.example.com/'), denied);
  assert.equal(decide('GET', 'http://api.example.com/'), denied);
});

test('the same log gives the same text, in any order of its files', async t => {
  const log = logOfCalls(t, CALLS);
  const text = await proposal(['--key', log.key, ...log.files]);
  assert.equal(await proposal(['--key', log.key, ...log.files.toReversed()]), text);
});

test('calls of tools are allowed by name; the proposal passes its own tests and `check --strict`', async t => {
  const none = { url_scheme: '', url_host: '', url_path: '' };
  const log = logOfCalls(t, [
    ['POST /', { ...none, tool: 'read_file' }],
    ['POST files/tools/read', { url_scheme: 'tool', tool: 'files/read' }],
    ['POST /', { ...none, tool: 'read_file' }],
    'GET api.example.com/v1/{id}',
  ]);
  const out = join(log.folder, 'proposed.yaml');
  const run = await runCommand(suggest, [
    '--key',
    log.key,
    '--agent',
    'crm-agent',
    '--json',
    '--out',
    out,
    ...log.files,
  ]);
  const { rules } = JSON.parse(run.out[0] as string);
  assert.deepEqual(
    rules.map(({ tool, url, methods, count }: Record<string, unknown>) => [tool ?? url, methods, count]),
    [
      ['https://api.example.com/v1/{id}', { GET: 1 }, 1],
      ['files/read', { POST: 1 }, 1],
      ['read_file', { POST: 2 }, 2],
    ],
  );
  const checked = await runCommand(check, ['--strict', out]);
  assert.deepEqual([checked.code, checked.out], [0, [`${out}: ok, 3 rules, mode enforce, 5 tests passed`]]);
  const text = readFileSync(out, 'utf8');
  assert.match(text, /from 4 calls to 1 host and 2 tools/);
  assert.match(text, /^ {4}allow: \{ tool: "read_file" \}$/m);
  const again = await runCommand(replay, ['--json', '--policy', out, '--key', log.key, ...log.files]);
  const { cannot_say, changes } = JSON.parse(again.out[0] as string);
  assert.equal(cannot_say, 0);
  for (const { to } of changes) assert.equal(to.result, 'allow');
});

test('one agent: only its calls, and a policy for it alone', async t => {
  const log = logOfCalls(t, CALLS);
  const text = await proposal(['--key', log.key, '--agent', 'other', ...log.files]);
  assert.match(text, /^agents: \["other"\]$/m);
  assert.deepEqual(
    text.split('\n').filter(line => line.includes('allow:')),
    ['    allow: { method: ["PATCH"], url: "https://api.example.com/v1/users/{id}" }'],
  );
});

test('what no pattern can say is counted or widened, and said, whatever the log holds', async t => {
  const log = logOfCalls(t, [
    'GET *.example.com/',
    'GET api.example.com/a%20b',
    'GET api.example.com/a//b',
    'GET api.example.com/x?y',
    'GET api.example.com/x"]\n- name: evil',
    `GET api.example.com/${'long,'.repeat(60)}`,
    `GET api.example.com/${'long,'.repeat(60)}x`,
    ['GET api.example.com/cut', { url_path_sha256: '0'.repeat(64) }],
    ['POST /', { tool: 'invalid', url_scheme: '', url_host: '', url_path: '' }],
    ['CONNECT db.example.com/', { url_scheme: 'tcp' }],
    ['* api.example.com/star', {}],
  ]);
  const run = await runCommand(suggest, ['--json', '--key', log.key, ...log.files]);
  const { rules, not_covered, policy } = JSON.parse(run.out[0] as string);
  assert.deepEqual(
    rules.map((rule: { url: string }) => rule.url.slice(0, 40)),
    [
      `https://api.example.com/long,long,long,l`,
      `https://api.example.com/long,long,long,l`,
      'https://api.example.com/x*y',
    ].map(url => url.slice(0, 40)),
  );
  assert.equal(
    Object.values(not_covered as Record<string, number>).reduce((a, b) => a + b),
    8,
  );
  assert.match(policy, /`\*` stands for a character that a pattern cannot hold/);
});

test('a log without evidence is 1, and its policy denies everything', async t => {
  const log = logOfCalls(t, NO_EVIDENCE);
  const run = await runCommand(suggest, ['--key', log.key, ...log.files]);
  assert.equal(run.code, 1);
  assert.match(run.out.join(''), /\ndefault: deny\nrules: \[\]\n\ntests:\n/);
});

test('a tampered log proposes nothing', async t => {
  const log = logOfCalls(t, CALLS);
  const changed = log.write('x.jsonl', readFileSync(log.files[0] as string, 'utf8').replace('users', 'admin'));
  const out = join(log.folder, 'proposed.yaml');
  const run = await runCommand(suggest, ['--key', log.key, '--out', out, changed]);
  assert.deepEqual([run.code, run.out, existsSync(out)], [2, [], false]);
});

test('a log of which the key given signed nothing proposes nothing', async t => {
  const log = logOfCalls(t, CALLS);
  const lines = readFileSync(log.files[0] as string, 'utf8')
    .trimEnd()
    .split('\n');
  const unsigned = log.write('x.jsonl', `${lines.filter(line => !line.includes('"checkpoint"')).join('\n')}\n`);
  const out = join(log.folder, 'proposed.yaml');
  const run = await runCommand(suggest, ['--key', log.key, '--out', out, unsigned]);
  assert.deepEqual([run.code, run.out, existsSync(out)], [2, [], false]);
  assert.match(run.err.join('\n'), /error: the key signed nothing of the log/);
});

test('no file is written over', async t => {
  const log = logOfCalls(t, CALLS);
  const out = log.write('policy.yaml', 'mine');
  await assert.rejects(
    runCommand(suggest, ['--key', log.key, '--out', out, ...log.files]),
    error => error instanceof Fault && error.code === 'output_unwritable',
  );
  assert.equal(readFileSync(out, 'utf8'), 'mine');
  await assert.rejects(runCommand(suggest, ['--agent', 'a b', ...log.files]), Misuse);
});
