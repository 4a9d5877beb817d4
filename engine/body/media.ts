/**
 * What a content type says about a body.
 *
 *   in   : the value of Content-Type and how many lines of it there are
 *   out  : JSON by name, lines of JSON, form, unreadable, or none of these (also absent), which is read as JSON
 */
export const TYPE_JSON: u32 = 0;
export const TYPE_FORM: u32 = 1;
/** Two types, a charset other than UTF-8. */
export const TYPE_UNREADABLE: u32 = 2;
/** Unreadable, and perhaps a form. */
export const TYPE_UNREADABLE_FORM: u32 = 3;
export const TYPE_LINES: u32 = 4;
export const TYPE_OTHER: u32 = 5;

const FORM_TYPE: usize = memory.data<u8>([
  97, 112, 112, 108, 105, 99, 97, 116, 105, 111, 110, 47, 120, 45, 119, 119, 119, 45, 102, 111, 114, 109, 45, 117, 114,
  108, 101, 110, 99, 111, 100, 101, 100,
]); // application/x-www-form-urlencoded
const FORM_LEN: u32 = 33;
const CHARSET: usize = memory.data<u8>([99, 104, 97, 114, 115, 101, 116]);
const UTF_8: usize = memory.data<u8>([117, 116, 102, 45, 56]);
const APPLICATION: usize = memory.data<u8>([97, 112, 112, 108, 105, 99, 97, 116, 105, 111, 110, 47]);
const NDJSON: usize = memory.data<u8>([110, 100, 106, 115, 111, 110]);
const JSONLINES: usize = memory.data<u8>([106, 115, 111, 110, 108, 105, 110, 101, 115]);

export function classify(ptr: usize, len: u32, lines: u32): u32 {
  if (lines == 0) return TYPE_OTHER;
  if (lines > 1) return TYPE_UNREADABLE_FORM;
  // `application/json` and no more, which is what nearly every body says.
  if (len == 16 && load<u64>(ptr) == 0x746163696c707061 && load<u64>(ptr, 8) == 0x6e6f736a2f6e6f69) return TYPE_JSON;
  const end = ptr + len;
  let p = ptr;
  while (p < end && load<u8>(p) != 0x3b && load<u8>(p) != 0x2c) p++;
  const form = is(ptr, p, FORM_TYPE, FORM_LEN);
  const named = form ? TYPE_FORM : jsonOrOther(ptr, p);
  while (p < end) {
    // At a semicolon, or at a comma, which begins a second type.
    if (load<u8>(p) == 0x2c) return TYPE_UNREADABLE_FORM;
    const name = ++p;
    while (p < end && load<u8>(p) != 0x3b && load<u8>(p) != 0x2c && load<u8>(p) != 0x3d) p++;
    const nameEnd = p;
    let value = p;
    if (p < end && load<u8>(p) == 0x3d) {
      value = ++p;
      let quoted = false;
      for (; p < end; p++) {
        const byte: u32 = load<u8>(p);
        if (byte == 0x22) quoted = !quoted;
        else if (quoted && byte == 0x5c && p + 1 < end) p++;
        else if (!quoted && (byte == 0x3b || byte == 0x2c)) break;
      }
      if (quoted) return form ? TYPE_UNREADABLE_FORM : TYPE_UNREADABLE;
    }
    if (is(name, nameEnd, CHARSET, 7) && !isUtf8Name(value, p)) return form ? TYPE_UNREADABLE_FORM : TYPE_UNREADABLE;
  }
  return named;
}

function isUtf8Name(p: usize, end: usize): bool {
  while (p < end && isSpace(load<u8>(p))) p++;
  while (end > p && isSpace(load<u8>(end - 1))) end--;
  if (end - p >= 2 && load<u8>(p) == 0x22 && load<u8>(end - 1) == 0x22) {
    p++;
    end--;
  }
  return is(p, end, UTF_8, 5);
}

/** Lines are `application/` and `ndjson`, `jsonl` or `jsonlines`, with or without `x-`. */
function jsonOrOther(p: usize, end: usize): u32 {
  while (p < end && isSpace(load<u8>(p))) p++;
  while (end > p && isSpace(load<u8>(end - 1))) end--;
  if (end - p > 5 && load<u8>(end - 5) == 0x2b && is(end - 4, end, JSONLINES, 4)) return TYPE_JSON;
  if (end - p < 12 || !is(p, p + 12, APPLICATION, 12)) return TYPE_OTHER;
  p += 12;
  if (is(p, end, JSONLINES, 4)) return TYPE_JSON;
  if (end - p > 2 && (load<u8>(p) | 0x20) == 0x78 && load<u8>(p, 1) == 0x2d) p += 2;
  return is(p, end, NDJSON, 6) || is(p, end, JSONLINES, 5) || is(p, end, JSONLINES, 9) ? TYPE_LINES : TYPE_OTHER;
}

/** Equality with lower-case ASCII, without regard to case and surrounding white space. */
function is(p: usize, end: usize, word: usize, wordLen: u32): bool {
  while (p < end && isSpace(load<u8>(p))) p++;
  while (end > p && isSpace(load<u8>(end - 1))) end--;
  if (<u32>(end - p) != wordLen) return false;
  for (let i: u32 = 0; i < wordLen; i++) {
    let byte: u32 = load<u8>(p + i);
    if (byte - 0x41 < 26) byte |= 0x20;
    if (byte != load<u8>(word + i)) return false;
  }
  return true;
}

@inline
function isSpace(byte: u32): bool {
  return byte == 0x20 || byte == 0x09;
}
