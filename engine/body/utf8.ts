/** Well-formed UTF-8 (Unicode 15, table 3-7): no overlong form, no surrogate, nothing past U+10FFFF. */

/**
 * Whole texts, sixteen bytes at a time. What is wrong with two bytes in a row shows in three half bytes: both halves of the
 * first and the upper half of the second. Each half looks up the faults it allows, a bit each; a fault is one that all three allow:
 *
 *   1 a first byte without a next    2 a next byte after ASCII    4 C0, C1    8 E0 below A0    16 ED from A0
 *   32 F0 below 90, past F4 with 8x  64 from F4 with 9x to Bx     128 a next byte after a next byte
 *
 * The last is no fault where a character of three or four bytes, begun two or three bytes before, wants one: there it must show.
 */
export function utf8Valid(ptr: usize, len: u32): bool {
  const upperFirst = i8x16(2, 2, 2, 2, 2, 2, 2, 2, -128, -128, -128, -128, 5, 1, 25, 97);
  const lowerFirst = i8x16(-81, -121, -125, -125, -61, -29, -29, -29, -29, -29, -29, -29, -29, -13, -29, -29);
  const upperSecond = i8x16(1, 1, 1, 1, 1, 1, 1, 1, -82, -50, -42, -42, 1, 1, 1, 1);
  const end = ptr + len;
  let before = i8x16.splat(0);
  let wrong = i8x16.splat(0);
  // One block past the last whole one, zeros from the end of the text on: they tell a character cut short.
  for (let p = ptr; ; p += 16) {
    let bytes = v128.load(p);
    const last = p + 16 > end;
    if (last) bytes = v128.and(bytes, v128.load(KEEP + 16 - (end - p)));
    if (i8x16.bitmask(v128.or(bytes, before)) != 0) {
      const one = v128.shuffle<u8>(before, bytes, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30);
      const two = v128.shuffle<u8>(before, bytes, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29);
      const three = v128.shuffle<u8>(before, bytes, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28);
      const faults = v128.and(
        v128.and(i8x16.swizzle(upperFirst, upper(one)), i8x16.swizzle(lowerFirst, v128.and(one, i8x16.splat(15)))),
        i8x16.swizzle(upperSecond, upper(bytes)),
      );
      // 0x80 and more exactly where E0 and more stands two bytes before, or F0 and more three.
      const wants = v128.or(i8x16.sub_sat_u(two, i8x16.splat(0x60)), i8x16.sub_sat_u(three, i8x16.splat(0x70)));
      wrong = v128.or(wrong, v128.xor(faults, v128.and(wants, i8x16.splat(<i8>0x80))));
    }
    before = bytes;
    if (last) return !v128.any_true(wrong);
  }
  return false;
}

@inline
function upper(bytes: v128): v128 {
  return v128.and(i16x8.shr_u(bytes, 4), i8x16.splat(15));
}

/** Sixteen bytes to keep, then sixteen to clear. */
const KEEP: usize = memory.data<u8>([
  255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
]);

/** Least and greatest next byte of a character begun; 0: between characters. */
let least: u32 = 0;
let greatest: u32 = 0;
let missing: u32 = 0;

export function utf8Begin(): void {
  missing = 0;
}

/** Takes the next byte; false: not well-formed. */
export function utf8Byte(byte: u32): bool {
  if (missing != 0) {
    if (byte < least || byte > greatest) return false;
    missing--;
    least = 0x80;
    greatest = 0xbf;
    return true;
  }
  if (byte < 0x80) return true;
  if (byte < 0xc2 || byte > 0xf4) return false;
  least = byte == 0xe0 ? 0xa0 : byte == 0xf0 ? 0x90 : 0x80;
  greatest = byte == 0xed ? 0x9f : byte == 0xf4 ? 0x8f : 0xbf;
  missing = byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3;
  return true;
}

/** Whether no character is left unfinished. */
export function utf8Whole(): bool {
  return missing == 0;
}
