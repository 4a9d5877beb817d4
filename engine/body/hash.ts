/**
 * The hash of names and strings, everywhere. The compiler computes the same (src/core/policy/program/body-values.ts).
 * It only narrows a search: equality is always decided on bytes.
 */
export const HASH_START: u32 = 0x9e3779b9;

/** Takes in four bytes, little-endian, the last ones padded with zeros. */
@inline
export function hashWord(hash: u32, word: u32): u32 {
  return rotl<u32>(hash ^ (word * 0x85ebca6b), 13) * 0xc2b2ae35;
}

@inline
export function hashEnd(hash: u32, len: u32): u32 {
  hash = (hash ^ len) * 0x27d4eb2f;
  hash = (hash ^ (hash >> 15)) * 0x165667b1;
  return hash ^ (hash >> 13);
}

export function hashBytes(ptr: usize, len: u32): u32 {
  let hash = HASH_START;
  let left = len;
  for (; left >= 4; left -= 4, ptr += 4) hash = hashWord(hash, load<u32>(ptr));
  if (left != 0) {
    let word: u32 = load<u8>(ptr);
    if (left > 1) word |= (<u32>load<u8>(ptr, 1)) << 8;
    if (left > 2) word |= (<u32>load<u8>(ptr, 2)) << 16;
    hash = hashWord(hash, word);
  }
  return hashEnd(hash, len);
}
