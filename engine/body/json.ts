/**
 * One pass over a JSON text (RFC 8259) for all wanted paths.
 *
 *   in   : bytes, with 17 more behind them that may be read and one of them written; wants in the scratch
 *   out  : whether all of it is valid, at most 128 deep, without a duplicate name where a wanted path passes (anywhere,
 *          if one may have several nodes); what stands at wanted nodes
 *   never: builds a tree, recurses, converts numbers; the byte behind the text is as before when it returns
 */
import { found } from './found';
import { addName, chainTooLong, dropNames, findName, nameCount } from './names';
import {
  everyName, FRAME, frames, IS_ARRAY, IS_FALSE, IS_NULL, IS_NUMBER, IS_OBJECT, IS_STRING, IS_TRUE, MAX_DEPTH, READING_JSON,
} from './scratch';
import { clearHigh, escaped, high, skipInside, skipNumber, skipSpace, skipString, skipWord } from './skip';
import { PLAIN, textHash } from './text';
import { utf8Valid } from './utf8';
import { enter, meetIndex, meetName, meetNothing, meetRoot, met } from './walk';

/** False: not to be judged. */
export function jsonScan(ptr: usize, len: u32): bool {
  const end = ptr + len;
  const behind = load<u8>(end);
  // No token contains a zero, so nothing below has to ask where the text ends.
  store<u8>(end, 0);
  dropNames(0);
  clearHigh();
  const whole = scan(ptr, end);
  dropNames(0);
  store<u8>(end, behind);
  // Outside of strings the grammar takes ASCII only, so what is not UTF-8 stands in one of them.
  return whole && (high == 0 || utf8Valid(ptr, len));
}

function scan(start: usize, end: usize): bool {
  let p = start;
  let depth: u32 = 0;
  meetRoot();
  let closer: u32 = 0;
  /** Partial matches that go on in the open container. */
  let live: u32 = 0;
  let index: u32 = 0;
  let mark: u32 = 0;
  while (true) {
    p = skipSpace(p);
    const first: u32 = load<u8>(p);
    const value = p;
    let opened = false;
    if (first == 0x22) {
      p = skipString(p + 1);
      if (p == 0) return false;
      if (met != 0) found(READING_JSON, IS_STRING, value + 1, <u32>(p - value - 2), escaped);
    } else if (first == 0x7b || first == 0x5b) {
      if (depth == MAX_DEPTH) return false;
      if (met != 0) found(READING_JSON, first == 0x7b ? IS_OBJECT : IS_ARRAY, p, 0, PLAIN);
      let inside: i32 = 0;
      if ((met | live) != 0) {
        inside = enter(depth, live);
        if (inside < 0) return false;
      }
      if (inside == 0 && !everyName) {
        p = skipInside(p + 1, first + 2, depth + 1);
        if (p == 0) return false;
      } else {
        const frame = frames + depth * FRAME;
        store<u32>(frame, closer);
        store<u32>(frame, live, 4);
        store<u32>(frame, index, 8);
        store<u32>(frame, mark, 12);
        depth++;
        closer = first + 2;
        live = inside;
        index = 0;
        mark = nameCount;
        p = skipSpace(p + 1);
        // An empty container falls through to the closing below.
        opened = load<u8>(p) != closer;
      }
    } else if (first == 0x2d || first - 0x30 < 10) {
      p = skipNumber(p);
      if (p == 0) return false;
      if (met != 0) found(READING_JSON, IS_NUMBER, value, <u32>(p - value), PLAIN);
    } else {
      p = skipWord(p);
      if (p == 0) return false;
      const kind = first == 0x74 ? IS_TRUE : first == 0x66 ? IS_FALSE : IS_NULL;
      if (met != 0) found(READING_JSON, kind, value, <u32>(p - value), PLAIN);
    }

    while (!opened) {
      p = skipSpace(p);
      if (depth == 0) return p == end;
      const byte: u32 = load<u8>(p++);
      if (byte == 0x2c) {
        index++;
        break;
      }
      if (byte != closer) return false;
      dropNames(mark);
      const frame = frames + --depth * FRAME;
      closer = load<u32>(frame);
      live = load<u32>(frame, 4);
      index = load<u32>(frame, 8);
      mark = load<u32>(frame, 12);
    }

    if (closer != 0x7d) {
      if (live != 0) meetIndex(depth, live, index);
      else meetNothing();
      continue;
    }
    p = skipSpace(p);
    if (load<u8>(p) != 0x22) return false;
    const name = p + 1;
    p = skipString(name);
    if (p == 0) return false;
    const len = <u32>(p - name - 1);
    const hash = textHash(name, len, escaped);
    if (findName(depth, hash, name, len, escaped) >= 0 || chainTooLong) return false;
    if (addName(depth, hash, name, len, escaped) < 0) return false;
    if (live != 0) meetName(depth, live, hash, name, len, escaped);
    else meetNothing();
    p = skipSpace(p);
    if (load<u8>(p) != 0x3a) return false;
    p++;
  }
  return false;
}
