import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { cli } from '../support/cli.js';
import { runsScript } from '../support/shell.js';
import { ask } from '../support/unix-http.js';
import { until } from '../support/until.js';

const LINE = JSON.stringify({ request: { method: 'GET', url: 'https://api.test/x' } });
const POLICY = 'default: deny\nrules:\n  - name: reads\n    allow: { method: GET, url: api.test/x }\n';
const SETTINGS = 'policy: policy.yaml\ndaemon: { agents: [{ id: crm }], drain_timeout: 1 }\n';

interface Process {
  readonly child: ChildProcess;
  readonly said: () => string;
  readonly exit: Promise<number | null>;
}

/** Of the test that runs; its end ends them before their folder is removed, or they would write into it again. */
const processes: Process[] = [];

function start(folder: string, env: Readonly<Record<string, string>> = {}): Process {
  const child = spawn(process.execPath, ['dist/cli/main.js', 'daemon', '--config', join(folder, 'checkrd.yaml')], {
    stdio: ['ignore', 'inherit', 'pipe'],
    env: { PATH: process.env.PATH, ...env },
  });
  let text = '';
  child.stderr?.on('data', part => {
    text += part;
  });
  const exit = once(child, 'close').then(([code]) => code as number | null);
  const started = { child, said: () => text, exit };
  processes.push(started);
  return started;
}

const ready = (p: Process) => until('ready', () => p.said().includes('"msg":"ready"'));

function prepared(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'checkrd-'));
  t.after(async () => {
    for (const { child, exit } of processes.splice(0)) {
      child.kill('SIGKILL');
      await exit;
    }
    rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
  });
  writeFileSync(join(folder, 'policy.yaml'), POLICY);
  writeFileSync(join(folder, 'checkrd.yaml'), SETTINGS);
  mkdirSync(join(folder, 'audit'));
  return folder;
}
const records = (path: string) =>
  readFileSync(path, 'utf8')
    .split('\n')
    // The daemon may be in the middle of a line.
    .slice(0, -1)
    .map(l => JSON.parse(l) as Record<string, unknown>);

test('a day of a daemon: decide, reload, rotate, kill, stop; the log verifies', async t => {
  const folder = prepared(t);
  const daemon = start(folder);
  await ready(daemon);
  const crm = join(folder, 'agent/crm.sock');
  const main = join(folder, 'checkrd.sock');
  const log = join(folder, 'audit/daemon.jsonl');

  const allowed = (await ask(crm, '/v1/decide', LINE)).body;
  assert.equal(allowed.code, 'rule_allowed');
  const done = { request_id: allowed.request_id, result: 'ok', status_code: 200, latency_ms: 12345 };
  assert.equal((await ask(crm, '/v1/outcome', JSON.stringify(done))).status, 200);
  const outcome = records(log).find(r => r.type === 'outcome');
  assert.deepEqual([outcome?.request_id, outcome?.status_code, outcome?.latency_ms], [allowed.request_id, 200, 12345]);
  assert.equal((await ask(main, '/readyz')).status, 200);
  assert.equal((await cli(['status', '--config', join(folder, 'checkrd.yaml')])).code, 0);

  writeFileSync(join(folder, 'new.yaml'), POLICY.replace('reads', 'reads-again'));
  renameSync(join(folder, 'new.yaml'), join(folder, 'policy.yaml'));
  await until('the new policy', async () => (await ask(crm, '/v1/decide', LINE)).body.matched_rule === 'reads-again');

  renameSync(log, `${log}.1`);
  daemon.child.kill('SIGHUP');
  await until('a new file', () => existsSync(log));

  const open = (await ask(crm, '/v1/decide', LINE)).body;
  writeFileSync(join(folder, 'killswitch'), '');
  assert.equal((await ask(crm, '/v1/decide', LINE)).body.code, 'kill_switch');
  await until('the open call recorded as killed', () =>
    records(log).some(r => r.type === 'outcome' && r.request_id === open.request_id && r.result === 'killed'),
  );
  rmSync(join(folder, 'killswitch'));

  daemon.child.kill('SIGTERM');
  assert.equal(await daemon.exit, 0, daemon.said());
  const events = [...daemon.said().matchAll(/"event":"([a-z_]+)"/g)].map(match => match[1]);
  assert.deepEqual(
    events.filter(event => event !== 'kill_released'),
    ['engine_loaded', 'policy_loaded', 'ready', 'policy_loaded', 'kill_engaged', 'stopping', 'stopped'],
  );
  assert.ok(!existsSync(main) && !existsSync(crm));
  const verified = await cli(['verify', '--key', join(folder, 'keys/origin.pub'), log, `${log}.1`]);
  assert.equal(verified.code, 0, verified.out + verified.err);
});

test('a living daemon is not disturbed by a second; a dead one is replaced', async t => {
  const folder = prepared(t);
  const first = start(folder);
  await ready(first);
  const second = start(folder);
  assert.equal(await second.exit, 2);
  assert.match(second.said(), /another process listens on/);
  assert.match(second.said(), /hint: stop the daemon that runs/);
  const crm = join(folder, 'agent/crm.sock');
  assert.equal((await ask(crm, '/v1/decide', LINE)).body.result, 'allow');

  first.child.kill('SIGKILL');
  await first.exit;
  assert.ok(existsSync(crm));
  const third = start(folder);
  await ready(third);
  assert.equal((await ask(crm, '/v1/decide', LINE)).body.result, 'allow');
  third.child.kill('SIGINT');
  assert.equal(await third.exit, 0);
});

test('a second signal does not wait', async t => {
  const folder = prepared(t);
  writeFileSync(join(folder, 'checkrd.yaml'), SETTINGS.replace('drain_timeout: 1', 'drain_timeout: 600'));
  const daemon = start(folder);
  await ready(daemon);
  await ask(join(folder, 'agent/crm.sock'), '/v1/decide', LINE);
  daemon.child.kill('SIGTERM');
  await until('draining', () => daemon.said().includes('"msg":"stopping"'));
  daemon.child.kill('SIGTERM');
  assert.equal(await daemon.exit, 143);
});

test('without a policy the daemon lives, is not ready, and denies', async t => {
  const folder = prepared(t);
  rmSync(join(folder, 'policy.yaml'));
  const daemon = start(folder);
  await ready(daemon);
  const ready503 = await ask(join(folder, 'checkrd.sock'), '/readyz');
  assert.equal(ready503.status, 503);
  assert.equal((await ask(join(folder, 'agent/crm.sock'), '/v1/decide', LINE)).body.code, 'policy_missing');
});

test('a mistake in the settings is said with its place, and nothing is started', async t => {
  const folder = prepared(t);
  writeFileSync(join(folder, 'checkrd.yaml'), 'polcy: x\n');
  const daemon = start(folder);
  assert.equal(await daemon.exit, 2);
  assert.match(daemon.said(), /checkrd\.yaml:1:1: `polcy` is no setting \(did you mean `policy`\?\)/);
  assert.ok(!existsSync(join(folder, 'checkrd.sock')));
});

test('under journald lines carry their priority, a refused policy is said once, and a log file takes them instead of stderr', async t => {
  const folder = prepared(t);
  const journal = start(folder, { JOURNAL_STREAM: '8:1' });
  await until('ready', () => journal.said().includes('"msg":"ready"'));
  assert.match(journal.said(), /^<6>\{/m);
  const policy = join(folder, 'policy.yaml');
  writeFileSync(join(folder, 'new.yaml'), 'default: deny\nrules: []\nnonsense: true\n');
  renameSync(join(folder, 'new.yaml'), policy);
  const refused = () =>
    journal
      .said()
      .split('\n')
      .filter(line => line.includes('unknown_key'));
  await until('the refused policy', () => refused().length > 0);
  // The record comes before the line, and all that is said of it is said in one turn.
  await until(
    'that it is recorded',
    async () => (await ask(join(folder, 'agent/crm.sock'), '/healthz')).status === 200,
  );
  const [line = '', ...again] = refused();
  assert.deepEqual(again, []);
  assert.ok(line.startsWith('<4>'), line);
  const { event, code, msg } = JSON.parse(line.slice(3)) as Record<string, unknown>;
  const said = `the policy was refused: ${policy}:3:1: unknown_key (\`checkrd check ${policy}\` explains it)`;
  assert.deepEqual({ event, code, msg }, { event: 'policy_rejected', code: 'unknown_key', msg: said });
  journal.child.kill('SIGTERM');
  await journal.exit;

  writeFileSync(join(folder, 'checkrd.yaml'), `${SETTINGS}log: { file: ops/checkrd.log, level: debug }\n`);
  const filed = start(folder);
  await until('an answer', () => existsSync(join(folder, 'agent/crm.sock')));
  filed.child.kill('SIGTERM');
  assert.equal(await filed.exit, 0, filed.said());
  assert.equal(filed.said(), '');
  assert.ok(existsSync(join(folder, 'ops')));
});

test('readiness reaches the socket that systemd names', async t => {
  const folder = prepared(t);
  // systemd's own socket is a datagram socket, which Node cannot make: a shim on PATH stands for `systemd-notify`.
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  const heard: string[] = [];
  const ear = createServer(socket => socket.on('data', part => heard.push(part.toString()))).listen(
    join(folder, 'ear'),
  );
  t.after(() => ear.close());
  // It asks for a reload as soon as it has heard that all is ready: before the daemon knows that it was heard.
  const shim = `#!${process.execPath}
const words = process.argv.slice(2).join(' ');
if (words.includes('--ready')) process.kill(process.ppid, 'SIGHUP');
require('net').connect(${JSON.stringify(join(folder, 'ear'))}).end(process.pid + ' ' + words + '\\n');
`;
  writeFileSync(join(bin, 'systemd-notify'), shim, { mode: 0o755 });
  const daemon = start(folder, { NOTIFY_SOCKET: '/run/x', PATH: `${bin}:${process.env.PATH}` });
  await until('ready told', () => heard.join('').includes('--ready'));
  assert.match(
    heard.join(''),
    new RegExp(`--ready --pid=${daemon.child.pid} --status=ok, strict, 1 agent, policy [0-9a-f]{12}`),
  );
  assert.equal((await ask(join(folder, 'checkrd.sock'), '/readyz')).status, 200);
  await until('the reload told', () => /RELOADING=1.*READY=1/s.test(heard.join('')));
  // Words go one by one, and a stop waits for none.
  const speakers = () => [...heard.join('').matchAll(/^\d+/gm)].map(([pid]) => `/proc/${pid}`);
  await until('nothing is being said', () => !speakers().some(existsSync));
  daemon.child.kill('SIGTERM');
  await until('stopping told', () => heard.join('').includes('STOPPING=1'));
  assert.equal(await daemon.exit, 0);
});

test('the room for young objects stays at its first size, however many survive', () => {
  const room = (first: string): number =>
    Number(
      runsScript(`
        import { getHeapSpaceStatistics } from 'node:v8';
        ${first}
        const kept = [];
        for (let i = 0; i < 300_000; i++) kept.push({ i, text: 'x' + i });
        console.log(getHeapSpaceStatistics().find(space => space.space_name === 'new_space').space_size);
      `),
    );
  const small = room("import { keepYoungHeapSmall } from './dist/daemon/heap.js'; keepYoungHeapSmall();");
  const grown = room('');
  assert.ok(small * 4 <= grown, `${small} of ${grown} bytes`);
});
