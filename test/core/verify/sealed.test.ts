// T-01, T-06 of THREAT-MODEL.md.
/** Promise: of a sealed log of three files nothing can be changed, moved or taken away without the right name for it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NOTHING_BESIDE } from '#src/core/verify/end-evidence.js';
import type { VerifyOptions } from '#src/core/verify/verify-log.js';
import { AuditBuilder, testSigner } from '../../support/audit-builder.js';
import { leftOut } from '../../support/every-byte.js';
import { fileOf, firstOf, verifyBytes } from '../../support/verify-bytes.js';

const origin = 'host/crm-agent/0123456789abcdef';
const [k0, k1, k2] = [0, 1, 2].map(n => testSigner(`epoch ${n}`)) as [Signer, Signer, Signer];
type Signer = ReturnType<typeof testSigner>;

/** Three files, each sealed by `segment_closed` and a checkpoint, each but the first of an epoch of its own. */
function sealed(name: string, anchor: Signer): AuditBuilder {
  const log = new AuditBuilder(name, anchor).started().decision('a').decision('b').checkpoint().decision('c').turn();
  log.rotate(k1).checkpoint().decision('d').decision('e').turn('day').rotate(k2).checkpoint().decision('f');
  return log.add('segment_closed', { size: log.size, head: log.head }).checkpoint();
}
const log = sealed(origin, k0);
const files = log.files;
const other = sealed('host/other/fedcba9876543210', testSigner('another log')).files;
const pinned: VerifyOptions = { origin, keys: [k0.publicKey], expect: null };
const expect = { size: log.size, root: log.root() };
const epochs = log.epochs.map(line => Buffer.from(line));
const verify = (given: readonly (readonly string[])[], options = pinned) => verifyBytes(given.map(fileOf), options);
/** Every line: its file, its index there, and its number in the log. */
const places = files.flatMap((lines, file) => lines.map((line, index) => ({ file, index, line })));
const change = (file: number, edit: (lines: string[]) => string[]) =>
  files.map((lines, i) => (i === file ? edit([...lines]) : lines));
const isLast = (n: number): boolean => n === places.length - 1;

test('as sealed it is intact, signed to its end, and the end is attested by what was kept', () => {
  const report = verify(files, { ...pinned, expect });
  assert.deepEqual([report.verdict, report.findings.length, report.signedTo], ['intact', 0, log.size]);
  assert.deepEqual([report.attestedTo, report.attestedBy], [log.size, '--expect']);
  assert.equal(verify(files).attestedTo, null);
});

test('every byte flipped, with the end kept elsewhere and without', () => {
  const bytes = files.map(fileOf);
  for (const [file, whole] of bytes.entries()) {
    let line = 1;
    for (let at = 0; at < whole.length; at++) {
      if (leftOut(at)) {
        if (whole[at] === 10) line++;
        continue;
      }
      const altered = Uint8Array.from(whole);
      altered[at] = (whole[at] as number) ^ (1 << (at % 7));
      const report = verifyBytes(bytes.with(file, altered), at % 2 === 0 ? pinned : { ...pinned, expect });
      const lastLf = at === whole.length - 1;
      const first = firstOf(report);
      if (lastLf && file === 2) assert.match(report.findings.map(f => f.code).join(), /torn_tail/);
      else assert.equal(report.verdict, 'tampered', `byte ${at} of file ${file}: ${first}`);
      assert.match(first, new RegExp(` file${file}:${line}$`), `byte ${at} of file ${file}`);
      if (whole[at] === 10) line++;
    }
  }
});

test('every line dropped is missing', () => {
  for (const [n, { file, index }] of places.entries()) {
    const given = change(file, lines => lines.toSpliced(index, 1));
    const report = verify(given);
    if (isLast(n)) {
      assert.deepEqual([report.verdict, report.size], ['intact', n], 'the files alone cannot tell');
      assert.equal(firstOf(verify(given, { ...pinned, expect })), 'truncated end');
      continue;
    }
    assert.match(firstOf(report), /^missing /, `line ${n}`);
    assert.deepEqual(report.gaps, [{ from: n, to: n + 1 }]);
    assert.equal(report.verdict, 'tampered');
  }
});

test('every line doubled is a duplicate', () => {
  for (const [n, { file, index, line }] of places.entries()) {
    const report = verify(change(file, lines => lines.toSpliced(index, 0, line)));
    assert.equal(firstOf(report), `duplicate_seq file${file}:${index + 2}`, `line ${n}`);
    assert.equal(report.verdict, 'tampered');
  }
});

test('every line swapped with its neighbour is reordered, across files too', () => {
  for (let n = 0; n + 1 < places.length; n++) {
    const [a, b] = [places[n], places[n + 1]] as [(typeof places)[0], (typeof places)[0]];
    const given = files.map(lines => [...lines]);
    (given[a.file] as string[])[a.index] = b.line;
    (given[b.file] as string[])[b.index] = a.line;
    const report = verify(given);
    assert.equal(firstOf(report), `reordered file${a.file}:${a.index + 1}`, `line ${n}`);
    assert.equal(report.verdict, 'tampered');
  }
});

test('every line replaced by another log’s is foreign', () => {
  for (const [n, { file, index }] of places.entries()) {
    const report = verify(change(file, lines => lines.with(index, other[file]?.[index] as string)));
    assert.equal(firstOf(report), `foreign file${file}:${index + 1}`, `line ${n}`);
    assert.equal(report.verdict, 'tampered');
  }
});

test('every file removed: the first is said, one between is missing, the last is found by what was kept', () => {
  const first = verify(files.slice(1));
  assert.deepEqual([first.verdict, first.firstSeq], ['intact', files[0]?.length]);
  const led = verify(files.slice(2), { ...pinned, beside: { ...NOTHING_BESIDE, epochs } });
  assert.deepEqual([led.verdict, led.firstSeq], ['intact', (files[0]?.length ?? 0) + (files[1]?.length ?? 0)]);
  assert.equal(verify(files.slice(2)).verdict, 'cannot_say', 'nothing leads to the key of its epoch');
  const between = verify([files[0] as string[], files[2] as string[]]);
  assert.equal(firstOf(between), 'missing file1:1');
  assert.equal(between.verdict, 'tampered');
  const last = files.slice(0, 2);
  assert.deepEqual([verify(last).verdict, verify(last).attestedTo], ['intact', null]);
  assert.equal(firstOf(verify(last, { ...pinned, expect })), 'truncated end');
  const known = { ...pinned, beside: { ...NOTHING_BESIDE, epochs, judgesEnd: true } };
  assert.equal(firstOf(verify(last, known)), 'truncated end', 'the .epochs file knows a later record');
});

test('every prefix is consistent by itself, never attested, and truncated against what was kept', () => {
  const bytes = files.map(fileOf);
  for (const [file, whole] of bytes.entries()) {
    for (let length = 0; length < whole.length; length++) {
      if (leftOut(length)) continue;
      const given = [...bytes.slice(0, file), whole.subarray(0, length)];
      const report = verifyBytes(given, pinned);
      const torn = length > 0 && whole[length - 1] !== 10;
      assert.notEqual(report.verdict, 'tampered', `${length} bytes of file ${file}`);
      assert.deepEqual(
        report.findings.map(f => f.code),
        torn ? ['torn_tail'] : [],
      );
      assert.equal(report.attestedTo, null);
      if (torn && length % 8 !== 0) continue;
      const against = verifyBytes(given, { ...pinned, expect });
      assert.equal(against.verdict, 'tampered');
      assert.ok(against.findings.some(f => f.code === 'truncated'));
    }
  }
});
