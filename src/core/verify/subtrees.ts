/**
 * The perfect subtrees of a tree that lie within a run of its leaves, so that who appends the run need not hash each pair.
 *
 *   in   : the number of the first leaf, the leaf hashes
 *   out  : the node of every height above the leaves whose lines are all in the run
 *   never: says that the leaves are those of a log; who uses a node has compared them
 */
import { HASH_BYTES, nodeHash } from '../audit/merkle.js';
import { fromHex } from '../bytes.js';
import type { Sha256 } from '../ports.js';

const HASH_CHARS = 2 * HASH_BYTES;

export interface Subtrees {
  /** Number of the first leaf. */
  readonly first: number;
  readonly count: number;
  /** Row after row from height 1 on, each from its first node in the run. */
  readonly nodes: Uint8Array;
}

/** @param hashes Leaf hashes, hexadecimal, joined. */
export function subtreesOf(sha256: Sha256, first: number, hashes: string): Subtrees {
  const count = hashes.length / HASH_CHARS;
  const nodes = new Uint8Array(count * HASH_BYTES);
  let below: Uint8Array = fromHex(hashes) ?? new Uint8Array(hashes.length / 2);
  let belowFirst = first;
  let end = 0;
  for (let height = 1; ; height++) {
    const row = rowOf(first, count, height);
    if (row.count <= 0) break;
    const begin = end;
    for (let index = row.first; index < row.first + row.count; index++) {
      const at = (2 * index - belowFirst) * HASH_BYTES;
      const [left, right] = [below.subarray(at, at + HASH_BYTES), below.subarray(at + HASH_BYTES, at + 2 * HASH_BYTES)];
      nodes.set(nodeHash(sha256, left, right), end);
      end += HASH_BYTES;
    }
    below = nodes.subarray(begin, end);
    belowFirst = row.first;
  }
  return { first, count, nodes };
}

/** Root over the lines index·2^height … (index+1)·2^height−1, height at least 1; null when they are not all in the run. */
export function subtreeAt({ first, count, nodes }: Subtrees, height: number, index: number): Uint8Array | null {
  let offset = 0;
  for (let h = 1; h < height; h++) offset += Math.max(0, rowOf(first, count, h).count);
  const row = rowOf(first, count, height);
  if (index < row.first || index >= row.first + row.count) return null;
  const at = (offset + index - row.first) * HASH_BYTES;
  return nodes.slice(at, at + HASH_BYTES);
}

/** Sizes pass 2^31, so no `>>`. */
function rowOf(first: number, count: number, height: number): { readonly first: number; readonly count: number } {
  const width = 2 ** height;
  const begin = Math.ceil(first / width);
  return { first: begin, count: Math.floor((first + count) / width) - begin };
}
