/** The key of a limit's `body_field`: a tag for the type, then the value; long ones by their SHA-256. */
import { digits, digitsLen, exponent, negative, readNumber, STRICT } from './decimal';
import { digestByte, digestFinish, digestStart } from './digest';
import { IS_FALSE, IS_FORM_VALUE, IS_NULL, IS_NUMBER, IS_STRING, IS_TRUE } from './scratch';
import { textNext, textOpen } from './text';

/** Longest key: a tag and 256 bytes. */
export const KEY_MAX: u32 = 257;
const PLAIN_MAX: u32 = 256;
const NUMBER_HEAD: u32 = 5;

const TAG_NULL: u32 = 1;
const TAG_FALSE: u32 = 2;
const TAG_TRUE: u32 = 3;
const TAG_NUMBER: u32 = 4;
const TAG_STRING: u32 = 5;
const TAG_LONG_NUMBER: u32 = 6;
const TAG_LONG_STRING: u32 = 7;

/** Writes the key of what was found; 0: it has none of its own. */
export function keyOf(found: usize, out: usize): u32 {
  const ptr: usize = load<u32>(found, 8);
  const len = load<u32>(found, 12);
  const writing = load<u32>(found, 16);
  switch (load<u32>(found, 4)) {
    case IS_NULL: return tagOnly(out, TAG_NULL);
    case IS_FALSE: return tagOnly(out, TAG_FALSE);
    case IS_TRUE: return tagOnly(out, TAG_TRUE);
    case IS_NUMBER: return readNumber(ptr, len, writing) == STRICT ? numberKey(out) : 0;
    case IS_STRING:
    case IS_FORM_VALUE: return stringKey(ptr, len, writing, out);
    default: return 0;
  }
}

function tagOnly(out: usize, tag: u32): u32 {
  store<u8>(out, tag);
  return 1;
}

function numberKey(out: usize): u32 {
  if (NUMBER_HEAD + digitsLen <= PLAIN_MAX) {
    store<u8>(out, TAG_NUMBER);
    store<u8>(out, negative ? 1 : 0, 1);
    store<i32>(out, exponent, 2);
    memory.copy(out + 6, digits, digitsLen);
    return 6 + digitsLen;
  }
  digestStart();
  digestByte(negative ? 1 : 0);
  for (let shift: u32 = 0; shift < 32; shift += 8) digestByte((<u32>exponent >> shift) & 0xff);
  for (let i: u32 = 0; i < digitsLen; i++) digestByte(load<u8>(digits + i));
  store<u8>(out, TAG_LONG_NUMBER);
  digestFinish(out + 1);
  return 33;
}

function stringKey(ptr: usize, len: u32, writing: u32, out: usize): u32 {
  textOpen(ptr, len, writing);
  let count: u32 = 0;
  let byte = textNext();
  for (; byte >= 0 && count < PLAIN_MAX; byte = textNext()) store<u8>(out + 1 + count++, byte);
  if (byte < 0) {
    store<u8>(out, TAG_STRING);
    return 1 + count;
  }
  digestStart();
  for (let i: u32 = 0; i < count; i++) digestByte(load<u8>(out + 1 + i));
  for (; byte >= 0; byte = textNext()) digestByte(byte);
  store<u8>(out, TAG_LONG_STRING);
  digestFinish(out + 1);
  return 33;
}
