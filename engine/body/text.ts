/**
 * Text as it stands in a body, read as the bytes it means.
 *
 *   in   : a run of bytes already found valid, and how it is written (plain, with JSON escapes, form-encoded)
 *   out  : its decoded bytes one at a time; hash, equality, prefix, suffix, contains
 *   never: copies; surrogates without a partner come out as their three-byte WTF-8 form, which no operand has
 */
import { hashBytes, hashEnd, HASH_START, hashWord } from './hash';

export const PLAIN: u32 = 0;
export const ESCAPED: u32 = 1;
export const FORM: u32 = 2;

let at: usize = 0;
let end: usize = 0;
let how: u32 = PLAIN;
/** Bytes of a decoded character still to be given out, lowest first. */
let pending: u32 = 0;
/** Whether a surrogate without a partner has been read since textOpen. */
export let textHalf: bool = false;

/** Starts reading `len` bytes at `ptr`. */
export function textOpen(ptr: usize, len: u32, writing: u32): void {
  at = ptr;
  end = ptr + len;
  how = writing;
  pending = 0;
  textHalf = false;
}

/** The next decoded byte; -1 at the end. */
export function textNext(): i32 {
  if (pending != 0) {
    const byte = pending & 0xff;
    pending >>= 8;
    return byte;
  }
  if (at >= end) return -1;
  const byte: u32 = load<u8>(at++);
  if (how == PLAIN) return byte;
  if (how == FORM) {
    if (byte == 0x2b) return 0x20;
    if (byte != 0x25 || end - at < 2) return byte;
    const value = (hexValue(load<u8>(at)) << 4) | hexValue(load<u8>(at, 1));
    at += 2;
    return value & 0xff;
  }
  if (byte != 0x5c || at >= end) return byte;
  return unescape();
}

/** Past the backslash. A character of several bytes leaves all but its first in `pending`. */
function unescape(): i32 {
  const letter: u32 = load<u8>(at++);
  switch (letter) {
    case 0x62: return 0x08;
    case 0x66: return 0x0c;
    case 0x6e: return 0x0a;
    case 0x72: return 0x0d;
    case 0x74: return 0x09;
    case 0x75: break;
    default: return letter;
  }
  if (end - at < 4) return 0;
  let code = hex4(at);
  at += 4;
  if ((code & 0xfc00) == 0xd800 && end - at >= 6 && load<u16>(at) == 0x755c) {
    const low = hex4(at + 2);
    if ((low & 0xfc00) == 0xdc00) {
      code = 0x10000 + ((code & 0x3ff) << 10) + (low & 0x3ff);
      at += 6;
    }
  }
  if (code < 0x80) return code;
  if (code < 0x800) {
    pending = 0x80 | (code & 0x3f);
    return 0xc0 | (code >> 6);
  }
  if (code < 0x10000) {
    if ((code & 0xf800) == 0xd800) textHalf = true;
    pending = 0x80 | ((code >> 6) & 0x3f) | ((0x80 | (code & 0x3f)) << 8);
    return 0xe0 | (code >> 12);
  }
  pending = 0x80 | ((code >> 12) & 0x3f) | ((0x80 | ((code >> 6) & 0x3f)) << 8) | ((0x80 | (code & 0x3f)) << 16);
  return 0xf0 | (code >> 18);
}

/** Value of a hexadecimal digit; 0xff for any other byte. */
export function hexValue(byte: u32): u32 {
  if (byte - 0x30 < 10) return byte - 0x30;
  const letter = (byte | 0x20) - 0x61;
  return letter < 6 ? letter + 10 : 0xff;
}

function hex4(p: usize): u32 {
  return (
    ((hexValue(load<u8>(p)) & 15) << 12) |
    ((hexValue(load<u8>(p, 1)) & 15) << 8) |
    ((hexValue(load<u8>(p, 2)) & 15) << 4) |
    (hexValue(load<u8>(p, 3)) & 15)
  );
}

/** Decoded length found by the last textHash. */
export let hashedLen: u32 = 0;

/** Hash of the decoded bytes, equal to hashBytes of them. */
export function textHash(ptr: usize, len: u32, writing: u32): u32 {
  if (writing == PLAIN) {
    hashedLen = len;
    return hashBytes(ptr, len);
  }
  textOpen(ptr, len, writing);
  let hash = HASH_START;
  let word: u32 = 0;
  let count: u32 = 0;
  for (let byte = textNext(); byte >= 0; byte = textNext()) {
    word |= (<u32>byte) << ((count & 3) << 3);
    if ((++count & 3) == 0) {
      hash = hashWord(hash, word);
      word = 0;
    }
  }
  if ((count & 3) != 0) hash = hashWord(hash, word);
  hashedLen = count;
  return hashEnd(hash, count);
}

/** Whether the text is exactly the `otherLen` bytes at `other`. */
export function textEquals(ptr: usize, len: u32, writing: u32, other: usize, otherLen: u32): bool {
  if (writing == PLAIN) return len == otherLen && memory.compare(ptr, other, len) == 0;
  textOpen(ptr, len, writing);
  for (let i: u32 = 0; i < otherLen; i++) if (textNext() != <i32>load<u8>(other + i)) return false;
  return textNext() < 0;
}

/** Whether two texts, each in its own writing, mean the same bytes. */
export function textsEqual(a: usize, aLen: u32, aHow: u32, b: usize, bLen: u32, bHow: u32): bool {
  if (bHow == PLAIN) return textEquals(a, aLen, aHow, b, bLen);
  if (aHow == PLAIN) return textEquals(b, bLen, bHow, a, aLen);
  let aAt = a, bAt = b;
  let aPending: u32 = 0, bPending: u32 = 0;
  while (true) {
    at = aAt; end = a + aLen; how = aHow; pending = aPending;
    const left = textNext();
    aAt = at; aPending = pending;
    at = bAt; end = b + bLen; how = bHow; pending = bPending;
    const right = textNext();
    bAt = at; bPending = pending;
    if (left != right) return false;
    if (left < 0) return true;
  }
}

export function textStarts(ptr: usize, len: u32, writing: u32, needle: usize, needleLen: u32): bool {
  textOpen(ptr, len, writing);
  for (let i: u32 = 0; i < needleLen; i++) if (textNext() != <i32>load<u8>(needle + i)) return false;
  return true;
}

/** `decodedLen` is the length of the decoded text. */
export function textEnds(
  ptr: usize, len: u32, writing: u32, decodedLen: u32, needle: usize, needleLen: u32,
): bool {
  if (needleLen > decodedLen) return false;
  if (writing == PLAIN) return memory.compare(ptr + (len - needleLen), needle, needleLen) == 0;
  textOpen(ptr, len, writing);
  for (let skip = decodedLen - needleLen; skip != 0; skip--) textNext();
  for (let i: u32 = 0; i < needleLen; i++) if (textNext() != <i32>load<u8>(needle + i)) return false;
  return true;
}

/** Linear in both, whatever they are. `table` has room for `needleLen` u32; 16 bytes behind a plain text may be read. */
export function textContains(
  ptr: usize, len: u32, writing: u32, needle: usize, needleLen: u32, table: usize,
): bool {
  if (needleLen == 0) return true;
  if (writing == PLAIN) {
    if (needleLen > len) return false;
    const found = findPlain(ptr, len, needle, needleLen);
    if (found >= 0) return found != 0;
    return searchFrom(resumeAt, <u32>(ptr + len - resumeAt), PLAIN, needle, needleLen, table);
  }
  return searchFrom(ptr, len, writing, needle, needleLen, table);
}

/** Where findPlain gave up: the needle does not begin before. */
let resumeAt: usize = 0;

/** By the needle's first and last byte, sixteen places at once. -1: too many places looked like it. */
function findPlain(ptr: usize, len: u32, needle: usize, needleLen: u32): i32 {
  const first = i8x16.splat(load<i8>(needle));
  const last = i8x16.splat(load<i8>(needle + needleLen - 1));
  const stop = ptr + (len - needleLen);
  let compared: u32 = 0;
  for (let p = ptr; p <= stop; p += 16) {
    let mask = i8x16.bitmask(
      v128.and(i8x16.eq(v128.load(p), first), i8x16.eq(v128.load(p + needleLen - 1), last)),
    );
    for (; mask != 0; mask &= mask - 1) {
      const at = p + ctz<i32>(mask);
      if (at > stop) return 0;
      if (memory.compare(at, needle, needleLen) == 0) return 1;
      compared += needleLen;
    }
    if (compared > len) {
      resumeAt = p;
      return -1;
    }
  }
  return 0;
}

/** Knuth-Morris-Pratt. */
function searchFrom(ptr: usize, len: u32, writing: u32, needle: usize, needleLen: u32, table: usize): bool {
  store<u32>(table, 0);
  let matched: u32 = 0;
  for (let i: u32 = 1; i < needleLen; i++) {
    const byte = load<u8>(needle + i);
    while (matched != 0 && load<u8>(needle + matched) != byte) matched = load<u32>(table + ((matched - 1) << 2));
    if (load<u8>(needle + matched) == byte) matched++;
    store<u32>(table + (i << 2), matched);
  }
  textOpen(ptr, len, writing);
  matched = 0;
  for (let byte = textNext(); byte >= 0; byte = textNext()) {
    while (matched != 0 && <i32>load<u8>(needle + matched) != byte) matched = load<u32>(table + ((matched - 1) << 2));
    if (<i32>load<u8>(needle + matched) == byte && ++matched == needleLen) return true;
  }
  return false;
}
