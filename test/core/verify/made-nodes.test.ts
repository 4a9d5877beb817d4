/** Promise: nodes made where lines are read give the tree that the lines give, and none of other lines is taken. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { appendLeaf, EMPTY_FRONTIER, encodeFrontier, type Frontier, rootOf } from '#src/core/audit/merkle.js';
import { fromHex, toHex, utf8 } from '#src/core/bytes.js';
import type { Sha256 } from '#src/core/ports.js';
import { subtreeAt, subtreesOf } from '#src/core/verify/subtrees.js';
import { OpenTree } from '#src/core/verify/tree.js';
import { sha256 } from '#src/crypto/sha256.js';

const LINES = 90;
const leaves = Array.from({ length: LINES }, (_, n) => toHex(sha256(utf8(`leaf ${n}`))));
const frontiers: Frontier[] = [EMPTY_FRONTIER];
for (const [n, leaf] of leaves.entries()) {
  frontiers.push(appendLeaf(sha256, frontiers[n] as Frontier, fromHex(leaf) as Uint8Array));
}
const rootAt = (size: number): string => toHex(rootOf(sha256, frontiers[size] as Frontier));
const offered = (from: number, to: number) => {
  const hashes = leaves.slice(from, to).join('');
  return [subtreesOf(sha256, from, hashes), hashes] as const;
};

test('every run: each node in it is the root of its lines', () => {
  for (let from = 0; from < 40; from++) {
    for (const to of [from, from + 1, from + 7, from + 33]) {
      const [subtrees] = offered(from, to);
      for (let height = 1; height < 7; height++) {
        const width = 2 ** height;
        for (let index = 0; index * width < LINES; index++) {
          const inside = index * width >= from && (index + 1) * width <= to;
          const own = leaves.slice(index * width, (index + 1) * width);
          const of = own.reduce((tree, leaf) => appendLeaf(sha256, tree, fromHex(leaf) as Uint8Array), EMPTY_FRONTIER);
          const expected = inside ? rootOf(sha256, of) : null;
          assert.deepEqual(subtreeAt(subtrees, height, index), expected, `${height}/${index} of ${from}–${to}`);
        }
      }
    }
  }
});

/** Runs of `run` lines from `first` on, asked about every `ask` lines; what `spoil` gives instead of a leaf is added. */
function grown(hash: Sha256, run: number, ask: number, spoil: (n: number) => string | null, first = 0) {
  const tree = new OpenTree(hash, [{ size: 61, root: rootAt(61) }]);
  if (first > 0) tree.restart(frontiers[first] as Frontier);
  const roots: string[] = [];
  for (let n = first; n < LINES; n++) {
    if ((n - first) % run === 0) tree.offer(...offered(n, Math.min(LINES, n + run)));
    tree.add(spoil(n) ?? (leaves[n] as string));
    const at = (n + 1) % ask === 0 ? tree.at(n + 1 - (n % 3)) : null;
    if (at !== null) roots.push(typeof at === 'string' ? at : `${at.root} ${at.head}`);
  }
  const ends = { frontier: tree.frontier(), root: tree.finish() };
  return { roots, ...ends, met: tree.met(0) };
}

test('with nodes and without: the same roots on the way, the same in the end, and far fewer hashes', () => {
  for (const run of [1, 5, 16, 40, 90]) {
    for (const ask of [4, 13, 1000]) {
      for (const first of [0, 7]) {
        let hashes = 0;
        const counting: Sha256 = data => {
          hashes++;
          return sha256(data);
        };
        const made = grown(counting, run, ask, () => null, first);
        const plain = grown(sha256, 1, ask, () => null, first);
        assert.deepEqual(made, plain, `${run} ${ask} ${first}`);
        assert.equal(made.root, rootAt(LINES));
        assert.equal(made.frontier, encodeFrontier(frontiers[LINES] as Frontier));
        assert.equal(made.met, true);
        if (run === 90 && ask === 13 && first === 0) assert.ok(hashes < 140, `${hashes} hashes`);
      }
    }
  }
});

test('a line that is another than the one digested: its own hash counts', () => {
  for (let changed = 0; changed < LINES; changed += 7) {
    const spoil = (n: number) => (n === changed ? toHex(sha256(utf8('other'))) : null);
    const made = grown(sha256, 40, 1000, spoil);
    assert.deepEqual(made, grown(sha256, 1, 1000, spoil));
    assert.notEqual(made.root, rootAt(LINES));
  }
});
