/** Questions about runs of bytes. All text is UTF-8; nothing here goes past `n`. */

export { hashBytes } from './body/hash';

/** Where the first `byte` stands, `n` when there is none. Sixteen bytes behind may be read. */
export function find(p: usize, n: u32, byte: i8): u32 {
  const wanted = i8x16.splat(byte);
  for (let i: u32 = 0; i < n; i += 16) {
    const mask = i8x16.bitmask(i8x16.eq(v128.load(p + i), wanted));
    if (mask == 0) continue;
    i += <u32>ctz<i32>(mask);
    return i < n ? i : n;
  }
  return n;
}

// @ts-ignore: decorator
@inline
export function same(a: usize, b: usize, n: u32): bool {
  return memory.compare(a, b, n) == 0;
}

/** `*` in the pattern is any run of bytes. Two pointers: O(n·p), no recursion. */
export function globMatch(p: usize, pn: u32, s: usize, sn: u32): bool {
  let i: u32 = 0, j: u32 = 0;
  let star: i32 = -1;
  let mark: u32 = 0;
  while (i < sn) {
    if (j < pn && load<u8>(p + j) == 42) {
      star = <i32>j;
      j++;
      mark = i;
    } else if (j < pn && load<u8>(p + j) == load<u8>(s + i)) {
      i++;
      j++;
    } else if (star >= 0) {
      j = <u32>star + 1;
      i = ++mark;
    } else {
      return false;
    }
  }
  while (j < pn && load<u8>(p + j) == 42) j++;
  return j == pn;
}

export function contains(s: usize, sn: u32, x: usize, xn: u32): bool {
  if (xn == 0) return true;
  if (xn > sn) return false;
  const first = load<u8>(x);
  const last = sn - xn;
  for (let i: u32 = 0; i <= last; i++) {
    if (load<u8>(s + i) == first && same(s + i, x, xn)) return true;
  }
  return false;
}

/** RFC 9110 tchar. */
export function isTokenByte(c: u32): bool {
  if (c >= 97 && c <= 122) return true;
  if (c >= 65 && c <= 90) return true;
  if (c >= 48 && c <= 57) return true;
  return (
    c == 33 || (c >= 35 && c <= 39) || c == 42 || c == 43 || c == 45 || c == 46 || c == 94 || c == 95 || c == 96 ||
    c == 124 || c == 126
  );
}

export function isToken(p: usize, n: u32): bool {
  if (n == 0) return false;
  for (let i: u32 = 0; i < n; i++) if (!isTokenByte(load<u8>(p + i))) return false;
  return true;
}

/** 0 to 15, or -1. */
export function hexValue(c: u32): i32 {
  if (c >= 48 && c <= 57) return <i32>c - 48;
  if (c >= 97 && c <= 102) return <i32>c - 87;
  if (c >= 65 && c <= 70) return <i32>c - 55;
  return -1;
}

// @ts-ignore: decorator
@inline
function continues(p: usize, i: u32, n: u32): bool {
  return i < n && (load<u8>(p + i) & 0xc0) == 0x80;
}

/** Well-formed UTF-8 (Unicode 3.9, table 3-7); with `strict`, also free of C0, DEL and C1. */
export function isUtf8(p: usize, n: u32, strict: bool): bool {
  let i: u32 = 0;
  while (i < n) {
    const c: u32 = load<u8>(p + i);
    if (c < 0x80) {
      if (strict && (c < 0x20 || c == 0x7f)) return false;
      i++;
      continue;
    }
    if (!continues(p, i + 1, n)) return false;
    const d: u32 = load<u8>(p + i + 1);
    if (c >= 0xc2 && c <= 0xdf) {
      if (strict && c == 0xc2 && d < 0xa0) return false;
      i += 2;
      continue;
    }
    if (!continues(p, i + 2, n)) return false;
    if (c >= 0xe0 && c <= 0xef) {
      if ((c == 0xe0 && d < 0xa0) || (c == 0xed && d > 0x9f)) return false;
      i += 3;
      continue;
    }
    if (c < 0xf0 || c > 0xf4 || !continues(p, i + 3, n)) return false;
    if ((c == 0xf0 && d < 0x90) || (c == 0xf4 && d > 0x8f)) return false;
    i += 4;
  }
  return true;
}

/**
 * Percent-decodes once; with `plus`, `+` is a space. Returns the length written, which never exceeds `n`,
 * or -1 when a `%` does not begin a triple.
 */
export function percentDecode(src: usize, n: u32, dst: usize, plus: bool): i32 {
  let w: u32 = 0;
  let i: u32 = 0;
  while (i < n) {
    let c: u32 = load<u8>(src + i);
    if (c == 37) {
      if (i + 2 >= n) return -1;
      const a = hexValue(load<u8>(src + i + 1));
      const b = hexValue(load<u8>(src + i + 2));
      if (a < 0 || b < 0) return -1;
      c = <u32>((a << 4) | b);
      i += 3;
    } else {
      if (plus && c == 43) c = 32;
      i++;
    }
    store<u8>(dst + w++, <u8>c);
  }
  return <i32>w;
}

function isUuid(p: usize): bool {
  for (let i: u32 = 0; i < 36; i++) {
    const c: u32 = load<u8>(p + i);
    if (i == 8 || i == 13 || i == 18 || i == 23) {
      if (c != 45) return false;
    } else if (hexValue(c) < 0) return false;
  }
  return true;
}

/** All digits; a UUID; 8 or more hexadecimal digits with a digit; 16 or more characters with an ASCII letter and a digit. */
export function isIdLike(p: usize, n: u32): bool {
  if (n == 0) return false;
  let digits: u32 = 0, letters: u32 = 0, hex: u32 = 0, characters: u32 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const c: u32 = load<u8>(p + i);
    if ((c & 0xc0) != 0x80) characters++;
    if (c >= 48 && c <= 57) digits++;
    else if ((c | 32) >= 97 && (c | 32) <= 122) letters++;
    if (hexValue(c) >= 0) hex++;
  }
  if (digits == n) return true;
  if (hex == n && n >= 8 && digits > 0) return true;
  if (characters >= 16 && letters > 0 && digits > 0) return true;
  return n == 36 && isUuid(p);
}
