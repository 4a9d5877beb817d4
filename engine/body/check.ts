/**
 * Whether a body section is whole: every offset, length, order and kind, in time linear in its length.
 * What passes can be walked without a further check; see layout.ts for the tables.
 */
import { compareItems, NOT_NUMERIC, readNumber } from './decimal';
import { hashBytes } from './hash';
import {
  dropSection, fieldCount, FIELD, fields, HAS_BOOLEAN_STRING, HAS_FALSE, HAS_NULL, HAS_NUMBER, HAS_NUMERIC_STRING,
  HAS_STRING, HAS_TRUE, HEADER, ITEM, ITEM_NEGATIVE, ITEM_STRING, itemAt, itemLen, itemPtr, KIND_BELOW, KIND_EVERY,
  KIND_INDEX, KIND_NAME, KIND_ROOT, LIST, listAt, longestNeedle, MAGIC, MATCHER, matcherAt, MAX_NODES, MAX_ROWS, NODE,
  nodeAt, nodeCount, NONE, pool, setLongestNeedle, setSection, VERSION,
} from './layout';
import { automata } from '../regex';
import { PLAIN, textEquals } from './text';

const WORD_TRUE: usize = memory.data<u8>([116, 114, 117, 101]);
const WORD_FALSE: usize = memory.data<u8>([102, 97, 108, 115, 101]);

export function sectionCheck(ptr: usize, len: u32): bool {
  if (checkAll(ptr, len)) return true;
  dropSection();
  return false;
}

function checkAll(ptr: usize, len: u32): bool {
  if (len < HEADER || (len & 3) != 0) return false;
  if (load<u32>(ptr) != MAGIC || load<u32>(ptr, 4) != VERSION || load<u32>(ptr, 8) != len) return false;
  const nNodes = load<u32>(ptr, 12);
  const nMatchers = load<u32>(ptr, 16);
  const nFields = load<u32>(ptr, 20);
  const nLists = load<u32>(ptr, 24);
  const nItems = load<u32>(ptr, 28);
  const poolLen = load<u32>(ptr, 32);
  for (let at: u32 = 36; at < HEADER; at += 4) if (load<u32>(ptr + at) != 0) return false;
  if (nNodes == 0 || nNodes > MAX_NODES || nMatchers > MAX_ROWS || nFields > MAX_ROWS) return false;
  if (nLists > MAX_ROWS || nItems > MAX_ROWS) return false;
  const tables: u64 =
    <u64>HEADER + <u64>nNodes * NODE + <u64>nMatchers * MATCHER + <u64>nFields * FIELD + <u64>nLists * LIST +
    <u64>nItems * ITEM;
  const rest: u64 = (tables + poolLen + 3) & ~3;
  if (rest != <u64>len) return false;
  setSection(ptr, nNodes, nMatchers, nFields, nLists, nItems);
  for (let at: u64 = tables + poolLen; at < rest; at++) if (load<u8>(ptr + <usize>at) != 0) return false;

  const afterNames = checkNodes(poolLen);
  if (afterNames < 0) return false;
  if (!checkItems(nItems, <u32>afterNames, poolLen) || !checkLists(nLists, nItems)) return false;
  for (let i: u32 = 0; i < nMatchers; i++) if (!checkMatcher(matcherAt(i), nLists, nItems)) return false;
  for (let j: u32 = 0; j < fieldCount; j++) if (load<u32>(fields + j * FIELD) >= nNodes) return false;
  return true;
}

/** Children follow in breadth-first order without gaps, so that every node but the root has one parent before it. */
function checkNodes(poolLen: u32): i64 {
  let next: u32 = 1;
  let used: u32 = 0;
  for (let n: u32 = 0; n < nodeCount; n++) {
    const node = nodeAt(n);
    const kind = load<u32>(node);
    const value = load<u32>(node, 8);
    const len = load<u32>(node, 12);
    const hash = load<u32>(node, 16);
    if (n == 0) {
      if (kind != KIND_ROOT || load<u32>(node, 4) != 0 || (value | len | hash) != 0) return -1;
    } else if (n >= next) {
      return -1;
    } else if (kind == KIND_NAME || kind == KIND_BELOW) {
      if (value != used || len > poolLen - used || hash != hashBytes(pool + used, len)) return -1;
      used += len;
    } else if (kind > KIND_EVERY || (len | hash) != 0 || (kind == KIND_EVERY && value != 0)) {
      return -1;
    }
    if (load<u32>(node, 20) != next || load<u32>(node, 36) > 1) return -1;
    for (let childKind = KIND_NAME; childKind <= KIND_EVERY; childKind++) {
      const count = load<u32>(node + 20 + (childKind << 2));
      if (count > nodeCount - next) return -1;
      for (const end = next + count; next < end; next++) {
        if (load<u32>(nodeAt(next), 4) != n || load<u32>(nodeAt(next)) != childKind) return -1;
      }
    }
  }
  if (next != nodeCount) return -1;
  // Order among siblings, now that every name is known to lie in the pool.
  for (let n: u32 = 2; n < nodeCount; n++) {
    const a = nodeAt(n - 1);
    const b = nodeAt(n);
    if (load<u32>(a, 4) != load<u32>(b, 4) || load<u32>(a) != load<u32>(b)) continue;
    if (load<u32>(b) == KIND_INDEX) {
      if (load<u32>(a, 8) >= load<u32>(b, 8)) return -1;
    } else if (
      !ascends(
        load<u32>(a, 16), pool + load<u32>(a, 8), load<u32>(a, 12),
        load<u32>(b, 16), pool + load<u32>(b, 8), load<u32>(b, 12),
      )
    ) return -1;
  }
  return used;
}

/** Whether string b stands after a: by hash, then bytes, a prefix first. */
function ascends(aHash: u32, a: usize, aLen: u32, bHash: u32, b: usize, bLen: u32): bool {
  if (aHash != bHash) return aHash < bHash;
  const order = memory.compare(a, b, aLen < bLen ? aLen : bLen);
  return order != 0 ? order < 0 : aLen < bLen;
}

function checkItems(count: u32, used: u32, poolLen: u32): bool {
  for (let i: u32 = 0; i < count; i++) {
    const item = itemAt(i);
    const kind = load<u32>(item);
    const len = itemLen(item);
    if (kind > ITEM_NEGATIVE || load<u32>(item, 4) != used || len > poolLen - used) return false;
    const ptr = itemPtr(item);
    if (kind == ITEM_STRING) {
      if (load<u32>(item, 12) != hashBytes(ptr, len)) return false;
    } else if (len == 0) {
      if (kind == ITEM_NEGATIVE || load<u32>(item, 12) != 0) return false;
    } else {
      if (load<u8>(ptr) == 0x30 || load<u8>(ptr + len - 1) == 0x30) return false;
      for (let d: u32 = 0; d < len; d++) if (<u32>load<u8>(ptr + d) - 0x30 > 9) return false;
    }
    used += len;
  }
  return used == poolLen;
}

function checkLists(count: u32, itemCount: u32): bool {
  let next: u32 = 0;
  for (let l: u32 = 0; l < count; l++) {
    const list = listAt(l);
    const strings = load<u32>(list, 8);
    const numbers = load<u32>(list, 12);
    if (load<u32>(list, 4) != next || strings > itemCount - next || numbers > itemCount - next - strings) return false;
    let has: u32 = load<u32>(list) & (HAS_TRUE | HAS_FALSE | HAS_NULL);
    if (strings != 0) has |= HAS_STRING;
    if (numbers != 0) has |= HAS_NUMBER;
    const end = next + strings + numbers;
    for (let i = next; i < end; i++) {
      const item = itemAt(i);
      const isString = i < next + strings;
      if ((load<u32>(item) == ITEM_STRING) != isString) return false;
      const first = i == next || i == next + strings;
      if (!isString) {
        if (!first && compareItems(itemAt(i - 1), item) >= 0) return false;
        continue;
      }
      const before = itemAt(i - 1);
      if (!first && !ascends(load<u32>(before, 12), itemPtr(before), itemLen(before), load<u32>(item, 12), itemPtr(item), itemLen(item))) {
        return false;
      }
      if (readNumber(itemPtr(item), itemLen(item), PLAIN) != NOT_NUMERIC) has |= HAS_NUMERIC_STRING;
      if (textEquals(itemPtr(item), itemLen(item), PLAIN, WORD_TRUE, 4)) has |= HAS_BOOLEAN_STRING;
      if (textEquals(itemPtr(item), itemLen(item), PLAIN, WORD_FALSE, 5)) has |= HAS_BOOLEAN_STRING;
    }
    if (load<u32>(list) != has || has == 0) return false;
    next = end;
  }
  return true;
}

function checkMatcher(matcher: usize, lists: u32, itemCount: u32): bool {
  if (load<u32>(matcher) >= nodeCount) return false;
  const exists = load<u32>(matcher, 4);
  if (exists > 2) return false;
  let given = exists == 1;
  for (let offset: u32 = 8; offset < MATCHER; offset += 4) {
    const at = load<u32>(matcher + offset);
    if (at == NONE) continue;
    if (exists == 2) return false;
    given = true;
    if (offset < 20) {
      if (at >= lists) return false;
      continue;
    }
    if (offset == 40) {
      if (at >= automata) return false;
      continue;
    }
    if (at >= itemCount) return false;
    if ((load<u32>(itemAt(at)) == ITEM_STRING) != offset >= 28) return false;
    if (offset == 36 && itemLen(itemAt(at)) > longestNeedle) setLongestNeedle(itemLen(itemAt(at)));
  }
  return given || exists == 2;
}
