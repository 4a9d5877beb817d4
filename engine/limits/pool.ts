/**
 * Memory for keys and stamps: pages carved into pieces of one size, freed pieces kept in a list per size.
 * Grown a page at a time, never given back. At most 8 Mi stamps live; those of shadow rules are counted apart, so that they
 * never take the room of a limit that binds.
 */
import { H_LIMITS, LIMIT_WORDS, cell } from '../program';
import { isShadow } from '../shadow';
import { takePage } from '../memory';

export const STAMPS_MAX: u32 = 8388608;
const STAMP_BYTES: u32 = 8;
/** Piece sizes of keys: a 40-byte head and the key. */
const SMALL: u32 = 64;
const MIDDLE: u32 = 128;
const LARGE: u32 = 320;

/** Per size [free list, next fresh piece, end of the page]. */
const slabs: usize = memory.data(48, 16);
/** Live stamps of limits that bind, and of shadow rules. */
const counts: usize = memory.data(8, 4);

function countOf(limit: u32): usize {
  return counts + (<usize>isShadow(cell(H_LIMITS, LIMIT_WORDS, limit, 0)) << 2);
}

function takePiece(slab: u32, bytes: u32): usize {
  const at = slabs + slab * 12;
  const free = <usize>load<u32>(at);
  if (free != 0) {
    store<u32>(at, load<u32>(free));
    return free;
  }
  let fresh = <usize>load<u32>(at + 4);
  if (fresh == 0 || fresh + bytes > <usize>load<u32>(at + 8)) {
    fresh = takePage();
    if (fresh == 0) return 0;
    store<u32>(at + 8, <u32>fresh + 65536);
  }
  store<u32>(at + 4, <u32>fresh + bytes);
  return fresh;
}

function givePiece(slab: u32, piece: usize): void {
  const at = slabs + slab * 12;
  store<u32>(piece, load<u32>(at));
  store<u32>(at, <u32>piece);
}

/** A stamp [next, tick] for a key of `limit`, or 0 when the pool is full. */
export function takeStamp(limit: u32): usize {
  const count = countOf(limit);
  const live = load<u32>(count);
  if (live >= STAMPS_MAX) return 0;
  const piece = takePiece(0, STAMP_BYTES);
  if (piece != 0) store<u32>(count, live + 1);
  return piece;
}

export function giveStamp(limit: u32, stamp: usize): void {
  const count = countOf(limit);
  store<u32>(count, load<u32>(count) - 1);
  givePiece(0, stamp);
}

function slabOf(keyLen: u32): u32 {
  return keyLen + 40 <= SMALL ? 1 : keyLen + 40 <= MIDDLE ? 2 : 3;
}

/** Room for a key of at most 280 bytes with its head, or 0. */
export function takeKey(keyLen: u32): usize {
  const slab = slabOf(keyLen);
  return takePiece(slab, slab == 1 ? SMALL : slab == 2 ? MIDDLE : LARGE);
}

export function giveKey(key: usize, keyLen: u32): void {
  givePiece(slabOf(keyLen), key);
}
