/**
 * One pass over a JSON text (RFC 8259) for all wanted paths.
 *
 *   in   : bytes; wants in the scratch
 *   out  : whether all of it is valid, at most 128 deep, without a duplicate name where a wanted path passes (anywhere,
 *          if one may have several nodes); what stands at wanted nodes
 *   never: builds a tree, recurses, converts numbers
 */
import { found } from './found';
import { addName, chainTooLong, dropNames, findName, nameCount } from './names';
import {
  everyName, FRAME, frames, IS_ARRAY, IS_FALSE, IS_NULL, IS_NUMBER, IS_OBJECT, IS_STRING, IS_TRUE, MAX_DEPTH, READING_JSON,
} from './scratch';
import { ESCAPED, hexValue, PLAIN, textHash } from './text';
import { utf8Skip } from './utf8';
import { enter, meetIndex, meetName, meetNothing, meetRoot, met } from './walk';

/** Whether the string skipped last has escapes. */
let escaped: u32 = PLAIN;

/** False: not to be judged. */
export function jsonScan(ptr: usize, len: u32): bool {
  dropNames(0);
  const whole = scan(ptr, ptr + len);
  dropNames(0);
  return whole;
}

function scan(start: usize, end: usize): bool {
  let p = start;
  let depth: u32 = 0;
  meetRoot();
  let inObject = false;
  /** Partial matches that go on in the open container. */
  let live: u32 = 0;
  let index: u32 = 0;
  let mark: u32 = 0;
  while (true) {
    p = skipSpace(p, end);
    if (p >= end) return false;
    const first: u32 = load<u8>(p);
    let opened = false;
    if (first == 0x22) {
      const text = p + 1;
      p = skipString(text, end);
      if (p == 0) return false;
      if (met != 0) found(READING_JSON, IS_STRING, text, <u32>(p - text - 1), escaped);
    } else if (first == 0x7b || first == 0x5b) {
      if (depth == MAX_DEPTH) return false;
      if (met != 0) found(READING_JSON, first == 0x7b ? IS_OBJECT : IS_ARRAY, p, 0, PLAIN);
      const frame = frames + depth * FRAME;
      store<u32>(frame, inObject ? 1 : 0);
      store<u32>(frame, live, 4);
      store<u32>(frame, index, 8);
      store<u32>(frame, mark, 12);
      if ((met | live) != 0) {
        const inside = enter(depth, live);
        if (inside < 0) return false;
        live = inside;
      }
      depth++;
      inObject = first == 0x7b;
      index = 0;
      mark = nameCount;
      p = skipSpace(p + 1, end);
      if (p >= end) return false;
      // An empty container falls through to the closing below.
      opened = load<u8>(p) != (inObject ? 0x7d : 0x5d);
    } else if (first == 0x2d || first - 0x30 < 10) {
      const text = p;
      p = skipNumber(p, end);
      if (p == 0) return false;
      if (met != 0) found(READING_JSON, IS_NUMBER, text, <u32>(p - text), PLAIN);
    } else if (first == 0x74) {
      if (end - p < 4 || load<u32>(p) != 0x65757274) return false;
      if (met != 0) found(READING_JSON, IS_TRUE, p, 4, PLAIN);
      p += 4;
    } else if (first == 0x66) {
      if (end - p < 5 || load<u32>(p, 1) != 0x65736c61) return false;
      if (met != 0) found(READING_JSON, IS_FALSE, p, 5, PLAIN);
      p += 5;
    } else if (first == 0x6e) {
      if (end - p < 4 || load<u32>(p) != 0x6c6c756e) return false;
      if (met != 0) found(READING_JSON, IS_NULL, p, 4, PLAIN);
      p += 4;
    } else return false;

    while (!opened) {
      p = skipSpace(p, end);
      if (depth == 0) return p == end;
      if (p >= end) return false;
      const byte: u32 = load<u8>(p++);
      if (byte == 0x2c) {
        index++;
        break;
      }
      if (byte != (inObject ? 0x7d : 0x5d)) return false;
      dropNames(mark);
      const frame = frames + --depth * FRAME;
      inObject = load<u32>(frame) != 0;
      live = load<u32>(frame, 4);
      index = load<u32>(frame, 8);
      mark = load<u32>(frame, 12);
    }

    if (!inObject) {
      if (live != 0) meetIndex(depth, live, index);
      else meetNothing();
      continue;
    }
    p = skipSpace(p, end);
    if (p >= end || load<u8>(p) != 0x22) return false;
    const name = p + 1;
    p = skipString(name, end);
    if (p == 0) return false;
    if (live == 0) meetNothing();
    if (live != 0 || everyName) {
      const len = <u32>(p - name - 1);
      const writing = escaped;
      const hash = textHash(name, len, writing);
      if (findName(depth, hash, name, len, writing) >= 0 || chainTooLong) return false;
      if (addName(depth, hash, name, len, writing) < 0) return false;
      if (live != 0) meetName(depth, live, hash, name, len, writing);
    }
    p = skipSpace(p, end);
    if (p >= end || load<u8>(p) != 0x3a) return false;
    p++;
  }
  return false;
}

@inline
function skipSpace(p: usize, end: usize): usize {
  while (p < end) {
    const byte: u32 = load<u8>(p);
    if (byte > 0x20 || (byte != 0x20 && byte != 0x0a && byte != 0x0d && byte != 0x09)) break;
    p++;
  }
  return p;
}

/** Past the closing quote of the string whose first byte is at `p`; 0: invalid. Sets `escaped`. */
function skipString(p: usize, end: usize): usize {
  escaped = PLAIN;
  while (true) {
    // Signed comparison: bytes of 0x80 and more stop the run together with controls.
    while (p + 16 <= end) {
      const bytes = v128.load(p);
      const stops = v128.or(
        i8x16.lt_s(bytes, i8x16.splat(0x20)),
        v128.or(i8x16.eq(bytes, i8x16.splat(0x22)), i8x16.eq(bytes, i8x16.splat(0x5c))),
      );
      const mask = i8x16.bitmask(stops);
      if (mask != 0) {
        p += ctz<i32>(mask);
        break;
      }
      p += 16;
    }
    if (p >= end) return 0;
    const byte: u32 = load<u8>(p);
    if (byte == 0x22) return p + 1;
    if (byte == 0x5c) {
      escaped = ESCAPED;
      p = skipEscape(p + 1, end);
      if (p == 0) return 0;
    } else if (byte >= 0x80) {
      // Letters of two bytes, with single spaces and the like between them, stay in this loop.
      let next = byte;
      do {
        if (next < 0x80) p++;
        else if (next - 0xc2 < 0x1e && p + 1 < end && (load<u8>(p, 1) & 0xc0) == 0x80) p += 2;
        else {
          p = utf8Skip(p, end);
          if (p == 0) return 0;
        }
        if (p >= end) return 0;
        next = load<u8>(p);
      } while (next >= 0x80 || (next == 0x20 && p + 1 < end && load<u8>(p, 1) >= 0x80));
    } else if (byte < 0x20) return 0;
    else p++;
  }
  return 0;
}

function skipEscape(p: usize, end: usize): usize {
  if (p >= end) return 0;
  const letter: u32 = load<u8>(p);
  switch (letter) {
    case 0x22: case 0x5c: case 0x2f: case 0x62: case 0x66: case 0x6e: case 0x72: case 0x74:
      return p + 1;
    case 0x75:
      if (end - p < 5) return 0;
      for (let i: usize = 1; i < 5; i++) if (hexValue(load<u8>(p + i)) > 15) return 0;
      return p + 5;
    default:
      return 0;
  }
}

/** Past the number at `p`; 0: not by the grammar of RFC 8259 section 6. */
function skipNumber(p: usize, end: usize): usize {
  if (load<u8>(p) == 0x2d) p++;
  if (p >= end) return 0;
  if (load<u8>(p) == 0x30) p++;
  else {
    const whole = p;
    p = skipDigits(p, end);
    if (p == whole) return 0;
  }
  if (p < end && load<u8>(p) == 0x2e) {
    const fraction = ++p;
    p = skipDigits(p, end);
    if (p == fraction) return 0;
  }
  if (p < end && (load<u8>(p) | 0x20) == 0x65) {
    p++;
    if (p < end && (load<u8>(p) == 0x2b || load<u8>(p) == 0x2d)) p++;
    const power = p;
    p = skipDigits(p, end);
    if (p == power) return 0;
  }
  return p;
}

@inline
function skipDigits(p: usize, end: usize): usize {
  while (p < end && <u32>load<u8>(p) - 0x30 < 10) p++;
  return p;
}
