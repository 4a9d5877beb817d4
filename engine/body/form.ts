/**
 * One pass over `application/x-www-form-urlencoded` for all wanted paths.
 *
 *   in   : bytes; wants in the scratch
 *   out  : whether it can be read, whether a name is ambiguous on the way to a wanted node, captures, `_method` values
 *   never: decodes into memory (but one `_method` value when asked), builds more than the table of names
 *
 * Appending objects (`a[][b]=1&a[][c]=2`) is read in two ways by servers, as one element or two: ambiguous in `a`.
 * `a[]` beside `a[0]` is read in more: unreadable.
 */
import { found } from './found';
import { hashEnd, HASH_START, hashWord } from './hash';
import { addName, chainTooLong, dropNames, entryAt, findName } from './names';
import {
  everyName, IS_ARRAY, IS_FORM_VALUE, IS_OBJECT, MAX_PAIRS, METHOD_BYTES, methods, methodText, READING_FORM,
} from './scratch';
import { FORM, hexValue, textEquals, textHash, textNext, textOpen } from './text';
import { utf8Begin, utf8Byte, utf8Whole } from './utf8';
import { enter, meetIndex, meetName, meetRoot } from './walk';

const MAX_BRACKETS: u32 = 16;
const MAX_INDEX: u32 = 999;
const METHOD_NAME: usize = memory.data<u8>([95, 109, 101, 116, 104, 111, 100]); // _method

/** What an entry is, how many elements were appended, whether one was more than a value. */
const E_TYPE: usize = 28;
const E_APPENDED: usize = 32;
const E_DEEP: usize = 36;

const T_VALUE: u32 = 1;
const T_OBJECT: u32 = 2;
const T_INDEXED: u32 = 3;
const T_APPENDED: u32 = 4;

/**
 * A name twice, or elements that servers count differently, where a wanted path passes (anywhere, if one may have several
 * nodes); or more partial matches than are held.
 */
export let formAmbiguous: bool = false;
export let methodCount: u32 = 0;

let pairs: u32 = 0;
/** Partial matches in the root; brackets above the container of the current step, and partial matches in it. */
let rootLive: i32 = 0;
let depth: u32 = 0;
let live: i32 = 0;

/** False: unreadable as a form. */
export function formScan(ptr: usize, len: u32): bool {
  dropNames(0);
  formAmbiguous = false;
  methodCount = 0;
  pairs = 0;
  const whole = scan(ptr, ptr + len);
  dropNames(0);
  return whole;
}

function scan(ptr: usize, end: usize): bool {
  // The root is an entry like any other; nothing is ever looked up under its owner.
  const root = addName(0, 0, ptr, 0, FORM);
  if (root < 0) return false;
  begin(root, 0);
  meetRoot();
  setType(root, T_OBJECT, ptr);
  rootLive = enter(0, 0);
  for (let p = ptr; p < end; p++) {
    const start = p;
    let equals: usize = 0;
    for (; p < end && load<u8>(p) != 0x26; p++) if (equals == 0 && load<u8>(p) == 0x3d) equals = p;
    if (p == start) continue;
    if (++pairs > MAX_PAIRS) return false;
    const nameEnd = equals == 0 ? p : equals;
    const value = equals == 0 ? p : equals + 1;
    if (!decodes(start, nameEnd) || !decodes(value, p)) return false;
    if (!pair(start, nameEnd, value, <u32>(p - value))) return false;
  }
  return true;
}

/** Whether percent sequences are whole and what they decode to is UTF-8. */
function decodes(p: usize, end: usize): bool {
  utf8Begin();
  while (p < end) {
    let byte: u32 = load<u8>(p++);
    if (byte == 0x25) {
      if (end - p < 2) return false;
      const high = hexValue(load<u8>(p));
      const low = hexValue(load<u8>(p, 1));
      if ((high | low) > 15) return false;
      byte = (high << 4) | low;
      p += 2;
    }
    if (!utf8Byte(byte)) return false;
  }
  return utf8Whole();
}

/** Bytes of the unit at `p`: a percent sequence or one byte. */
@inline
function unit(p: usize): usize {
  return load<u8>(p) == 0x25 ? 3 : 1;
}

function decoded(p: usize): u32 {
  const byte: u32 = load<u8>(p);
  return byte == 0x25 ? (hexValue(load<u8>(p, 1)) << 4) | hexValue(load<u8>(p, 2)) : byte;
}

function pair(name: usize, nameEnd: usize, value: usize, valueLen: u32): bool {
  let p = name;
  while (p < nameEnd && decoded(p) != 0x5b) {
    if (decoded(p) == 0x5d) return false;
    p += unit(p);
  }
  if (p == name && p < nameEnd) return false;
  let last = p == nameEnd;
  if (last && textEquals(name, <u32>(p - name), FORM, METHOD_NAME, 7)) {
    store<u32>(methods + (methodCount << 3), <u32>value);
    store<u32>(methods + (methodCount << 3), valueLen, 4);
    methodCount++;
  }
  let entry = step(0, T_OBJECT, name, <u32>(p - name), 0, last);
  let brackets: u32 = 0;
  while (!last) {
    if (entry < 0 || ++brackets > MAX_BRACKETS) return false;
    if (decoded(p) != 0x5b) return false;
    p += unit(p);
    const start = p;
    let count: u32 = 0;
    let number: u32 = 0;
    let isNumber = true;
    let leadingZero = false;
    for (; ; p += unit(p), count++) {
      if (p >= nameEnd) return false;
      const byte = decoded(p);
      if (byte == 0x5d) break;
      if (byte == 0x5b) return false;
      if (byte - 0x30 > 9) isNumber = false;
      else {
        if (count == 0 && byte == 0x30) leadingZero = true;
        if (number <= MAX_INDEX) number = number * 10 + (byte - 0x30);
      }
    }
    const len = <u32>(p - start);
    p += unit(p);
    last = p == nameEnd;
    if (count == 0) entry = append(entry, start, last);
    else if (!isNumber) entry = step(entry, T_OBJECT, start, len, 0, last);
    else if (number > MAX_INDEX || (leadingZero && count > 1)) return false;
    else entry = step(entry, T_INDEXED, start, len, number, last);
  }
  if (entry < 0) return false;
  found(READING_FORM, IS_FORM_VALUE, value, valueLen, FORM);
  return true;
}

/** Opens `parent`, which stands at the nodes met and thereby becomes a `type`; false: it is something else. */
function open(parent: i32, type: u32, ptr: usize): bool {
  if (!setType(parent, type, ptr)) return false;
  live = parent == 0 ? rootLive : enter(depth, live);
  depth = parent == 0 ? 1 : depth + 1;
  if (live >= 0) return true;
  live = 0;
  formAmbiguous = true;
  return true;
}

@inline
function onTheWay(): bool {
  return live != 0 || everyName;
}

/** The child of `parent`, which thereby becomes a `parentType`; -1: it is something else, or the table is full. */
function step(parent: i32, parentType: u32, ptr: usize, len: u32, index: u32, last: bool): i32 {
  if (!open(parent, parentType, ptr)) return -1;
  const named = parentType == T_OBJECT;
  const hash = named ? textHash(ptr, len, FORM) : hashEnd(hashWord(HASH_START, index), 4);
  if (named) meetName(depth, live, hash, ptr, len, FORM);
  else meetIndex(depth, live, index);
  const known = findName(parent + 1, hash, ptr, len, FORM);
  if (chainTooLong) return -1;
  if (known >= 0) {
    const isValue = load<u32>(entryAt(known), E_TYPE) == T_VALUE;
    if (isValue != last) return -1;
    if (last && onTheWay()) formAmbiguous = true;
    return known;
  }
  const entry = addName(parent + 1, hash, ptr, len, FORM);
  if (entry < 0) return -1;
  begin(entry, last ? T_VALUE : 0);
  return entry;
}

function append(parent: i32, ptr: usize, last: bool): i32 {
  if (!open(parent, T_APPENDED, ptr)) return -1;
  const array = entryAt(parent);
  const index = load<u32>(array, E_APPENDED);
  if (index != 0 && (!last || load<u32>(array, E_DEEP) != 0) && onTheWay()) formAmbiguous = true;
  store<u32>(array, index + 1, E_APPENDED);
  if (!last) store<u32>(array, 1, E_DEEP);
  // Never looked up: its index as hash only spreads the entries over the table.
  const entry = addName(parent + 1, hashEnd(hashWord(HASH_START, index), 4), ptr, 0, FORM);
  if (entry < 0) return -1;
  begin(entry, last ? T_VALUE : 0);
  meetIndex(depth, live, index);
  return entry;
}

function begin(entry: i32, type: u32): void {
  const at = entryAt(entry);
  store<u32>(at, type, E_TYPE);
  store<u32>(at, 0, E_APPENDED);
  store<u32>(at, 0, E_DEEP);
}

/** False: the entry is already something else. */
function setType(entry: i32, type: u32, ptr: usize): bool {
  const at = entryAt(entry);
  const has = load<u32>(at, E_TYPE);
  if (has == type) return true;
  if (has != 0) return false;
  store<u32>(at, type, E_TYPE);
  found(READING_FORM, type == T_OBJECT ? IS_OBJECT : IS_ARRAY, ptr, 0, FORM);
  return true;
}

/** Length of the value that methodDecode wrote last. */
export let methodLen: u32 = 0;

export function methodDecode(k: u32): usize {
  methodLen = 0;
  if (k >= methodCount) return methodText;
  textOpen(load<u32>(methods + (k << 3)), load<u32>(methods + (k << 3), 4), FORM);
  for (let byte = textNext(); byte >= 0 && methodLen < METHOD_BYTES; byte = textNext()) {
    store<u8>(methodText + methodLen++, byte);
  }
  return methodText;
}
