/** Hooks, modes and the life of a real agent: what passes, what is recorded, what `healthy` says. */
import assert from 'node:assert/strict';
import { mkdirSync, renameSync, rmSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { Checkrd, type CheckrdOptions } from 'checkrd';
import { AGENT, failureOf, opens, serves } from '../support/agent-under-test.js';
import { cli } from '../support/cli.js';
import type { Home } from '../support/home.js';
import { until } from '../support/until.js';

const DENY = 'default: deny\nrules: []\n';
const ALLOW = 'default: allow\nrules: []\n';

type Hook = NonNullable<CheckrdOptions['beforeRequest']>;
/** Refuses one path. */
const refusing: Hook = event => (event.url.endsWith('/hook') ? false : undefined);
const HOOKS: readonly (readonly [name: string, hook: Hook, policy: string, code: string, passes: boolean])[] = [
  ['false refuses what the policy would allow', () => false, ALLOW, 'hook_refused', false],
  ['a promise of false, too', async () => false, ALLOW, 'hook_refused', false],
  ['null skips a policy that would deny', () => null, DENY, 'hook_skipped', true],
  ['nothing leaves it to the policy', () => undefined, DENY, 'default_denied', false],
  ['what throws refuses', () => assert.fail('the hook broke'), ALLOW, 'hook_refused', false],
  ['what rejects refuses', () => Promise.reject(new Error('the hook broke')), ALLOW, 'hook_refused', false],
  ['what hangs refuses after a second', () => new Promise(() => {}), ALLOW, 'hook_refused', false],
  [
    'what it changes changes nothing',
    event => {
      Object.assign(event as object, { url: 'http://evil.example/', method: 'DELETE' });
    },
    ALLOW,
    'hook_refused',
    false,
  ],
];
for (const [name, beforeRequest, policy, code, passes] of HOOKS) {
  test(`beforeRequest: ${name}`, async t => {
    const server = await serves(t);
    const { fetch, records, home } = opens(t, policy, { beforeRequest });
    if (passes) assert.equal((await fetch(server.origin)).status, 200);
    else assert.equal((await failureOf(fetch(server.origin))).code, code);
    assert.equal(server.got.length, passes ? 1 : 0);
    assert.deepEqual(
      records('decision').map(r => r.code),
      [code],
    );
    home.write('killswitch', '');
    assert.equal((await failureOf(fetch(server.origin))).code, 'kill_switch');
  });
}

test('allow_skip: false takes null away from hooks', async t => {
  const server = await serves(t);
  const { home, checkrd } = opens(t, ALLOW, { beforeRequest: () => null });
  assert.equal((await checkrd.wrap()(server.origin)).status, 200);
  await checkrd.close();
  home.write('checkrd.yaml', 'allow_skip: false\n');
  const strict = new Checkrd({ agentId: AGENT, configDir: home.dir, beforeRequest: () => null });
  assert.equal((await failureOf(strict.wrap()(server.origin))).code, 'hook_refused');
  await strict.close();
});

test('what onAllow and onDeny throw, reject or change stays with them', async t => {
  const server = await serves(t);
  const told: string[] = [];
  const breaks = (name: string) => (event: { readonly code: string }) => {
    told.push(`${name} ${event.code}`);
    assert.throws(() => Object.assign(event, { code: 'other' }), TypeError);
    if (told.length % 2 === 0) return Promise.reject(new Error('later'));
    throw new Error('now');
  };
  const policy = `default: deny\nrules:\n  - { name: ok, allow: { url: "${server.host}/ok" } }\n`;
  const { fetch } = opens(t, policy, { onAllow: breaks('allow'), onDeny: breaks('deny') });
  for (let i = 0; i < 2; i++) {
    assert.equal((await fetch(`${server.origin}/ok`)).status, 200);
    assert.equal((await failureOf(fetch(server.origin))).code, 'default_denied');
  }
  assert.deepEqual(told, ['allow rule_allowed', 'deny default_denied', 'allow rule_allowed', 'deny default_denied']);
});

test('enforce: false lets denials through and records them; the switch still binds', async t => {
  const server = await serves(t);
  const denied: boolean[] = [];
  // A label of the policy is recorded, and selects nothing.
  const onDeny = (event: { readonly enforced: boolean }) => denied.push(event.enforced);
  const { fetch, records, home } = opens(t, `agent: crm-bot\n${DENY}`, { enforce: false, onDeny });
  assert.equal((await fetch(server.origin)).status, 200);
  assert.deepEqual(
    records('decision').map(r => [r.policy_result, r.enforced, r.code, r.agent_id, r.policy_agent]),
    [['deny', false, 'default_denied', AGENT, 'crm-bot']],
  );
  assert.deepEqual(denied, [false]);
  assert.equal((await failureOf(fetch('/relative'))).code, 'request_invalid');
  home.write('killswitch', '');
  assert.equal((await failureOf(fetch(server.origin))).code, 'kill_switch');
});

test('neither dry_run nor enforce: false softens what no policy decided', async t => {
  const away = await serves(t, (_, response) => response.writeHead(302, { location: 'ftp://a.example/' }).end());
  const dry = `mode: dry_run\n${DENY}`;
  for (const policy of [dry, null]) {
    const { fetch, home, records } = opens(t, policy, { enforce: false, beforeRequest: refusing });
    const codes = [(await failureOf(fetch(`${away.origin}/hook`))).code];
    codes.push((await failureOf(fetch(away.origin))).code);
    codes.push((await failureOf(fetch('/relative'))).code);
    assert.deepEqual(codes, [
      'hook_refused',
      policy === null ? 'policy_missing' : 'redirect_refused',
      'request_invalid',
    ]);
    assert.ok(records('decision').every(({ code, enforced }) => enforced === (code !== 'default_denied')));
    renameSync(home.path('audit'), home.path('gone'));
    rmSync(home.path('gone'), { recursive: true, force: true, maxRetries: 10 });
    const unwritten = policy === null ? 'policy_missing' : 'audit_unavailable';
    assert.equal((await failureOf(fetch(away.origin))).code, unwritten);
  }
});

test('permissive without a policy observes', async t => {
  const server = await serves(t);
  const { fetch, records, checkrd } = opens(t, null, { securityMode: 'permissive' });
  assert.equal((await fetch(server.origin)).status, 200);
  assert.deepEqual(
    records('decision').map(r => [r.policy_result, r.enforced, r.code]),
    [['deny', false, 'policy_missing']],
  );
  assert.equal(checkrd.healthy().state, 'degraded');
});

for (const securityMode of ['strict', 'permissive'] as const) {
  test(`${securityMode}: a log folder that vanishes and comes back`, async t => {
    const server = await serves(t);
    const { fetch, records, checkrd, home } = opens(t, ALLOW, { securityMode });
    assert.equal((await fetch(server.origin)).status, 200);
    renameSync(home.path('audit'), home.path('gone'));
    rmSync(home.path('gone'), { recursive: true, force: true, maxRetries: 10 });
    for (let i = 0; i < 3; i++) {
      if (securityMode === 'permissive') assert.equal((await fetch(server.origin)).status, 200);
      else assert.equal((await failureOf(fetch(server.origin))).code, 'audit_unavailable');
    }
    assert.equal(server.got.length, securityMode === 'permissive' ? 4 : 1);
    const { state, audit } = checkrd.healthy();
    assert.deepEqual([state, audit.state, audit.error?.code], ['failing', 'failing', 'audit_unavailable']);
    mkdirSync(home.path('audit'));
    await until('the log', async () => (await fetch(server.origin).catch(() => null))?.status === 200);
    assert.equal(checkrd.healthy().state, 'ok');
    const [dropped] = records('records_dropped');
    assert.ok(Number(dropped?.count) >= 3, JSON.stringify(dropped));
    assert.match(String(dropped?.since), /^20/);
  });
}

test("onDenied: 'response' answers 403, which SDKs do not try again", async t => {
  const server = await serves(t);
  const { fetch, home } = opens(t, DENY, { onDenied: 'response' });
  const response = await fetch(server.origin);
  const body = (await response.json()) as { error: Record<string, string> };
  assert.deepEqual([response.status, response.headers.get('x-should-retry')], [403, 'false']);
  assert.deepEqual([body.error.code, body.error.message], ['default_denied', 'denied by default']);
  home.write('killswitch', 'reason: fire drill\n');
  const killed = (await (await fetch(server.origin)).json()) as { error: Record<string, string> };
  assert.deepEqual(
    [killed.error.code, killed.error.message],
    ['kill_switch', 'the kill switch stops every agent: fire drill'],
  );
});

function inEnvironment(t: TestContext, name: string, value: string): void {
  const before = process.env[name];
  process.env[name] = value;
  t.after(() => {
    if (before === undefined) delete process.env[name];
    else process.env[name] = before;
  });
}

test('CHECKRD_DISABLED=1: nothing is judged, loudly and on the record; the switch binds', async t => {
  inEnvironment(t, 'CHECKRD_DISABLED', '1');
  const server = await serves(t);
  const { fetch, records, home } = opens(t, DENY);
  assert.equal((await fetch(server.origin)).status, 200);
  assert.deepEqual(
    records('operator_action').map(r => r.action),
    ['disabled'],
  );
  assert.equal(records('agent_started')[0]?.mode, 'disabled');
  home.write('killswitch', '');
  assert.equal((await failureOf(fetch(server.origin))).code, 'kill_switch');
  await until('the kill', () => records('kill_engaged').length === 1);
});

test('allow_disable: false makes CHECKRD_DISABLED=1 a failure', t => {
  const { home } = opens(t, ALLOW);
  home.write('checkrd.yaml', 'allow_disable: false\n');
  inEnvironment(t, 'CHECKRD_DISABLED', '1');
  assert.throws(() => new Checkrd({ agentId: AGENT, configDir: home.dir }), {
    code: 'disable_forbidden',
    message: /allow_disable: false/,
    hint: /unset CHECKRD_DISABLED/,
  });
});

test('killswitchFile: false is no switch', async t => {
  const server = await serves(t);
  const { fetch, home } = opens(t, ALLOW, { killswitchFile: false });
  home.write('killswitch', '');
  assert.equal((await fetch(server.origin)).status, 200);
});

test('a policy as an object; the file is not asked', async t => {
  const server = await serves(t);
  const policy = { default: 'deny', rules: [{ name: 'ok', allow: { url: `${server.host}/ok` } }] };
  const { fetch, records, checkrd, home } = opens(t, ALLOW, { policy });
  policy.default = 'allow';
  assert.equal((await fetch(`${server.origin}/ok`)).status, 200);
  assert.equal((await failureOf(fetch(server.origin))).code, 'default_denied');
  assert.deepEqual(
    records('policy_loaded').map(r => [r.path, r.rules]),
    [['(object)', 1]],
  );
  assert.equal(records('decision')[0]?.policy_sha256, checkrd.healthy().policySha256);
  await seenByOthers(home, `# anew\n${ALLOW}`);
  assert.equal((await failureOf(fetch(server.origin))).code, 'default_denied');
});

/** Puts a policy there; another agent of the same folder, which watches its file, has it when this returns. */
async function seenByOthers(home: Home, policy: string): Promise<void> {
  const other = new Checkrd({ agentId: 'watches', configDir: home.dir });
  try {
    const before = other.healthy().policySha256;
    home.replace('policy.yaml', policy);
    await until('the other agent has it', () => other.healthy().policySha256 !== before);
  } finally {
    await other.close();
  }
}

test('policyWatch: false reads once', async t => {
  const server = await serves(t);
  const { fetch, home, records } = opens(t, DENY, { policyWatch: false });
  await seenByOthers(home, `# anew\n${ALLOW}`);
  assert.equal((await failureOf(fetch(server.origin))).code, 'default_denied');
  assert.equal(records('policy_loaded').length, 1);
});

test('healthy, from start to end', async t => {
  const server = await serves(t, (got, response) => (got.path === '/held' ? response.write('x') : response.end()));
  const { fetch, checkrd, home } = opens(t, ALLOW);
  const states = () => {
    const { state, policy, holds, inFlight } = checkrd.healthy();
    return [state, policy.state, holds.length, inFlight];
  };
  assert.deepEqual(states(), ['ok', 'ok', 0, 0]);
  const held = await fetch(`${server.origin}/held`);
  assert.deepEqual(states(), ['ok', 'ok', 0, 1]);
  home.write('killswitch', 'reason: drill\n');
  await until('the hold', () => checkrd.healthy().holds.length === 1);
  assert.equal(checkrd.healthy().holds[0]?.reason, 'drill');
  assert.equal((await failureOf(held.text())).message, 'the kill switch stops every agent: drill');
  assert.deepEqual(states(), ['ok', 'ok', 1, 0]);
  rmSync(home.path('killswitch'));
  await until('the release', () => checkrd.healthy().holds.length === 0);
  home.replace('policy.yaml', 'default: maybe\n');
  await until('the rejection', () => checkrd.healthy().policy.state === 'degraded');
  assert.deepEqual(states(), ['degraded', 'degraded', 0, 0]);
  home.replace('policy.yaml', ALLOW);
  await until('the mended policy', () => checkrd.healthy().state === 'ok');
  await checkrd.close();
  assert.equal(checkrd.healthy().state, 'failing');
});

for (const securityMode of ['strict', 'permissive'] as const) {
  test(`${securityMode}: calls after close are refused, unsent, and a second close does nothing`, async t => {
    const server = await serves(t);
    const { fetch, checkrd, home } = opens(t, ALLOW, { securityMode });
    await checkrd.close();
    await checkrd.close();
    const denied = await failureOf(fetch(server.origin));
    assert.deepEqual([denied.code, denied.message], ['audit_unavailable', 'the agent was closed before this call']);
    assert.equal(server.got.length, 0);
    assert.deepEqual(
      home
        .records(AGENT)
        .slice(-2)
        .map(r => r.type),
      ['agent_stopped', 'checkpoint'],
    );
  });
}

test('await using closes, and what was in flight is in the books', async t => {
  const server = await serves(t, (_, response) => response.write('x'));
  const { home, checkrd } = opens(t, ALLOW);
  await checkrd.close();
  {
    await using own = new Checkrd({ agentId: AGENT, configDir: home.dir });
    await own.wrap()(server.origin);
  }
  const records = home.records(AGENT);
  assert.deepEqual(
    records.slice(-3).map(r => r.type),
    ['outcome', 'agent_stopped', 'checkpoint'],
  );
  const ran = await cli(['verify', '--key', home.path('keys/origin.pub'), home.path('audit', `${AGENT}.jsonl`)]);
  assert.equal(ran.code, 0, ran.out);
});
