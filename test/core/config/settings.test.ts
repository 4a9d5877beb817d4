// T-47 of THREAT-MODEL.md.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SETTING_KEYS } from '#src/core/config/keys.js';
import { resolveSettings, type SettingsSources } from '#src/core/config/resolve.js';
import type { SettingsIssueCode } from '#src/core/config/settings.js';

function from(text: string | null, more: Partial<SettingsSources> = {}) {
  return resolveSettings({
    face: 'operator',
    options: {},
    env: {},
    file: text === null ? null : { path: '/etc/c/checkrd.yaml', text },
    configDir: '/home/u/.checkrd',
    home: '/home/u',
    cwd: '/work dir',
    ...more,
  });
}
function settings(text: string | null, more: Partial<SettingsSources> = {}) {
  const got = from(text, more);
  assert.ok(got.ok, JSON.stringify(got));
  return got.settings;
}
function issue(text: string | null, more: Partial<SettingsSources> = {}) {
  const got = from(text, more);
  assert.ok(!got.ok, 'must be refused');
  assert.equal(got.issues.length, 1, JSON.stringify(got.issues));
  return got.issues[0]!;
}

test('without any source everything stands in the configuration directory', () => {
  const s = settings(null, { env: { CHECKRD_AGENT_ID: 'crm' } });
  assert.deepEqual(s, {
    face: 'operator',
    configDir: '/home/u/.checkrd',
    agentId: 'crm',
    securityMode: 'strict',
    enforce: true,
    policy: '/home/u/.checkrd/policy.yaml',
    policyWatch: true,
    killswitch: '/home/u/.checkrd/killswitch',
    resumeRequires: 'file',
    engine: null,
    audit: {
      path: '/home/u/.checkrd/audit/crm.jsonl',
      urlPath: 'endpoint',
      durability: 'write',
      rotateBytes: null,
      rotateDaily: false,
      retention: { keepFiles: null, keepDays: null, keepBytes: null, hold: false },
      signatures: 'checkpoint',
      headsFile: null,
      headsJournal: false,
      headsEvery: 60,
      reserveBytes: 0,
    },
    stateDir: '/home/u/.checkrd/state',
    keysDir: '/home/u/.checkrd/keys',
    inspectBytes: 1_048_576,
    allowSkip: true,
    allowBreakGlass: true,
    allowDisable: true,
    requireSignature: false,
    weakeningGuard: false,
    trustDir: '/home/u/.checkrd/trust',
    requireSeparation: null,
    operatorsGroup: null,
    daemon: {
      socket: '/home/u/.checkrd/checkrd.sock',
      agents: [],
      drainTimeout: 10,
      metrics: null,
      records: null,
      onLoss: 'deny',
    },
    egress: { coverage: 'report', datagrams: 'report', names: 'report', native: 'report', processes: 'report' },
    telemetry: { file: null },
    log: { level: 'info', file: null },
  });
  assert.ok(Object.isFrozen(s) && Object.isFrozen(s.audit) && Object.isFrozen(s.daemon.agents));
});

for (const [name, text] of [
  ['an empty file', ''],
  ['a file of comments', '# agent_id: x\n'],
] as const) {
  test(`${name} says nothing`, () => assert.equal(settings(text).securityMode, 'strict'));
}

test('options beat the environment, that beats the file', () => {
  const text = 'policy: file.yaml\nsecurity_mode: permissive\nenforce: false\n';
  const s = settings(text, {
    env: { CHECKRD_POLICY: 'env.yaml', CHECKRD_SECURITY_MODE: 'strict', CHECKRD_AGENT_ID: '' },
    options: { policy: '~/option.yaml', securityMode: undefined },
  });
  assert.equal(s.policy, '/home/u/option.yaml');
  assert.equal(s.securityMode, 'strict');
  assert.equal(s.enforce, false);
});

test('a relative path starts where it was written', () => {
  assert.equal(settings('policy: ../p.yaml\n').policy, '/etc/p.yaml');
  assert.equal(settings(null, { env: { CHECKRD_POLICY: './p.yaml' } }).policy, '/work dir/p.yaml');
});

test('the switch can be none, from every source', () => {
  assert.equal(settings('killswitch: false\n').killswitch, null);
  assert.equal(settings(null, { env: { CHECKRD_KILLSWITCH: 'false' } }).killswitch, null);
  assert.equal(settings('killswitch: false\n', { options: { killswitchFile: '/k' } }).killswitch, '/k');
});

test('a number is taken by its own text', () => {
  assert.equal(settings('inspect_bytes: 4096\n').inspectBytes, 4096);
  for (const text of ['4e3', '4096.0', '0x1000', '"4096"', '-1', '1', '99999999999']) {
    assert.match(issue(`inspect_bytes: ${text}\n`).message, /whole number from 1024 to/);
  }
});

test("the daemon's agents, from file and environment", () => {
  const agents = [
    { id: 'crm', group: 'crm-group' },
    { id: '7', group: null },
  ];
  const file = 'daemon:\n  agents:\n    - { id: crm, group: crm-group }\n    - id: 7\n';
  assert.deepEqual(settings(file, { face: 'daemon' }).daemon.agents, agents);
  assert.deepEqual(settings(null, { env: { CHECKRD_DAEMON_AGENTS: 'crm:crm-group, 7' } }).daemon.agents, agents);
});

test('the daemon speaks for many: it has no agent ID', () => {
  const s = settings('agent_id: crm\n', { face: 'daemon' });
  assert.equal(s.agentId, null);
  assert.equal(s.audit.path, '/home/u/.checkrd/audit/daemon.jsonl');
});

test('the library needs an agent ID', () => {
  const got = from(null, { face: 'library' });
  assert.ok(!got.ok);
  assert.equal(got.issues[0]?.code, 'missing');
});

test('`durability: async` waits for nothing, so strict does not take it', () => {
  const got = from('audit: { durability: async }\n');
  assert.equal(!got.ok && got.issues[0]?.place, 'audit.durability');
  assert.equal(settings('security_mode: permissive\naudit: { durability: async }\n').audit.durability, 'async');
});

test('the library cannot be separate from the agent that it runs in', () => {
  const got = from('agent_id: a\nrequire_separation: true\n', { face: 'library' });
  assert.equal(!got.ok && got.issues[0]?.place, 'require_separation');
});

test('what the file locks, nobody above it loosens; tightening is free', () => {
  const loosened = issue('allow_disable: false\n', { env: { CHECKRD_ALLOW_DISABLE: 'true' } });
  assert.equal(loosened.code, 'locked');
  assert.equal(loosened.place, '$CHECKRD_ALLOW_DISABLE');
  assert.equal(issue('require_separation: true\n', { env: { CHECKRD_REQUIRE_SEPARATION: '0' } }).code, 'locked');
  assert.equal(issue('require_signature: true\n', { env: { CHECKRD_REQUIRE_SIGNATURE: '0' } }).code, 'locked');
  assert.equal(issue('trust_dir: /etc/checkrd/trust\n', { env: { CHECKRD_TRUST_DIR: '/tmp/mine' } }).code, 'locked');
  assert.equal(issue('weakening_guard: true\n', {}).place, 'weakening_guard');
  assert.equal(settings('allow_skip: true\n', { env: { CHECKRD_ALLOW_SKIP: 'false' } }).allowSkip, false);
});

type Refused = readonly [text: string, code: SettingsIssueCode, place: string, says: RegExp];
const refused: readonly Refused[] = [
  ['polcy: /p\n', 'unknown_key', ':1:1', /did you mean `policy`/],
  ['# one\nsecurity_mode: Strict\n', 'bad_value', ':2:16', /did you mean `strict`/],
  ['security_mode: off\n', 'bad_value', ':1:16', /strict, permissive/],
  ['enforce: yes\n', 'wrong_type', ':1:10', /true or false/],
  ['enforce: "true"\n', 'wrong_type', ':1:10', /true or false/],
  ['enforce: TRUE2\n', 'wrong_type', ':1:10', /true or false/],
  ['enforce:\n', 'wrong_type', ':1:9', /true or false/],
  ['policy: [a]\n', 'wrong_type', ':1:9', /a path/],
  ['policy: ""\n', 'bad_value', ':1:9', /a path/],
  ['policy: 7\n', 'wrong_type', ':1:9', /a path/],
  ['killswitch: true\n', 'wrong_type', ':1:13', /a path, or false/],
  ['agent_id: a/b\n', 'bad_value', ':1:11', /agent ID/],
  ['audit: /x\n', 'wrong_type', ':1:8', /mapping/],
  ['audit:\n  paht: /x\n', 'unknown_key', ':2:3', /did you mean `path`/],
  ['url_path: raw\n', 'unknown_key', ':1:1', /`audit`, below it `url_path`/],
  ['constructor: x\n', 'unknown_key', ':1:1', /docs\/settings/],
  ['policy: a\npolicy: b\n', 'duplicate_key', ':2:1', /twice/],
  ['policy: &a x\n', 'syntax', ':1:', /anchors/],
  ['policy: !!str x\n', 'syntax', ':1:', /tags/],
  ['policy: !x x\n', 'syntax', ':1:9', /plain YAML|tags/],
  ['<<: {policy: x}\n', 'unknown_key', ':1:1', /no setting/],
  ['- policy\n', 'wrong_type', ':1:1', /mapping/],
  ['policy\n', 'wrong_type', ':1:1', /mapping/],
  ['1: x\n', 'syntax', ':1:1', /name/],
  ['policy: "x\n', 'syntax', ':', /plain YAML/],
  ['policy: x\n---\npolicy: y\n', 'syntax', ':', /one document/],
  ['daemon: { agents: [crm] }\n', 'wrong_type', ':1:20', /list of/],
  ['daemon: { agents: crm }\n', 'wrong_type', ':1:19', /list of/],
  ['daemon: { agents: [{ group: x }] }\n', 'missing', ':1:20', /no `id`/],
  ['daemon: { agents: [{ id: x, gruop: y }] }\n', 'unknown_key', ':1:29', /did you mean `group`/],
  ['daemon: { agents: [{ id: x }, { id: x }] }\n', 'bad_value', ':1:31', /twice/],
  ['daemon: { drain_timeout: 1.5 }\n', 'bad_value', ':1:26', /whole number/],
  ['log: { level: loud }\n', 'bad_value', ':1:15', /one of fatal/],
];
for (const [text, code, place, says] of refused) {
  test(`settings refuse ${JSON.stringify(text)}`, () => {
    const got = issue(text);
    assert.equal(got.code, code);
    assert.ok(got.place.includes(`/etc/c/checkrd.yaml${place}`), got.place);
    assert.match(`${got.message} ${got.suggestion}`, says);
  });
}

test('a variable that is nearly ours is a mistake, a stranger is not', () => {
  const near = issue(null, { env: { CHECKRD_SECURTY_MODE: 'strict' } });
  assert.equal(near.place, '$CHECKRD_SECURTY_MODE');
  assert.match(near.suggestion, /CHECKRD_SECURITY_MODE/);
  settings(null, {
    env: { CHECKRD_SERVICE_HOST: '10.0.0.1', CHECKRD_PORT_80_TCP: 'x', CHECKRD_DISABLED: '1', PATH: '/bin' },
  });
});

test('a mistake in a source that is overruled is still a mistake', () => {
  assert.equal(issue('enforce: maybe\n', { env: { CHECKRD_ENFORCE: 'true' } }).place, '/etc/c/checkrd.yaml:1:10');
});

test('options are strict too', () => {
  assert.match(issue(null, { options: { polcy: 'x' } }).suggestion, /`policy`/);
  assert.equal(issue(null, { options: { policy: {} } }).code, 'wrong_type');
  assert.equal(issue(null, { options: { enforce: 'true' } }).code, 'wrong_type');
});

test('a socket path that the kernel cannot take is refused at once', () => {
  const long = `/run/${'x'.repeat(90)}/c.sock`;
  const file = `daemon: { socket: ${long}, agents: [{ id: agent-number-one }] }\n`;
  assert.match(issue(file, { face: 'daemon' }).message, /over 107 bytes/);
});

test('every setting has a variable and an entry of its own', () => {
  assert.equal(new Set(SETTING_KEYS.map(k => k.env)).size, SETTING_KEYS.length);
  for (const key of SETTING_KEYS) assert.match(key.env, /^CHECKRD_[A-Z_]+$/);
});
