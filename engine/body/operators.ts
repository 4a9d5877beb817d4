/**
 * The operators of a matcher on what one reading found at its path.
 *
 *   in   : a matcher record, a capture
 *   out  : FALSE 0, UNKNOWN 1, TRUE 2
 */
import { compareRead, NOT_NUMERIC, OVERSIZED, readNumber, STRICT } from './decimal';
import {
  HAS_BOOLEAN_STRING, HAS_FALSE, HAS_NULL, HAS_NUMBER, HAS_NUMERIC_STRING, HAS_STRING, HAS_TRUE, itemAt, itemLen,
  itemPtr, listAt, MATCHER, NONE,
} from './layout';
import {
  IS_FALSE, IS_FORM_VALUE, IS_NULL, IS_NUMBER, IS_STRING, IS_TRUE, needleTable,
} from './scratch';
import { regexText } from '../regex';
import { hashedLen, textContains, textEnds, textEquals, textHash, textStarts } from './text';

export const FALSE: u32 = 0;
export const UNKNOWN: u32 = 1;
export const TRUE: u32 = 2;

const KNOWN: u32 = 1;
const READS_TRUE: u32 = 2;
const READS_FALSE: u32 = 4;
/** The class of the number is kept from this bit on. */
const NUMBER_SHIFT: u32 = 4;

const WORD_TRUE: usize = memory.data<u8>([116, 114, 117, 101]);
const WORD_FALSE: usize = memory.data<u8>([102, 97, 108, 115, 101]);

/** `absent`: what `not_in` makes of a node that is not there. */
export function judge(matcher: usize, found: usize, absent: u32): u32 {
  const exists = load<u32>(matcher, 4);
  if (exists == 2) return found == 0 ? TRUE : FALSE;
  if (found == 0) return onlyNotIn(matcher) ? absent : FALSE;
  const kind = load<u32>(found, 4);
  if (kind == IS_NUMBER && numberClass(found) == OVERSIZED) return UNKNOWN;
  let result = TRUE;
  const exact = load<u32>(matcher, 8);
  if (exact != NONE) result = min(result, among(listAt(exact), found));
  const within = load<u32>(matcher, 12);
  if (within != NONE) result = min(result, among(listAt(within), found));
  const notIn = load<u32>(matcher, 16);
  if (notIn != NONE) result = min(result, notAmong(listAt(notIn), found));
  const least = load<u32>(matcher, 20);
  if (least != NONE) result = min(result, ordered(itemAt(least), found, 1));
  const most = load<u32>(matcher, 24);
  if (most != NONE) result = min(result, ordered(itemAt(most), found, -1));
  for (let offset: u32 = 28; offset < MATCHER && result != FALSE; offset += 4) {
    const needle = load<u32>(matcher + offset);
    if (needle != NONE) result = min(result, stringTest(offset, needle, found));
  }
  return result;
}

function onlyNotIn(matcher: usize): bool {
  for (let offset: u32 = 4; offset < MATCHER; offset += 4) {
    const given = offset == 4 ? load<u32>(matcher, 4) != 0 : load<u32>(matcher + offset) != NONE;
    if (given != (offset == 16)) return false;
  }
  return true;
}

@inline
function min(a: u32, b: u32): u32 {
  return a < b ? a : b;
}

/** What the text of a string reads as; found once for each capture, with its hash and length. */
function classOf(found: usize): u32 {
  const before = load<u32>(found, 20);
  if (before != 0) return before;
  const ptr: usize = load<u32>(found, 8);
  const len = load<u32>(found, 12);
  const writing = load<u32>(found, 16);
  let result = KNOWN | (readNumber(ptr, len, writing) << NUMBER_SHIFT);
  if (load<u32>(found, 4) == IS_NUMBER) {
    store<u32>(found, result, 20);
    return result;
  }
  if (textEquals(ptr, len, writing, WORD_TRUE, 4)) result |= READS_TRUE;
  if (textEquals(ptr, len, writing, WORD_FALSE, 5)) result |= READS_FALSE;
  store<u32>(found, textHash(ptr, len, writing), 24);
  store<u32>(found, hashedLen, 28);
  store<u32>(found, result, 20);
  return result;
}

function numberClass(found: usize): u32 {
  return classOf(found) >> NUMBER_SHIFT;
}

function among(list: usize, found: usize): u32 {
  const kind = load<u32>(found, 4);
  const has = load<u32>(list);
  switch (kind) {
    case IS_NULL: return has & HAS_NULL ? TRUE : FALSE;
    case IS_TRUE: return has & HAS_TRUE ? TRUE : has & HAS_BOOLEAN_STRING ? UNKNOWN : FALSE;
    case IS_FALSE: return has & HAS_FALSE ? TRUE : has & HAS_BOOLEAN_STRING ? UNKNOWN : FALSE;
    case IS_NUMBER:
      if (numberAmong(list, found)) return TRUE;
      return has & HAS_NUMERIC_STRING ? UNKNOWN : FALSE;
    case IS_STRING: {
      if (stringAmong(list, found)) return TRUE;
      const reads = classOf(found);
      if (has & HAS_NUMBER && reads >> NUMBER_SHIFT != NOT_NUMERIC) return UNKNOWN;
      if (has & (HAS_TRUE | HAS_FALSE) && reads & (READS_TRUE | READS_FALSE)) return UNKNOWN;
      return FALSE;
    }
    case IS_FORM_VALUE: {
      if (stringAmong(list, found)) return TRUE;
      const reads = classOf(found);
      if (has & HAS_TRUE && reads & READS_TRUE) return TRUE;
      if (has & HAS_FALSE && reads & READS_FALSE) return TRUE;
      if (!(has & HAS_NUMBER)) return FALSE;
      const number = reads >> NUMBER_SHIFT;
      if (number == STRICT) return numberAmong(list, found) ? TRUE : FALSE;
      return number == NOT_NUMERIC ? FALSE : UNKNOWN;
    }
    default: return FALSE;
  }
}

function notAmong(list: usize, found: usize): u32 {
  const result = among(list, found);
  if (result != FALSE) return result == TRUE ? FALSE : UNKNOWN;
  const has = load<u32>(list);
  let listed = false;
  switch (load<u32>(found, 4)) {
    case IS_NULL: listed = (has & HAS_NULL) != 0; break;
    case IS_TRUE:
    case IS_FALSE: listed = (has & (HAS_TRUE | HAS_FALSE)) != 0; break;
    case IS_NUMBER: listed = (has & HAS_NUMBER) != 0; break;
    case IS_STRING: listed = (has & HAS_STRING) != 0; break;
    case IS_FORM_VALUE: {
      const reads = classOf(found);
      listed =
        (has & HAS_STRING) != 0 ||
        ((has & HAS_NUMBER) != 0 && reads >> NUMBER_SHIFT == STRICT) ||
        ((has & (HAS_TRUE | HAS_FALSE)) != 0 && (reads & (READS_TRUE | READS_FALSE)) != 0);
      break;
    }
    default: break;
  }
  return listed ? TRUE : UNKNOWN;
}

/** Strings stand by hash, then bytes; the first of a run of one hash is found, then the run is walked. */
function stringAmong(list: usize, found: usize): bool {
  classOf(found);
  const hash = load<u32>(found, 24);
  let low = load<u32>(list, 4);
  const end = low + load<u32>(list, 8);
  let high = end;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (load<u32>(itemAt(middle), 12) < hash) low = middle + 1;
    else high = middle;
  }
  for (; low < end && load<u32>(itemAt(low), 12) == hash; low++) {
    const item = itemAt(low);
    if (itemLen(item) != load<u32>(found, 28)) continue;
    if (textEquals(load<u32>(found, 8), load<u32>(found, 12), load<u32>(found, 16), itemPtr(item), itemLen(item))) {
      return true;
    }
  }
  return false;
}

function numberAmong(list: usize, found: usize): bool {
  let low = load<u32>(list, 4) + load<u32>(list, 8);
  let high = low + load<u32>(list, 12);
  if (low == high || readNumber(load<u32>(found, 8), load<u32>(found, 12), load<u32>(found, 16)) != STRICT) return false;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const order = compareRead(itemAt(middle));
    if (order == 0) return true;
    if (order > 0) low = middle + 1;
    else high = middle;
  }
  return false;
}

/** `min` (side 1) and `max` (side -1), both inclusive. */
function ordered(bound: usize, found: usize, side: i32): u32 {
  const kind = load<u32>(found, 4);
  if (kind != IS_NUMBER && kind != IS_FORM_VALUE) return UNKNOWN;
  if (readNumber(load<u32>(found, 8), load<u32>(found, 12), load<u32>(found, 16)) != STRICT) return UNKNOWN;
  return compareRead(bound) * side >= 0 ? TRUE : FALSE;
}

function stringTest(offset: u32, operand: u32, found: usize): u32 {
  const kind = load<u32>(found, 4);
  if (kind != IS_STRING && kind != IS_FORM_VALUE) return UNKNOWN;
  const ptr: usize = load<u32>(found, 8);
  const len = load<u32>(found, 12);
  const writing = load<u32>(found, 16);
  if (offset == 40) return regexText(operand, ptr, len, writing);
  const needle = itemAt(operand);
  const text = itemPtr(needle);
  const textLen = itemLen(needle);
  if (offset == 28) return textStarts(ptr, len, writing, text, textLen) ? TRUE : FALSE;
  // A needle longer than the text, even written out, costs nothing: there may be many short texts.
  if (textLen > len) return FALSE;
  if (offset == 36) return textContains(ptr, len, writing, text, textLen, needleTable) ? TRUE : FALSE;
  classOf(found);
  return textEnds(ptr, len, writing, load<u32>(found, 28), text, textLen) ? TRUE : FALSE;
}
