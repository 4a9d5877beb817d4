/**
 * Counters on their way to another instance, a key and then its stamps at a time, through the transfer area.
 * The bytes of a saved state are put together and checked by the host.
 */
import { H_LIMITS, head } from '../program';
import {
  KEY_BYTES_MAX, K_AFTER, K_BYTES, K_COUNT, K_LENGTH, K_OLDEST, addKey, addStamp, age, expire, findKey, firstKey, moveLast,
  windowTicks,
} from './keys';
import { TRANSFER_AREA, transferArea } from '../memory';
import { clockMs, resumeClock, settleLimits } from './window';
import { hashBytes } from '../text';
import { takeStamp } from './pool';

let limit: u32 = 0;
let key: usize = 0;
let stamp: usize = 0;

export function exportClock(): f64 {
  settleLimits(false);
  return clockMs;
}

export function exportStart(index: u32): void {
  limit = index;
  key = index < head(H_LIMITS + 1) ? firstKey(index) : 0;
  stamp = 0;
}

/** The next live key: its length, its bytes in the transfer area behind its stamp count. -1 after the last. */
export function exportKey(): i32 {
  while (key != 0) {
    const at = key;
    key = load<u32>(at, K_AFTER);
    expire(at);
    const count = load<u32>(at, K_COUNT);
    if (count == 0) continue;
    const n = load<u32>(at, K_LENGTH);
    store<u32>(transferArea, count);
    memory.copy(transferArea + 4, at + K_BYTES, n);
    stamp = load<u32>(at, K_OLDEST);
    return <i32>n;
  }
  return -1;
}

/** The next ticks of that key, oldest first; how many are in the transfer area, 0 after the last. */
export function exportStamps(): u32 {
  let n: u32 = 0;
  while (stamp != 0 && n < TRANSFER_AREA >> 2) {
    store<u32>(transferArea + (n++ << 2), load<u32>(stamp, 4));
    stamp = load<u32>(stamp);
  }
  return n;
}

export function importClock(ms: f64): void {
  resumeClock(ms);
}

let into: usize = 0;

/** Makes the key whose bytes are in the transfer area the one to receive stamps. False when there is no room. */
export function importKey(index: u32, n: u32): bool {
  into = 0;
  if (index >= head(H_LIMITS + 1) || n > KEY_BYTES_MAX) return false;
  limit = index;
  const hash = hashBytes(transferArea, n) ^ (index * 0x9e3779b1);
  into = findKey(index, hash, transferArea, n);
  if (into == 0) into = addKey(index, hash, transferArea, n);
  return into != 0;
}

/** Appends `n` ticks from the transfer area; those outside the window are left out. */
export function importStamps(n: u32): bool {
  if (into == 0 || n > TRANSFER_AREA >> 2) return false;
  const window = windowTicks(limit);
  for (let i: u32 = 0; i < n; i++) {
    const tick = load<u32>(transferArea + (<usize>i << 2));
    const old = age(limit, tick);
    if (old >= window || old < -1) continue;
    const fresh = takeStamp(limit);
    if (fresh == 0) return false;
    addStamp(into, fresh, tick);
  }
  moveLast(into);
  return true;
}

