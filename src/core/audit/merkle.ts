/**
 * The Merkle tree over all lines of a log (RFC 6962 §2.1, the same tree as RFC 9162 §2.1).
 *
 *   leaf  = SHA-256(0x00 ‖ line)            (chain.ts)
 *   node  = SHA-256(0x01 ‖ left ‖ right)
 *   root of no lines = SHA-256 of nothing
 *
 * A *frontier* is all that appending needs: the roots of the perfect subtrees that the lines fill, largest first. A tree
 * of `size` lines has one root for each 1 bit of `size`. As text: padded base64 of the roots, joined by `,`; no lines
 * is the empty string.
 *
 * Worked bytes, from two lines `a` and `b`:
 *   root 0      e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
 *   root 1      022a6979e6dab7aa5ae4c3e5e45f7e977112a7e63593820dbec1ec738a24f93c
 *   root 2      b137985ff484fb600db93107c77b0365c80d78f5b429ded0fd97361d077999eb
 *   frontier 1  Aippeebat6pa5MPl5F9+l3ESp+Y1k4INvsHsc4ok+Tw=
 *
 * Pure; never throws on bad text or proofs (null or false instead).
 */
import { concat, fromBase64, toBase64 } from '../bytes.js';
import type { Sha256 } from '../ports.js';

export const HASH_BYTES = 32;
const NODE_PREFIX = Uint8Array.of(1);
/** 0x01 and room for two children: what a node is hashed from. Filled anew for each. */
const node = new Uint8Array(1 + 2 * HASH_BYTES);

/** Roots of the perfect subtrees of a tree of `size` leaves, largest first. Immutable: appending makes a new one. */
export interface Frontier {
  /** Leaves so far; at most 2^53−1. */
  readonly size: number;
  readonly roots: readonly Uint8Array[];
}

export const EMPTY_FRONTIER: Frontier = { size: 0, roots: [] };

export function nodeHash(sha256: Sha256, left: Uint8Array, right: Uint8Array): Uint8Array {
  if (left.length !== HASH_BYTES || right.length !== HASH_BYTES) return sha256(concat(NODE_PREFIX, left, right));
  node[0] = NODE_PREFIX[0] as number;
  node.set(left, 1);
  node.set(right, 1 + HASH_BYTES);
  return sha256(node);
}

/** The frontier after one more leaf. On average one hash beyond the leaf's own. */
export function appendLeaf(sha256: Sha256, frontier: Frontier, leaf: Uint8Array): Frontier {
  return appendSubtree(sha256, frontier, 0, leaf);
}

/** The frontier after 2^height more leaves, whose root is `root`. The size so far must be a multiple of their number. */
export function appendSubtree(sha256: Sha256, frontier: Frontier, height: number, root: Uint8Array): Frontier {
  const roots = frontier.roots.slice();
  const width = 2 ** height;
  let carried = root;
  // Like adding 1 in binary: each trailing 1 bit is a subtree as large as what is carried. Sizes pass 2^31, so no `>>`.
  for (let bits = frontier.size / width; bits % 2 === 1; bits = (bits - 1) / 2) {
    const left = roots.pop();
    if (left === undefined) break;
    carried = nodeHash(sha256, left, carried);
  }
  roots.push(carried);
  return { size: frontier.size + width, roots };
}

/** Root of the whole tree, 32 bytes. */
export function rootOf(sha256: Sha256, frontier: Frontier): Uint8Array {
  const last = frontier.roots.length - 1;
  let root = frontier.roots[last];
  if (root === undefined) return sha256(new Uint8Array(0));
  for (let i = last - 1; i >= 0; i--) root = nodeHash(sha256, frontier.roots[i] as Uint8Array, root);
  return root;
}

/** Subtree roots as text, largest first. */
export function encodeFrontier(frontier: Frontier): string {
  return frontier.roots.map(toBase64).join(',');
}

/** The inverse of {@link encodeFrontier}; null when `text` is not the frontier of any tree of `size` leaves. */
export function decodeFrontier(text: string, size: number): Frontier | null {
  if (!Number.isSafeInteger(size) || size < 0) return null;
  const parts = text === '' ? [] : text.split(',');
  if (parts.length !== oneBits(size)) return null;
  const roots: Uint8Array[] = [];
  for (const part of parts) {
    const root = fromBase64(part);
    if (root === null || root.length !== HASH_BYTES) return null;
    roots.push(root);
  }
  return { size, roots };
}

function oneBits(n: number): number {
  let count = 0;
  for (let bits = n; bits > 0; bits = Math.floor(bits / 2)) count += bits % 2;
  return count;
}
