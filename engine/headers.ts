/**
 * Header lines, as the host wrote them: [index in the program's header list, length, bytes], in order.
 * Only names in that list are handed over.
 */
import { ALLOW, FALSE, FIELD_WORDS, H_FIELDS, TRUE, cell } from './program';
import { HEADER_AREA, JOIN_AREA, headerArea, joinArea } from './memory';
import { passes } from './strings';

let end: usize = 0;

/** False when the lines do not fill exactly `n` bytes. */
export function readHeaders(n: u32, names: u32): bool {
  if (n > HEADER_AREA) return false;
  end = headerArea + n;
  let at = headerArea;
  while (at < end) {
    if (end - at < 8 || load<u32>(at) >= names) return false;
    const len = load<u32>(at + 4);
    if (<usize>len > end - at - 8) return false;
    at += 8 + len;
  }
  return true;
}

/** The first line of header `h` at or after `from` (0: from the first), 0 when there is none. */
export function nextLine(h: u32, from: usize): usize {
  let at = from == 0 ? headerArea : from + 8 + load<u32>(from + 4);
  while (at < end) {
    if (load<u32>(at) == h) return at;
    at += 8 + load<u32>(at + 4);
  }
  return 0;
}

export function lineText(line: usize): usize {
  return line + 8;
}

export function lineLength(line: usize): u32 {
  return load<u32>(line + 4);
}

export let memberPtr: usize = 0;
export let memberLen: u32 = 0;

/** The comma-separated member that begins at `start`, trimmed; the start of the next, or -1 after the last. */
export function member(p: usize, n: u32, start: u32): i32 {
  let comma = start;
  while (comma < n && load<u8>(p + comma) != 44) comma++;
  let from = start;
  let to = comma;
  while (from < to && isBlank(load<u8>(p + from))) from++;
  while (to > from && isBlank(load<u8>(p + to - 1))) to--;
  memberPtr = p + from;
  memberLen = to - from;
  return comma < n ? <i32>comma + 1 : -1;
}

// @ts-ignore: decorator
@inline
function isBlank(c: u32): bool {
  return c == 32 || c == 9;
}

/** Lines of header `h` joined by `, `; its length, or -1 when it does not fit. */
function join(h: u32): i32 {
  let w: u32 = 0;
  for (let line = nextLine(h, 0); line != 0; line = nextLine(h, line)) {
    const n = lineLength(line);
    if (w + n + 2 > JOIN_AREA) return -1;
    if (w > 0 || line != nextLine(h, 0)) {
      store<u8>(joinArea + w++, 44);
      store<u8>(joinArea + w++, 32);
    }
    memory.copy(joinArea + w, lineText(line), n);
    w += n;
  }
  return <i32>w;
}

/** Field matcher `f` on the headers: in an allow the joined value and each line, else each member too. */
export function testHeader(f: u32, effect: u32): u32 {
  const named = cell(H_FIELDS, FIELD_WORDS, f, 3);
  const first: usize = named == 0 ? 0 : nextLine(named - 1, 0);
  if (cell(H_FIELDS, FIELD_WORDS, f, 0) == 0) return first == 0 ? TRUE : FALSE;
  if (first == 0) return FALSE;
  const h = named - 1;
  let any = FALSE;
  let all = TRUE;
  for (let line = first; line != 0; line = nextLine(h, line)) {
    const p = lineText(line);
    const n = lineLength(line);
    if (passes(f, p, n)) any = TRUE;
    else all = FALSE;
    if (effect == ALLOW) continue;
    for (let at: i32 = 0; at >= 0 && any == FALSE; ) {
      at = member(p, n, <u32>at);
      if (passes(f, memberPtr, memberLen)) any = TRUE;
    }
  }
  if (effect == ALLOW ? all == FALSE : any == TRUE) return effect == ALLOW ? FALSE : TRUE;
  if (nextLine(h, first) != 0) {
    const n = join(h);
    if (n < 0) return 1;
    if (passes(f, joinArea, <u32>n)) any = TRUE;
    else all = FALSE;
  }
  return effect == ALLOW ? all : any;
}
