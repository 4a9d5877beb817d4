// T-88 of THREAT-MODEL.md.
/** `checkrd policy list | show | diff | rollback` over what real agents archived. */
import assert from 'node:assert/strict';
import { chmodSync, lstatSync, readFileSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { Checkrd } from 'checkrd';
import { giveAway } from '../support/as-nobody.js';
import { cli } from '../support/cli.js';
import { DaemonHome } from '../support/daemon-home.js';
import { Home } from '../support/home.js';
import { notRoot } from '../support/nobody.js';
import { ann, envelope, policyText } from '../support/signed-site.js';
import { until } from '../support/until.js';

const V1 = policyText(1, ['a.example']);
const V2 = policyText(2, ['a.example', 'b.example']);
const LAYER = 'default: allow\nrules:\n  - { name: no-b, deny: { url: "https://b.example/**" } }\n';

interface Bench {
  readonly home: Home;
  readonly checkrd: () => Checkrd;
  run(...args: string[]): ReturnType<typeof cli>;
  /** Puts a policy in place and waits until it is in force; its ID. */
  live(text: string, dsse?: string): Promise<string>;
  stop(): Promise<void>;
  /** The ID of what is in force, once the archive says so too. */
  settled(): Promise<string>;
}

const isCurrent = (id: string) => (row: { readonly id: string; readonly is_current: boolean }) =>
  row.is_current && row.id === id;

function bench(t: TestContext, files: Readonly<Record<string, string>> = {}): Bench {
  const home = new Home(files);
  let open: Checkrd | null = null;
  const stop = async () => {
    await open?.close();
    open = null;
  };
  t.after(async () => {
    await stop();
    home.remove();
  });
  const checkrd = () => {
    open ??= new Checkrd({ agentId: 'crm', configDir: home.dir });
    return open;
  };
  const run = (...args: string[]) => cli(['policy', ...args], { env: { CHECKRD_CONFIG_DIR: home.dir }, cwd: home.dir });
  const settled = async () => {
    const id = checkrd().healthy().policySha256 ?? '';
    // What is current is written down a moment after it is in force.
    await until('written down', async () => JSON.parse((await run('list', '--json')).out).policies.some(isCurrent(id)));
    return id;
  };
  return {
    home,
    checkrd,
    stop,
    settled,
    run,
    async live(text, dsse) {
      const before = open?.healthy().policySha256 ?? null;
      if (dsse !== undefined) put(home, 'policy.yaml.dsse', dsse);
      put(home, 'policy.yaml', text);
      await until('in force', () => {
        const now = checkrd().healthy().policySha256;
        return now !== null && now !== before;
      });
      return settled();
    },
  };
}

/** Renamed into place, from where nobody looks. */
function put(home: Home, name: string, text: string): void {
  home.write('new/file', text);
  chmodSync(home.path('new', 'file'), 0o640);
  renameSync(home.path('new', 'file'), home.path(name));
}

test('list names what was in force, show prints it, diff says what changed, rollback goes live as a reload', async t => {
  const { home, checkrd, run, live } = bench(t);
  const one = await live(V1);
  const two = await live(V2);
  const list = JSON.parse((await run('list', '--json')).out);
  assert.deepEqual(
    list.policies.map((p: Record<string, unknown>) => [p.id, p.version, p.is_current, p.files, p.damage]),
    [
      [two, 2, true, ['policy.yaml'], null],
      [one, 1, false, ['policy.yaml'], null],
    ],
  );
  assert.match(
    (await run('list')).out,
    new RegExp(`^${two.slice(0, 12)}  live 2.*, policy.yaml, version 2, current$`, 'm'),
  );
  assert.equal((await run('show', one)).out, V1);
  assert.equal((await run('show', 'current')).out, V2);
  const diff = await run('diff', one.slice(0, 8), 'current');
  assert.equal(diff.code, 1);
  assert.match(diff.out, /b\.example/);
  assert.match(diff.out, /together: it may let more pass/);
  const text = (await run('diff', one, two, '--text')).out;
  assert.match(text, /^-version: 1$/m);
  assert.match(text, /^\+ {2}- \{ name: b\.example/m);
  assert.deepEqual([(await run('diff', one, one)).code, (await run('diff', one, one)).out], [0, 'the same policies\n']);

  const dry = await run('rollback', one, '--dry-run');
  assert.match(dry.out, /policy\.yaml: would be put back/);
  assert.equal(readFileSync(home.path('policy.yaml'), 'utf8'), V2);
  const back = await run('rollback', one);
  assert.equal(back.code, 0, back.err);
  assert.equal(statSync(home.path('policy.yaml')).mode & 0o777, 0o640);
  await until('back', () => checkrd().healthy().policySha256 === one);
  assert.equal(
    home
      .records('crm')
      .filter(r => r.type === 'policy_loaded')
      .at(-1)?.policy_sha256,
    one,
  );
  assert.match((await run('rollback', one)).out, /stands there already/);
});

test('an edit that never went live is kept by a rollback', async t => {
  const { home, run, live, stop } = bench(t);
  const one = await live(V1);
  const edit = `${V2}# half an idea\n`;
  await stop();
  home.replace('policy.yaml', edit);
  assert.equal((await run('rollback', one)).code, 0);
  assert.equal(readFileSync(home.path('policy.yaml'), 'utf8'), V1);
  const { policies } = JSON.parse((await run('list', '--json')).out);
  const kept = policies.find((p: Record<string, unknown>) => p.id !== one);
  assert.equal((await run('show', kept.id)).out, edit);
});

test('layers: a generation is shown, compared and put back whole; one without a layer of now is not', async t => {
  const { home, checkrd, run, live, settled } = bench(t, { 'policy.d/50-b.yaml': LAYER });
  const one = await live(V1);
  const two = await live(V2);
  const layered = LAYER.replace('no-b', 'still-no-b');
  put(home, 'policy.d/50-b.yaml', layered);
  await until('third', () => checkrd().healthy().policySha256 !== two);
  await settled();
  assert.match((await run('show', one)).out, /^# policy\.yaml {2}sha256 .*\n[\s\S]*^# 50-b\.yaml/m);
  assert.equal((await run('show', one, '--file', '50-b.yaml')).out, LAYER);
  assert.equal((await run('show', one, '--file', 'x.yaml')).code, 64);
  assert.match((await run('diff', one, 'current')).out, /^layer 50-b\.yaml: changed$/m);
  const back = await run('rollback', one);
  assert.equal(back.code, 0, back.err);
  await until('back', () => checkrd().healthy().policySha256 === one);
  assert.equal(readFileSync(home.path('policy.d', '50-b.yaml'), 'utf8'), LAYER);
  put(home, 'policy.d/60-c.yaml', LAYER.replace('no-b', 'no-c'));
  await until('a layer more', () => checkrd().healthy().policySha256 !== one);
  const refused = await run('rollback', one);
  assert.equal(refused.code, 1);
  assert.match(refused.err, /60-c\.yaml is there[\s\S]*checkrd layer drop 60-c\.yaml/);
});

test('what is damaged in the archive is named, and never put back', async t => {
  const { home, run, live } = bench(t);
  const one = await live(V1);
  await live(V2);
  const path = home.path('state', 'policies', one);
  const spoils: readonly (readonly [why: string, spoil: () => void])[] = [
    ['edited', () => writeFileSync(path, V1.replace('a.example', 'evil.example'))],
    ['emptied', () => writeFileSync(path, '')],
    ['another policy', () => writeFileSync(path, V2)],
    ['a manifest of others', () => writeFileSync(path, `${one} policy.yaml\n${one} x.yaml\n`)],
    ['a link to a folder', () => relink(path)],
  ];
  for (const [why, spoil] of spoils) {
    spoil();
    for (const act of [
      ['rollback', one],
      ['show', one],
      ['diff', one, 'current'],
    ]) {
      const got = await run(...act);
      assert.equal(got.code, 2, `${why}: ${act[0]}`);
      assert.match(got.err, /is not the policy that was kept/);
    }
    const list = await run('list');
    assert.equal(list.code, 2, why);
    assert.match(list.out, /DAMAGED/);
  }
  assert.equal(readFileSync(home.path('policy.yaml'), 'utf8'), V2);
});

function relink(path: string): void {
  rmSync(path);
  symlinkSync('/tmp', path);
}

test('signed: an older version is refused before anything is touched, until its version is reset; its envelope comes back', async t => {
  const { home, checkrd, run, live, stop } = bench(t, {
    'checkrd.yaml': 'require_signature: true\n',
    'trust/ann.pub': ann.pub,
  });
  const one = await live(V1, envelope(V1));
  await live(V2, envelope(V2));
  assert.match((await run('list')).out, new RegExp(`version 1, signed by ${ann.keyId}$`, 'm'));
  const refused = await run('rollback', one);
  assert.equal(refused.code, 2);
  assert.match(refused.err, /version 1, and 2 was in force before[\s\S]*checkrd policy reset-version/);
  assert.equal(readFileSync(home.path('policy.yaml'), 'utf8'), V2);
  await stop();
  assert.equal((await run('reset-version', 'policy.yaml', '--reason', 'x')).code, 0);
  const back = await run('rollback', one);
  assert.equal(back.code, 0, back.err);
  assert.equal(readFileSync(home.path('policy.yaml.dsse'), 'utf8'), envelopeKept(home, one));
  await until('back', () => checkrd().healthy().policySha256 === one);
  // Nobody trusts its signer any more.
  await stop();
  renameSync(home.path('trust', 'ann.pub'), home.path('ann.pub'));
  home.replace('policy.yaml', V2);
  assert.match((await run('rollback', one)).err, /no key is trusted/);
  assert.equal(readFileSync(home.path('policy.yaml'), 'utf8'), V2);
});

const envelopeKept = (home: Home, id: string) => readFileSync(home.path('state', 'policies', `${id}.dsse`), 'utf8');

test('root does it for an agent of another user, whose files stay that user’s', { skip: notRoot }, async t => {
  const { home, run, live, stop } = bench(t, {
    'checkrd.yaml': 'require_signature: true\nstate_dir: agent/state\n',
    'trust/ann.pub': ann.pub,
    'ann.key': ann.secret,
  });
  chmodSync(home.path('ann.key'), 0o600);
  const one = await live(V1, envelope(V1));
  await stop();
  put(home, 'policy.yaml.dsse', envelope(V2));
  put(home, 'policy.yaml', V2);
  giveAway(home.path('agent'));
  const list = JSON.parse((await run('list', '--json')).out);
  assert.ok(list.policies.some(isCurrent(one)));
  const back = await run('rollback', one);
  assert.equal(back.code, 0, back.err);
  const { uid } = statSync(home.path('agent'));
  assert.equal(statSync(home.path('agent', 'state', 'policies', list.policies[0].id)).uid, uid);
  const glass = await cli(['break-glass', '--for', '1m', '--reason', 'x', '--key', 'ann.key'], {
    env: { CHECKRD_CONFIG_DIR: home.dir },
    cwd: home.dir,
  });
  assert.equal(glass.code, 0, glass.err);
  assert.equal(statSync(home.path('agent', 'approvals')).uid, uid);
});

test('a link is for whoever put it there; words that name nothing are misuse', async t => {
  const { home, run, live } = bench(t);
  const one = await live(V1);
  await live(V2);
  renameSync(home.path('policy.yaml'), home.path('real.yaml'));
  symlinkSync('real.yaml', home.path('policy.yaml'));
  const refused = await run('rollback', one);
  assert.deepEqual([refused.code, /is a link/.test(refused.err)], [1, true]);
  assert.ok(lstatSync(home.path('policy.yaml')).isSymbolicLink());
  const misuse = [
    [],
    ['lost'],
    ['list', 'x'],
    ['show'],
    ['show', 'ffffffff'],
    ['show', one.slice(0, 5)],
    ['diff', one],
  ];
  for (const words of [...misuse, ['rollback', one, '--text'], ['list', '--dry-run'], ['constructor']]) {
    assert.equal((await run(...words)).code, 64, words.join(' '));
  }
});

test('under a running daemon a rollback is a reload', async t => {
  const home = new DaemonHome(t, { 'policy.yaml': V2, 'checkrd.yaml': 'daemon: { agents: [{ id: crm }] }\n' });
  await home.start();
  const code = async () => (await home.decide('crm', 'https://b.example/x')).body.code;
  const sha = async () => ((await home.ask('main', '/healthz')).body.policy as { sha256: string }).sha256;
  const two = await sha();
  assert.equal(await code(), 'rule_allowed');
  put(home, 'policy.yaml', V1);
  await until('V1', async () => (await code()) === 'default_denied');
  const back = await cli(['policy', 'rollback', two], { env: { CHECKRD_CONFIG_DIR: home.dir }, cwd: home.dir });
  assert.equal(back.code, 0, back.err);
  await until('V2', async () => (await code()) === 'rule_allowed');
  assert.equal(await sha(), two);
});
