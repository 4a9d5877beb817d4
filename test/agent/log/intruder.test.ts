// T-07 of THREAT-MODEL.md.
/** Promise: whoever takes everything on the machine today, the key in force too, cannot rewrite what an earlier epoch signed. */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { openAuditLog } from '#src/agent/audit-log.js';
import { type LogKey, readLogKey } from '#src/agent/log/key-files.js';
import { Checkrd } from '#src/checkrd.js';
import { verify } from '#src/cli/verify.js';
import { canonicalLine, type FlatRecord, parseLine } from '#src/core/audit/canonical.js';
import { signSuccession } from '#src/core/audit/key-rotation.js';
import { signCheckpoint } from '#src/core/audit/note.js';
import { signRecord } from '#src/core/audit/record-signature.js';
import { fromHex, toHex } from '#src/core/bytes.js';
import { sha256 } from '#src/crypto/sha256.js';
import { appendMany, type Place, place, settingsAt } from '../../support/audit-log.js';
import { runCommand } from '../../support/cli-command.js';
import { Home } from '../../support/home.js';
import { treeRoot } from '../../support/read-log.js';

const leaf = (line: string): string => createHash('sha256').update('\0').update(line).digest('hex');
const filesOf = (at: Place): string[] => [`${at.path}.1`, `${at.path}.2`, at.path];

/** Three files, three epochs. */
function threeEpochs(at: Place): void {
  const log = at.open();
  appendMany(log, 5);
  for (let n = 1; n <= 2; n += 1) {
    renameSync(at.path, `${at.path}.${n}`);
    log.reopen();
    appendMany(log, 5, n * 10);
  }
  log.close();
}

/** The whole log anew with r-1 denied, chained, and signed with `stolen` where `signs` says so. */
function rewrite(at: Place, stolen: LogKey, signs: 'nothing' | 'by its name' | 'as its own'): void {
  const leaves: string[] = [];
  const rotations: string[] = [];
  for (const file of filesOf(at)) {
    const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1);
    const forged = lines.map(line => {
      const parsed = parseLine(line.replace(/("policy_result":)"allow"(.*"request_id":"r-1")/, '$1"deny"$2'));
      assert.ok(parsed.ok);
      const record: Record<string, FlatRecord[string]> = { ...parsed.record };
      if (leaves.length > 0) record.prev = leaves.at(-1) as string;
      if (record.type === 'segment_closed') record.head = record.prev as string;
      if (signs === 'as its own' && record.public_key !== undefined) {
        record.public_key = stolen.publicKeyText;
        record.key_id = stolen.id;
      }
      if (record.type === 'checkpoint') {
        const size = Number(record.size);
        const root = treeRoot(leaves.slice(0, size).map(hash => Buffer.from(hash, 'hex')));
        record.head = leaves[size - 1] as string;
        record.root = root.toString('hex');
        if (signs === 'as its own') record.key_id = stolen.id;
        const head = { origin: String(record.log), size, root: fromHex(toHex(root)) as Uint8Array };
        if (signs !== 'nothing') record.note = signCheckpoint(sha256, stolen.sign, stolen.publicKey, head);
      }
      if (record.type === 'key_rotated' && signs !== 'nothing') {
        const publicKey = Buffer.from(String(record.public_key), 'base64');
        const at = { origin: String(record.log), seq: Number(record.seq), prev: String(record.prev), publicKey };
        record.signature = signSuccession(stolen.sign, at);
      }
      if (record.sig !== undefined && signs !== 'nothing') record.sig = signRecord(stolen.sign, record);
      const written = canonicalLine(record);
      leaves.push(leaf(written));
      if (record.type === 'key_rotated') rotations.push(`${written}\n`);
      return written;
    });
    writeFileSync(file, `${forged.join('\n')}\n`);
  }
  // What lies beside the log is the intruder's too.
  writeFileSync(`${at.path}.epochs`, rotations.join(''));
  rmSync(`${at.path}.state`);
}

for (const signs of ['nothing', 'by its name', 'as its own'] as const) {
  test(`the key in force, and the past written anew, signing ${signs}: tampered, by the anchor of before`, async t => {
    const at = place(t);
    threeEpochs(at);
    const anchor = readFileSync(join(at.folder, 'keys', 'origin.pub'), 'utf8').trim();
    const args = ['--json', '--key', anchor, ...filesOf(at)];
    assert.equal((await runCommand(verify, args)).code, 0);
    const keys = readdirSync(join(at.folder, 'keys')).filter(name => name.endsWith('.key'));
    assert.equal(keys.length, 1, 'all that is left to steal');
    const stolen = readLogKey(join(at.folder, 'keys', keys[0] as string));
    assert.notEqual(stolen.publicKeyText, anchor);
    rewrite(at, stolen, signs);
    const run = await runCommand(verify, args);
    assert.equal(run.code, 1, run.out.join('\n'));
    assert.match(run.out.join(''), /bad_signature|wrong_key|wrong_epoch/);
  });
}

test('no trace of an earlier key is left in the folders', t => {
  const at = place(t);
  const log = at.open();
  appendMany(log, 2);
  const keys = join(at.folder, 'keys');
  const name = readdirSync(keys).find(file => file.endsWith('.0.key')) as string;
  const secret = readFileSync(join(keys, name), 'utf8').trim();
  renameSync(at.path, `${at.path}.1`);
  log.reopen();
  log.close();
  for (const folder of [keys, dirname(at.path)]) {
    for (const file of readdirSync(folder)) assert.ok(!readFileSync(join(folder, file), 'utf8').includes(secret), file);
  }
});

test('everything is deleted and written anew by our own writer, under the same name: only what was kept before shows it', async t => {
  const home = new Home({
    'policy.yaml': 'default: allow\nrules: []\n',
    'checkrd.yaml': 'audit: { rotate_bytes: 65536 }\n',
  });
  t.after(() => home.remove());
  const checkrd = new Checkrd({ agentId: 'a', configDir: home.dir });
  const { origin, path } = checkrd.healthy().audit;
  const guarded = checkrd.wrap(async () => new Response('sent'));
  for (let n = 0; n < 150; n += 1) await (await guarded('http://a.example/x')).text();
  await checkrd.close();
  const files = () => {
    const names = readdirSync(home.path('audit')).filter(name => /^a\.\d+\.jsonl$/.test(name));
    return names.map(name => home.path('audit', name));
  };
  assert.ok(files().length >= 3, `${files().length} files, an epoch each`);
  const verdict = async (...args: string[]): Promise<readonly [number, string]> => {
    const run = await runCommand(verify, ['--json', ...args, ...files()]);
    return [run.code as number, run.out.join('')];
  };
  const anchor = readFileSync(home.path('keys', 'origin.pub'), 'utf8').trim();
  const [code, said] = await verdict('--key', anchor);
  assert.equal(code, 0, said);
  const { size, root } = (JSON.parse(said) as { logs: [{ size: number; root: string }] }).logs[0];

  for (const folder of ['audit', 'keys']) rmSync(home.path(folder), { recursive: true });
  const [host = '', agent = '', id = ''] = origin.split('/');
  const forger = openAuditLog({
    ...settingsAt(home.dir),
    path,
    host,
    agent,
    rotation: { maxBytes: 65_536, daily: false },
    random: bytes => (bytes === 8 ? new Uint8Array(Buffer.from(id, 'hex')) : new Uint8Array(randomBytes(bytes))),
  });
  assert.equal(forger.origin, origin);
  appendMany(forger, 450);
  forger.close();
  const [own] = await verdict('--key', home.path('keys', 'origin.pub'));
  assert.equal(own, 0, "today's key says nothing about yesterday");
  assert.equal((await verdict())[0], 2);
  const [byKey, why] = await verdict('--key', anchor);
  assert.equal(byKey, 1);
  assert.match(why, /wrong_key/);
  for (const keys of [[], ['--key', home.path('keys', 'origin.pub')]]) {
    const [byHead, whyHead] = await verdict('--expect', `${size}:${root}`, ...keys);
    assert.equal(byHead, 1);
    assert.match(whyHead, /expect_mismatch/);
  }
});
