import assert from 'node:assert/strict';
import { test } from 'node:test';
import { appendLeaf, EMPTY_FRONTIER, type Frontier, rootOf } from '#src/core/audit/merkle.js';
import { verifyConsistency, verifyInclusion } from '#src/core/audit/proof.js';
import { utf8 } from '#src/core/bytes.js';
import { sha256 } from '#src/crypto/sha256.js';
import { TreeNodes } from '../../support/tree-nodes.js';

const LINES = 70;
const leaf = (n: number): Uint8Array => sha256(utf8(`leaf ${n}`));
const frontiers: Frontier[] = [EMPTY_FRONTIER];
for (let n = 0; n < LINES; n++) frontiers.push(appendLeaf(sha256, frontiers[n] as Frontier, leaf(n)));
const rootAt = (size: number): Uint8Array => rootOf(sha256, frontiers[size] as Frontier);

function grown(first: number): TreeNodes {
  const nodes = new TreeNodes(sha256, frontiers[first]);
  for (let n = first; n < LINES; n++) nodes.add(leaf(n));
  return nodes;
}

test('every leaf at every size: the path is the one that verifies, and belongs to no other', () => {
  const nodes = grown(0);
  for (let size = 1; size <= LINES; size++) {
    const root = rootAt(size);
    assert.deepEqual(nodes.root(size), root);
    for (let index = 0; index < size; index++) {
      const proof = nodes.inclusion(index, size);
      assert.ok(proof);
      const claim = { index, size, leaf: leaf(index), proof, root };
      assert.ok(verifyInclusion(sha256, claim), `${index} of ${size}`);
      assert.ok(!verifyInclusion(sha256, { ...claim, leaf: leaf(index + 1) }));
      if (size > 1) assert.ok(!verifyInclusion(sha256, { ...claim, index: (index + 1) % size }), `${index} of ${size}`);
    }
    assert.equal(nodes.inclusion(size, size), null);
  }
});

test('every pair of sizes: the old tree is the beginning of the new one, and another is not', () => {
  const nodes = grown(0);
  for (let newSize = 1; newSize <= LINES; newSize++) {
    for (let oldSize = 1; oldSize <= newSize; oldSize++) {
      const proof = nodes.consistency(oldSize, newSize);
      assert.ok(proof);
      const claim = { oldSize, newSize, oldRoot: rootAt(oldSize), newRoot: rootAt(newSize), proof };
      assert.ok(verifyConsistency(sha256, claim), `${oldSize} of ${newSize}`);
      assert.ok(!verifyConsistency(sha256, { ...claim, oldRoot: rootAt(oldSize - 1) }), `${oldSize} of ${newSize}`);
    }
  }
  for (const [old, now] of [
    [0, 5],
    [6, 5],
    [1.5, 5],
    [1, LINES + 1],
    [-1, 5],
  ] as const) {
    assert.equal(nodes.consistency(old, now), null);
  }
});

test('from any later file: the same paths for what is in it, none for what is not', () => {
  const all = grown(0);
  for (let first = 1; first < LINES; first++) {
    const nodes = grown(first);
    assert.equal(nodes.size, LINES);
    for (let size = first; size <= LINES; size++) {
      assert.deepEqual(nodes.root(size), all.root(size), `root of ${size} from ${first}`);
      for (let index = first; index < size; index += 3) {
        assert.deepEqual(nodes.inclusion(index, size), all.inclusion(index, size), `${index} of ${size} from ${first}`);
      }
      assert.deepEqual(nodes.consistency(first, size), all.consistency(first, size), `${first} of ${size}`);
    }
  }
  assert.equal(grown(40).inclusion(3, 50), null);
  assert.equal(grown(40).root(33), null);
  assert.deepEqual(grown(40).root(32), all.root(32));
});

test('a beginning far beyond 2^31 lines answers at once', () => {
  const size = 2 ** 40 + 5;
  const roots = [1, 2, 3].map(n => new Uint8Array(32).fill(n));
  const nodes = new TreeNodes(sha256, { size, roots });
  for (let n = 0; n < 9; n++) nodes.add(leaf(n));
  const proof = nodes.inclusion(size + 2, size + 9);
  const root = nodes.root();
  assert.ok(proof && root);
  assert.ok(verifyInclusion(sha256, { index: size + 2, size: size + 9, leaf: leaf(2), proof, root }));
  assert.equal(nodes.inclusion(5, size + 9), null);
});
