/**
 * The readings of a path (language, §3.2):
 *   (a) split at `/`, each segment decoded once
 *   (b) decoded once, `\` to `/`, doubled slashes merged, dot segments resolved, split
 *   (c) (b) applied twice, when that changes anything
 *   (d) (b) after each segment is cut at its first `;`
 * A path without oddities has one reading, read in place. Names in the `tool` scheme have reading (a) alone, so that the
 * last place is free for the name of a tool, which is split at `/` and no further.
 * A segment is [address, length, hash].
 */
import { hashBytes, hexValue, isUtf8, percentDecode, same } from './text';
import { TOOL, pathLen, pathOdd, pathPtr, scheme } from './url';
import { take } from './memory';

const SEGMENTS_MAX: u32 = 8704;
const TEXT: u32 = 17408;
/** Where the name of a tool is kept. */
export const NAME_READING: u32 = 3;

let segmentArea: usize = 0;
let textArea: usize = 0;
let joinedArea: usize = 0;

export let pathReadings: u32 = 0;
/** Some reading cannot be judged: every pattern but `/**` is UNKNOWN. */
export let pathUnknown: bool = false;
/** The reading that endpoint keys are made of, -1 when there is none. */
export let endpointReading: i32 = -1;

const counts: usize = memory.data(16);

export function initPath(): bool {
  segmentArea = take(SEGMENTS_MAX * 12 * 4);
  textArea = take(TEXT * 4);
  joinedArea = take(TEXT);
  return joinedArea != 0;
}

export function segmentCount(r: u32): u32 {
  return load<u32>(counts + (<usize>r << 2));
}

export function segmentAt(r: u32, i: u32): usize {
  return segmentArea + (r * SEGMENTS_MAX + i) * 12;
}

function setCount(r: u32, n: u32): void {
  store<u32>(counts + (<usize>r << 2), n);
}

/** Adds a segment to reading `r`; false when there are too many. */
function push(r: u32, p: usize, n: u32): bool {
  const i = segmentCount(r);
  if (i >= SEGMENTS_MAX) return false;
  const at = segmentAt(r, i);
  store<u32>(at, <u32>p);
  store<u32>(at + 4, n);
  store<u32>(at + 8, hashBytes(p, n));
  setCount(r, i + 1);
  return true;
}

/**
 * Segments of `n` bytes at `src` from `start` on, as they are. The areas are longer than what they hold: a block may end
 * behind it.
 */
function readPlain(r: u32, src: usize, n: u32, start: u32): bool {
  setCount(r, 0);
  for (let i: u32 = 0; i < n; i += 16) {
    let mask = i8x16.bitmask(i8x16.eq(v128.load(src + i), i8x16.splat(47)));
    for (; mask != 0; mask &= mask - 1) {
      const at = i + <u32>ctz<i32>(mask);
      if (at >= n) break;
      if (at >= start && !push(r, src + start, at - start)) return false;
      start = at + 1;
    }
  }
  return start >= n || push(r, src + start, n - start);
}

/** Reading (a), decoded. */
function readSegments(r: u32): bool {
  setCount(r, 0);
  let out = textArea + r * TEXT;
  let start: u32 = 1;
  for (let i: u32 = 1; i <= pathLen; i++) {
    if (i < pathLen && load<u8>(pathPtr + i) != 47) continue;
    if (i == pathLen && i == start) break;
    const written = percentDecode(pathPtr + start, i - start, out, false);
    if (written < 0 || !isUtf8(out, <u32>written, true)) return false;
    if (!push(r, out, <u32>written)) return false;
    out += <u32>written;
    start = i + 1;
  }
  return true;
}

/** Reading (b) of `n` bytes at `src`, which begin with `/`. */
function readMerged(r: u32, src: usize, n: u32): bool {
  setCount(r, 0);
  const text = textArea + r * TEXT;
  const written = percentDecode(src, n, text, false);
  if (written < 0 || !isUtf8(text, <u32>written, true)) return false;
  const end = <u32>written;
  let start: u32 = 0;
  for (let i: u32 = 0; i <= end; i++) {
    const c: u32 = i < end ? load<u8>(text + i) : 47;
    if (c != 47 && c != 92) continue;
    const len = i - start;
    const p = text + start;
    start = i + 1;
    if (len == 0 || (len == 1 && load<u8>(p) == 46)) continue;
    if (len == 2 && load<u8>(p) == 46 && load<u8>(p + 1) == 46) {
      const have = segmentCount(r);
      if (have > 0) setCount(r, have - 1);
      continue;
    }
    if (!push(r, p, len)) return false;
  }
  return true;
}

/** Writes reading `r` out again as one path; its length, 0 when decoding it again would change nothing. */
function joinForDecoding(r: u32): u32 {
  let w: u32 = 0;
  let again = false;
  for (let i: u32 = 0, n = segmentCount(r); i < n; i++) {
    const at = segmentAt(r, i);
    const p = <usize>load<u32>(at);
    const len = load<u32>(at + 4);
    store<u8>(joinedArea + w++, 47);
    memory.copy(joinedArea + w, p, len);
    w += len;
    for (let k: u32 = 0; !again && k + 2 < len; k++) {
      again =
        load<u8>(p + k) == 37 && hexValue(load<u8>(p + k + 1)) >= 0 && hexValue(load<u8>(p + k + 2)) >= 0;
    }
  }
  return again ? w : 0;
}

/** Writes the path with each segment cut at its first `;`; 0 when there is none. */
function joinCut(): u32 {
  let w: u32 = 0;
  let cut = false;
  let found = false;
  for (let i: u32 = 0; i < pathLen; i++) {
    const c: u32 = load<u8>(pathPtr + i);
    if (c == 47) cut = false;
    else if (c == 59) {
      cut = true;
      found = true;
    }
    if (!cut) store<u8>(joinedArea + w++, <u8>c);
  }
  return found ? w : 0;
}

function equalReadings(a: u32, b: u32): bool {
  const n = segmentCount(a);
  if (n != segmentCount(b)) return false;
  for (let i: u32 = 0; i < n; i++) {
    const x = segmentAt(a, i);
    const y = segmentAt(b, i);
    const len = load<u32>(x + 4);
    if (load<u32>(x + 8) != load<u32>(y + 8) || len != load<u32>(y + 4)) return false;
    if (!same(load<u32>(x), load<u32>(y), len)) return false;
  }
  return true;
}

/** The name of a tool; false when it has too many segments. */
export function readName(p: usize, n: u32): bool {
  return readPlain(NAME_READING, p, n, 0);
}

/** A call of a tool without a URL: what stands in for its path is its name. */
export function readNoPath(): void {
  pathReadings = 0;
  pathUnknown = false;
  endpointReading = <i32>NAME_READING;
}

export function readPaths(): void {
  pathReadings = 1;
  pathUnknown = false;
  endpointReading = 0;
  if (!pathOdd) {
    pathUnknown = !readPlain(0, pathPtr, pathLen, 1);
    return;
  }
  if (!readSegments(0)) {
    pathUnknown = true;
    // Reading (b) may still be whole where (a) is: never, since both decode the same bytes.
    endpointReading = -1;
    return;
  }
  if (scheme == TOOL) return;
  let r: u32 = 1;
  if (!readMerged(r, pathPtr, pathLen)) {
    pathUnknown = true;
    endpointReading = -1;
    return;
  }
  if (!equalReadings(0, r)) {
    endpointReading = 1;
    r++;
  }
  const twice = joinForDecoding(<u32>endpointReading);
  if (twice > 0) {
    if (!readMerged(r, joinedArea, twice)) {
      pathUnknown = true;
      return;
    }
    r++;
  }
  const cut = joinCut();
  if (cut > 0) {
    if (!readMerged(r, joinedArea, cut)) {
      pathUnknown = true;
      return;
    }
    r++;
  }
  pathReadings = r;
}
