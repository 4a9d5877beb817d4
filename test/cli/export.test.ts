import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Checkrd } from 'checkrd';
import { toBase64 } from '#src/core/bytes.js';
import { CHECK_SCRIPT } from '#src/core/evidence/check-script.js';
import { tar, untar } from '#src/core/evidence/tar.js';
import { AuditBuilder, testSigner } from '../support/audit-builder.js';
import { cli } from '../support/cli.js';
import { evidenceLog, REQUESTS, without } from '../support/evidence-log.js';
import { Home } from '../support/home.js';
import { until } from '../support/until.js';
import { fileOf } from '../support/verify-bytes.js';

const OTHER = toBase64(testSigner('other').publicKey);
const skip = without('python3', 'openssl', 'tar');
const digest = (bytes: string | Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** A log whose records name a policy that is kept. */
function kept(t: TestContext) {
  const policy = 'default: deny\nrules: []\n';
  const log = evidenceLog(t, { policy_sha256: digest(policy) });
  const policies = join(log.folder, 'policies');
  mkdirSync(policies);
  writeFileSync(join(policies, digest(policy)), policy);
  const out = join(log.folder, 'evidence.tar');
  const make = (...args: readonly string[]) =>
    cli(['export', '--policies', policies, '--key', log.key, '--out', out, ...args, ...log.files]);
  const check = (key = log.key) => cli(['export', '--check', out, '--key', key, '--json']);
  return { log, policy, policies, out, make, check };
}

function fileIn(archive: string, name: string): string {
  return Buffer.from(untar(readFileSync(archive))?.find(file => file.name === name)?.bytes ?? []).toString('utf8');
}

/** Unpacked with the system's tar. */
function unpacked(t: TestContext, archive: string): string {
  const home = new Home();
  t.after(() => home.remove());
  execFileSync('tar', ['-xf', archive], { cwd: home.dir });
  return home.dir;
}

function python(folder: string, key: string): { readonly code: number | null; readonly out: string } {
  const run = spawnSync('python3', ['check.py', key], { cwd: folder, encoding: 'utf8' });
  return { code: run.status, out: run.stdout + run.stderr };
}

test('a request, an agent, a period: their records and no others', async t => {
  const cases: readonly (readonly [readonly string[], readonly number[]])[] = [
    [['--request', REQUESTS[2] as string], [6]],
    [
      ['--agent', 'mail-agent'],
      [2, 7],
    ],
    [
      ['--since', '2026-01-01T00:00:02Z', '--until', '2026-01-01T00:00:07Z'],
      [2, 3, 4, 5, 6],
    ],
    [['--agent', 'mail-agent', '--since', '2026-01-01T00:00:03Z'], [7]],
  ];
  for (const [asked, numbers] of cases) {
    const { make, check, out, log } = kept(t);
    const made = await make(...asked);
    assert.equal(made.code, 0, made.err);
    assert.match(made.out, new RegExp(`SHA-256 ${digest(readFileSync(out))}`));
    const lines = fileIn(out, 'records.jsonl').trimEnd().split('\n');
    assert.deepEqual(
      lines.map(line => (JSON.parse(line) as { seq: number }).seq),
      numbers,
    );
    const all = log.files.flatMap(file => readFileSync(file, 'utf8').split('\n'));
    for (const line of lines) assert.ok(all.includes(line));
    const checked = await check();
    assert.equal(checked.code, 0, checked.out);
    assert.equal((JSON.parse(checked.out) as { records: number }).records, numbers.length);
  }
});

test('the same records, the same bytes; no file is written over', async t => {
  const { make, out, log } = kept(t);
  assert.equal((await make('--agent', 'crm-agent')).code, 0);
  const bytes = readFileSync(out);
  assert.equal((await make('--agent', 'crm-agent')).code, 2);
  const second = join(log.folder, 'second.tar');
  const files = log.files.toReversed();
  const policies = join(log.folder, 'policies');
  await cli(['export', '--policies', policies, '--key', log.key, '--out', second, '--agent', 'crm-agent', ...files]);
  assert.deepEqual(readFileSync(second), bytes);
});

test('a stranger checks it with python3 and openssl, by the words in it', { skip }, async t => {
  const { make, out, log, policy } = kept(t);
  assert.equal((await make('--agent', 'crm-agent')).code, 0);
  const folder = unpacked(t, out);
  const readme = readFileSync(join(folder, 'README.txt'), 'utf8');
  assert.ok(readme.includes(log.key));
  const commands = readme.split('\n').filter(line => line.startsWith('    '));
  assert.equal(commands.length, 5);
  const shell = spawnSync('sh', ['-e'], { cwd: folder, input: commands.join('\n'), encoding: 'utf8' });
  assert.equal(shell.status, 0, shell.stdout + shell.stderr);
  assert.match(shell.stdout, /HOLDS[\s\S]*Signature Verified Successfully/);
  assert.equal(python(folder, OTHER).code, 1);
  assert.equal(readFileSync(join(folder, 'policies', digest(policy)), 'utf8'), policy);
});

test('every file in it changed: python3 and `--check` both object', { skip }, async t => {
  const { make, out, log, policy } = kept(t);
  assert.equal((await make('--agent', 'crm-agent')).code, 0);
  const files = untar(readFileSync(out)) ?? [];
  const altered = (name: string, from: string, to: string): string => {
    const folder = unpacked(t, out);
    const text = readFileSync(join(folder, name), 'utf8');
    assert.ok(text.includes(from), `${name}: ${from}`);
    writeFileSync(join(folder, name), text.replace(from, to));
    writeFileSync(
      join(folder, 'again.tar'),
      tar(files.map(file => (file.name === name ? { name, bytes: readFileSync(join(folder, name)) } : file))),
    );
    return folder;
  };
  const changes: readonly (readonly [string, string, string])[] = [
    ['records.jsonl', 'crm-agent","code', 'crm-agenT","code'],
    ['records.jsonl', '"seq":6', '"seq":7'],
    ['records.jsonl', '\n{', '\n\n{'],
    ['evidence.json', '"index": 6', '"index": 7'],
    ['evidence.json', '"checkpoint": 9', '"checkpoint": 8'],
    ['evidence.json', '"path": [', '"path": ["47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",'],
    ['evidence.json', 'evidence-v1', 'evidence-v2'],
    ['checkpoints/9.txt', '\n9\n', '\n8\n'],
    ['checkpoints/9.txt', 'host/crm', 'host/CRM'],
    [`policies/${digest(policy)}`, 'deny', 'allow'],
  ];
  for (const [name, from, to] of changes) {
    const folder = altered(name, from, to);
    const said = python(folder, log.key);
    assert.equal(said.code, 1, `${name} ${from}: ${said.out}`);
    assert.match(said.out, /DOES NOT HOLD/);
    const checked = await cli(['export', '--check', join(folder, 'again.tar'), '--key', log.key]);
    assert.equal(checked.code, 1, `${name} ${from}: ${checked.out}`);
  }
});

test('a file left out, another key, none, no archive', async t => {
  const { make, check, out, log } = kept(t);
  assert.equal((await make('--agent', 'crm-agent')).code, 0);
  assert.equal((await check(OTHER)).code, 1);
  assert.equal((await cli(['export', '--check', out])).code, 2);
  assert.equal((await cli(['export', '--check', log.files[0] as string, '--key', log.key])).code, 1);
  const files = untar(readFileSync(out)) ?? [];
  for (const { name } of files) {
    if (name === 'README.txt' || name === 'check.py') continue;
    writeFileSync(out, tar(files.filter(file => file.name !== name)));
    assert.equal((await check()).code, 1, name);
  }
});

test('a policy that is not kept, or whose bytes are others, is missing: said, and 2', { skip }, async t => {
  const { make, check, out, log, policies, policy } = kept(t);
  writeFileSync(join(policies, digest(policy)), 'default: allow\nrules: []\n');
  const made = await make('--agent', 'crm-agent');
  assert.equal(made.code, 2);
  assert.match(made.err, new RegExp(`^MISSING: the policy ${digest(policy)}`));
  assert.match(fileIn(out, 'README.txt'), new RegExp(`MISSING: the policy ${digest(policy)}`));
  const checked = JSON.parse((await check()).out) as { ok: boolean; missing_policies: string[] };
  assert.deepEqual([checked.ok, checked.missing_policies], [true, [digest(policy)]]);
  assert.match(python(unpacked(t, out), log.key).out, /MISSING, a record names it/);
});

test('nothing fits, nothing asked, a tampered log: no file', async t => {
  const { make, log } = kept(t);
  assert.equal((await make('--agent', 'nobody')).code, 1);
  assert.equal((await make()).code, 64);
  assert.equal((await make('--agent', 'a b')).code, 64);
  assert.equal((await make('--request', "'; rm")).code, 64);
  assert.equal((await make('--since', 'yesterday')).code, 64);
  assert.equal((await make('--since', '2026-01-01T00:00:09Z')).code, 2, 'the last checkpoint is covered by none yet');
  writeFileSync(log.files[0] as string, readFileSync(log.files[0] as string, 'utf8').replace('/1"', '/9"'));
  const tampered = await make('--agent', 'crm-agent');
  assert.equal(tampered.code, 2);
  assert.match(tampered.err, /not what was written/);
});

test('a log whose key has changed is checked from its first key on', { skip }, async t => {
  const home = new Home();
  t.after(() => home.remove());
  const [first, second] = [testSigner('export first'), testSigner('export second')];
  const log = new AuditBuilder('host/crm-agent/0123456789abcdef', first).started().decision('a').checkpoint();
  log.rotate(second);
  log.decision('b').checkpoint();
  home.write('log.jsonl', fileOf(log.files.flat()));
  const out = home.path('e.tar');
  const key = toBase64(first.publicKey);
  const args = ['--agent', 'crm-agent', '--policies', home.dir, '--key', key, '--out', out];
  const made = await cli(['export', ...args, home.path('log.jsonl')]);
  assert.equal(made.code, 0, made.err);
  assert.equal((await cli(['export', '--check', out, '--key', key])).code, 0);
  const folder = unpacked(t, out);
  const said = python(folder, key);
  assert.equal(said.code, 0, said.out);
  const keys = readFileSync(join(folder, 'keys.jsonl'), 'utf8');
  writeFileSync(join(folder, 'keys.jsonl'), keys.replace('"signature":"', '"signature":"A'));
  assert.equal(python(folder, key).code, 1);
});

test('every policy that a real log names is kept under its hash, and goes into the evidence', { skip }, async t => {
  const policy = (name: string): string =>
    `default: deny\nrules:\n  - { name: ${name}, allow: { url: "h.example/**" } }\n`;
  const home = new Home({ 'policy.yaml': policy('one') });
  const checkrd = new Checkrd({ agentId: 'crm', configDir: home.dir });
  t.after(async () => {
    await checkrd.close();
    home.remove();
  });
  const guarded = checkrd.wrap(async () => new Response('ok'));
  const inForce = new Set<string | null>();
  for (const name of ['one', 'two', 'three']) {
    home.replace('policy.yaml', policy(name));
    await until(`${name} is in force`, () => checkrd.healthy().policySha256 === digest(policy(name)));
    inForce.add(digest(policy(name)));
    await (await guarded('https://h.example/x')).text();
  }
  await checkrd.close();
  const records = home.records('crm');
  const named = new Set(records.map(record => record.policy_sha256).filter(hash => hash !== undefined));
  assert.deepEqual(named, inForce);
  for (const hash of named) assert.equal(digest(readFileSync(home.path('state', 'policies', String(hash)))), hash);

  const log = home.path('audit', 'crm.jsonl');
  const out = home.path('evidence.tar');
  const env = { CHECKRD_CONFIG_DIR: home.dir };
  const key = home.path('keys', 'origin.pub');
  const made = await cli(['export', '--agent', 'crm', '--key', key, '--out', out, '--json', log], { env });
  assert.equal(made.code, 0, made.err + made.out);
  const said = JSON.parse(made.out) as { policies: string[]; missing_policies: string[]; records: number };
  assert.deepEqual([new Set(said.policies), said.missing_policies], [named, []]);
  // Three calls: a decision and an outcome each; start and stop of the agent.
  assert.equal(said.records, 8);
  const checked = python(unpacked(t, out), readFileSync(key, 'utf8').trim());
  assert.equal(checked.code, 0, checked.out);
});

test('examples/check_evidence.py is what goes into each file', () => {
  assert.equal(readFileSync('examples/check_evidence.py', 'utf8'), CHECK_SCRIPT);
});
