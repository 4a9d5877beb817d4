/**
 * The demonstration: a policy file, a kill-switch file and an audit log around a real agent program.
 * It says what it does, does it, and exits non-zero if anything it says does not happen.
 */
import { execFileSync, fork, spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Order, Report } from './agent.js';
import { startUpstream } from './upstream.js';

const home = mkdtempSync(join(tmpdir(), 'checkrd-demo-'));
const policyFile = join(home, 'policy.yaml');
const switchFile = join(home, 'killswitch');
const log = join(home, 'audit', 'demo-agent.jsonl');
const cli = fileURLToPath(new URL('../../../dist/cli/main.js', import.meta.url));

const POLICY = `# Deny by default; one model, small answers, eight calls a minute.
agent: demo
default: deny
rules:
  - name: one-model
    allow:
      method: POST
      url: "http://127.0.0.1:*/v1/chat/completions"
      body:
        - { jsonpath: "$.model", in: [small-model] }
        - { jsonpath: "$.max_tokens", max: 500 }
  - name: eight-a-minute
    limit: { calls_per_minute: 8, per: global }
`;

const say = (text: string): void => console.log(text);
const title = (text: string): void => say(`\n── ${text}`);
const shown = (text: string): string => text.replaceAll(home, '…');

type Issue = { message: string; line: number; column: number; suggestion: string };

class Failed extends Error {}
function expect(truth: boolean, otherwise: string): asserts truth {
  if (!truth) throw new Failed(otherwise);
}

const upstream = await startUpstream();
mkdirSync(join(home, 'audit'));
writeFileSync(policyFile, POLICY);

const agent = fork(fileURLToPath(new URL('./agent.js', import.meta.url)), {
  env: { ...process.env, BASE_URL: upstream.baseUrl, CHECKRD_CONFIG_DIR: home, CHECKRD_AGENT_ID: 'demo-agent' },
});
const gone = new Promise<never>((_, reject) => {
  agent.once('exit', code => reject(new Failed(`the agent ended with code ${code}`)));
});
gone.catch(() => undefined);

/** Next report that is not a word of a stream; words go to `onWord`. */
function reported(onWord: (word: string) => void = () => undefined): Promise<Report> {
  const answer = new Promise<Report>(resolve => {
    const hear = (report: Report): void => {
      if (report.is === 'word') {
        onWord(report.text);
        return;
      }
      agent.off('message', hear);
      resolve(report);
    };
    agent.on('message', hear);
  });
  return Promise.race([answer, gone]);
}
function order(what: Order, onWord?: (word: string) => void): Promise<Report> {
  const answer = reported(onWord);
  agent.send(what);
  return answer;
}
const chat = (model = 'small-model', maxTokens = 100): Promise<Report> => order({ do: 'chat', model, maxTokens });

function expectDenied(report: Report, code: string): void {
  expect(report.is === 'denied' && report.code === code, `expected a denial ${code}, got ${JSON.stringify(report)}`);
  say(`   denied, ${report.code}: ${report.reason}`);
}
function expectAnswer(report: Report): void {
  expect(report.is === 'answer', `expected an answer, got ${JSON.stringify(report)}`);
  say(`   the model answered: ${report.text}`);
}
/** Replaces the policy as an editor does: a new file, renamed over the old one. */
function savePolicy(text: string): void {
  writeFileSync(`${policyFile}.new`, text);
  renameSync(`${policyFile}.new`, policyFile);
}
async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    if (await holds()) return;
    await new Promise(resolve => setTimeout(resolve, 50));
  }
  throw new Failed(`waited 5 s for ${what}`);
}
const verify = (file: string, key: string): { status: number | null; output: string } => {
  const run = spawnSync(process.execPath, [cli, 'verify', file, '--key', key], { encoding: 'utf8' });
  return { status: run.status, output: `${run.stdout}${run.stderr}`.trim() };
};
const health = async (): Promise<string> => {
  const report = await order({ do: 'health' });
  return report.is === 'health' ? report.text : '';
};

async function demonstrate(): Promise<void> {
  expect((await reported()).is === 'answer', 'the agent did not start');
  say(`A policy file, a kill-switch file, an audit log, all in ${home} (… below).`);

  title('1. The policy allows this call');
  say('   agent → POST /v1/chat/completions, model small-model, max_tokens 100');
  expectAnswer(await chat());

  title('2. What no rule allows is denied, with the reason');
  const reached = upstream.seen.length;
  say('   agent → GET /v1/models');
  expectDenied(await order({ do: 'list' }), 'default_denied');
  say('   agent → model big-model');
  expectDenied(await chat('big-model'), 'default_denied');

  title('3. A cap on a number inside the body');
  say('   agent → max_tokens 501 (the rule says at most 500)');
  expectDenied(await chat('small-model', 501), 'default_denied');
  expect(upstream.seen.length === reached, 'a denied call reached the upstream');
  say('   none of the denied calls reached the upstream');

  title('4. A rate limit');
  let passed = 1;
  let last = await chat();
  for (; last.is === 'answer'; last = await chat()) passed += 1;
  say(`   ${passed} calls passed within the minute, then:`);
  expectDenied(last, 'rate_limited');
  expect(passed === 8, `the limit is 8, ${passed} passed`);

  title('5. policy.yaml is edited on disk: in force without a restart');
  savePolicy(
    POLICY.replace('calls_per_minute: 8', 'calls_per_minute: 1000').replace(
      '[small-model]',
      '[small-model, big-model]',
    ),
  );
  say('   saved: 1000 calls a minute, big-model allowed');
  await until('the new policy', async () => (await chat('big-model')).is === 'answer');
  expectAnswer(await chat('big-model'));

  title('6. A broken edit is refused; the old policy stays');
  savePolicy(readFileSync(policyFile, 'utf8').replace('rules:', 'rulse:'));
  await until('the refusal', async () => (await health()).includes('unknown_key'));
  const { issue } = (JSON.parse(await health()) as { policy: { issue: Issue } }).policy;
  say(`   refused: policy.yaml:${issue.line}:${issue.column}: ${issue.message}; ${issue.suggestion}`);
  expect(issue.line === 4 && issue.column === 1, 'the place of the mistake is line 4, column 1');
  expectAnswer(await chat('big-model'));

  title('7. touch killswitch, in another process, in the middle of a stream');
  let words = 0;
  process.stdout.write('   ');
  const ended = await order({ do: 'stream', model: 'small-model' }, word => {
    process.stdout.write(word);
    words += 1;
    if (words === 6) execFileSync('touch', [switchFile]);
  });
  process.stdout.write('✂\n');
  expectDenied(ended, 'kill_switch');
  expect(words < 20, `${words} words came through`);
  say('   and the next call:');
  expectDenied(await chat(), 'kill_switch');

  title('8. rm killswitch: work goes on');
  rmSync(switchFile);
  await until('the release', async () => (await chat()).is === 'answer');
  expectAnswer(await chat());

  title('9. The log verifies, offline, with the public key alone');
  await order({ do: 'health' });
  agent.removeAllListeners('exit');
  const exited = new Promise<number | null>(resolve => agent.once('exit', resolve));
  agent.send({ do: 'end' } satisfies Order);
  expect((await exited) === 0, 'the agent did not end well');
  const key = join(home, 'keys', 'origin.pub');
  const whole = verify(log, key);
  say(shown(whole.output).replace(/^/gm, '   '));
  expect(whole.status === 0, `verify ended with ${whole.status}`);

  title('10. One byte of the log changed');
  const forged = join(home, 'forged.jsonl');
  copyFileSync(log, forged);
  const lines = readFileSync(forged, 'utf8').split('\n');
  const at = lines.findIndex(line => line.includes('"code":"rate_limited"'));
  lines[at] = (lines[at] as string).replace('"policy_result":"deny"', '"policy_result":"denx"');
  writeFileSync(forged, lines.join('\n'));
  const tampered = verify(forged, key);
  say(shown(tampered.output).replace(/^/gm, '   '));
  expect(tampered.status === 1, `verify ended with ${tampered.status}`);
  expect(new RegExp(`\\b${at + 1}\\b`).test(tampered.output), `verify does not name line ${at + 1}`);
}

let failed = false;
try {
  await demonstrate();
  title('Everything above happened as said.');
} catch (error) {
  failed = true;
  console.error(`\nThe demonstration failed: ${error instanceof Failed ? error.message : String(error)}`);
} finally {
  agent.kill();
  await upstream.close();
  rmSync(home, { recursive: true, force: true, maxRetries: 10 });
}
process.exitCode = failed ? 1 : 0;
