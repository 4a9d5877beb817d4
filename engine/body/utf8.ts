/** Well-formed UTF-8 (Unicode 15, table 3-7): no overlong form, no surrogate, nothing past U+10FFFF. */

/** Past the one character at `p`, whose first byte is 0x80 or more; 0: not well-formed. */
export function utf8Skip(p: usize, end: usize): usize {
  const first: u32 = load<u8>(p);
  if (first < 0xc2 || first > 0xf4) return 0;
  if (first < 0xe0) return end - p >= 2 && follows(p + 1) ? p + 2 : 0;
  const second: u32 = end - p >= 2 ? load<u8>(p, 1) : 0;
  if (first < 0xf0) {
    const low: u32 = first == 0xe0 ? 0xa0 : 0x80;
    const high: u32 = first == 0xed ? 0x9f : 0xbf;
    return end - p >= 3 && second >= low && second <= high && follows(p + 2) ? p + 3 : 0;
  }
  const low: u32 = first == 0xf0 ? 0x90 : 0x80;
  const high: u32 = first == 0xf4 ? 0x8f : 0xbf;
  return end - p >= 4 && second >= low && second <= high && follows(p + 2) && follows(p + 3) ? p + 4 : 0;
}

@inline
function follows(p: usize): bool {
  return (load<u8>(p) & 0xc0) == 0x80;
}

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
