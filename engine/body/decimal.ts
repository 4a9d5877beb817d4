/**
 * Exact decimals: ±0.DIGITS × 10^exponent, digits without leading or trailing zeros; zero has none.
 *
 *   in   : text of a number, plain or form-encoded
 *   out  : its decimal, or why it has none; comparison with an operand of the section
 *   never: rounds
 */
import { ITEM_NEGATIVE, itemLen, itemPtr } from './layout';
import { textNext, textOpen } from './text';

export const MAX_DIGITS: u32 = 1024;
export const MAX_EXPONENT: u32 = 100_000;

export const NOT_NUMERIC: u32 = 0;
/** A number to a lenient reader (`+1`, ` 1`, `.5`, `1.`, `01`), not by JSON's grammar. */
export const LENIENT: u32 = 1;
export const STRICT: u32 = 2;
/** By JSON's grammar, with too many digits or too large an exponent. */
export const OVERSIZED: u32 = 3;

/** The decimal read last, when readNumber said STRICT. */
export let negative: bool = false;
export let exponent: i32 = 0;
export let digitsLen: u32 = 0;
export const digits: usize = memory.data(1024);

/** Reads a whole text as a number. One pass, any length. */
export function readNumber(ptr: usize, len: u32, writing: u32): u32 {
  textOpen(ptr, len, writing);
  let strict = true;
  let byte = textNext();
  while (isSpace(byte)) { strict = false; byte = textNext(); }
  negative = byte == 0x2d;
  if (byte == 0x2d || byte == 0x2b) {
    if (byte == 0x2b) strict = false;
    byte = textNext();
  }
  digitsLen = 0;
  let over = false;
  let whole: u32 = 0;
  let fraction: u32 = 0;
  let zeros: u32 = 0;
  let point: i32 = 0;
  if (byte == 0x30) {
    whole = 1;
    byte = textNext();
    if (isDigit(byte)) strict = false;
  }
  for (; isDigit(byte); byte = textNext()) {
    whole++;
    if (digitsLen != 0 || byte != 0x30) {
      point++;
      if (!put(byte, zeros)) over = true;
      zeros = byte == 0x30 ? zeros + 1 : 0;
    }
  }
  if (byte == 0x2e) {
    for (byte = textNext(); isDigit(byte); byte = textNext()) {
      fraction++;
      if (digitsLen == 0 && byte == 0x30) point--;
      else {
        if (!put(byte, zeros)) over = true;
        zeros = byte == 0x30 ? zeros + 1 : 0;
      }
    }
    if (whole == 0 || fraction == 0) strict = false;
  }
  if (whole == 0 && fraction == 0) return NOT_NUMERIC;
  let power: u32 = 0;
  let powerNegative = false;
  if (byte == 0x65 || byte == 0x45) {
    byte = textNext();
    powerNegative = byte == 0x2d;
    if (byte == 0x2d || byte == 0x2b) byte = textNext();
    if (!isDigit(byte)) return NOT_NUMERIC;
    for (; isDigit(byte); byte = textNext()) {
      power = power * 10 + (byte - 0x30);
      if (power > MAX_EXPONENT) { power = MAX_EXPONENT + 1; over = true; }
    }
  }
  while (isSpace(byte)) { strict = false; byte = textNext(); }
  if (byte >= 0) return NOT_NUMERIC;
  if (!strict) return LENIENT;
  if (over) return OVERSIZED;
  if (digitsLen == 0) {
    negative = false;
    exponent = 0;
  } else {
    exponent = point + (powerNegative ? -(<i32>power) : <i32>power);
  }
  return STRICT;
}

/** Puts down a significant digit after `zeros` held back; a zero is held back until another digit follows. */
function put(byte: i32, zeros: u32): bool {
  if (byte == 0x30) return true;
  if (zeros > MAX_DIGITS || digitsLen + zeros >= MAX_DIGITS) {
    if (digitsLen == 0) digitsLen = 1;
    return false;
  }
  for (; zeros != 0; zeros--) store<u8>(digits + digitsLen++, 0x30);
  store<u8>(digits + digitsLen++, byte);
  return true;
}

@inline
function isDigit(byte: i32): bool {
  return <u32>(byte - 0x30) < 10;
}

@inline
function isSpace(byte: i32): bool {
  return byte == 0x20 || byte == 0x09 || byte == 0x0a || byte == 0x0d;
}

/** Sign of (decimal read last) - (number item). */
export function compareRead(item: usize): i32 {
  return compare(negative, exponent, digits, digitsLen, item);
}

/** Sign of (number item a) - (number item b). */
export function compareItems(a: usize, b: usize): i32 {
  return compare(load<u32>(a) == ITEM_NEGATIVE, load<i32>(a, 12), itemPtr(a), itemLen(a), b);
}

function compare(aNegative: bool, aExponent: i32, aDigits: usize, aLen: u32, item: usize): i32 {
  const bNegative = load<u32>(item) == ITEM_NEGATIVE;
  const bLen = itemLen(item);
  if (aLen == 0 && bLen == 0) return 0;
  if (aLen == 0) return bNegative ? 1 : -1;
  if (bLen == 0) return aNegative ? -1 : 1;
  if (aNegative != bNegative) return aNegative ? -1 : 1;
  const larger: i32 = aNegative ? -1 : 1;
  const bExponent = load<i32>(item, 12);
  if (aExponent != bExponent) return aExponent > bExponent ? larger : -larger;
  const shared = aLen < bLen ? aLen : bLen;
  const order = memory.compare(aDigits, itemPtr(item), shared);
  if (order != 0) return order > 0 ? larger : -larger;
  if (aLen == bLen) return 0;
  return aLen > bLen ? larger : -larger;
}
