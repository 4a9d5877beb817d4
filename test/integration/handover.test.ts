/**
 * Promise: what the library hands to a daemon is in the daemon's log before the call goes on, marked as reported; and when the
 * daemon is gone nothing passes without a record.
 */
// T-63 and T-64 of THREAT-MODEL.md.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import { syncBuiltinESMExports } from 'node:module';
import { type TestContext, test } from 'node:test';
import { Checkrd, findPolicyDenied } from 'checkrd';
import { HandedHome } from '../support/handed-home.js';
import type { Line } from '../support/read-log.js';
import { until } from '../support/until.js';

/** `allow`, or the code of the denial, of a tool that counts its calls. */
function caller(checkrd: Checkrd): { call(): Promise<string>; readonly ran: number } {
  let ran = 0;
  const tool = checkrd.guardTool('files/read', () => {
    ran++;
  });
  return {
    call: () =>
      tool({}).then(
        () => 'allow',
        error => findPolicyDenied(error)?.code ?? String(error),
      ),
    get ran() {
      return ran;
    },
  };
}

function opened(t: TestContext, home: HandedHome, more: object = {}): Checkrd {
  const checkrd = new Checkrd(home.options(more));
  t.after(() => checkrd.close());
  return checkrd;
}

const decisions = (log: readonly Line[]): Line[] => log.filter(line => line.type === 'decision');
const codes = (log: readonly Line[]): string =>
  decisions(log)
    .map(line => line.code)
    .join();

test('every record goes to the daemon, as reported; the log verifies, and no other is written', async t => {
  const home = new HandedHome(t, 'telemetry: { file: copies.jsonl }\n');
  await home.start();
  const checkrd = opened(t, home);
  const tool = caller(checkrd);
  const [request, fetched] = [http.request, globalThis.fetch];
  try {
    // A program that guards or breaks these must neither see nor stop what goes to the daemon.
    http.request = () => assert.fail('caught');
    globalThis.fetch = () => assert.fail('caught');
    syncBuiltinESMExports();
    assert.deepEqual(await Promise.all([tool.call(), tool.call(), tool.call()]), ['allow', 'allow', 'allow']);
  } finally {
    http.request = request;
    globalThis.fetch = fetched;
    syncBuiltinESMExports();
  }
  home.write('library/killswitch', '');
  assert.equal(await tool.call(), 'kill_switch');
  assert.equal(checkrd.healthy().audit.state, 'ok');
  await checkrd.close();

  // Another agent's socket takes nothing, and nothing passes.
  const foreign = opened(t, home, { daemonRecords: home.path('agent/billing.sock'), killswitchFile: false });
  assert.equal(await caller(foreign).call(), 'daemon_unavailable');
  assert.match(foreign.healthy().audit.error?.message ?? '', /it answers 403 agent_mismatch$/);

  const log = home.daemonLog();
  const reported = log.filter(line => line.reported === true);
  for (const line of reported) assert.deepEqual([line.agent_id, typeof line.instance_id], ['crm', 'string'], line.type);
  const types = reported.map(line => line.type).filter(type => type !== 'kill_engaged');
  const call = ['decision', 'outcome'];
  assert.deepEqual(types.sort(), [
    ...['agent_started', 'agent_stopped'],
    ...['decision', 'decision', 'decision', 'decision', 'engine_loaded'],
    ...['outcome', 'outcome', 'outcome', 'policy_loaded'],
  ]);
  assert.ok(call.every(type => types.includes(type)));
  assert.ok(
    log.some(line => line.type === 'agent_started' && line.reported === undefined),
    'the daemon’s own',
  );
  assert.deepEqual(home.localLog(), []);

  // The daemon's own decision, and an agent that would end it in another's name.
  const { body } = await home.decide('billing');
  const forged = { type: 'outcome', request_id: body.request_id, result: 'error', latency_ms: 1 };
  const report = { instance_id: '0123456789abcdef', first: 0, records: [forged] };
  assert.equal((await home.ask('crm', '/v1/records', report)).status, 200);
  await home.ask('billing', '/v1/outcome', { request_id: body.request_id, result: 'ok' });
  // The daemon still writes them: what stands behind the last newline is no line yet.
  const copies = () =>
    readFileSync(home.path('copies.jsonl'), 'utf8')
      .split('\n')
      .slice(0, -1)
      .map(line => JSON.parse(line));
  await until('the copies', () => copies().length === 5);
  assert.deepEqual(
    copies().map(event => [event.agent_id, event.reported ?? false, event.code, event.result ?? '-'].join(' ')),
    [
      ...Array.from({ length: 3 }, () => 'crm true default_allowed ok'),
      'crm true kill_switch -',
      'billing false default_allowed ok',
    ],
  );
  assert.equal(await home.verified(home.path('audit/daemon.jsonl'), home.path('keys/origin.pub')), 'intact');
});

test('the daemon dies: calls are refused and say so once; it returns: nothing is lost or doubled', async t => {
  const home = new HandedHome(t, 'audit: { durability: fsync }\n');
  const warnings: string[] = [];
  const heard = ({ message }: Error) => void (message.includes('takes no records') && warnings.push(message));
  process.on('warning', heard);
  t.after(() => process.off('warning', heard));
  const first = await home.start();
  const checkrd = opened(t, home);
  const tool = caller(checkrd);
  assert.equal(await tool.call(), 'allow');
  // agent_started, engine_loaded, policy_loaded, decision, outcome: the next record finds the daemon gone.
  await until('all is acknowledged', () => checkrd.healthy().audit.size === 5);
  first.kill('SIGKILL');
  await first.exit;
  for (let i = 0; i < 3; i++) assert.equal(await tool.call(), 'daemon_unavailable');
  assert.equal(tool.ran, 1);
  assert.equal(checkrd.healthy().state, 'failing');
  await home.start();
  await until('calls pass again', async () => (await tool.call()) === 'allow');
  assert.deepEqual(checkrd.healthy().audit.error, null);
  await checkrd.close();
  assert.equal(warnings.length, 1, warnings.join('\n'));
  assert.match(warnings[0] ?? '', /takes no records at .*crm\.sock`: (ECONNREFUSED|ECONNRESET|EPIPE) /);

  const log = home.daemonLog();
  const ids = decisions(log).map(line => line.request_id);
  assert.equal(new Set(ids).size, ids.length, 'none twice');
  // The first refusal had been allowed by the policy: it says so, and that it did not go.
  const [, refused] = decisions(log);
  const outcome = log.find(line => line.type === 'outcome' && line.request_id === refused?.request_id);
  assert.deepEqual([refused?.code, outcome?.result], ['default_allowed', 'aborted']);
  const passed = log.filter(line => line.type === 'outcome' && line.result === 'ok');
  assert.equal(passed.length, tool.ran);
  assert.match(codes(log), /^default_allowed,default_allowed(,daemon_unavailable){2,},default_allowed$/);
  assert.deepEqual(home.localLog(), []);
});

test('on_loss local: the library’s own log goes on, and each log says where the other part is', async t => {
  const home = new HandedHome(t);
  const first = await home.start();
  const checkrd = opened(t, home, { daemonOnLoss: 'local' });
  const tool = caller(checkrd);
  assert.equal(await tool.call(), 'allow');
  const origin = checkrd.healthy().audit.origin;
  first.kill('SIGKILL');
  await first.exit;
  assert.equal(await tool.call(), 'allow');
  assert.equal(await tool.call(), 'allow');
  const { state, audit } = checkrd.healthy();
  assert.deepEqual([state, audit.path, audit.error?.code], ['degraded', home.localPath, 'daemon_unavailable']);
  await home.start();
  await until('the daemon has it again', () => checkrd.healthy().state === 'ok');
  assert.equal(await tool.call(), 'allow');
  await checkrd.close();

  const [daemon, local] = [home.daemonLog(), home.localLog()];
  assert.equal(decisions(daemon).length, 2);
  assert.equal(decisions(local).length, 2);
  const notes = (log: readonly Line[]) => log.filter(line => line.type === 'operator_action');
  assert.deepEqual(
    notes(local).map(({ action, reason }) => `${action}: ${reason}`),
    [`daemon_lost: earlier records: log ${origin}`, `daemon_back: later records: log ${origin}`],
  );
  const [lost, back] = notes(local).map(line => line.seq);
  const [{ action, reason, reported }] = notes(daemon) as [Line];
  assert.deepEqual([action, reason, reported], ['logged_locally', `log ${audit.origin} from ${lost} to ${back}`, true]);
  assert.equal(await home.verified(home.localPath, home.path('library/keys/origin.pub')), 'intact');
});

test('the switch is looked at again after the daemon has answered', async t => {
  const home = new HandedHome(t);
  const daemon = await home.start();
  const checkrd = opened(t, home);
  const tool = caller(checkrd);
  assert.equal(await tool.call(), 'allow');
  daemon.kill('SIGSTOP');
  const waiting = tool.call();
  home.write('library/killswitch', '');
  daemon.kill('SIGCONT');
  assert.equal(await waiting, 'kill_switch');
  assert.equal(tool.ran, 1);
  await checkrd.close();
  const results = home.daemonLog().filter(line => line.type === 'outcome');
  assert.deepEqual(
    results.map(line => line.result),
    ['ok', 'killed'],
  );
});

test('a program that leaves without close: what the daemon has not got is in a log of its own', async t => {
  const home = new HandedHome(t);
  const daemon = await home.start();
  const program = home.run('leaver', []);
  await until('the program calls', () => program.said().includes('called'));
  daemon.kill('SIGSTOP');
  program.child.kill('SIGUSR2');
  assert.equal(await program.exit, 3, program.said());
  daemon.kill('SIGCONT');
  const local = home.localLog();
  assert.deepEqual(
    local
      .filter(line => line.type === 'outcome')
      .map(line => line.result)
      .sort(),
    ['aborted', 'ok'],
  );
  assert.equal(local.filter(line => line.type === 'agent_stopped').length, 1);
});

test('cluster and threads: three writers each, and one log at the daemon', async t => {
  const home = new HandedHome(t);
  await home.start();
  const programs = [home.run('writers', ['cluster']), home.run('writers', ['threads'])];
  for (const program of programs) assert.equal(await program.exit, 0, program.said());
  const log = decisions(home.daemonLog());
  assert.deepEqual([new Set(log.map(line => line.instance_id)).size, log.length], [6, 30]);
  assert.deepEqual(home.localLog(), []);
});
