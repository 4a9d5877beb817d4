// T-85, T-87 of THREAT-MODEL.md.
/** Break glass through the library and its files: what it lets through, what it never does, and who is told. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { type TestContext, test } from 'node:test';
import { Checkrd, type CheckrdOptions } from 'checkrd';
import { readGlassFile } from '#src/agent/read-break-glass.js';
import { trustedSigner } from '#src/crypto/trusted-signer.js';
import { readTrustFolder } from '#src/disk/trust-folder.js';
import { cli } from '../support/cli.js';
import { DaemonHome } from '../support/daemon-home.js';
import { ANN, BOB, EVE, glassBy } from '../support/glass.js';
import { Home } from '../support/home.js';
import { until } from '../support/until.js';

const POLICY = `default: deny
rules:
  - name: no-secrets
    deny: { method: POST, url: "http://127.0.0.1/secrets", body: { jsonpath: $.kind, exact: secret } }
    hint: ask the vault
  - name: few
    limit: { calls_per_hour: 1, per: agent, url: "http://127.0.0.1/few" }
  - name: web
    allow: { url: "http://127.0.0.1/**" }
`;

const FILES = { 'policy.yaml': POLICY, 'trust/ann.pub': ANN.pub, 'ann.key': ANN.secret, 'eve.key': EVE.secret };
const GLASS = 'approvals/break-glass.dsse';

interface Bench {
  readonly home: Home;
  start(options?: CheckrdOptions): Checkrd;
  run(...args: string[]): ReturnType<typeof cli>;
  records(type: string, agent?: string): Record<string, unknown>[];
}

function bench(t: TestContext, files: Readonly<Record<string, string>> = {}): Bench {
  const home = new Home({ ...FILES, ...files });
  for (const name of readdirSync(home.dir).filter(name => name.endsWith('.key'))) chmodSync(home.path(name), 0o600);
  const open: Checkrd[] = [];
  t.after(async () => {
    for (const one of open) await one.close();
    home.remove();
  });
  return {
    home,
    start(options = {}) {
      const checkrd = new Checkrd({ agentId: 'crm', configDir: home.dir, ...options });
      open.push(checkrd);
      return checkrd;
    },
    run: (...args) => cli(args, { env: { CHECKRD_CONFIG_DIR: home.dir }, cwd: home.dir }),
    records: (type, agent = 'crm') => home.records(agent).filter(record => record.type === type),
  };
}

/** `passed`, or the code of the denial; the transport is never reached while denied. */
async function says(checkrd: Checkrd, url = 'http://other.test/', init: RequestInit = {}): Promise<string> {
  const fetch = checkrd.wrap(async () => new Response('passed'));
  return fetch(url, init).then(
    response => response.text(),
    error => (error as { code: string }).code,
  );
}

const inForce = (checkrd: Checkrd) => checkrd.healthy().breakGlass !== null;
const SECRET: RequestInit = {
  method: 'POST',
  body: '{"kind":"secret"}',
  headers: { 'content-type': 'application/json' },
};

test('the command begins it, denied calls go on and are recorded as denied, everybody is told, --end ends it', async t => {
  const { home, start, run, records } = bench(t);
  const told: string[] = [];
  const told2: string[] = [];
  const checkrd = start({ onAllow: e => void told.push(`${e.code} ${e.hint}`), onDeny: e => void told2.push(e.code) });
  const tool = checkrd.guardTool('mail', () => 'sent');
  const sends = () => tool({}).catch(error => (error as { code: string }).code);
  assert.deepEqual([await says(checkrd), await sends()], ['default_denied', 'default_denied']);
  const begun = await run('break-glass', '--for', '15m', '--reason', 'upstream moved', '--key', 'ann.key');
  assert.equal(begun.code, 0, begun.err);
  await until('in force', () => inForce(checkrd));
  assert.deepEqual(
    [await says(checkrd), await sends(), await says(checkrd, 'http://127.0.0.1/secrets', SECRET)],
    ['passed', 'sent', 'passed'],
  );
  assert.deepEqual(told, ['break_glass null', 'break_glass null', 'break_glass null']);
  assert.deepEqual(told2, ['default_denied', 'default_denied']);
  const through = records('decision').slice(2);
  assert.deepEqual(
    through.map(r => [r.policy_result, r.enforced, r.code, r.matched_rule_kind, r.matched_rule]),
    [
      ['deny', false, 'break_glass', 'default', undefined],
      ['deny', false, 'break_glass', 'default', undefined],
      ['deny', false, 'break_glass', 'deny', 'no-secrets'],
    ],
  );
  const { state, warnings, breakGlass } = checkrd.healthy();
  assert.equal(state, 'degraded');
  assert.match(warnings.join(), /BREAK GLASS until .* for \* \(upstream moved\)/);
  assert.deepEqual([breakGlass?.reason, breakGlass?.keyIds], ['upstream moved', [ANN.keyId]]);
  const status = await run('status');
  assert.match(status.out, /^glass +denied calls of \* go on until .* \(upstream moved\)$/m);
  assert.notEqual(status.code, 0);

  assert.equal((await run('break-glass', '--end')).code, 0);
  await until('ended', () => !inForce(checkrd));
  assert.equal(await says(checkrd), 'default_denied');
  assert.equal((await run('break-glass', '--end')).code, 1);
  const [one, two] = records('operator_action');
  assert.deepEqual([one?.action, one?.by_uid], ['break_glass_begun', process.getuid?.()]);
  assert.match(String(one?.reason), /^until .*: upstream moved; agents \*; signed by [0-9a-f]{16}$/);
  assert.deepEqual([two?.action, two?.reason], ['break_glass_ended', 'removed']);
  // It had no word in what came before or after.
  assert.equal(records('decision').filter(r => r.code === 'break_glass').length, 3);
  assert.ok(!existsSync(home.path(GLASS)));
});

test('never over a kill, a limit, an invalid request, an oversize body, a failing log, or for another agent', async t => {
  const { home, start, records } = bench(t, {
    'policy.d/10-few.yaml': LAYER,
    'checkrd.yaml': 'inspect_bytes: 1024\n',
  });
  home.write(GLASS, glassBy([ANN], { agents: ['crm'] }));
  const checkrd = start();
  const other = start({ agentId: 'crm-2' });
  assert.ok(inForce(checkrd) && inForce(other), 'from the first call on');
  assert.equal(await says(checkrd), 'passed');
  assert.equal(await says(other), 'default_denied');
  const few = 'http://127.0.0.1/few';
  assert.deepEqual([await says(checkrd, few), await says(checkrd, few)], ['passed', 'rate_limited']);
  // The main document denies, which is let through; the layer's limit binds all the same.
  const layered = 'http://layer.test/';
  assert.deepEqual([await says(checkrd, layered), await says(checkrd, layered)], ['passed', 'rate_limited']);
  assert.equal(await says(checkrd, 'ftp://other.test/'), 'request_invalid');
  const big = { ...SECRET, body: JSON.stringify({ x: 'x'.repeat(2000) }) };
  assert.equal(await says(checkrd, 'http://127.0.0.1/secrets', big), 'body_too_large');
  writeFileSync(home.path('killswitch'), '');
  assert.equal(await says(checkrd), 'kill_switch');
  rmSync(home.path('killswitch'));
  assert.equal(await says(checkrd), 'passed');
  assert.equal(records('decision').at(-1)?.code, 'break_glass');
  const log = home.path('audit', 'crm.jsonl');
  renameSync(log, `${log}.kept`);
  symlinkSync('/dev/null', log);
  await until('the log fails', async () => (await says(checkrd)) === 'audit_unavailable');
  assert.ok(inForce(checkrd));
  rmSync(log);
});

const LAYER = `default: allow
rules:
  - name: layer-few
    limit: { calls_per_hour: 1, per: agent, url: "http://layer.test/**" }
`;

test('with a document in dry_run that denies as well, the record says what let the call through', async t => {
  const { home, start, records } = bench(t, {
    'policy.yaml': `mode: dry_run\n${POLICY}`,
    'policy.d/10-none.yaml': 'default: deny\nrules: []\n',
  });
  home.write(GLASS, glassBy([ANN]));
  assert.equal(await says(start()), 'passed');
  const [decision] = records('decision');
  assert.deepEqual([decision?.code, decision?.policy_layer], ['break_glass', '10-none.yaml']);
});

test('two processes of one folder; a copy that is put back after its end counts for neither, nor for a start', async t => {
  const { home, start, run } = bench(t);
  const one = start();
  const two = start({ agentId: 'two' });
  const made = await run(
    'break-glass',
    '--for',
    '1h',
    '--reason',
    'x',
    '--key',
    'ann.key',
    '--agents',
    'crm,tw*',
    '--json',
  );
  assert.deepEqual(JSON.parse(made.out).agents, ['crm', 'tw*'], made.err);
  await until('both', () => inForce(one) && inForce(two));
  assert.deepEqual([await says(one), await says(two)], ['passed', 'passed']);
  const copy = readFileSync(home.path(GLASS));
  await run('break-glass', '--end');
  await until('neither', () => !inForce(one) && !inForce(two));
  home.write(GLASS, copy);
  await until('refused', () => [one, two].every(c => c.healthy().warnings.some(w => w.includes('has ended before'))));
  assert.deepEqual([await says(one), await says(two)], ['default_denied', 'default_denied']);
  assert.equal(await says(start({ agentId: 'three' })), 'default_denied');
  // Another one counts.
  assert.equal((await run('break-glass', '--for', '1m', '--reason', 'y', '--key', 'ann.key')).code, 0);
  await until('both again', () => inForce(one) && inForce(two));
});

test('the command refuses what nobody would believe; several keys sign what one stated', async t => {
  const { home, run } = bench(t, { 'trust/bob.pub': BOB.pub, 'trust/threshold': '2\n', 'bob.key': BOB.secret });
  const begin = ['break-glass', '--reason', 'x', '--for'];
  for (const bad of ['61m', '2h', '0m', '3601s', '15', '', '-1m', '1d']) {
    assert.equal((await run('break-glass', '--reason', 'x', `--for=${bad}`, '--key', 'ann.key')).code, 64, bad);
  }
  assert.equal((await run(...begin, '1h', '--key', 'ann.key', '--agents', 'a b')).code, 64);
  assert.equal((await run('break-glass', '--for', '1h', '--key', 'ann.key')).code, 64);
  assert.equal((await run('break-glass', '--add', '--for', '1h', '--key', 'ann.key')).code, 64);
  assert.equal((await run('break-glass', '--end', '--key', 'ann.key')).code, 64);
  const stranger = await run(...begin, '1h', '--key', 'eve.key');
  assert.deepEqual([stranger.code, existsSync(home.path(GLASS))], [2, false]);
  assert.match(stranger.err, /this key is not one of those trusted/);
  const first = await run(...begin, '1h', '--key', 'ann.key');
  assert.equal(first.code, 1);
  assert.match(first.err, /1 of the 2 trusted signatures/);
  const second = await run('break-glass', '--add', '--key', 'bob.key');
  assert.equal(second.code, 0, second.err);
  assert.match(second.out, /denied calls of \* go on until .* \(x\)/);
  const away = await run(...begin, '1h', '--key', 'eve.key', '--out', 'elsewhere.dsse');
  assert.equal(away.code, 0, away.err);
  home.write('checkrd.yaml', 'allow_break_glass: false\n');
  const forbidden = await run(...begin, '1h', '--key', 'ann.key');
  assert.deepEqual([forbidden.code, /allow_break_glass/.test(forbidden.err)], [2, true]);
  rmSync(home.path('trust'), { recursive: true });
  home.write('checkrd.yaml', '');
  assert.match((await run(...begin, '1h', '--key', 'ann.key')).err, /no key is trusted to sign/);
});

test('a command killed at any moment leaves all of it or none', async t => {
  const { home } = bench(t);
  home.write('approvals/.keep', '');
  const rules = { operatorsGid: null };
  const source = {
    path: home.path(GLASS),
    rules: () => rules,
    trust: () => readTrustFolder(home.path('trust'), rules, trustedSigner),
  };
  const main = `${process.cwd()}/dist/cli/main.js`;
  const args = [main, 'break-glass', '--for', '1h', '--reason', 'x', '--key', home.path('ann.key')];
  const env = { CHECKRD_CONFIG_DIR: home.dir, PATH: process.env.PATH };
  const appeared = () => readdirSync(home.path('approvals')).some(name => name !== '.keep');
  for (const waits of [false, true]) {
    const child = spawn(process.execPath, args, { env, stdio: 'ignore' });
    const gone = once(child, 'close');
    let ended = false;
    void gone.then(() => {
      ended = true;
    });
    if (waits) while (!(ended || appeared())) await new Promise(resolve => setImmediate(resolve));
    child.kill('SIGKILL');
    await gone;
    assert.notEqual(readGlassFile(source).is, 'refused');
  }
});

test('a daemon lets the calls of its agents through, says so on its sockets and in its log, also after kill -9', async t => {
  const home = new DaemonHome(t, { ...FILES, 'checkrd.yaml': 'daemon: { agents: [{ id: crm }] }\n' });
  home.write(GLASS, glassBy([ANN]));
  for (const name of ['policy.yaml', 'trust/ann.pub', GLASS])
    home.write(`library/${name}`, readFileSync(home.path(name)));
  const first = await home.start();
  // A library that hands its records over, with break glass of its own.
  const socket = home.path('agent', 'crm.sock');
  const library = new Checkrd({ agentId: 'crm', configDir: home.path('library'), daemonRecords: socket });
  try {
    assert.equal(await says(library), 'passed');
  } finally {
    await library.close();
  }
  const reported = home.records('daemon').filter(r => r.reported === true);
  assert.ok(reported.some(r => r.action === 'break_glass_begun'));
  assert.equal(reported.find(r => r.type === 'decision')?.code, 'break_glass');
  const answer = (await home.decide('crm')).body;
  assert.deepEqual([answer.result, answer.enforced, answer.code], ['deny', false, 'break_glass']);
  first.kill('SIGKILL');
  await first.exit;
  const second = await home.start();
  assert.match(second.said(), /BREAK GLASS until/);
  const health = (await home.ask('main', '/healthz')).body;
  assert.deepEqual(
    [health.status, (health.break_glass as { reason: string }).reason],
    ['degraded', 'upstream moved its host'],
  );
  assert.equal((await home.decide('crm')).body.code, 'break_glass');
  rmSync(home.path(GLASS));
  await until('ended', async () => (await home.ask('main', '/healthz')).body.break_glass === null);
  assert.equal((await home.decide('crm')).body.code, 'default_denied');
});
