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
    do {
      const bytes = v128.load(p);
      const stops = v128.or(
        i8x16.le_u(bytes, i8x16.splat(0x1f)),
        v128.or(i8x16.eq(bytes, i8x16.splat(0x22)), i8x16.eq(bytes, i8x16.splat(0x5c))),
      );
      seen |= i8x16.bitmask(bytes);
      mask = i8x16.bitmask(stops);
      p += 16;
    } while (mask == 0);
    const block = p - 16;
    do {
      const at = block + ctz<i32>(mask);
      const byte: u32 = load<u8>(at);
      if (byte == 0x22) {
        high |= seen;
        return at + 1;
      }
      if (byte != 0x5c) return 0;
      escaped = ESCAPED;
      const next = skipEscape(at + 1);
      if (next == 0) return 0;
      if (next >= p) {
        p = next;
        break;
      }
      // What the escape took is no stop.
      mask &= -1 << <i32>(next - block);
    } while (mask != 0);
  }
  return 0;
}

/** `"` and `/`; `\`, b, f, n, r, t: a bit for each letter below 64, and for each from 64. */
const ESCAPES_LOW: u64 = (1 << 0x22) | (1 << 0x2f);
const ESCAPES_HIGH: u64 =
  (1 << (0x5c - 64)) | (1 << (0x62 - 64)) | (1 << (0x66 - 64)) | (1 << (0x6e - 64)) | (1 << (0x72 - 64)) | (1 << (0x74 - 64));

@inline
function skipEscape(p: usize): usize {
  const letter: u32 = load<u8>(p);
  if (letter != 0x75) {
    const known = select<u64>(ESCAPES_LOW, ESCAPES_HIGH, letter < 64) >> (letter & 63);
    return letter < 128 && (known & 1) != 0 ? p + 1 : 0;
  }
  const bytes = v128.load(p, 1);
  const digits = i8x16.le_u(i8x16.sub(bytes, i8x16.splat(0x30)), i8x16.splat(9));
  const letters = i8x16.le_u(i8x16.sub(v128.or(bytes, i8x16.splat(0x20)), i8x16.splat(0x61)), i8x16.splat(5));
  return (i8x16.bitmask(v128.or(digits, letters)) & 15) == 15 ? p + 5 : 0;
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
