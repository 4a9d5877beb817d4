import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { genesisPrev, leafHash, leafHashHex } from '#src/core/audit/chain.js';
import { appendLeaf, decodeFrontier, EMPTY_FRONTIER, encodeFrontier, rootOf } from '#src/core/audit/merkle.js';
import { verifyConsistency, verifyInclusion } from '#src/core/audit/proof.js';
import { fromBase64, toHex, utf8 } from '#src/core/bytes.js';
import { sha256, sha256Text } from '#src/crypto/sha256.js';
import { headerOf } from '../../support/header.js';
import { vectorFiles, vectorJson, vectorsMissing } from '../../support/vectors.js';

/** RFC 6962 §2.1 as it is written: MTH(D[n]), with k the largest power of two smaller than n. */
function naiveRoot(lines: readonly string[]): Buffer {
  const hash = (...parts: (string | Buffer)[]) => {
    const h = createHash('sha256');
    for (const part of parts) h.update(part);
    return h.digest();
  };
  if (lines.length === 0) return hash('');
  if (lines.length === 1) return hash(Buffer.of(0), lines[0] as string);
  let k = 1;
  while (k * 2 < lines.length) k *= 2;
  return hash(Buffer.of(1), naiveRoot(lines.slice(0, k)), naiveRoot(lines.slice(k)));
}

test('the root equals a slow independent one at every size up to 100, also through the frontier as text', () => {
  const lines = Array.from({ length: 100 }, (_, i) => `{"line":${i}}`);
  let frontier = EMPTY_FRONTIER;
  for (let size = 0; size <= lines.length; size++) {
    assert.equal(toHex(rootOf(sha256, frontier)), naiveRoot(lines.slice(0, size)).toString('hex'), `size ${size}`);
    const read = decodeFrontier(encodeFrontier(frontier), size);
    assert.deepEqual(read, frontier);
    if (size < lines.length) frontier = appendLeaf(sha256, frontier, leafHash(sha256, utf8(lines[size] as string)));
  }
});

test('a tree of more than 2^31 lines is counted right', () => {
  const size = 2 ** 40 + 3;
  const roots = [1, 2, 3].map(n => new Uint8Array(32).fill(n));
  const next = appendLeaf(sha256, { size, roots }, new Uint8Array(32));
  assert.equal(next.size, size + 1);
  assert.equal(next.roots.length, 2);
  assert.ok(decodeFrontier(encodeFrontier(next), size + 1));
});

test('the bytes in the headers are the bytes computed', () => {
  const chain = headerOf('src/core/audit/chain.ts');
  assert.ok(
    chain.includes(`\`host/agent/0123456789abcdef\` → ${genesisPrev(sha256Text, 'host/agent/0123456789abcdef')}`),
  );
  assert.ok(chain.includes(`\`{"a":1}\` → ${leafHashHex(sha256Text, '{"a":1}')}`));
  assert.equal(toHex(leafHash(sha256, utf8('{"a":1}'))), leafHashHex(sha256Text, '{"a":1}'));
  const merkle = headerOf('src/core/audit/merkle.ts');
  const one = appendLeaf(sha256, EMPTY_FRONTIER, leafHash(sha256, utf8('a')));
  const two = appendLeaf(sha256, one, leafHash(sha256, utf8('b')));
  for (const frontier of [EMPTY_FRONTIER, one, two]) {
    assert.match(merkle, new RegExp(`root ${frontier.size} +${toHex(rootOf(sha256, frontier))}`));
  }
  assert.ok(merkle.includes(encodeFrontier(one)));
});

test('a frontier that belongs to no tree of that size is refused', () => {
  const root = 'Aippeebat6pa5MPl5F9+l3ESp+Y1k4INvsHsc4ok+Tw=';
  const refused: [string, number][] = [
    ['', 1],
    [root, 0],
    [root, 3],
    [`${root},${root}`, 2],
    [`${root},`, 1],
    [`,${root}`, 1],
    [` ${root}`, 1],
    [root.replace('Tw=', 'Tx='), 1],
    [root.slice(4), 1],
    [root, 1.5],
    [root, -1],
  ];
  for (const [text, size] of refused) assert.equal(decodeFrontier(text, size), null, `${text} at ${size}`);
});

interface InclusionVector {
  leafIdx: number;
  treeSize: number;
  root: string;
  leafHash: string;
  proof: string[] | null;
  wantErr: boolean;
}
interface ConsistencyVector {
  size1: number;
  size2: number;
  root1: string;
  root2: string;
  proof: string[] | null;
  wantErr: boolean;
}
const bytes = (text: string): Uint8Array => fromBase64(text) ?? new Uint8Array(0);

test('public inclusion proofs', { skip: vectorsMissing('merkle/inclusion') }, () => {
  const files = vectorFiles('merkle/inclusion');
  assert.ok(files.length > 50);
  for (const file of files) {
    const v = vectorJson(file) as InclusionVector;
    const proof = (v.proof ?? []).map(bytes);
    const claim = { index: v.leafIdx, size: v.treeSize, leaf: bytes(v.leafHash), proof, root: bytes(v.root) };
    assert.equal(verifyInclusion(sha256, claim), !v.wantErr, file);
  }
});

test('public consistency proofs', { skip: vectorsMissing('merkle/consistency') }, () => {
  const files = vectorFiles('merkle/consistency');
  assert.ok(files.length > 50);
  for (const file of files) {
    const v = vectorJson(file) as ConsistencyVector;
    const proof = (v.proof ?? []).map(bytes);
    const claim = {
      oldSize: v.size1,
      oldRoot: bytes(v.root1),
      newSize: v.size2,
      newRoot: bytes(v.root2),
      proof,
    };
    assert.equal(verifyConsistency(sha256, claim), !v.wantErr, file);
  }
});
