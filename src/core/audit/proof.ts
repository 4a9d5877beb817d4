/**
 * Checking proofs about the tree of merkle.ts without holding it (RFC 9162 §2.1.3.2 and §2.1.4.2).
 *
 * In: hashes of 32 bytes and sizes up to 2^53−1. Out: whether the proof shows the claim. Malformed input is false.
 */
import { sameBytes } from '../bytes.js';
import type { Sha256 } from '../ports.js';
import { HASH_BYTES, nodeHash } from './merkle.js';

/** Shows that `leaf` is line `index` of the tree of `size` lines with `root`. */
export interface InclusionClaim {
  readonly index: number;
  readonly size: number;
  readonly leaf: Uint8Array;
  readonly proof: readonly Uint8Array[];
  readonly root: Uint8Array;
}

/** Shows that the tree of `oldSize` lines with `oldRoot` is the beginning of the one of `newSize` with `newRoot`. */
export interface ConsistencyClaim {
  readonly oldSize: number;
  readonly oldRoot: Uint8Array;
  readonly newSize: number;
  readonly newRoot: Uint8Array;
  readonly proof: readonly Uint8Array[];
}

const half = (n: number): number => Math.floor(n / 2);
const odd = (n: number): boolean => n % 2 === 1;
const isSize = (n: number): boolean => Number.isSafeInteger(n) && n >= 0;
const isHash = (hash: Uint8Array): boolean => hash.length === HASH_BYTES;

export function verifyInclusion(sha256: Sha256, claim: InclusionClaim): boolean {
  const { index, size, leaf, proof, root } = claim;
  if (!isSize(index) || !isSize(size) || index >= size) return false;
  if (!isHash(leaf) || !isHash(root) || !proof.every(isHash)) return false;
  let here = index;
  let last = size - 1;
  let hash = leaf;
  for (const sibling of proof) {
    if (last === 0) return false;
    if (odd(here) || here === last) {
      hash = nodeHash(sha256, sibling, hash);
      // A last node without a sibling rises until it is a right child.
      while (!odd(here) && here !== 0) {
        here = half(here);
        last = half(last);
      }
    } else {
      hash = nodeHash(sha256, hash, sibling);
    }
    here = half(here);
    last = half(last);
  }
  return last === 0 && sameBytes(hash, root);
}

export function verifyConsistency(sha256: Sha256, claim: ConsistencyClaim): boolean {
  const { oldSize, oldRoot, newSize, newRoot, proof } = claim;
  // Every tree begins with the empty one: such a proof shows nothing and is refused.
  if (!isSize(oldSize) || !isSize(newSize) || oldSize === 0 || oldSize > newSize) return false;
  if (oldSize === newSize) return proof.length === 0 && sameBytes(oldRoot, newRoot);
  if (!isHash(oldRoot) || !isHash(newRoot) || !proof.every(isHash)) return false;
  const path = isPowerOfTwo(oldSize) ? [oldRoot, ...proof] : proof;
  let here = oldSize - 1;
  let last = newSize - 1;
  while (odd(here)) {
    here = half(here);
    last = half(last);
  }
  const [first, ...rest] = path;
  if (first === undefined) return false;
  let oldHash = first;
  let newHash = first;
  for (const sibling of rest) {
    if (last === 0) return false;
    if (odd(here) || here === last) {
      oldHash = nodeHash(sha256, sibling, oldHash);
      newHash = nodeHash(sha256, sibling, newHash);
      while (!odd(here) && here !== 0) {
        here = half(here);
        last = half(last);
      }
    } else {
      newHash = nodeHash(sha256, newHash, sibling);
    }
    here = half(here);
    last = half(last);
  }
  return last === 0 && sameBytes(oldHash, oldRoot) && sameBytes(newHash, newRoot);
}

function isPowerOfTwo(n: number): boolean {
  let rest = n;
  while (rest > 1 && !odd(rest)) rest = half(rest);
  return rest === 1;
}
