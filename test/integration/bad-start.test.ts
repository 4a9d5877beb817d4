/** What the library cannot start with: one CheckrdInitError with code, place and next step; nothing is left behind. */
import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { Checkrd, CheckrdInitError, type CheckrdOptions, isCheckrdPolicyDenied } from 'checkrd';
import { anchorOf } from '../support/anchor.js';
import { asNobody, giveAway } from '../support/as-nobody.js';
import { cli } from '../support/cli.js';
import { DistCopy } from '../support/dist-copy.js';
import { Home } from '../support/home.js';
import { until } from '../support/until.js';
import { upstream } from '../support/upstream.js';

const GOOD = 'default: allow\nrules: []\n';

interface Bad {
  readonly name: string;
  readonly files?: Readonly<Record<string, string>>;
  readonly put?: (home: Home) => void;
  readonly options?: Readonly<Record<string, unknown>>;
  readonly code: string;
  /** Message and hint. */
  readonly says: readonly RegExp[];
}

const BAD: readonly Bad[] = [
  {
    name: 'a mistyped setting',
    files: { 'checkrd.yaml': 'audit:\n  paht: x.jsonl\n' },
    code: 'settings_invalid',
    says: [/checkrd\.yaml:2:3: `audit\.paht` is no setting \(did you mean `path`\?\)/, /mend each place/],
  },
  {
    name: 'a setting with a wrong value',
    files: { 'checkrd.yaml': 'security_mode: Strict\n' },
    code: 'settings_invalid',
    says: [/checkrd\.yaml:1:16: `security_mode` must be one of strict, permissive/],
  },
  {
    name: 'settings that are a directory',
    put: home => mkdirSync(home.path('checkrd.yaml')),
    code: 'settings_unreadable',
    says: [/checkrd\.yaml`/, /name a readable file/],
  },
  {
    name: 'a bad agent ID',
    options: { agentId: '../other' },
    code: 'settings_invalid',
    says: [/agentId/, /1 to 128 of A-Z a-z 0-9 \. _ -/],
  },
  {
    name: 'an option with a typo',
    options: { agentID: 'a' },
    code: 'option_unknown',
    says: [/`agentID`/, /did you mean `agentId`/],
  },
  {
    name: 'an option of the wrong type',
    options: { enforce: 'yes' },
    code: 'settings_invalid',
    says: [/option enforce/, /true or false/],
  },
  {
    name: 'a file where the log folder should be',
    files: { audit: '' },
    code: 'log_dir_unwritable',
    says: [/audit`.*ENOTDIR/, /let the user that runs checkrd write there/],
  },
  {
    name: 'a directory where the log should be',
    put: home => mkdirSync(home.path('audit/bad.jsonl'), { recursive: true }),
    code: 'log_unusable',
    says: [/bad\.jsonl`/, /it must be a regular file/],
  },
  {
    name: 'a key that others can read',
    put: home => {
      home.write('keys/log.key', `${Buffer.alloc(32, 7).toString('base64')}\n`);
      chmodSync(home.path('keys/log.key'), 0o644);
    },
    code: 'key_file_exposed',
    says: [/log\.key` has mode 0?644/, /chmod 600 '.*log\.key'/],
  },
  {
    name: 'a key that is none',
    put: home => {
      home.write('keys/log.key', 'secret\n');
      chmodSync(home.path('keys/log.key'), 0o600);
    },
    code: 'key_file_invalid',
    says: [/log\.key` holds no Ed25519 secret key/, /checkrd keygen makes one/],
  },
  {
    name: 'a switch whose folder cannot be made',
    files: { plain: '' },
    options: { killswitchFile: 'plain/killswitch' },
    code: 'killswitch_dir_missing',
    says: [/plain`.*cannot be made \((EEXIST|ENOTDIR)\)/, /make the folder/],
  },
  {
    name: 'a policy object with a mistake',
    options: { policy: { default: 'allow', rulse: [], rules: [] } },
    code: 'policy_object_invalid',
    says: [/`rulse`.*did you mean `rules`/],
  },
];

for (const bad of BAD) {
  test(bad.name, async t => {
    const home = new Home({ 'policy.yaml': GOOD, ...bad.files });
    t.after(() => home.remove());
    bad.put?.(home);
    const options = { agentId: 'bad', configDir: home.dir, ...bad.options };
    for (const key of ['killswitchFile'] as const) {
      const path = (bad.options as Record<string, string> | undefined)?.[key];
      if (path !== undefined) Object.assign(options, { [key]: home.path(path) });
    }
    const before = descriptors();
    const said = failure(() => new Checkrd(options as CheckrdOptions));
    assert.equal(said.code, bad.code, said.message);
    for (const part of bad.says) assert.match(`${said.message}; ${said.hint}`, part);
    // A watch that was begun is ended by other threads, in their own time.
    await until('no descriptor is left open', () => descriptors().every(fd => before.includes(fd)));
    // The same folder serves the next start at once: no lock, no half log is left.
    if (bad.code === 'killswitch_dir_missing' || bad.code === 'policy_object_invalid') {
      await new Checkrd({ agentId: 'bad', configDir: home.dir }).close();
      assert.deepEqual(
        readdirSync(home.path('audit')).filter(name => name.endsWith('.jsonl')),
        ['bad.jsonl'],
      );
    }
  });
}

function failure(act: () => unknown): CheckrdInitError {
  try {
    act();
  } catch (error) {
    if (error instanceof CheckrdInitError) return error;
    throw error;
  }
  assert.fail('it started');
}

const descriptors = (): string[] => readdirSync('/proc/self/fd').sort();

const START = `import { Checkrd } from './dist/index.js';
  try { await new Checkrd({ agentId: 'bad' }).close(); console.log('started'); }
  catch (error) { console.log(error.code + ' ' + error.message + '; ' + error.hint); }`;

const MODES: readonly (readonly [name: string, spoil: (home: Home) => void, says: RegExp])[] = [
  [
    'a read-only log folder',
    home => {
      mkdirSync(home.path('audit'));
      chmodSync(home.path('audit'), 0o555);
    },
    /^log_dir_unwritable .*audit` cannot be written: EACCES; let the user/,
  ],
  [
    'a folder in which nothing can be made',
    home => chmodSync(home.dir, 0o555),
    /^log_dir_unwritable .*audit` cannot be written: EACCES/,
  ],
  [
    'settings that may not be read',
    home => {
      home.write('checkrd.yaml', 'enforce: true\n');
      chmodSync(home.path('checkrd.yaml'), 0);
    },
    /^settings_unreadable .*checkrd\.yaml`: EACCES/,
  ],
];
for (const [name, spoil, says] of MODES) {
  test(name, t => {
    const home = new Home({ 'policy.yaml': GOOD });
    t.after(() => home.remove());
    spoil(home);
    giveAway(home.dir);
    const { out, err } = asNobody(START, { CHECKRD_CONFIG_DIR: home.dir });
    assert.match(out, says, err);
  });
}

for (const policy of ['from its file', 'as an object']) {
  test(`a log file that may not be written (policy ${policy}): it starts, says so, and refuses until it can be`, t => {
    const home = new Home({ 'policy.yaml': GOOD, 'audit/bad.jsonl': '' });
    t.after(() => home.remove());
    chmodSync(home.path('audit/bad.jsonl'), 0o400);
    giveAway(home.dir);
    const { out, err } = asNobody(
      `import { chmodSync } from 'node:fs';
     import { Checkrd } from './dist/index.js';
     const checkrd = new Checkrd({ agentId: 'bad'${policy === 'as an object' ? ", policy: { default: 'allow', rules: [] }" : ''} });
     const fetch = checkrd.wrap(async () => new Response('sent'));
     console.log(await fetch('http://a.example/').catch(error => error.code), checkrd.healthy().state);
     console.log(checkrd.healthy().audit.error.message);
     chmodSync(${JSON.stringify(home.path('audit/bad.jsonl'))}, 0o600);
     console.log(await (await fetch('http://a.example/')).text(), checkrd.healthy().state);
     await checkrd.close();`,
      { CHECKRD_CONFIG_DIR: home.dir },
    );
    assert.match(
      out,
      /^audit_unavailable failing\nthe audit log `.*bad\.jsonl` cannot be written: EACCES\nsent ok\n$/,
      err,
    );
    assert.match(err, /CheckrdWarning: the audit log `.*` cannot be written: EACCES \(mend what is named/);
    const dropped = home.records('bad').find(record => record.type === 'records_dropped');
    assert.ok(Number(dropped?.count) >= 1);
  });
}

test('a kill switch folder that cannot be made stops the start', t => {
  const home = new Home({ 'policy.yaml': GOOD });
  t.after(() => home.remove());
  mkdirSync(home.path('closed'), { mode: 0o555 });
  giveAway(home.dir);
  const { out, err } = asNobody(START, {
    CHECKRD_CONFIG_DIR: home.dir,
    CHECKRD_KILLSWITCH: home.path('closed/a/kill'),
  });
  assert.match(out, /^killswitch_dir_missing .*closed\/a` .*cannot be made \(EACCES\); make the folder/, err);
});

test('an unknown flag of the command line', async () => {
  const ran = await cli(['daemon', '--confg', 'x']);
  assert.equal(ran.code, 64);
  assert.match(ran.err, /error: unknown flag --confg\nhint: did you mean --config\?/);
});

test('one byte of the engine: no start in strict; in permissive every call passes, loudly', async t => {
  const copy = new DistCopy(t);
  const path = copy.path('wasm', 'engine.wasm');
  const bytes = readFileSync(path);
  const at = bytes.length >> 1;
  bytes[at] = (bytes[at] as number) ^ 1;
  writeFileSync(path, bytes);
  const { Checkrd: Altered } = await copy.load();
  const home = new Home({ 'policy.yaml': 'default: deny\nrules: []\n' });
  const server = await upstream();
  t.after(() => server.close());
  const options = { agentId: 'bad', configDir: home.dir } as const;
  assert.throws(() => new Altered(options), {
    name: 'CheckrdInitError',
    code: 'engine_integrity',
    message: /engine\.wasm` cannot be trusted: its SHA-256 is not the pinned one/,
    hint: /install checkrd again/,
  });
  assert.ok(!existsSync(home.path('audit')), 'a start that fails writes nothing');

  const warned: string[] = [];
  const onWarning = (warning: Error): void => void warned.push(warning.message);
  process.on('warning', onWarning);
  const loose = new Altered({ ...options, securityMode: 'permissive' });
  assert.equal((await loose.wrap()(server.origin)).status, 200);
  home.write('killswitch', '');
  await assert.rejects(loose.wrap()(server.origin), { code: 'kill_switch' });
  assert.equal(loose.healthy().state, 'degraded');
  await loose.close();
  process.off('warning', onWarning);
  assert.match(warned.join('\n'), /PERMISSIVE: the engine .*every call passes without a policy/);
  const records = home.records('bad');
  assert.equal(records.find(r => r.type === 'engine_rejected')?.error, 'engine_integrity');
  const [passed] = records.filter(r => r.type === 'decision');
  assert.deepEqual([passed?.code, passed?.policy_result, passed?.enforced], ['policy_missing', 'deny', false]);
  home.remove();
});

test('the module twice in one process: a log each, errors known to both, both logs verify', async t => {
  const copy = new DistCopy(t);
  const other = await copy.load();
  const home = new Home({ 'policy.yaml': 'default: deny\nrules: []\n' });
  t.after(() => home.remove());
  const one = new Checkrd({ agentId: 'bad', configDir: home.dir });
  const two = new other.Checkrd({ agentId: 'bad', configDir: home.dir });
  const three = new Checkrd({ agentId: 'bad', configDir: home.dir });
  for (const checkrd of [one, two, three]) {
    const error = await checkrd
      .wrap()('http://127.0.0.1:9/')
      .then(
        () => assert.fail('it passed'),
        (e: unknown) => e,
      );
    assert.ok(isCheckrdPolicyDenied(error) && other.isCheckrdPolicyDenied(error));
  }
  home.write('killswitch', '');
  for (const checkrd of [one, two, three])
    await assert.rejects(checkrd.wrap()('http://127.0.0.1:9/'), { code: 'kill_switch' });
  await Promise.all([one.close(), two.close(), three.close()]);
  await verifies(t, home, 3);
});

async function verifies(_t: TestContext, home: Home, logs: number): Promise<void> {
  const names = readdirSync(home.path('audit')).filter(name => name.endsWith('.jsonl'));
  assert.equal(names.length, logs, names.join(' '));
  for (const name of names) {
    const path = home.path('audit', name);
    const ran = await cli(['verify', '--key', anchorOf(home.path('keys'), path), path]);
    assert.equal(ran.code, 0, ran.out + ran.err);
    assert.equal(readFileSync(home.path('audit', name), 'utf8').match(/"code":"default_denied"/g)?.length, 1);
  }
}
