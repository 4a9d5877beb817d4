/**
 * A normalised URL taken apart: scheme, host, port, path, query. No decoding here.
 * What is not a normalised URL of one of our schemes is refused, whoever hands it over.
 */
import { find } from './text';
import { URL_MAX } from './memory';

export const HTTP: u32 = 0;
export const HTTPS: u32 = 1;
export const WS: u32 = 2;
export const WSS: u32 = 3;
export const TOOL: u32 = 4;
export const TCP: u32 = 5;

const SEGMENTS_MAX: u32 = 256;

export let scheme: u32 = 0;
export let hostPtr: usize = 0;
export let hostLen: u32 = 0;
/** -1: none written. */
export let port: i32 = -1;
export let pathPtr: usize = 0;
export let pathLen: u32 = 0;
export let queryPtr: usize = 0;
export let queryLen: u32 = 0;
/** The path holds `%`, `\`, `;` or an empty segment, so its readings may differ. */
export let pathOdd: bool = false;

export function defaultPort(): i32 {
  if (scheme == HTTP || scheme == WS) return 80;
  if (scheme == HTTPS || scheme == WSS) return 443;
  return -1;
}

/** Length of `scheme://`, or 0. Sets `scheme`. */
function readScheme(p: usize, n: u32): u32 {
  if (n > 8 && load<u64>(p) == 0x2f2f3a7370747468) {
    scheme = HTTPS;
    return 8;
  }
  let colon: u32 = 0;
  while (colon < n && colon < 6 && load<u8>(p + colon) != 58) colon++;
  if (colon + 2 >= n || load<u8>(p + colon) != 58) return 0;
  if (load<u8>(p + colon + 1) != 47 || load<u8>(p + colon + 2) != 47) return 0;
  let name: u64 = 0;
  for (let i: u32 = 0; i < colon; i++) name = (name << 8) | load<u8>(p + i);
  if (name == 0x68747470) scheme = HTTP;
  else if (name == 0x6874747073) scheme = HTTPS;
  else if (name == 0x7773) scheme = WS;
  else if (name == 0x777373) scheme = WSS;
  else if (name == 0x746f6f6c) scheme = TOOL;
  else if (name == 0x746370) scheme = TCP;
  else return 0;
  return colon + 3;
}

function hostByteOk(c: u32): bool {
  if (c >= 97 && c <= 122) return true;
  if (c >= 48 && c <= 57) return true;
  // Upper case and what WHATWG forbids in a domain never stand in a normalised host.
  return !(
    (c >= 65 && c <= 90) || c == 35 || c == 37 || c == 47 || c == 58 || c == 60 || c == 62 || c == 63 || c == 64 ||
    c == 91 || c == 92 || c == 93 || c == 94 || c == 124 || c <= 32 || c >= 127
  );
}

function readHost(p: usize, n: u32): bool {
  if (n == 0) return false;
  hostPtr = p;
  hostLen = n;
  if (load<u8>(p) == 91) {
    if (n < 4 || load<u8>(p + n - 1) != 93) return false;
    for (let i: u32 = 1; i < n - 1; i++) {
      const c: u32 = load<u8>(p + i);
      if (!((c >= 48 && c <= 58) || (c >= 97 && c <= 102))) return false;
    }
    return true;
  }
  if (load<u8>(p + n - 1) == 46) hostLen = --n;
  if (n == 0) return false;
  let before: i32 = 1;
  for (let i: u32 = 0; i < n; i += 16) {
    const bytes = v128.load(p + i);
    const mask = firstOf(n - i);
    const dots = i8x16.bitmask(i8x16.eq(bytes, i8x16.splat(46))) & mask;
    if ((dots & ((dots << 1) | before)) != 0) return false;
    before = dots >> 15;
    const digits = i8x16.le_u(i8x16.sub(bytes, i8x16.splat(48)), i8x16.splat(9));
    const letters = i8x16.le_u(i8x16.sub(bytes, i8x16.splat(97)), i8x16.splat(25));
    const hyphens = i8x16.eq(bytes, i8x16.splat(45));
    let rest = (i8x16.bitmask(v128.or(v128.or(digits, letters), hyphens)) | dots) ^ 0xffff;
    for (rest &= mask; rest != 0; rest &= rest - 1) if (!hostByteOk(load<u8>(p + i + ctz<i32>(rest)))) return false;
  }
  return load<u8>(p + n - 1) != 46;
}

/** A bit for each of the first `n` bytes of a block. */
// @ts-ignore: decorator
@inline
function firstOf(n: u32): i32 {
  return n < 16 ? (1 << n) - 1 : 0xffff;
}

function readPort(p: usize, n: u32): bool {
  if (n == 0 || n > 5) return false;
  let v: i32 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const c: u32 = load<u8>(p + i);
    if (c < 48 || c > 57) return false;
    v = v * 10 + <i32>c - 48;
  }
  if (v > 65535) return false;
  port = v == defaultPort() ? -1 : v;
  return true;
}

/** `.`, `..` and their encoded spellings: WHATWG parsing leaves none. */
function isDots(p: usize, n: u32): bool {
  let i: u32 = 0;
  let dots: u32 = 0;
  while (i < n) {
    if (load<u8>(p + i) == 46) i++;
    else if (i + 2 < n && load<u8>(p + i) == 37 && load<u8>(p + i + 1) == 50 && (load<u8>(p + i + 2) | 32) == 101) i += 3;
    else return false;
    if (++dots > 2) return false;
  }
  return dots > 0;
}

function readPath(p: usize, n: u32): bool {
  pathPtr = p;
  pathLen = n;
  pathOdd = false;
  if (n == 0) return scheme == TOOL || scheme == TCP;
  let segments: u32 = 0;
  let plain = true;
  let before: i32 = 0;
  for (let i: u32 = 0; i < n && plain; i += 16) {
    const bytes = v128.load(p + i);
    const mask = firstOf(n - i);
    const slashes = i8x16.bitmask(i8x16.eq(bytes, i8x16.splat(47))) & mask;
    const dots = i8x16.bitmask(i8x16.eq(bytes, i8x16.splat(46))) & mask;
    const odd = v128.or(
      i8x16.eq(bytes, i8x16.splat(37)),
      v128.or(i8x16.eq(bytes, i8x16.splat(59)), i8x16.eq(bytes, i8x16.splat(92))),
    );
    // Nothing to look at twice: no oddity, no empty segment, none that begins with a dot.
    plain = (i8x16.bitmask(odd) & mask) == 0 && (((slashes << 1) | before) & (slashes | dots)) == 0;
    before = slashes >> 15;
    segments += <u32>popcnt<i32>(slashes);
  }
  if (plain) return segments - <u32>(load<u8>(p + n - 1) == 47) <= SEGMENTS_MAX;
  segments = 0;
  let start: u32 = 1;
  for (let i: u32 = 1; i <= n; i++) {
    const c: u32 = i < n ? load<u8>(p + i) : 47;
    if (c == 47) {
      if (i > start) {
        const f: u32 = load<u8>(p + start);
        if ((f == 46 || f == 37) && isDots(p + start, i - start)) return false;
      } else if (i < n) pathOdd = true;
      if (i < n || i > start) segments++;
      start = i + 1;
    } else if (c == 37 || c == 59) pathOdd = true;
    else if (c == 92) {
      if (scheme != TOOL && scheme != TCP) return false;
      pathOdd = true;
    }
  }
  return segments <= SEGMENTS_MAX;
}

/** A call of a tool that has none. */
export function noUrl(): void {
  scheme = TOOL;
  port = -1;
  hostLen = 0;
  pathLen = 0;
  queryLen = 0;
}

/** False: not a normalised URL that we judge. A fragment is left out. */
export function readUrl(p: usize, n: u32): bool {
  port = -1;
  queryLen = 0;
  if (n > URL_MAX) return false;
  let end = n;
  let query = n;
  // Sixteen bytes at a time; the URL's area is longer than any URL, so the last read stays inside it.
  for (let i: u32 = 0; i < n; i += 16) {
    const v = v128.load(p + i);
    const mask = firstOf(n - i);
    // Signed, bytes from 0x80 are below 33 too.
    const odd = v128.or(i8x16.lt_s(v, i8x16.splat(33)), i8x16.eq(v, i8x16.splat(127)));
    if ((i8x16.bitmask(odd) & mask) != 0) return false;
    if (end == n) {
      const hashes = i8x16.bitmask(i8x16.eq(v, i8x16.splat(35))) & mask;
      const marks = i8x16.bitmask(i8x16.eq(v, i8x16.splat(63))) & mask;
      if (hashes != 0) end = i + <u32>ctz<i32>(hashes);
      if (marks != 0 && query == n) query = i + <u32>ctz<i32>(marks);
    }
  }
  if (query > end) query = end;
  const start = readScheme(p, end);
  if (start == 0 || query < start) return false;
  const slash = start + find(p + start, query - start, 47);
  // A colon before the port stands in brackets or nowhere.
  let from = start;
  if (load<u8>(p + start) == 91) from += find(p + start, slash - start, 93);
  const hostEnd = from + find(p + from, slash - from, 58);
  if (hostEnd < slash && !readPort(p + hostEnd + 1, slash - hostEnd - 1)) return false;
  if (!readHost(p + start, hostEnd - start)) return false;
  if (!readPath(p + slash, query - slash)) return false;
  if (query < end) {
    queryPtr = p + query + 1;
    queryLen = end - query - 1;
  }
  return true;
}
