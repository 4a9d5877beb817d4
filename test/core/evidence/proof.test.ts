// T-07 of THREAT-MODEL.md.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromBase64, utf8 } from '#src/core/bytes.js';
import { checkConsistency, checkInclusion } from '#src/core/evidence/check-proof.js';
import { Harvest } from '#src/core/evidence/harvest.js';
import { keysFrom, rotationsTo } from '#src/core/evidence/key-path.js';
import {
  type ConsistencyProof,
  type InclusionProof,
  proofJson,
  readProof,
  tlogProofText,
  witnessRequestText,
} from '#src/core/evidence/proof-file.js';
import { ed25519Verify } from '#src/crypto/ed25519.js';
import { sha256 } from '#src/crypto/sha256.js';
import { AuditBuilder, testSigner } from '../../support/audit-builder.js';

const PORTS = { sha256, verify: ed25519Verify };
const ORIGIN = 'host/crm-agent/0123456789abcdef';
const [first, second, third] = ['first', 'second', 'third'].map(testSigner) as [
  ReturnType<typeof testSigner>,
  ReturnType<typeof testSigner>,
  ReturnType<typeof testSigner>,
];

function harvest(log: AuditBuilder, size: number | null = null, old: number | null = null): Harvest {
  const harvested = new Harvest(sha256, log.origin, size, old);
  for (const line of log.files.flat()) harvested.add(utf8(line), () => true);
  return harvested;
}

function inclusion(log: AuditBuilder, index: number, size: number | null = null): InclusionProof {
  const harvested = harvest(log, size);
  const checkpoint = harvested.covering(index);
  assert.ok(checkpoint);
  return {
    kind: 'inclusion',
    note: checkpoint.note,
    rotations: rotationsTo(checkpoint.keyId, harvested.rotations),
    path: harvested.tree.inclusion(index, checkpoint.size) ?? [],
    index,
    record: log.files.flat()[index] ?? '',
  };
}

/** Epochs at 0, 4 and 8. */
function threeEpochs(): AuditBuilder {
  const log = new AuditBuilder(ORIGIN, first).started().decision('a').decision('b').checkpoint();
  log.rotate(second);
  log.decision('c').decision('d').checkpoint();
  log.rotate(third);
  return log.decision('e').checkpoint();
}

const simple = new AuditBuilder(ORIGIN, first).started().decision('a').decision('b').decision('c').checkpoint();

test('each record of a log, in each form', () => {
  for (let index = 0; index < 4; index++) {
    const proof = inclusion(simple, index);
    const read = readProof(proofJson(proof));
    assert.deepEqual(read, proof);
    const checked = checkInclusion(PORTS, proof, [first.publicKey], null);
    assert.ok(checked.ok && checked.inEpoch);
    const text = readProof(tlogProofText(proof));
    assert.deepEqual(text, { ...proof, record: null });
    assert.ok(text?.kind === 'inclusion');
    assert.deepEqual(checkInclusion(PORTS, text, [first.publicKey], null), { ok: false, why: 'no_record' });
    const spelt = JSON.stringify(JSON.parse(proof.record ?? ''), null, 2);
    assert.ok(checkInclusion(PORTS, text, [first.publicKey], spelt).ok);
  }
});

test('a tlog-proof with extra data, as others write it, is read', () => {
  const proof = inclusion(simple, 2);
  const text = tlogProofText(proof).replace('\nindex', '\nextra YWJj\nindex');
  assert.deepEqual(readProof(text), { ...proof, record: null });
});

test('no other record, number, key or log passes', () => {
  const proof = inclusion(simple, 2);
  const why = (change: Partial<InclusionProof>, key = first.publicKey, given: string | null = null) => {
    const checked = checkInclusion(PORTS, { ...proof, ...change }, [key], given);
    return checked.ok ? 'holds' : checked.why;
  };
  const other = simple.files[0]?.[1] as string;
  assert.equal(why({}), 'holds');
  assert.equal(why({ record: other }), 'not_this_record');
  assert.equal(why({ record: other, index: 1 }), 'wrong_path');
  assert.equal(why({ record: proof.record?.replace('"b"', '"x"') ?? '' }), 'wrong_path');
  assert.equal(why({ record: 'null' }), 'not_this_record');
  assert.equal(why({}, second.publicKey), 'wrong_key');
  assert.equal(why({}, first.publicKey, other), 'other_record');
  assert.equal(why({ record: null }, first.publicKey, '[1'), 'not_this_record');
  assert.equal(why({ note: proof.note.replace('\n4\n', '\n5\n') }), 'bad_signature');
  const elsewhere = new AuditBuilder('host/other/0123456789abcdef', first).started().decision('a').decision('b');
  assert.equal(why({ note: inclusion(elsewhere.checkpoint(), 2).note }), 'not_this_record');
  assert.deepEqual(checkInclusion(PORTS, proof, [], null), { ok: false, why: 'no_key' });
});

test('every change of one byte of a proof is refused, or says the same', () => {
  const proof = inclusion(simple, 1);
  for (const text of [proofJson(proof), tlogProofText(proof)]) {
    const bytes = Buffer.from(text);
    for (let at = 0; at < bytes.length; at++) {
      for (const change of [1, 0x20]) {
        const altered = Buffer.from(bytes);
        altered[at] = (altered[at] as number) ^ change;
        const read = readProof(altered.toString('utf8'));
        if (read?.kind !== 'inclusion') continue;
        const checked = checkInclusion(PORTS, read, [first.publicKey], proof.record);
        // White space and the like may differ; what is claimed may not.
        if (checked.ok) assert.deepEqual({ ...read, record: proof.record }, proof, `byte ${at} ^ ${change}`);
      }
    }
  }
});

test('a record is proven by a checkpoint of its own epoch, and a later key is named as what it is', () => {
  const log = threeEpochs();
  for (const [index, size] of [
    [1, 3],
    [5, 7],
    [9, 10],
  ] as const) {
    const proof = inclusion(log, index);
    const checked = checkInclusion(PORTS, proof, [first.publicKey], null);
    assert.ok(checked.ok, String(index));
    assert.deepEqual([checked.head.size, checked.inEpoch], [size, true]);
  }
  // Whoever has the last key can vouch for anything; it is said that the key is younger than the record.
  const late = checkInclusion(PORTS, inclusion(log, 1, 10), [first.publicKey], null);
  assert.ok(late.ok);
  assert.deepEqual([late.inEpoch, late.head.key.from], [false, 8]);
});

test('a key leads nowhere without its certificates, and a certificate holds for one log and place', () => {
  const log = threeEpochs();
  const { rotations } = harvest(log);
  const ids = (lines: readonly string[], origin = ORIGIN) =>
    keysFrom(sha256, ed25519Verify, origin, [first.publicKey], lines).map(({ from }) => from);
  assert.deepEqual(ids(rotations), [0, 4, 8]);
  assert.deepEqual(ids(rotations.slice(1)), [0]);
  assert.deepEqual(ids(rotations, 'host/other/0123456789abcdef'), [0]);
  assert.deepEqual(ids([(rotations[0] as string).replace('"seq":4', '"seq":3')]), [0]);
  assert.deepEqual(ids(['', '{}', 'null', ...rotations.slice(0, 1)]), [0, 4]);
  const without = checkInclusion(
    PORTS,
    { ...inclusion(log, 9), rotations: rotations.slice(0, 1) },
    [first.publicKey],
    null,
  );
  assert.deepEqual(without, { ok: false, why: 'wrong_key' });
});

test('a log that grew, and one that was written anew', () => {
  const [small, large] = [simple.root(4), harvest(simple, null, 2)];
  const proof: ConsistencyProof = {
    kind: 'consistency',
    note: large.latest()?.note ?? '',
    rotations: [],
    path: large.tree.consistency(2, 4) ?? [],
    oldSize: 2,
    oldRoot: large.tree.root(2),
  };
  assert.ok(small);
  assert.deepEqual(readProof(proofJson(proof)), proof);
  assert.deepEqual(readProof(witnessRequestText(proof)), { ...proof, oldRoot: null });
  assert.ok(checkConsistency(PORTS, proof, [first.publicKey], null).ok);
  const other = fromBase64('Aippeebat6pa5MPl5F9+l3ESp+Y1k4INvsHsc4ok+Tw=');
  assert.deepEqual(checkConsistency(PORTS, proof, [first.publicKey], other), { ok: false, why: 'other_old_root' });
  const bare = { ...proof, oldRoot: null };
  assert.deepEqual(checkConsistency(PORTS, bare, [first.publicKey], null), { ok: false, why: 'no_old_root' });
  assert.deepEqual(checkConsistency(PORTS, bare, [first.publicKey], other), { ok: false, why: 'wrong_path' });
});

test('what is no proof is none', () => {
  for (const text of [
    '',
    '{',
    '{}',
    'null',
    '[]',
    'old 1',
    'old -1\n\n',
    'old 01\n\nx',
    'index 1\n\nx',
    'old 1\nAAAA\n\nx',
  ]) {
    assert.equal(readProof(text), null, text);
  }
  const json = proofJson(inclusion(simple, 1));
  for (const [from, to] of [
    ['"index": 1', '"index": 1.5'],
    ['"path": [', '"path": ["", '],
    ['inclusion', 'other'],
  ] as const) {
    assert.equal(readProof(json.replace(from, to)), null, to);
  }
});
