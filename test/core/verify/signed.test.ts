import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FlatRecord } from '#src/core/audit/canonical.js';
import type { VerifyOptions } from '#src/core/verify/verify-log.js';
import { AuditBuilder, testSigner } from '../../support/audit-builder.js';
import { leftOut } from '../../support/every-byte.js';
import { fileOf, firstOf, verifyBytes } from '../../support/verify-bytes.js';

const origin = 'host/crm-agent/0123456789abcdef';
const signer = testSigner('epoch 0');
const intruder = testSigner('intruder');
const pinned: VerifyOptions = { origin, keys: [signer.publicKey], expect: null };
const start = () => new AuditBuilder(origin, signer).started().decision('a').decision('b');
const verify = (log: AuditBuilder, options = pinned) => verifyBytes(log.files.map(fileOf), options);
const hash = 'ab'.repeat(32);

/** Records that the key's holder signed, and that do not fit the lines before them. */
const checkpoints: readonly (readonly [string, FlatRecord, string])[] = [
  ['another head', { head: hash }, 'bad_checkpoint'],
  ['another root', { root: hash }, 'bad_checkpoint'],
  ['another size', { size: 2 }, 'bad_checkpoint'],
  ['a size above its own number', { size: 9 }, 'bad_checkpoint'],
  ['a negative size', { size: -1 }, 'bad_checkpoint'],
  ['a size that is text', { size: '3' }, 'bad_checkpoint'],
  ['no note', { note: '' }, 'bad_checkpoint'],
  ['a note that is a number', { note: 1 }, 'bad_checkpoint'],
  ['an unknown key', { key_id: '0123456789abcdef' }, 'wrong_key'],
  ['no key', { key_id: '' }, 'wrong_key'],
];
for (const [what, altered, code] of checkpoints) {
  test(`a checkpoint with ${what} is ${code}`, () => {
    const report = verify(start().checkpoint(3, altered));
    assert.equal(firstOf(report), `${code} file0:4`);
    assert.equal(report.findingCount, 1);
    assert.equal(report.verdict, 'tampered');
    assert.equal(report.signedTo, 0);
  });
}

test('the note of another log, size or key does not serve', () => {
  const note = (log: AuditBuilder): string => {
    const line = (log.files[0] as string[]).at(-1) as string;
    return (JSON.parse(line) as { note: string }).note;
  };
  const other = new AuditBuilder('host/other/0123456789abcdef', signer).started().decision('a').decision('b');
  const rows: [string, string][] = [
    [note(other.checkpoint()), 'bad_checkpoint'],
    [note(start().decision('c').checkpoint()), 'bad_checkpoint'],
    [note(start().checkpoint(3, {}, intruder)), 'wrong_key'],
    [note(start().checkpoint()).replace('\n3\n', '\n2\n'), 'bad_signature'],
  ];
  for (const [foreign, code] of rows) {
    assert.equal(firstOf(verify(start().checkpoint(3, { note: foreign }))), `${code} file0:4`);
  }
});

test('a checkpoint by an intruder’s key is wrong_key, claimed or not', () => {
  assert.equal(firstOf(verify(start().checkpoint(3, {}, intruder))), 'wrong_key file0:4');
  const posing = verify(start().checkpoint(3, { key_id: keyIdOf(signer) }, intruder));
  assert.equal(firstOf(posing), 'bad_signature file0:4');
  const unpinned = verify(start().checkpoint(3, {}, intruder), { ...pinned, keys: [] });
  assert.equal(firstOf(unpinned), 'wrong_key file0:4');
});

function keyIdOf(by: typeof signer): string {
  const line = new AuditBuilder(origin, by).started().files[0]?.[0] as string;
  return (JSON.parse(line) as { key_id: string }).key_id;
}

test('a checkpoint may lag behind, and may not go back', () => {
  const lagging = verify(start().checkpoint(1).decision('c').checkpoint(2).decision('d').checkpoint(2));
  assert.equal(lagging.verdict, 'intact');
  assert.equal(lagging.signedTo, 8);
  assert.equal(firstOf(verify(start().checkpoint(3).checkpoint(2))), 'bad_checkpoint file0:5');
  assert.equal(verify(start().checkpoint(0)).verdict, 'intact');
});

test('a record signed by itself is checked, whatever its type', () => {
  const sig = `${'A'.repeat(86)}==`;
  assert.equal(firstOf(verify(start().add('decision', { sig }).checkpoint())), 'bad_signature file0:4');
});

test('a log_started that names another key, or none, is wrong_key', () => {
  for (const fields of [{}, { public_key: 'x', key_id: 'y' }, { public_key: `${'A'.repeat(43)}=`, key_id: 'y' }]) {
    const log = new AuditBuilder(origin, signer).add('log_started', fields).checkpoint();
    assert.equal(firstOf(verify(log)), 'wrong_key file0:1');
  }
});

const segments: readonly (readonly [string, FlatRecord, string])[] = [
  ['another size', { size: 4 }, 'bad_segment file1:1'],
  ['another frontier', { frontier: `${'A'.repeat(43)}=` }, 'bad_segment file1:1'],
  ['a frontier that is none', { frontier: '' }, 'bad_segment file1:1'],
  ['another key', { key_id: '0123456789abcdef' }, 'wrong_key file1:1'],
];
for (const [what, altered, first] of segments) {
  test(`a segment with ${what} is named`, () => {
    const log = start().turn('size', altered).decision('c').checkpoint();
    assert.equal(firstOf(verify(log)), first);
    const alone = verifyBytes([fileOf(log.files[1] as string[])], pinned);
    assert.equal(alone.verdict, 'tampered');
  });
}

test('a segment alone with a frontier of its own making is disproved by what was signed', () => {
  const forged = Array.from({ length: 2 }, () => `${'A'.repeat(43)}=`).join(',');
  const log = start().turn('size', { frontier: forged }).decision('c').checkpoint();
  const alone = verifyBytes([fileOf(log.files[1] as string[])], pinned);
  assert.ok(alone.findings.some(f => f.code === 'bad_segment' || f.code === 'bad_checkpoint'));
  assert.equal(alone.signedTo, alone.firstSeq);
});

test('a segment_closed that does not fit is bad_segment', () => {
  assert.equal(
    firstOf(verify(start().add('segment_closed', { size: 9, head: hash }).checkpoint())),
    'bad_segment file0:4',
  );
});

test('a damaged end that the next segment accounts for is a doubt, not a deed', () => {
  const log = start().checkpoint().open('recovered').add('recovered', { cause: 'tail_damaged' }).checkpoint();
  const [first, second] = log.files.map(fileOf) as [Uint8Array, Uint8Array];
  const damaged = Buffer.concat([first, Buffer.alloc(100), Buffer.from('\n')]);
  const report = verifyBytes([damaged, second], pinned);
  assert.equal(firstOf(report), 'torn_tail file0:5');
  assert.equal(report.verdict, 'cannot_say');
  assert.equal(report.signedTo, log.size);
  const unaccounted = verifyBytes([Buffer.concat([damaged, fileOf(start().files[0] as string[])])], pinned);
  assert.equal(unaccounted.verdict, 'tampered');
});

test('lines lost before a segment that says so are missing, and what follows is in order', () => {
  const log = start().checkpoint().decision('lost').decision('lost').open('recovered').decision('c').checkpoint();
  const [first, second] = log.files as [string[], string[]];
  const report = verifyBytes([fileOf(first.slice(0, 4)), fileOf(second)], pinned);
  assert.deepEqual(report.gaps, [{ from: 4, to: 6 }]);
  assert.equal(firstOf(report), 'missing file1:1');
  assert.equal(report.findingCount, 1);
  assert.deepEqual([report.intactTo, report.signedTo], [4, 4]);
});

test('every byte flipped in a log of three files is named at its file and line', () => {
  const log = start().checkpoint().turn().decision('c').turn('day').decision('d').checkpoint();
  const files = log.files.map(fileOf);
  for (const [index, bytes] of files.entries()) {
    let line = 1;
    for (let at = 0; at < bytes.length - 1; at++) {
      if (leftOut(at)) {
        if (bytes[at] === 10) line++;
        continue;
      }
      const altered = files.map(file => Buffer.from(file));
      (altered[index] as Buffer)[at] = (bytes[at] as number) ^ 1;
      const report = verifyBytes(altered, pinned);
      assert.equal(report.verdict, 'tampered');
      assert.match(firstOf(report), new RegExp(` file${index}:${line}$`), `byte ${at} of file ${index}`);
      if (bytes[at] === 10) line++;
    }
  }
});
