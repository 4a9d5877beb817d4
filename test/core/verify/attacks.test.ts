// T-01, T-05, T-06 of THREAT-MODEL.md.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { VerifyOptions } from '#src/core/verify/verify-log.js';
import { AuditBuilder, testSigner } from '../../support/audit-builder.js';
import { leftOut } from '../../support/every-byte.js';
import { fileOf, firstOf, verifyBytes } from '../../support/verify-bytes.js';

const origin = 'host/crm-agent/0123456789abcdef';
const signer = testSigner('epoch 0');

/** Twelve lines, the last one a checkpoint over all before it. */
function twelve(name = origin, key = signer): string[] {
  const log = new AuditBuilder(name, key).started().decision('a').decision('b').checkpoint().decision('c');
  log.decision('d').decision('e').checkpoint(6).decision('f').decision('g').decision('h').checkpoint();
  return log.files[0] as string[];
}
const lines = twelve();
const other = twelve('host/other/fedcba9876543210', testSigner('another log'));
const pinned: VerifyOptions = { origin, keys: [signer.publicKey], expect: null };
const verify = (given: readonly string[], options = pinned) => verifyBytes([fileOf(given)], options);
const lineOf = (text: string): number => Number(text.split(':').at(-1));
const codeOf = (text: string): string => text.split(' ')[0] ?? '';

test('the log as written is intact, signed to its end', () => {
  const report = verify(lines);
  assert.deepEqual(report.findings, []);
  assert.equal(report.verdict, 'intact');
  assert.deepEqual([report.firstSeq, report.size, report.intactTo, report.signedTo], [0, 12, 12, 12]);
  assert.equal(report.keyIds.length, 1);
});

test('without a key it is consistent, which proves no origin', () => {
  const report = verify(lines, { ...pinned, keys: [] });
  assert.equal(report.verdict, 'cannot_say');
  assert.equal(report.pinned, false);
  assert.deepEqual(report.findings, []);
  assert.equal(report.signedTo, 12);
});

for (const [keys, what, masks] of [
  [[signer.publicKey], 'with the key', [1, 0x80]],
  [[], 'without a key', [0x20]],
] as const) {
  test(`every byte flipped is named at its line, ${what}`, () => {
    const bytes = Buffer.from(fileOf(lines));
    let line = 1;
    for (let at = 0; at < bytes.length; at++) {
      if (leftOut(at)) {
        if (bytes[at] === 10) line++;
        continue;
      }
      const original = bytes[at] as number;
      for (const change of masks) {
        const altered = Buffer.from(bytes);
        altered[at] = original ^ change;
        const report = verifyBytes([altered], { ...pinned, keys });
        const first = firstOf(report);
        const torn = at === bytes.length - 1;
        assert.equal(
          report.verdict,
          torn ? 'cannot_say' : 'tampered',
          `byte ${at} of line ${line} ^ ${change}: ${first}`,
        );
        assert.equal(lineOf(first), line, `byte ${at} of line ${line} ^ ${change}: ${first}`);
        assert.ok(report.intactTo <= line - 1, `byte ${at} of line ${line}: intact to ${report.intactTo}`);
        const names = line === 12 ? /^(edited|foreign|bad_|wrong_|torn|reordered|missing)/ : /^(edited|foreign)/;
        assert.match(first, names);
      }
      if (original === 10) line++;
    }
  });
}

test('every line dropped is missing, but for the last', () => {
  for (let i = 0; i < lines.length; i++) {
    const report = verify(lines.toSpliced(i, 1));
    if (i === lines.length - 1) {
      assert.deepEqual([report.verdict, report.intactTo, report.signedTo], ['intact', 11, 8]);
      continue;
    }
    assert.equal(firstOf(report), `missing file0:${i + 1}`);
    assert.equal(report.verdict, 'tampered');
    assert.deepEqual(report.gaps, [{ from: i, to: i + 1 }]);
    assert.equal(report.intactTo, i);
    assert.equal(report.findingCount, 1, 'the signed tree confirms all other lines');
  }
});

test('stretches dropped are missing', () => {
  for (let i = 0; i < lines.length; i++)
    for (let n = 2; i + n < lines.length; n++) {
      const report = verify(lines.toSpliced(i, n));
      assert.equal(firstOf(report), `missing file0:${i + 1}`);
      assert.deepEqual(report.gaps, [{ from: i, to: i + n }]);
      assert.equal(report.intactTo, i);
    }
});

test('every line doubled, anywhere, is a duplicate', () => {
  for (let i = 0; i < lines.length; i++)
    for (let to = 0; to <= lines.length; to++) {
      const report = verify(lines.toSpliced(to, 0, lines[i] as string));
      const first = firstOf(report);
      const at = to === i ? i + 2 : to + 1;
      assert.equal(codeOf(first), 'duplicate_seq', `line ${i + 1} again at ${to + 1}: ${first}`);
      assert.equal(lineOf(first), at, `line ${i + 1} again at ${to + 1}: ${first}`);
      assert.equal(report.verdict, 'tampered');
    }
});

test('every two lines swapped are reordered', () => {
  for (let i = 0; i < lines.length; i++)
    for (let j = i + 1; j < lines.length; j++) {
      const swapped = lines.with(i, lines[j] as string).with(j, lines[i] as string);
      const report = verify(swapped);
      assert.equal(firstOf(report), `reordered file0:${i + 1}`, `lines ${i + 1} and ${j + 1}`);
      assert.equal(report.verdict, 'tampered');
      assert.deepEqual(report.gaps, []);
    }
});

test('every line moved is reordered', () => {
  for (let i = 0; i < lines.length; i++)
    for (let j = 0; j < lines.length; j++) {
      if (i === j) continue;
      const moved = lines.toSpliced(i, 1).toSpliced(j, 0, lines[i] as string);
      const report = verify(moved);
      assert.equal(firstOf(report), `reordered file0:${Math.min(i, j) + 1}`, `line ${i + 1} to ${j + 1}`);
      assert.equal(report.verdict, 'tampered');
    }
});

test('the whole file backwards is reordered', () => {
  assert.equal(firstOf(verify(lines.toReversed())), 'reordered file0:1');
});

test('every line replaced by another log’s is foreign', () => {
  for (let i = 0; i < lines.length; i++) {
    const report = verify(lines.with(i, other[i] as string));
    assert.equal(firstOf(report), `foreign file0:${i + 1}`);
    assert.equal(report.verdict, 'tampered');
    assert.equal(report.intactTo, i);
  }
});

test('every line of another log inserted is foreign, and nothing else is wrong', () => {
  for (let i = 0; i <= lines.length; i++) {
    for (const line of [other[i % 12] as string, 'hello', '', '{"a":1}']) {
      const report = verify(lines.toSpliced(i, 0, line));
      assert.equal(firstOf(report), `foreign file0:${i + 1}`, line);
      assert.equal(report.findingCount, 1);
    }
  }
});

test('every line made unreadable is edited', () => {
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i] as string;
    for (const bad of [line.slice(0, -1), ` ${line}`, `${line}${line}`]) {
      assert.equal(firstOf(verify(lines.with(i, bad))), `edited file0:${i + 1}`);
    }
  }
});

test('two lines edited are both named', () => {
  for (let i = 1; i < 9; i++)
    for (let j = i + 2; j < 10; j++) {
      const edit = (line: string): string => line.replace('2026-01-01', '2025-01-01');
      const report = verify(lines.with(i, edit(lines[i] as string)).with(j, edit(lines[j] as string)));
      const named = report.findings.filter(f => f.code === 'edited').map(f => f.place?.line);
      assert.deepEqual(named, [i + 1, j + 1]);
    }
});

test('every truncation leaves what is left consistent, and says where signing ends', () => {
  const bytes = fileOf(lines);
  for (let length = 0; length < bytes.length; length++) {
    const left = bytes.subarray(0, length);
    const whole = Buffer.from(left).filter(byte => byte === 10).length;
    const report = verifyBytes([left], pinned);
    assert.equal(report.size, whole);
    assert.equal(report.intactTo, whole);
    const torn = length > 0 && left.at(-1) !== 10;
    assert.deepEqual(
      report.findings.map(f => f.code),
      torn ? ['torn_tail'] : [],
    );
    assert.equal(report.signedTo, whole >= 8 ? 8 : whole >= 4 ? 4 : 0);
    assert.equal(report.verdict, torn || whole < 4 ? 'cannot_say' : 'intact');
  }
});

test('every truncation is found against a size and root kept elsewhere', () => {
  const log = new AuditBuilder(origin, signer).started().decision('a').decision('b').checkpoint().decision('c');
  const whole = log.files[0] as string[];
  for (let size = 0; size <= whole.length; size++) {
    const expect = { size, root: log.root(size) };
    for (let left = 0; left <= whole.length; left++) {
      const report = verify(whole.slice(0, left), { ...pinned, expect });
      if (left >= size) assert.equal(report.attestedTo, size, `${size} of ${left}`);
      else assert.equal(firstOf(report), 'truncated end', `${size} of ${left}`);
    }
    const wrong = verify(whole, { ...pinned, expect: { size, root: '0'.repeat(64) } });
    assert.equal(firstOf(wrong), 'expect_mismatch end');
    assert.equal(wrong.verdict, 'tampered');
  }
});

test('a log rewritten with another key is consistent and not the pinned one’s', () => {
  const forged = twelve(origin, testSigner('intruder'));
  const report = verify(forged);
  assert.equal(firstOf(report), 'wrong_key file0:1');
  assert.deepEqual(
    report.findings.map(f => f.code),
    ['wrong_key', 'wrong_key', 'wrong_key', 'wrong_key'],
  );
  assert.equal(report.signedTo, 0);
  assert.equal(verify(forged, { ...pinned, keys: [] }).verdict, 'cannot_say');
});

test('a checkpoint put after lines it was not made for tells which of them was changed', () => {
  const honest = new AuditBuilder(origin, signer).started().decision('a').decision('b').checkpoint();
  const forged = new AuditBuilder(origin, signer).started().decision('a').decision('B');
  const report = verify([...(forged.files[0] as string[]), honest.files[0]?.[3] as string]);
  assert.equal(firstOf(report), 'edited file0:3');
  assert.deepEqual([report.verdict, report.intactTo, report.signedTo], ['tampered', 2, 2]);
});

test('two writers are a fork', () => {
  const a = new AuditBuilder(origin, signer).started().decision('a').decision('b').decision('c').checkpoint();
  const b = new AuditBuilder(origin, signer).started().decision('a').decision('B').decision('C').checkpoint();
  const [x, y] = [a.files[0] as string[], b.files[0] as string[]];
  const mixed = [x[0], x[1], x[2], y[2], x[3], y[3], x[4], y[4]] as string[];
  const report = verify(mixed);
  assert.equal(codeOf(firstOf(report)), 'duplicate_seq');
  assert.ok(report.findings.every(f => f.code === 'duplicate_seq'));
  const joined = verify([...x, ...y.slice(2)]);
  assert.equal(firstOf(joined), 'duplicate_seq file0:6');
});
