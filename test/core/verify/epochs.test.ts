// T-07 of THREAT-MODEL.md.
/** Promise: only the key of an epoch signs it, and each key answers to the one before. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FlatRecord } from '#src/core/audit/canonical.js';
import { NOTHING_BESIDE } from '#src/core/verify/end-evidence.js';
import type { VerifyOptions } from '#src/core/verify/verify-log.js';
import { AuditBuilder, testSigner } from '../../support/audit-builder.js';
import { leftOut } from '../../support/every-byte.js';
import { fileOf, firstOf, verifyBytes } from '../../support/verify-bytes.js';

const origin = 'host/crm-agent/0123456789abcdef';
const keys = [0, 1, 2, 3].map(n => testSigner(`epoch ${n}`));
const [k0, k1, k2, k3] = keys as [(typeof keys)[0], (typeof keys)[0], (typeof keys)[0], (typeof keys)[0]];
const pinned: VerifyOptions = { origin, keys: [k0.publicKey], expect: null };

const begun = () => new AuditBuilder(origin, k0).started().decision('a').decision('b').checkpoint();
/** Three epochs in three files. */
const three = () => begun().turnEpoch(k1).decision('c').checkpoint().turnEpoch(k2).decision('d').checkpoint();
const verify = (log: AuditBuilder, options = pinned) => verifyBytes(log.files.map(fileOf), options);
const epochsOf = (log: AuditBuilder): Uint8Array[] => log.epochs.map(line => Buffer.from(line));
const withEpochs = (epochs: readonly Uint8Array[], judgesEnd = true): VerifyOptions => ({
  ...pinned,
  beside: { ...NOTHING_BESIDE, epochs, judgesEnd },
});

test('from the anchor key each epoch follows, to the end', () => {
  const log = three();
  const report = verify(log);
  assert.deepEqual(report.findings, []);
  assert.equal(report.verdict, 'intact');
  assert.deepEqual([report.signedTo, report.keyIds.length], [log.size, 3]);
  const unpinned = verify(log, { ...pinned, keys: [] });
  assert.deepEqual([unpinned.verdict, unpinned.findings.length, unpinned.signedTo], ['cannot_say', 0, log.size]);
});

test('an epoch may end within a file', () => {
  const log = begun().rotate(k1).checkpoint().decision('c').rotate(k2).checkpoint().decision('d').checkpoint();
  assert.equal(verify(log).verdict, 'intact');
});

test('without the file of the anchor, the .epochs file leads to a late one; nothing else does', () => {
  const log = three();
  for (const n of [1, 2]) {
    const late = [fileOf(log.files[n] as string[])];
    const alone = verifyBytes(late, pinned);
    assert.equal(alone.verdict, n === 1 ? 'intact' : 'cannot_say');
    if (n === 2) assert.equal(firstOf(alone), 'wrong_key file0:1');
    if (n === 2) assert.equal(alone.signedTo, alone.firstSeq, 'what an unproven key signs is not signed');
    const led = verifyBytes(late, withEpochs(epochsOf(log), n === 2));
    assert.deepEqual([led.verdict, led.findings.length, led.signedTo > led.firstSeq], ['intact', 0, true]);
    // The key of that epoch, had before the intrusion, serves as well.
    const own = verifyBytes(late, { ...pinned, keys: [(keys[n - 1] as typeof k0).publicKey] });
    assert.equal(own.verdict, 'intact');
  }
  const forged = new AuditBuilder(origin, testSigner('intruder')).rotate(k1, { epoch: 1 }).rotate(k2, { epoch: 2 });
  assert.equal(verifyBytes([fileOf(log.files[2] as string[])], withEpochs(epochsOf(forged))).verdict, 'cannot_say');
  const other = new AuditBuilder('host/other/fedcba9876543210', k0).rotate(k1).rotate(k2);
  assert.equal(verifyBytes([fileOf(log.files[2] as string[])], withEpochs(epochsOf(other))).verdict, 'cannot_say');
});

/** Every way to hand over that is not the one. */
const successions: readonly (readonly [string, FlatRecord, typeof k0?, string?])[] = [
  ['signed by another key', {}, k3],
  ['with the certificate of another key', { signature: `${'A'.repeat(86)}==` }],
  ['without a certificate', { signature: '' }],
  ['without sig', { sig: '' }],
  ['with a sig of nothing', { sig: `${'A'.repeat(86)}==` }],
  ['that names no key', { public_key: '' }, k0, 'wrong_key'],
  ['whose names disagree', { key_id: '0123456789abcdef' }, k0, 'wrong_key'],
  ['of a later epoch', { epoch: 2 }, k0, 'wrong_epoch'],
  ['of no epoch', { epoch: 'one' }, k0, 'wrong_epoch'],
];
for (const [what, altered, by, code = 'bad_signature'] of successions) {
  test(`a rotation ${what} is ${code}`, () => {
    const report = verify(begun().rotate(k1, altered, by).checkpoint());
    assert.equal(firstOf(report), `${code} file0:5`);
    assert.equal(report.verdict, 'tampered');
  });
}

test('a certificate serves at its place in its log only', () => {
  const elsewhere = JSON.parse(begun().rotate(k1).epochs[0] as string) as { signature: string };
  for (const log of [begun().decision('x'), new AuditBuilder('host/other/fedcba9876543210', k0).started()]) {
    const moved = verify(log.rotate(k1, { signature: elsewhere.signature }), { ...pinned, origin: log.origin });
    assert.match(firstOf(moved), /^bad_signature /);
  }
});

test('a checkpoint by the key of another epoch is wrong_epoch', () => {
  const over = begun().rotate(k1).checkpoint();
  assert.equal(firstOf(verify(over.checkpoint(over.size, {}, k0))), 'wrong_epoch file0:7');
  const early = begun();
  early.checkpoint(early.size, {}, k1).decision('x').rotate(k1).checkpoint();
  assert.equal(firstOf(verify(early)), 'wrong_key file0:5', 'nothing says yet whose key it is');
  assert.equal(firstOf(verify(early, withEpochs(epochsOf(early)))), 'wrong_epoch file0:5');
  const both = { ...pinned, keys: [k0.publicKey, k1.publicKey] };
  assert.equal(firstOf(verify(early, both)), 'wrong_epoch file0:5');
});

test('a segment that names the key of another epoch is wrong_epoch', () => {
  const log = begun().turnEpoch(k1);
  log.signer = k0;
  log.turn();
  assert.ok(verify(log).findings.every(f => f.code === 'wrong_epoch'));
  assert.equal(firstOf(verify(log)), `wrong_epoch file1:${log.files[1]?.length ?? 0}`);
  assert.equal(
    firstOf(verifyBytes([fileOf(log.files[2] as string[])], withEpochs(epochsOf(log)))),
    'wrong_epoch file0:1',
  );
});

test('a key that has served does not come back', () => {
  const log = begun().rotate(k1).checkpoint().rotate(k0, { epoch: 2 });
  assert.equal(firstOf(verify(log)), 'wrong_epoch file0:7');
});

test('a rotation given up before its key signed anything leaves the old key in force', () => {
  const log = begun().rotate(k1);
  log.signer = k0;
  log.epoch = 0;
  log.decision('c').checkpoint().rotate(k2).checkpoint();
  assert.equal(verify(log).verdict, 'intact');
  const restarted = begun().rotate(k1);
  restarted.signer = k0;
  restarted.epoch = 0;
  restarted.open('recovered').rotate(k2).checkpoint();
  assert.equal(verify(restarted).verdict, 'intact');
  assert.equal(
    verifyBytes([fileOf(restarted.files[1] as string[])], withEpochs(epochsOf(restarted))).verdict,
    'intact',
  );
});

test('where the rotation itself is missing or changed, that is named and later keys are not accused', () => {
  const log = begun().rotate(k1).checkpoint().decision('c').checkpoint();
  const lines = log.files[0] as string[];
  const dropped = verifyBytes([fileOf(lines.toSpliced(4, 1))], pinned);
  assert.equal(firstOf(dropped), 'missing file0:5');
  assert.ok(dropped.findings.slice(1).every(f => f.weight === 'doubt'));
  const edited = verifyBytes([fileOf(lines.with(4, (lines[4] as string).replace('2026', '2025')))], pinned);
  assert.equal(firstOf(edited), 'edited file0:5');
  assert.ok(edited.findings.slice(1).every(f => f.weight === 'doubt'));
  const led = verifyBytes([fileOf(lines.toSpliced(4, 1))], withEpochs(epochsOf(log)));
  assert.equal(led.findingCount, 1, 'the .epochs file closes the gap');
});

test('an intruder with the current key and every file writes history anew: epochs before are caught', () => {
  const honest = three();
  const kept = { size: 4, root: honest.root(4) };
  // He holds k2, may write log, state and epochs, and has neither k0 nor k1: those are gone.
  const lies: readonly AuditBuilder[] = [
    // a wholly new past under the key he has
    new AuditBuilder(origin, k2).started().decision('a').decision('!').checkpoint().decision('d').checkpoint(),
    // the past changed, the present signed by k2, and the first epochs claimed without their keys
    new AuditBuilder(origin, k0).started().decision('!').rotate(k2, {}, k2).decision('d').checkpoint(),
    // as if k2 had been there from the first epoch's end on
    begun().decision('!').rotate(k2, {}, k2).checkpoint(),
    // the certificates copied from the honest log into another past
    begun().decision('!').rotate(k1, signatureOf(honest, 0), k2).rotate(k2, signatureOf(honest, 1), k2).checkpoint(),
  ];
  for (const [n, lie] of lies.entries()) {
    for (const options of [pinned, withEpochs(epochsOf(lie)), withEpochs(epochsOf(honest))]) {
      const report = verify(lie, options);
      assert.equal(report.verdict, 'tampered', `lie ${n}`);
      assert.match(firstOf(report), /^(wrong_key|bad_signature|expect_mismatch|truncated)/);
    }
    // A checkpoint written down before finds it without any key.
    const against = verify(lie, { ...pinned, keys: [], expect: kept });
    if (lie.root(4) !== kept.root) assert.equal(against.verdict, 'tampered', `lie ${n} against the checkpoint`);
  }
  // What is left: lines of the current epoch, and today's key alone proves nothing about earlier ones.
  const today = verify(lies[0] as AuditBuilder, { ...pinned, keys: [k2.publicKey] });
  assert.equal(today.verdict, 'intact');
});

function signatureOf(log: AuditBuilder, n: number): FlatRecord {
  const { signature } = JSON.parse(log.epochs[n] as string) as { signature: string };
  return { signature };
}

test('the .epochs file is evidence for the end', () => {
  const log = three();
  const epochs = epochsOf(log);
  const whole = verify(log, withEpochs(epochs));
  assert.deepEqual([whole.attestedTo, whole.attestedBy], [15, 'the `.epochs` file']);
  const cut = log.files.slice(0, 2).map(fileOf);
  assert.equal(firstOf(verifyBytes(cut, withEpochs(epochs))), 'truncated end');
  assert.equal(verifyBytes(cut, withEpochs(epochs, false)).verdict, 'intact', 'when the last file was not given');
  const other = three().decision('x');
  const forked = begun().decision('x').turnEpoch(k1).turnEpoch(k2);
  assert.equal(verify(forked, withEpochs(epochsOf(other))).verdict, 'tampered');
});

test('where the epochs turn, every byte flipped and every line dropped is named', () => {
  const log = three();
  const files = log.files.map(fileOf);
  for (const [index, bytes] of files.entries()) {
    let line = 1;
    for (let at = 0; at < bytes.length - 1; at++) {
      if (leftOut(at)) {
        if (bytes[at] === 10) line++;
        continue;
      }
      const altered = files.with(index, Buffer.from(bytes));
      (altered[index] as Buffer)[at] = (bytes[at] as number) ^ 1;
      const report = verifyBytes(altered, pinned);
      assert.equal(report.verdict, 'tampered');
      assert.match(firstOf(report), new RegExp(` file${index}:${line}$`), `byte ${at} of file ${index}`);
      if (bytes[at] === 10) line++;
    }
  }
});
