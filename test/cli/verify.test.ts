// T-37 of THREAT-MODEL.md.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { openAuditLog } from '#src/agent/audit-log.js';
import { Misuse } from '#src/cli/args.js';
import { keygen } from '#src/cli/keygen.js';
import { verify } from '#src/cli/verify.js';
import { toBase64 } from '#src/core/bytes.js';
import { readKeyFile, readPublicKey } from '#src/crypto/read-keys.js';
import { AuditBuilder, testSigner } from '../support/audit-builder.js';
import { decision, settingsAt } from '../support/audit-log.js';
import { runCommand } from '../support/cli-command.js';
import { fileOf } from '../support/verify-bytes.js';

const folder = mkdtempSync(join(tmpdir(), 'checkrd-verify-'));
after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 10 }));
const at = (name: string): string => join(folder, name);

const signer = testSigner('epoch 0');
const key = toBase64(signer.publicKey);
const origin = 'host/crm-agent/0123456789abcdef';
const log = new AuditBuilder(origin, signer).started().decision('a').checkpoint().turn().decision('b').turn();
log.decision('c').checkpoint();
const names = log.files.map((lines, i) => {
  writeFileSync(at(`audit.${i}.jsonl`), fileOf(lines));
  return at(`audit.${i}.jsonl`);
});
const other = new AuditBuilder('host/other/fedcba9876543210', testSigner('other')).started().decision('x').checkpoint();
writeFileSync(at('other.jsonl'), fileOf(other.files[0] as string[]));

test('files in any order, and one of them twice', async () => {
  symlinkSync(names[2] as string, at('audit.jsonl'));
  const run = await runCommand(verify, ['--key', key, at('audit.jsonl'), ...names.toReversed()]);
  assert.equal(run.code, 0, run.out.join('\n'));
  assert.ok(run.out.includes(`intact  up to ${log.size} of ${log.size} records`));
  assert.ok(run.out.includes(`head    ${log.size}:${log.root()}`));
  assert.ok(run.out.includes('end     not attested'));
  assert.equal(run.out.at(-1), 'INTACT');
});

test('each file verifies alone, and says where it begins', async () => {
  for (const [i, name] of names.entries()) {
    const run = await runCommand(verify, ['--key', key, name]);
    assert.equal(run.code, 0, run.out.join('\n'));
    assert.equal(
      run.out.some(line => line.startsWith('begins ')),
      i > 0,
    );
  }
});

test('a file left out of the middle is a gap', async () => {
  const run = await runCommand(verify, ['--json', '--key', key, names[0] as string, names[2] as string]);
  assert.equal(run.code, 1);
  const [report] = JSON.parse(run.out[0] as string).logs;
  assert.equal(report.findings[0].code, 'missing');
  assert.equal(report.findings[0].place.file, names[2]);
  assert.equal(report.gaps[0].from, log.files[0]?.length);
  assert.equal(report.findingCount, 1, 'the last file is in order by its own frontier');
});

test('without a key: consistent, origin unproven, exit 2', async () => {
  const run = await runCommand(verify, names);
  assert.equal(run.code, 2);
  assert.match(run.out.at(-1) as string, /^CANNOT SAY: consistent, origin unproven/);
});

test('the key comes from a file, or from trust/log', async () => {
  writeFileSync(at('log.pub'), `${key}\n`);
  assert.equal((await runCommand(verify, ['--key', 'log.pub', ...names], { cwd: folder })).code, 0);
  mkdirSync(at('config/trust/log'), { recursive: true });
  writeFileSync(at('config/trust/log/here.pub'), `${key}\n`);
  const env = { CHECKRD_CONFIG_DIR: at('config') };
  assert.equal((await runCommand(verify, names, { env })).code, 0);
  writeFileSync(at('config/trust/log/spoiled.pub'), 'hello\n');
  await assert.rejects(runCommand(verify, names, { env }), { code: 'public_key_invalid' });
  const wrong = await runCommand(verify, ['--key', toBase64(testSigner('other').publicKey), ...names]);
  assert.equal(wrong.code, 1);
  assert.match(wrong.out[0] as string, /audit\.0\.jsonl:1: wrong_key: /);
});

test('--expect finds a shortened end', async () => {
  const head = `${log.size}:${log.root()}`;
  const whole = await runCommand(verify, ['--key', key, '--expect', head, ...names]);
  assert.equal(whole.code, 0);
  assert.ok(whole.out.includes('end     attested'));
  const base64 = Buffer.from(log.root(), 'hex').toString('base64');
  assert.equal((await runCommand(verify, ['--key', key, '--expect', `${log.size}:${base64}`, ...names])).code, 0);
  const cut = await runCommand(verify, ['--key', key, '--expect', head, ...names.slice(0, 2)]);
  assert.equal(cut.code, 1);
  assert.match(cut.out[0] as string, /^truncated: /);
  const late = await runCommand(verify, ['--key', key, '--expect', `2:${log.root(2)}`, names[2] as string]);
  assert.equal(late.code, 2);
});

test('two logs are told apart, and --expect does not guess which', async () => {
  const run = await runCommand(verify, ['--json', '--key', key, ...names, at('other.jsonl')]);
  const { logs } = JSON.parse(run.out[0] as string);
  assert.deepEqual(
    logs.map((l: { origin: string; verdict: string }) => [l.origin, l.verdict]),
    [
      [origin, 'intact'],
      [other.origin, 'tampered'],
    ],
  );
  assert.equal(run.code, 1);
  const args = ['--expect', `1:${'0'.repeat(64)}`, ...names, at('other.jsonl')];
  await assert.rejects(runCommand(verify, args), Misuse);
});

test('a torn end, an empty file, no log at all, no file', async () => {
  writeFileSync(at('torn.jsonl'), Buffer.concat([fileOf(log.files[0] as string[]), Buffer.from('{"v":1,')]));
  const torn = await runCommand(verify, ['--key', key, at('torn.jsonl')]);
  assert.equal(torn.code, 2);
  assert.match(torn.out[0] as string, /torn\.jsonl:\d+: torn_tail: 7 bytes/);
  writeFileSync(at('empty.jsonl'), '');
  assert.equal((await runCommand(verify, [at('empty.jsonl')])).code, 2);
  writeFileSync(at('text.txt'), 'hello\nworld\n');
  assert.equal((await runCommand(verify, [at('text.txt')])).code, 2);
  const stray = await runCommand(verify, ['--key', key, ...names, at('text.txt')]);
  assert.equal(stray.code, 1);
  assert.match(stray.out[0] as string, /text\.txt:1: foreign: not JSON/);
  await assert.rejects(runCommand(verify, [at('absent')]), { code: 'log_unreadable' });
  await assert.rejects(runCommand(verify, [folder]), { code: 'log_unreadable' });
});

test('a line of 40 MiB is one bad line', async () => {
  const [first, ...rest] = log.files[0] as string[];
  writeFileSync(at('long.jsonl'), fileOf([first as string, 'x'.repeat(40 * 1024 * 1024), ...rest]));
  const run = await runCommand(verify, ['--key', key, at('long.jsonl')]);
  const named = run.out.filter(line => line.includes('.jsonl:'));
  assert.deepEqual(named, [`${at('long.jsonl')}:2: foreign: longer than any record`]);
});

test('what a hostile file says reaches no terminal raw', async () => {
  const evil = new AuditBuilder('host/\u001b[2J/0123456789abcdef', testSigner('evil')).started().decision('x');
  const lines = (log.files[0] as string[]).toSpliced(2, 0, evil.files[0]?.[1] as string);
  writeFileSync(at('evil.jsonl'), fileOf(lines));
  const args = ['--key', key, at('evil.jsonl')];
  const run = await runCommand(verify, args, { stdoutIsTTY: true, env: { NO_COLOR: '1' } });
  assert.equal(run.code, 1);
  assert.ok(run.out.every(line => !line.includes('\u001b')));
});

for (const args of [[], ['--expect', 'x', 'f'], ['--expect', '1:00', 'f'], ['--expect', `01:${'0'.repeat(64)}`, 'f']]) {
  test(`misuse: ${args.join(' ')}`, () => assert.rejects(runCommand(verify, args), Misuse));
}

test('what the writer wrote is intact under its key, and one byte changed is named', async () => {
  const writer = openAuditLog(settingsAt(at('written')));
  for (let i = 0; i < 20; i++) writer.append(decision(i));
  writer.close();
  const args = ['--key', writer.publicKey, writer.path];
  const run = await runCommand(verify, args);
  assert.equal(run.code, 0, run.out.join('\n'));
  const lines = readFileSync(writer.path, 'utf8').split('\n');
  const spoiled = lines.with(6, (lines[6] as string).replace('"r-', '"s-'));
  assert.notDeepEqual(spoiled, lines);
  writeFileSync(writer.path, spoiled.join('\n'));
  const found = await runCommand(verify, args);
  assert.equal(found.code, 1);
  assert.match(found.out[0] as string, /:7: edited: /);
});

test('keygen makes a pair that reads back, and never writes over one', async () => {
  const run = await runCommand(keygen, ['k'], { cwd: folder });
  assert.equal(run.code, 0);
  assert.equal(statSync(at('k')).mode & 0o777, 0o600);
  assert.deepEqual(readPublicKey(at('k.pub')), readKeyFile(at('k')).publicKey);
  assert.equal(run.out[0], toBase64(readPublicKey(at('k.pub'))));
  await assert.rejects(runCommand(keygen, [at('k')]), { code: 'key_file_exists' });
  rmSync(at('k'));
  await assert.rejects(runCommand(keygen, [at('k')]), { code: 'key_file_exists' });
  assert.throws(() => statSync(at('k')), 'no secret stays beside another key’s public half');
});
