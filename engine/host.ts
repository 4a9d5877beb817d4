/**
 * The readings of a host: its text and, for an IPv4-mapped or -compatible IPv6 address, the IPv4 form.
 * Labels of the reading at hand are split from the right, as the index wants them.
 */
import { hashBytes, hexValue } from './text';
import { hostLen, hostPtr } from './url';
import { spoil } from './program';
import { take } from './memory';

const LABELS_MAX: u32 = 8704;

let aliasArea: usize = 0;
let labelArea: usize = 0;
/** 1 or 2. */
export let hostReadings: u32 = 0;
let aliasLen: u32 = 0;
export let labelCount: u32 = 0;

export function initHost(): bool {
  aliasArea = take(32);
  labelArea = take(LABELS_MAX * 12);
  return labelArea != 0;
}

const groups: usize = memory.data(32);

/** The eight groups of the bracketed address, false when it is none. */
function readGroups(): bool {
  const end = hostPtr + hostLen - 1;
  let p = hostPtr + 1;
  let count: u32 = 0;
  let gap: i32 = -1;
  memory.fill(groups, 0, 32);
  if (p + 1 < end && load<u16>(p) == 0x3a3a) {
    gap = 0;
    p += 2;
  }
  while (p < end) {
    let v: u32 = 0;
    let digits: u32 = 0;
    while (p < end && load<u8>(p) != 58) {
      const d = hexValue(load<u8>(p++));
      if (d < 0 || ++digits > 4) return false;
      v = (v << 4) | <u32>d;
    }
    if (digits == 0 || count >= 8) return false;
    store<u32>(groups + (count++ << 2), v);
    if (p == end) break;
    p++;
    if (p < end && load<u8>(p) == 58) {
      if (gap >= 0) return false;
      gap = <i32>count;
      p++;
    } else if (p == end) return false;
  }
  if (gap < 0) return count == 8;
  if (count > 7) return false;
  const tail = count - <u32>gap;
  for (let i: u32 = 0; i < tail; i++) {
    const from = groups + ((count - 1 - i) << 2);
    const v = load<u32>(from);
    store<u32>(from, 0);
    store<u32>(groups + ((7 - i) << 2), v);
  }
  return true;
}

function decimalByte(at: usize, v: u32): usize {
  if (v >= 100) store<u8>(at++, <u8>(48 + v / 100));
  if (v >= 10) store<u8>(at++, <u8>(48 + (v / 10) % 10));
  store<u8>(at++, <u8>(48 + (v % 10)));
  return at;
}

/** False when a bracketed host is no IPv6 address. */
export function readHosts(): bool {
  hostReadings = 1;
  if (load<u8>(hostPtr) != 91) return true;
  if (!readGroups()) return false;
  for (let i: u32 = 0; i < 5; i++) if (load<u32>(groups + (i << 2)) != 0) return true;
  const marker = load<u32>(groups + 20);
  const high = load<u32>(groups + 24);
  const low = load<u32>(groups + 28);
  if (marker != 0xffff && (marker != 0 || (high == 0 && low <= 1))) return true;
  let at = decimalByte(aliasArea, high >>> 8);
  store<u8>(at++, 46);
  at = decimalByte(at, high & 255);
  store<u8>(at++, 46);
  at = decimalByte(at, low >>> 8);
  store<u8>(at++, 46);
  at = decimalByte(at, low & 255);
  aliasLen = <u32>(at - aliasArea);
  hostReadings = 2;
  return true;
}

export function readingPtr(r: u32): usize {
  return r == 0 ? hostPtr : aliasArea;
}

export function readingLen(r: u32): u32 {
  return r == 0 ? hostLen : aliasLen;
}

/** Splits reading `r` into labels, the last first. An IPv6 address has none: only `*` and its own text match it. */
export function splitLabels(r: u32): void {
  const p = readingPtr(r);
  const n = readingLen(r);
  labelCount = 0;
  if (load<u8>(p) == 91) return;
  let end = n;
  for (let i = n; i > 0; i--) {
    if (load<u8>(p + i - 1) == 46) {
      addLabel(p + i, end - i);
      end = i - 1;
    }
  }
  addLabel(p, end);
}

function addLabel(p: usize, n: u32): void {
  if (labelCount >= LABELS_MAX) return spoil();
  const at = labelArea + labelCount++ * 12;
  store<u32>(at, <u32>p);
  store<u32>(at + 4, n);
  store<u32>(at + 8, hashBytes(p, n));
}

export function labelAt(i: u32): usize {
  return labelArea + i * 12;
}
