// T-76, T-80 of THREAT-MODEL.md: keys, signatures and versions by the commands of operators.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, statSync, watch, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { readEnvelope } from '#src/core/trust/dsse.js';
import { readEngineStatement } from '#src/core/trust/engine-payload.js';
import { ENGINE_PATH } from '#src/wasm/module.js';
import { cli } from '../support/cli.js';
import { ann, bob, inDays, policyText, SignedSite } from '../support/signed-site.js';
import { tempFolder } from '../support/temp.js';
import { until } from '../support/wait.js';

test('keygen, sign, check, roll out, reset', async t => {
  const site = new SignedSite(t);
  const cwd = site.folder;
  const run = (...args: string[]) => cli(args, { cwd, env: { CHECKRD_CONFIG_DIR: cwd } });
  site.write('checkrd.yaml', 'require_signature: true\n');
  assert.equal((await run('keygen', 'release.key')).code, 0);
  assert.equal(statSync(site.path('release.key')).mode & 0o7777, 0o600);
  site.write('policy.yaml', policyText(1));
  const check = () => run('check', '--require-signature', 'policy.yaml');
  const unsigned = await check();
  assert.equal(unsigned.code, 1);
  assert.match(unsigned.out, /policy_unsigned/);

  const signed = await run('sign', 'policy.yaml', '--key', 'release.key', '--expires', inDays(90));
  assert.equal(signed.code, 0, signed.err);
  assert.match(signed.out, /file {6}policy\.yaml, version 1\n.*weakening not allowed/s);
  assert.match((await check()).out, /policy_signature_refused/);
  site.write('trust/release.pub', readFileSync(site.path('release.key.pub'), 'utf8'));
  assert.equal((await check()).code, 0);
  assert.equal(await site.start(), '1 ok -');
  assert.equal((await run('check', '--require-signature', '--trust', tempFolder(t), 'policy.yaml')).code, 1);
  const status = await run('status', '--json');
  assert.equal(JSON.parse(status.out).signature.version, 1);
  assert.match(
    (await run('status')).out,
    /signed {4}version 1 by [0-9a-f]{16} \(1 of 2 trusted keys needed\), expires 20/,
  );

  // A second signature joins the first.
  writeFileSync(site.path('ann.key'), ann.secret, { mode: 0o600 });
  writeFileSync(site.path('bob.key'), bob.secret, { mode: 0o600 });
  site.write('trust/threshold', '2\n');
  assert.equal((await check()).code, 1);
  const second = await run('sign', 'policy.yaml', '--key', 'ann.key', '--json');
  assert.equal(JSON.parse(second.out).signatures.length, 2);
  assert.equal((await check()).code, 0);
  await run('sign', 'policy.yaml', '--key', 'ann.key');
  assert.equal(JSON.parse(readFileSync(site.path('policy.yaml.dsse'), 'utf8')).signatures.length, 2);
  // It signs what was stated first, and nothing else.
  const other = await run('sign', 'policy.yaml', '--key', 'bob.key', '--allow-weakening');
  assert.equal(other.code, 64);
  assert.equal((await run('sign', 'policy.yaml', '--key', 'bob.key', '--allow-weakening', '--anew')).code, 0);
  assert.equal(JSON.parse(readFileSync(site.path('policy.yaml.dsse'), 'utf8')).signatures.length, 1);
  // Another text begins a new envelope.
  site.write('policy.yaml', policyText(2));
  await run('sign', 'policy.yaml', '--key', 'ann.key');
  assert.equal(JSON.parse(readFileSync(site.path('policy.yaml.dsse'), 'utf8')).signatures.length, 1);
  site.write('trust/threshold', '1\n');
  assert.equal(await site.start(true), '2 ok -');

  site.put(policyText(1));
  assert.equal(await site.start(true), '2 degraded policy_version_rolled_back');
  assert.equal((await run('policy', 'reset-version', 'policy.yaml', '--reason', 'drill')).code, 0);
  assert.equal(await site.start(true), '1 ok -');
  assert.deepEqual(
    readdirSync(cwd).filter(name => name.includes('.tmp')),
    [],
  );
});

test('what cannot be signed is not, and says why', async t => {
  const site = new SignedSite(t);
  const run = (...args: string[]) => cli(args, { cwd: site.folder });
  writeFileSync(site.path('ann.key'), ann.secret, { mode: 0o600 });
  writeFileSync(site.path('open.key'), ann.secret, { mode: 0o644 });
  site.write('broken.yaml', 'default: deny\nrule: []\n');
  site.write('unnumbered.yaml', policyText(null));
  site.write(
    'failing.yaml',
    `${policyText(1)}tests:\n  - { name: t, request: { url: "https://a.example/x" }, expect: { result: deny } }\n`,
  );
  site.write('policy.yaml', policyText(1));
  const key = ['--key', 'ann.key'];
  const rows: readonly (readonly [code: number, says: RegExp, ...args: string[]])[] = [
    [1, /unknown_key/, 'broken.yaml', ...key],
    [1, /test_failed/, 'failing.yaml', ...key],
    [1, /has no `version`/, 'unnumbered.yaml', ...key],
    [2, /policy_missing|no policy file|cannot/, 'nowhere.yaml', ...key],
    [2, /chmod 600/, 'policy.yaml', '--key', 'open.key'],
    [64, /--key is missing/, 'policy.yaml'],
    [64, /RFC 3339/, 'policy.yaml', ...key, '--expires', 'tomorrow'],
    [64, /in the past/, 'policy.yaml', ...key, '--expires', '2020-01-01T00:00:00Z'],
  ];
  for (const [code, says, ...args] of rows) {
    const got = await run('sign', ...args);
    assert.equal(got.code, code, `${args.join(' ')}: ${got.out}${got.err}`);
    assert.match(got.out + got.err, says);
  }
  assert.deepEqual(
    readdirSync(site.folder).filter(name => name.endsWith('.dsse')),
    [],
  );
  assert.equal((await run('policy', 'forget')).code, 64);
  assert.equal((await run('policy', 'reset-version', 'a/b')).code, 64);
});

test('check --against says what is changed, and which way', async t => {
  const folder = tempFolder(t);
  const write = (name: string, text: string) => writeFileSync(join(folder, name), text);
  write('old.yaml', policyText(1, ['a.example', 'b.example'], 'agents: [ci]\n'));
  write(
    'new.yaml',
    `default: allow\nversion: 2\nagents: [ci, "bot-*"]\nrules:
  - { name: a.example, allow: { url: "https://a.example/**", method: GET } }
  - { name: no, deny: { method: DELETE } }
  - { name: slow, limit: { calls_per_minute: 10, per: host } }
`,
  );
  const run = (...args: string[]) => cli(['check', ...args], { cwd: folder });
  const wider = await run('--against', 'old.yaml', 'new.yaml');
  assert.equal(wider.code, 1);
  for (const line of [
    '`default` was deny and is allow: lets more pass',
    '`agents` was ci and is ci, bot-*: lets more pass',
    "rule 'a.example' (allow) is changed: lets no more pass",
    "rule 'no' (deny) is new: lets no more pass",
    "rule 'slow' (limit of 10 a minute) is new: lets no more pass",
    "rule 'b.example' (allow) is gone: lets no more pass",
    'together: it may let more pass',
  ]) {
    assert.ok(wider.out.includes(line), `${line}\n${wider.out}`);
  }
  const narrower = await run('--json', '--against', 'old.yaml', 'old.yaml');
  assert.equal(narrower.code, 0);
  assert.deepEqual(JSON.parse(narrower.out).against, { weaker: false, changes: [] });
  assert.equal((await run('--against', 'gone.yaml', 'old.yaml')).code, 1);
  assert.equal((await run('--against', 'old.yaml', 'old.yaml', 'new.yaml')).code, 64);
});

test('the commands of docs/signing.md, one after the other', async t => {
  const site = new SignedSite(t);
  site.write('policy.yaml', policyText(12));
  const env = { CHECKRD_CONFIG_DIR: site.folder };
  const commands = readFileSync('docs/signing.md', 'utf8').match(/(?<=^\$ ).+$/gm) ?? [];
  assert.ok(commands.length > 10);
  for (const command of commands) {
    if (command.includes('reset-version')) assert.equal(await site.start(), '12 ok -');
    if (command.startsWith('checkrd ')) {
      const words = [...command.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '');
      const got = await cli(words.slice(1), { cwd: site.folder, env });
      assert.equal(got.code, 0, `${command}: ${got.out}${got.err}`);
    } else assert.equal(spawnSync('sh', ['-c', command], { cwd: site.folder }).status, 0, command);
  }
  site.put(policyText(11), null);
  for (const key of ['release.key', 'second.key']) {
    assert.equal((await cli(['sign', 'policy.yaml', '--key', key], { cwd: site.folder })).code, 0);
  }
  assert.equal(await site.start(true), '11 ok -');
});

test('an engine is signed once it has answered as every engine must', async t => {
  const cwd = tempFolder(t);
  writeFileSync(join(cwd, 'bob.key'), bob.secret, { mode: 0o600 });
  writeFileSync(join(cwd, 'engine.wasm'), readFileSync(ENGINE_PATH));
  writeFileSync(join(cwd, 'bad.wasm'), readFileSync(ENGINE_PATH).subarray(0, 1000));
  const sign = (...args: string[]) => cli(['sign', '--key', 'bob.key', ...args], { cwd });
  const { out, code } = await sign('--engine', 'engine.wasm', '--json');
  assert.equal(code, 0);
  const { sha256, abi, signatures } = JSON.parse(out) as { sha256: string; abi: number; signatures: readonly string[] };
  assert.deepEqual(signatures, [bob.keyId]);
  const read = readEnvelope(readFileSync(join(cwd, 'engine.wasm.dsse')));
  const said = read.ok ? readEngineStatement(read.envelope.payload) : null;
  assert.ok(said?.ok && said.statement.sha256 === sha256 && said.statement.abi === abi);
  const bad = await sign('--engine', 'bad.wasm');
  assert.equal(bad.code, 2);
  assert.match(bad.err, /it does not compile/);
  assert.ok(!readdirSync(cwd).includes('bad.wasm.dsse'));
  for (const args of [[], ['policy.yaml', '--engine', 'engine.wasm'], ['--engine', 'engine.wasm', '--allow-weakening']])
    assert.equal((await sign(...args)).code, 64);
});

test('what signing a layer leaves for a moment in its folder is no layer to those who follow it', async t => {
  const folder = tempFolder(t);
  const layers = join(folder, 'policy.d');
  mkdirSync(layers);
  writeFileSync(join(layers, '10-a.yaml'), policyText(1));
  writeFileSync(join(folder, 'ann.key'), ann.secret, { mode: 0o600 });
  const seen = new Set<string>();
  const watcher = watch(layers, (_, name) => seen.add(name ?? ''));
  t.after(() => watcher.close());
  const signed = await cli(['sign', 'policy.d/10-a.yaml', '--key', 'ann.key'], { cwd: folder });
  assert.equal(signed.code, 0, signed.err);
  await until('the envelope is seen', () => seen.has('10-a.yaml.dsse'));
  const others = [...seen].filter(name => !name.startsWith('10-a.yaml'));
  assert.ok(others.length > 0, 'the temporary file is seen');
  for (const name of seen) assert.match(name, /^(\.|10-a\.yaml(\.dsse)?$)/);
});
