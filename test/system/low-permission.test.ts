/** What a user without rights is told: one clear error for each thing it lacks, never a stack or silence. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { daemonReady, spawnDaemon } from '../support/daemon-process.js';
import { nobody, nobodysFolder, notRoot } from '../support/nobody.js';
import { ask } from '../support/unix-http.js';

const SETTINGS = 'daemon: { agents: [{ id: crm }], drain_timeout: 1 }\n';
const POLICY = 'default: allow\nrules: []\n';
/** A secret key of nobody's: 32 bytes that are no secret. */
const KEY = `${Buffer.alloc(32, 7).toString('base64')}\n`;

/** Constructs the library and says what it threw, or what a first call came to. */
const LIBRARY = `
import { Checkrd } from 'checkrd';
try {
  const checkrd = new Checkrd();
  const ends = await checkrd.wrap(async () => new Response())('https://api.test/').then(() => 'ok', error => error.code);
  console.log(ends);
  await checkrd.close();
} catch (error) {
  console.log(error.name, error.code, error.message, error.hint);
}
`;

type Lacking = {
  readonly name: string;
  /** Takes the right away; the folder and all in it belong to nobody but what this gives to root. */
  readonly take: (folder: string) => void;
  readonly code: string;
  /** What both faces say, and what to do. */
  readonly says: RegExp;
  readonly hint: RegExp;
};

const theirs = (path: string): void => chownSync(path, nobody.uid, nobody.gid);

const lacking: readonly Lacking[] = [
  {
    name: 'settings that others may not read',
    take: folder => chmodSync(join(folder, 'checkrd.yaml'), 0o600),
    code: 'settings_unreadable',
    says: /cannot read the settings `.*checkrd\.yaml`: EACCES/,
    hint: /name a readable file/,
  },
  {
    name: "a log folder that is root's",
    take: folder => mkdirSync(join(folder, 'audit'), { mode: 0o755 }),
    code: 'log_dir_unwritable',
    says: /the folder of the audit log `.*audit` cannot be written: EACCES/,
    hint: /let the user that runs checkrd write there/,
  },
  {
    name: 'a signing key that others can read',
    take: folder => {
      mkdirSync(join(folder, 'keys'), { mode: 0o700 });
      writeFileSync(join(folder, 'keys', 'log.key'), KEY, { mode: 0o644 });
      theirs(join(folder, 'keys'));
      theirs(join(folder, 'keys', 'log.key'));
    },
    code: 'key_file_exposed',
    says: /key file `.*log\.key` has mode 0644: others can read or write it \(chmod 600 '.*log\.key' ends that\)/,
    hint: /set its mode to 0600/,
  },
  {
    name: 'a key folder that is closed',
    take: folder => {
      mkdirSync(join(folder, 'keys'), { mode: 0o700 });
    },
    code: 'key_file_unreadable',
    says: /key file `.*log\.key` cannot be read: EACCES/,
    hint: /check the path and its permissions/,
  },
];

function prepared(t: Parameters<typeof nobodysFolder>[0]): string {
  const folder = nobodysFolder(t);
  writeFileSync(join(folder, 'checkrd.yaml'), SETTINGS, { mode: 0o644 });
  writeFileSync(join(folder, 'policy.yaml'), POLICY, { mode: 0o644 });
  return folder;
}

function asNobody(folder: string, ...args: string[]) {
  const env = { PATH: process.env.PATH, CHECKRD_CONFIG_DIR: folder, CHECKRD_AGENT_ID: 'crm', HOME: '/nonexistent' };
  return spawnSync(process.execPath, args, { env, encoding: 'utf8', timeout: 120_000, ...nobody });
}

for (const { name, take, code, says, hint } of lacking) {
  test(`the daemon refuses ${name}: two lines, exit 2`, { skip: notRoot }, t => {
    const folder = prepared(t);
    take(folder);
    const done = asNobody(folder, 'dist/cli/main.js', 'daemon', '--config', join(folder, 'checkrd.yaml'));
    assert.equal(done.status, 2, done.stderr);
    assert.match(done.stderr, says);
    assert.match(done.stderr, /^error: .+\nhint: .+\n$/);
    assert.match(done.stderr, hint);
    assert.equal(done.stdout, '');
  });

  test(`the library refuses ${name}: CheckrdInitError ${code}`, { skip: notRoot }, t => {
    const folder = prepared(t);
    take(folder);
    const done = asNobody(folder, '--input-type=module', '-e', LIBRARY);
    assert.equal(done.status, 0, done.stderr);
    assert.match(done.stdout, new RegExp(`^CheckrdInitError ${code} `));
    assert.match(done.stdout, says);
    assert.match(done.stdout, hint);
  });
}

/** Moves the policy where nobody but root may look. */
function hidePolicy(folder: string): void {
  const hidden = join(folder, 'hidden');
  mkdirSync(hidden, { mode: 0o700 });
  writeFileSync(join(hidden, 'policy.yaml'), POLICY);
  writeFileSync(join(folder, 'checkrd.yaml'), `policy: hidden/policy.yaml\n${SETTINGS}`);
}

test('a policy folder that is closed: the daemon says so, is not ready, and denies', { skip: notRoot }, async t => {
  const folder = prepared(t);
  hidePolicy(folder);
  const daemon = spawnDaemon(t, folder, nobody);
  await daemonReady(daemon);
  assert.match(daemon.said(), /the policy was refused: .*hidden\/policy\.yaml: policy_unreadable/);
  const socket = join(folder, 'agent', 'crm.sock');
  const health = await ask(socket, '/healthz');
  assert.match(health.text, /cannot be read \(EACCES\)/);
  assert.equal((await ask(socket, '/readyz')).status, 503);
  const line = JSON.stringify({ request: { method: 'GET', url: 'https://api.test/' } });
  assert.equal((await ask(socket, '/v1/decide', line)).body.code, 'policy_missing');
  daemon.kill('SIGTERM');
  assert.equal(await daemon.exit, 0);
});

test('a policy folder that is closed: the library warns, and denies', { skip: notRoot }, t => {
  const folder = prepared(t);
  hidePolicy(folder);
  const done = asNobody(folder, '--input-type=module', '-e', LIBRARY);
  assert.equal(done.stdout, 'policy_missing\n', done.stderr);
  assert.match(done.stderr, /CheckrdWarning: the policy was refused: .*hidden\/policy\.yaml: policy_unreadable/);
});
