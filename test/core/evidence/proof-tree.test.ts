/** Promise: a tree that keeps only what is asked for gives the paths that one which keeps all gives. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { appendLeaf, EMPTY_FRONTIER, type Frontier } from '#src/core/audit/merkle.js';
import { utf8 } from '#src/core/bytes.js';
import { ProofTree } from '#src/core/evidence/proof-tree.js';
import { sha256 } from '#src/crypto/sha256.js';
import { TreeNodes } from '../../support/tree-nodes.js';

const LINES = 70;
const leaf = (n: number): Uint8Array => sha256(utf8(`leaf ${n}`));
const frontiers: Frontier[] = [EMPTY_FRONTIER];
for (let n = 0; n < LINES; n++) frontiers.push(appendLeaf(sha256, frontiers[n] as Frontier, leaf(n)));
const all = new TreeNodes(sha256);
for (let n = 0; n < LINES; n++) all.add(leaf(n));

/** All lines from `first` on; each size is kept `late` lines after it was reached, and smaller ones forgotten. */
function grown(first: number, wanted: (n: number) => boolean, late: number, sizes: (n: number) => boolean): ProofTree {
  const tree = new ProofTree(sha256, frontiers[first]);
  for (let n = first; n < LINES; n++) {
    tree.add(leaf(n), wanted(n));
    const size = n + 1 - late;
    if (size < first || !sizes(size)) continue;
    assert.ok(tree.keep(size), `${size} from ${first}`);
    tree.forget(size);
  }
  return tree;
}

test('one leaf wanted: its path at every size, kept at once or later; of its neighbour none that is another’s', () => {
  for (const late of [0, 5]) {
    for (let index = 0; index < LINES; index += 3) {
      const tree = grown(
        0,
        n => n === index,
        late,
        () => true,
      );
      for (let size = 1; size <= LINES - late; size++) {
        assert.deepEqual(tree.root(size), all.root(size));
        assert.deepEqual(tree.inclusion(index, size), all.inclusion(index, size), `${index} of ${size}`);
        const other = tree.inclusion(index ^ 5, size);
        if (other !== null) assert.deepEqual(other, all.inclusion(index ^ 5, size));
      }
    }
  }
});

test('some leaves, one size, from any beginning', () => {
  for (let first = 0; first < LINES; first++) {
    const tree = grown(
      first,
      n => n % 7 === 0,
      3,
      size => size === 60,
    );
    for (let index = 0; index < 60; index++) {
      const path = first <= 60 ? tree.inclusion(index, 60) : null;
      if (first <= 60 && index >= first && index % 7 === 0) assert.deepEqual(path, all.inclusion(index, 60));
      else if (path !== null) assert.deepEqual(path, all.inclusion(index, 60));
    }
    assert.equal(tree.inclusion(0, 59), null);
    assert.equal(tree.root(59), null);
  }
});

test('every pair of sizes, and from the frontier of a later file', () => {
  for (let old = 1; old <= LINES; old++) {
    const tree = grown(
      0,
      n => n === old - 1,
      0,
      size => size >= old,
    );
    for (let size = old; size <= LINES; size++) {
      assert.deepEqual(tree.consistency(old, size), all.consistency(old, size), `${old} of ${size}`);
    }
    assert.equal(tree.consistency(old, old - 1), null);
    for (const first of [old, old + 1, old + 2]) {
      if (first > LINES) continue;
      const later = new ProofTree(sha256, frontiers[first]);
      const from = new TreeNodes(sha256, frontiers[first]);
      const kept = later.keep(old);
      later.want(old - 1);
      for (let n = first; n < LINES; n++) {
        later.add(leaf(n), false);
        from.add(leaf(n));
      }
      later.keep(LINES);
      assert.deepEqual(later.consistency(old, LINES), from.consistency(old, LINES), `${old} from ${first}`);
      assert.ok(kept || first > old);
    }
  }
});

test('what was forgotten or dropped is not known, and never another’s', () => {
  const tree = grown(
    0,
    () => false,
    0,
    size => size === 40,
  );
  assert.equal(tree.keep(21), false);
  assert.equal(tree.keep(LINES + 1), false);
  assert.equal(tree.keep(1.5), false);
  assert.ok(tree.keep(LINES));
  assert.deepEqual(tree.root(LINES), all.root(LINES));
  tree.drop(40);
  assert.equal(tree.root(40), null);
});
