/**
 * The names seen in objects that a wanted path passes through: 4,096 live ones, found by hash.
 *
 * A chain of more than 32 entries does not come about by chance at this size; it is taken as an attack on the
 * hash and refused like an overflow, so that no body makes the look-up quadratic.
 */
import { NAME_BUCKETS, NAME_ENTRIES, NAME_ENTRY, nameEntries, nameHeads } from './scratch';
import { textsEqual } from './text';

const MAX_CHAIN: u32 = 32;

/** Entry: hash, pointer, length, writing, next + 1, bucket, owner, then what form.ts keeps. */
export const E_PTR: usize = 4;
export const E_LEN: usize = 8;
export const E_WRITING: usize = 12;
export const E_NEXT: usize = 16;
export const E_BUCKET: usize = 20;
export const E_OWNER: usize = 24;

export let nameCount: u32 = 0;

export function entryAt(i: u32): usize {
  return nameEntries + i * NAME_ENTRY;
}

/** Set by findName when it gave up. */
export let chainTooLong: bool = false;

/** The entry of this name under `owner`, or -1. `owner` tells one live object from another. */
export function findName(owner: u32, hash: u32, ptr: usize, len: u32, writing: u32): i32 {
  chainTooLong = false;
  let left = MAX_CHAIN;
  for (let i = load<u32>(nameHeads + (bucketOf(owner, hash) << 2)); i != 0; ) {
    const entry = entryAt(i - 1);
    if (
      load<u32>(entry) == hash &&
      load<u32>(entry, E_OWNER) == owner &&
      textsEqual(ptr, len, writing, load<u32>(entry, E_PTR), load<u32>(entry, E_LEN), load<u32>(entry, E_WRITING))
    ) {
      return i - 1;
    }
    if (--left == 0) {
      chainTooLong = true;
      return -1;
    }
    i = load<u32>(entry, E_NEXT);
  }
  return -1;
}

/** Enters a name; -1: the table is full. */
export function addName(owner: u32, hash: u32, ptr: usize, len: u32, writing: u32): i32 {
  if (nameCount == NAME_ENTRIES) return -1;
  const entry = entryAt(nameCount);
  const bucket = bucketOf(owner, hash);
  const head = nameHeads + (bucket << 2);
  store<u32>(entry, hash);
  store<u32>(entry, <u32>ptr, E_PTR);
  store<u32>(entry, len, E_LEN);
  store<u32>(entry, writing, E_WRITING);
  store<u32>(entry, load<u32>(head), E_NEXT);
  store<u32>(entry, bucket, E_BUCKET);
  store<u32>(entry, owner, E_OWNER);
  store<u32>(head, ++nameCount);
  return nameCount - 1;
}

/** Takes back the newest entries until `count` are left. */
export function dropNames(count: u32): void {
  while (nameCount > count) {
    const entry = entryAt(--nameCount);
    store<u32>(nameHeads + (load<u32>(entry, E_BUCKET) << 2), load<u32>(entry, E_NEXT));
  }
}

/** Forgets everything, for memory that was just cleared. */
export function resetNames(): void {
  nameCount = 0;
}

@inline
function bucketOf(owner: u32, hash: u32): u32 {
  return (hash + owner * 0x9e3779b1) & (NAME_BUCKETS - 1);
}
