/** The operators on one string: exact, in, prefix, suffix, contains, regex; all given ones must hold. */
import { FIELD_WORDS, H_FIELDS, H_LISTS, REF_WORDS, bytesAt, cell } from './program';
import { regexMatches } from './regex';
import { contains, same } from './text';

/** Lists are sorted by length, then by bytes. */
function inList(start: u32, count: u32, p: usize, n: u32): bool {
  let low = start;
  let high = start + count;
  while (low < high) {
    const mid = (low + high) >>> 1;
    const len = cell(H_LISTS, REF_WORDS, mid, 1);
    let order: i32 = len == n ? 0 : len < n ? -1 : 1;
    if (order == 0) order = memory.compare(bytesAt(cell(H_LISTS, REF_WORDS, mid, 0), len), p, n);
    if (order == 0) return true;
    if (order < 0) low = mid + 1;
    else high = mid;
  }
  return false;
}

/** Whether `n` bytes at `p` pass field matcher `f`. */
export function passes(f: u32, p: usize, n: u32): bool {
  const ops = cell(H_FIELDS, FIELD_WORDS, f, 4);
  if ((ops & 1) != 0) {
    const len = cell(H_FIELDS, FIELD_WORDS, f, 6);
    if (len != n || !same(bytesAt(cell(H_FIELDS, FIELD_WORDS, f, 5), len), p, n)) return false;
  }
  if ((ops & 2) != 0 && !inList(cell(H_FIELDS, FIELD_WORDS, f, 7), cell(H_FIELDS, FIELD_WORDS, f, 8), p, n)) return false;
  if ((ops & 4) != 0) {
    const len = cell(H_FIELDS, FIELD_WORDS, f, 10);
    if (len > n || !same(bytesAt(cell(H_FIELDS, FIELD_WORDS, f, 9), len), p, len)) return false;
  }
  if ((ops & 8) != 0) {
    const len = cell(H_FIELDS, FIELD_WORDS, f, 12);
    if (len > n || !same(bytesAt(cell(H_FIELDS, FIELD_WORDS, f, 11), len), p + n - len, len)) return false;
  }
  if ((ops & 16) != 0) {
    const len = cell(H_FIELDS, FIELD_WORDS, f, 14);
    if (!contains(p, n, bytesAt(cell(H_FIELDS, FIELD_WORDS, f, 13), len), len)) return false;
  }
  const automaton = cell(H_FIELDS, FIELD_WORDS, f, 15);
  return automaton == 0 || regexMatches(automaton - 1, p, n);
}
