/**
 * Past one token, or past all that stands inside a container nobody asks about, by the grammar of RFC 8259.
 *
 *   in   : an address in a text that ends in a zero byte, with 16 more bytes behind it that may be read
 *   out  : the address past what was skipped, 0: not by the grammar
 *   never: reads past the zero (no token contains one, so it ends every loop), looks at what bytes from 0x80 mean
 */
import { MAX_DEPTH } from './scratch';
import { ESCAPED, PLAIN } from './text';

/** Whether the string skipped last has escapes. */
export let escaped: u32 = PLAIN;
/** Not 0 once a string had bytes from 0x80 near it; their UTF-8 is for the caller to check. */
export let high: i32 = 0;

/** A byte for each open container: the bracket that closes it. */
const closers: usize = memory.data(128);

export function clearHigh(): void {
  high = 0;
}

@inline
export function skipSpace(p: usize): usize {
  return load<u8>(p) > 0x20 ? p : skipBlank(p);
}

function skipBlank(p: usize): usize {
  // One blank between two tokens is the most common run by far.
  if (load<u8>(p) == 0x20 && load<u8>(p, 1) > 0x20) return p + 1;
  // Each of the four has a low half of its own, so one look-up by that half tells them from all else.
  const blanks = i8x16(0x20, 0x20, 0x20, 0x20, 0x20, 0x20, 0x20, 0x20, 0x20, 9, 10, 0x20, 0x20, 13, 0x20, 0x20);
  while (true) {
    const bytes = v128.load(p);
    const blank = i8x16.eq(bytes, i8x16.swizzle(blanks, v128.and(bytes, i8x16.splat(15))));
    const rest = i8x16.bitmask(blank) ^ 0xffff;
    if (rest != 0) return p + ctz<i32>(rest);
    p += 16;
  }
  return 0;
}

/** `p` is past the opening quote. */
export function skipString(p: usize): usize {
  escaped = PLAIN;
  let seen: i32 = 0;
  while (true) {
    let mask: i32;
    let bytes: v128;
    do {
      bytes = v128.load(p);
      const stops = v128.or(
        i8x16.le_u(bytes, i8x16.splat(0x1f)),
        v128.or(i8x16.eq(bytes, i8x16.splat(0x22)), i8x16.eq(bytes, i8x16.splat(0x5c))),
      );
      seen |= i8x16.bitmask(bytes);
      mask = i8x16.bitmask(stops);
      p += 16;
    } while (mask == 0);
    p -= 16;
    let first: u32 = load<u8>(p + ctz<i32>(mask));
    if (first == 0x5c) {
      escaped = ESCAPED;
      const slashes = i8x16.bitmask(i8x16.eq(bytes, i8x16.splat(0x5c)));
      const letters = afterSlashes(slashes);
      mask &= ~(slashes | letters);
      const unknown = letters & ~i8x16.bitmask(isLetter(bytes)) & 0xffff & ((mask & -mask) - 1);
      if (unknown != 0) {
        p += ctz<i32>(unknown);
        if (load<u8>(p) != 0x75) return 0;
        p--;
        // Text in other scripts is often nothing but these.
        do {
          if (!isHex4(p + 2)) return 0;
          p += 6;
        } while (load<u16>(p) == 0x755c);
        continue;
      }
      if (mask == 0) {
        // A backslash at the end begins the next block.
        p += 16 - (letters >> 16);
        continue;
      }
      first = load<u8>(p + ctz<i32>(mask));
    }
    if (first != 0x22) return 0;
    high |= seen;
    return p + ctz<i32>(mask) + 1;
  }
  return 0;
}

/**
 * Bits of the bytes that a backslash before them takes, from the bits of all backslashes; bit 16 is the byte behind the block.
 * In a run of backslashes every second byte is taken, and the one behind a run of odd length. Adding the first bit of a run to
 * it turns over the run and the bit behind it; of those, the ones at an odd distance from the first are taken.
 */
@inline
function afterSlashes(slashes: i32): i32 {
  const first = slashes & ~(slashes << 1);
  const fromEven = (slashes + (first & 0x5555)) ^ slashes;
  const fromOdd = (slashes + (first & 0xaaaa)) ^ slashes;
  return (fromEven & 0xaaaa) | (fromOdd & 0x15555);
}

/** Which bytes are one of `"`, `/`, `\`, b, f, n, r, t: those whose halves have a bit in common, one for each upper half. */
@inline
function isLetter(bytes: v128): v128 {
  const lower = i8x16(0, 0, 13, 0, 8, 0, 4, 0, 0, 0, 0, 0, 2, 0, 4, 1);
  const upper = i8x16(0, 0, 1, 0, 0, 2, 4, 8, 0, 0, 0, 0, 0, 0, 0, 0);
  const half = i8x16.splat(15);
  return i8x16.ne(
    v128.and(
      i8x16.swizzle(lower, v128.and(bytes, half)),
      i8x16.swizzle(upper, v128.and(i16x8.shr_u(bytes, 4), half)),
    ),
    i8x16.splat(0),
  );
}

@inline
function isHex4(p: usize): bool {
  const bytes = v128.load(p);
  const digits = i8x16.le_u(i8x16.sub(bytes, i8x16.splat(0x30)), i8x16.splat(9));
  const letters = i8x16.le_u(i8x16.sub(v128.or(bytes, i8x16.splat(0x20)), i8x16.splat(0x61)), i8x16.splat(5));
  return (i8x16.bitmask(v128.or(digits, letters)) & 15) == 15;
}

@inline
export function skipNumber(p: usize): usize {
  let byte: u32 = load<u8>(p);
  if (byte == 0x2d) byte = load<u8>(++p);
  if (byte == 0x30) byte = load<u8>(++p);
  else {
    if (byte - 0x30 > 9) return 0;
    do byte = load<u8>(++p);
    while (byte - 0x30 < 10);
  }
  if (byte == 0x2e) {
    byte = load<u8>(++p);
    if (byte - 0x30 > 9) return 0;
    do byte = load<u8>(++p);
    while (byte - 0x30 < 10);
  }
  if ((byte | 0x20) == 0x65) {
    byte = load<u8>(++p);
    if (byte == 0x2b || byte == 0x2d) byte = load<u8>(++p);
    if (byte - 0x30 > 9) return 0;
    do byte = load<u8>(++p);
    while (byte - 0x30 < 10);
  }
  return p;
}

/** `true`, `false` or `null`. */
export function skipWord(p: usize): usize {
  const word = load<u32>(p);
  if (word == 0x65757274 || word == 0x6c6c756e) return p + 4;
  return word == 0x736c6166 && load<u8>(p, 4) == 0x65 ? p + 5 : 0;
}

/** `p` is past the opening bracket of a container which `closer` ends and with which `depth` are open. */
export function skipInside(p: usize, closer: u32, depth: u32): usize {
  const outside = depth;
  p = skipSpace(p);
  let empty = load<u8>(p) == closer;
  while (true) {
    if (!empty) {
      if (closer == 0x7d) {
        p = skipSpace(p);
        if (load<u8>(p) != 0x22) return 0;
        p = skipString(p + 1);
        if (p == 0) return 0;
        p = skipSpace(p);
        if (load<u8>(p) != 0x3a) return 0;
        p++;
      }
      p = skipSpace(p);
      const first: u32 = load<u8>(p);
      if (first == 0x22) p = skipString(p + 1);
      else if (first == 0x2d || first - 0x30 < 10) p = skipNumber(p);
      else if (first == 0x7b || first == 0x5b) {
        if (depth == MAX_DEPTH) return 0;
        store<u8>(closers + depth++, closer);
        closer = first + 2;
        p = skipSpace(p + 1);
        empty = load<u8>(p) == closer;
        continue;
      } else p = skipWord(p);
      if (p == 0) return 0;
    }
    empty = false;
    while (true) {
      p = skipSpace(p);
      const byte: u32 = load<u8>(p++);
      if (byte == 0x2c) break;
      if (byte != closer) return 0;
      if (depth == outside) return p;
      closer = load<u8>(closers + --depth);
    }
  }
  return 0;
}
