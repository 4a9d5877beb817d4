import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { toBase64 } from '#src/core/bytes.js';
import { AuditBuilder, testSigner } from '../support/audit-builder.js';
import { cli } from '../support/cli.js';
import { evidenceLog, REQUESTS } from '../support/evidence-log.js';
import { Home } from '../support/home.js';
import { fileOf } from '../support/verify-bytes.js';

const OTHER = toBase64(testSigner('other').publicKey);

test('a request is proven and the proof checked with nothing but the key', async t => {
  const log = evidenceLog(t);
  for (const request of REQUESTS) {
    const made = await cli(['prove', '--request', request, '--key', log.key, ...log.files]);
    assert.deepEqual([made.code, made.err], [0, '']);
    assert.match(made.out, /"format": "checkrd-inclusion-v1"/);
    const proof = log.write('proof.json', made.out);
    const checked = await cli(['prove', '--check', proof, '--key', log.key]);
    assert.equal(checked.code, 0, checked.out);
    assert.match(checked.out, /^HOLDS: record \d is in host\/crm-agent\/0123456789abcdef as of 9 records/);
    const piped = await cli(['prove', '--check', '-', '--key', log.key, '--json'], { stdin: made.out });
    assert.equal((JSON.parse(piped.out) as { record: { request_id: string } }).record.request_id, request);
    assert.equal((await cli(['prove', '--check', proof, '--key', OTHER])).code, 1);
    assert.equal((await cli(['prove', '--check', proof])).code, 2);
  }
});

test('as a tlog-proof, with the record beside it', async t => {
  const log = evidenceLog(t);
  const made = await cli(['prove', '--seq', '2', '--format', 'tlog-proof', '--key', log.key, ...log.files]);
  assert.equal(made.code, 0, made.err);
  assert.match(made.out, /^c2sp\.org\/tlog-proof@v1\nindex 2\n/);
  const proof = log.write('x.tlog-proof', made.out);
  const lines = readFileSync(log.files[0] as string, 'utf8').split('\n');
  const [right, wrong] = [log.write('right', `${lines[2]}\n`), log.write('wrong', `${lines[1]}\n`)];
  assert.equal((await cli(['prove', '--check', proof, '--key', log.key, right])).code, 0);
  assert.equal((await cli(['prove', '--check', proof, '--key', log.key, wrong])).code, 1);
  assert.equal((await cli(['prove', '--check', proof, '--key', log.key])).code, 2);
  const json = await cli(['prove', '--seq', '2', '--format', 'tlog-proof', '--json', '--key', log.key, ...log.files]);
  assert.equal((JSON.parse(json.out) as { proof: string }).proof, made.out);
});

test('that the log only grew, against a head that was kept', async t => {
  const log = evidenceLog(t);
  const kept = JSON.parse((await cli(['verify', '--json', '--key', log.key, log.files[0] as string])).out);
  const { size, root } = kept.logs[0] as { size: number; root: string };
  const made = await cli(['prove', '--old', String(size), '--key', log.key, ...log.files]);
  assert.equal(made.code, 0, made.err);
  const check = (...more: string[]) => cli(['prove', '--check', '-', '--key', log.key, ...more], { stdin: made.out });
  assert.match((await check('--expect', `${size}:${root}`)).out, /^HOLDS: .*, as you kept it, is the beginning/);
  assert.match((await check()).out, /as the proof itself says it/);
  assert.equal((await check('--expect', `${size}:${'0'.repeat(64)}`)).code, 1);
  assert.equal((await check('--expect', `${size - 1}:${root}`)).code, 1);
  const named = await cli(['prove', '--old', '2', '--size', '4', '--key', log.key, ...log.files]);
  assert.match(named.out, /\\n4\\n/);
});

test('from a later file alone: its own records, and not those before', async t => {
  const log = evidenceLog(t);
  const late = log.files[1] as string;
  const made = await cli(['prove', '--seq', '6', '--key', log.key, late]);
  const whole = await cli(['prove', '--seq', '6', '--key', log.key, ...log.files]);
  assert.deepEqual([made.code, made.out], [0, whole.out]);
  assert.equal((await cli(['prove', '--seq', '2', '--key', log.key, late])).code, 2);
  assert.match((await cli(['prove', '--old', '3', '--key', log.key, late])).err, /no tree of 3 records/);
});

test('what cannot be proven is said, and nothing is printed', async t => {
  const log = evidenceLog(t);
  const refused = async (args: readonly string[], why: RegExp, code = 2) => {
    const run = await cli(['prove', ...args]);
    assert.deepEqual([run.code, run.out], [code, ''], run.err);
    assert.match(run.err, why);
  };
  await refused(['--seq', '1', ...log.files], /no key was given/);
  await refused(['--seq', '99', '--key', log.key, ...log.files], /record 99 is not in these files/);
  await refused(['--seq', '9', '--key', log.key, ...log.files], /no checkpoint covers the record 9 yet/);
  await refused(['--request', 'x\u001b[2J', '--key', log.key, ...log.files], /request x%1B\[2J is not/);
  await refused(['--seq', '1', '--key', OTHER, ...log.files], /wrong_key/);
  await refused(['--seq', '1', '--size', '3', '--key', log.key, ...log.files], /no checkpoint covers/);
  await refused(['--seq', '1', '--old', '1', ...log.files], /one of --request/, 64);
  await refused(['--seq', '1', '--key', log.key], /at least one file/, 64);
  await refused(['--seq', '1', '--format', 'witness', '--key', log.key, ...log.files], /json or tlog-proof/, 64);
  const changed = join(log.folder, 'changed.jsonl');
  writeFileSync(changed, readFileSync(log.files[0] as string, 'utf8').replace('/1"', '/9"'));
  await refused(['--seq', '1', '--key', log.key, changed, log.files[1] as string], /not what was written: edited/);
  // Even then nothing false leaves.
  await refused(
    ['--seq', '1', '--unverified', '--key', log.key, changed, log.files[1] as string],
    /do not lead to the root/,
  );
});

test('a record of a later epoch, its own file alone: by the certificates beside it, and not without them', async t => {
  const home = new Home();
  t.after(() => home.remove());
  const [first, second] = [testSigner('prove first'), testSigner('prove second')];
  const log = new AuditBuilder('host/crm-agent/0123456789abcdef', first).started().decision('a').turn();
  log.rotate(second);
  log.decision('b').checkpoint();
  home.write('audit.jsonl.1', fileOf(log.files[0] as string[]));
  home.write('audit.jsonl', fileOf(log.files[1] as string[]));
  const key = toBase64(first.publicKey);
  const args = ['prove', '--seq', '6', '--key', key];
  const both = await cli([...args, home.path('audit.jsonl.1'), home.path('audit.jsonl')]);
  assert.equal(both.code, 0, both.err);
  assert.match(JSON.parse(both.out).record, /"matched_rule":"b"/);
  const checked = await cli(['prove', '--check', '-', '--json', '--key', key], { stdin: both.out });
  assert.deepEqual([checked.code, JSON.parse(checked.out).in_epoch], [0, true]);

  // The first record after the rotation was lost with its file: only `.epochs` leads on.
  log.turn();
  log.decision('c').checkpoint();
  home.write('late/audit.jsonl', fileOf(log.files[2] as string[]));
  const late = ['prove', '--seq', String(log.size - 2), '--key', key, '--unverified', home.path('late', 'audit.jsonl')];
  const without = await cli(late);
  assert.equal(without.code, 2);
  assert.match(without.err, /nor by one that it leads to/);
  home.write('late/audit.jsonl.epochs', `${log.epochs[0]}\n`);
  const beside = await cli(late);
  assert.equal(beside.code, 0, beside.err);
  assert.deepEqual((JSON.parse(beside.out) as { keys: string[] }).keys, log.epochs);
});
