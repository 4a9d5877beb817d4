// T-07 of THREAT-MODEL.md.
/** Promise: whoever takes everything on the machine today, the key in force too, cannot rewrite what an earlier epoch signed. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { type LogKey, readLogKey } from '#src/agent/log/key-files.js';
import { verify } from '#src/cli/verify.js';
import { canonicalLine, type FlatRecord, parseLine } from '#src/core/audit/canonical.js';
import { signSuccession } from '#src/core/audit/key-rotation.js';
import { signCheckpoint } from '#src/core/audit/note.js';
import { signRecord } from '#src/core/audit/record-signature.js';
import { fromHex, toHex } from '#src/core/bytes.js';
import { sha256 } from '#src/crypto/sha256.js';
import { appendMany, type Place, place } from '../../support/audit-log.js';
import { runCommand } from '../../support/cli-command.js';
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
      return written;
    });
    writeFileSync(file, `${forged.join('\n')}\n`);
  }
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
