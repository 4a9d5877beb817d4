/**
 * JSON Lines: one value a line, each a reading of the body. Blank lines count for nothing.
 *
 *   in   : bytes, and whether their type says so or only their look may
 *   out  : not lines; read; or a line that cannot be read
 */
import { beginLines, line, nextLine } from './found';
import { jsonScan } from './json';

export const NOT_LINES: u32 = 0;
export const LINES_READ: u32 = 1;
export const LINES_UNREADABLE: u32 = 2;

/** Not `sure`: lines only if the first one is a whole value and another follows. */
export function linesScan(ptr: usize, len: u32, sure: bool): u32 {
  const end = ptr + len;
  beginLines();
  for (let p = ptr; p < end; ) {
    const stop = lineEnd(p, end);
    if (firstInk(p, stop) != stop) {
      if (line == 0 && !sure && firstInk(stop, end) == end) return NOT_LINES;
      nextLine();
      if (!jsonScan(p, <u32>(stop - p))) return sure || line > 1 ? LINES_UNREADABLE : NOT_LINES;
    }
    p = stop + 1;
  }
  return line != 0 ? LINES_READ : sure ? LINES_UNREADABLE : NOT_LINES;
}

/** The first byte that is not JSON's white space. */
export function firstInk(p: usize, end: usize): usize {
  while (p < end) {
    const byte: u32 = load<u8>(p);
    if (byte != 0x20 && byte != 0x09 && byte != 0x0a && byte != 0x0d) break;
    p++;
  }
  return p;
}

function lineEnd(p: usize, end: usize): usize {
  while (p + 16 <= end) {
    const mask = i8x16.bitmask(i8x16.eq(v128.load(p), i8x16.splat(0x0a)));
    if (mask != 0) return p + ctz<i32>(mask);
    p += 16;
  }
  while (p < end && load<u8>(p) != 0x0a) p++;
  return p;
}
