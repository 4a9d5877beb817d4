/**
 * Keys of all limits in one hash table; each has its stamps, oldest first. Per limit a list of its keys by last charge,
 * so that the first is the first to fall idle. A live key is never given up.
 *
 * A key: [hash, next in bucket, limit, oldest stamp, newest stamp, stamps, previous and next by charge, length, the stamp
 * whose leaving lets a call pass (0: not looked for since the last stamp), bytes].
 */
import { giveKey, giveStamp, takeKey } from './pool';
import { H_LIMITS, LIMIT_WORDS, cell, head } from '../program';
import { same } from '../text';
import { take } from '../memory';

const BUCKETS: u32 = 65536;
export const KEYS_MAX: u32 = 10000;
export const KEY_BYTES_MAX: u32 = 264;

export const K_NEXT: usize = 4;
export const K_LIMIT: usize = 8;
export const K_OLDEST: usize = 12;
export const K_NEWEST: usize = 16;
export const K_COUNT: usize = 20;
const K_BEFORE: usize = 24;
export const K_AFTER: usize = 28;
export const K_LENGTH: usize = 32;
export const K_TURN: usize = 36;
export const K_BYTES: usize = 40;

let buckets: usize = 0;
/** Per limit [first key, last key, keys]. */
let lists: usize = 0;

/** Now in ticks of 1 ms and of 1 s, rounded down. */
let nowMs: u32 = 0;
let nowS: u32 = 0;

export function initKeys(): bool {
  if (head(H_LIMITS + 1) == 0) return true;
  buckets = take(BUCKETS << 2);
  lists = take(head(H_LIMITS + 1) * 12);
  return buckets != 0 && lists != 0;
}

export function setNow(ms: f64): void {
  nowMs = <u32>(<u64>Math.floor(ms));
  nowS = <u32>(<u64>Math.floor(ms / 1000));
}

export function isDay(limit: u32): bool {
  return cell(H_LIMITS, LIMIT_WORDS, limit, 2) == 86400000;
}

/** Length of the limit's window in its ticks. */
export function windowTicks(limit: u32): i32 {
  return isDay(limit) ? 86400 : <i32>cell(H_LIMITS, LIMIT_WORDS, limit, 2);
}

/** Ticks since `tick`; a stamp is rounded up, so it may lie one tick ahead. */
// @ts-ignore: decorator
@inline
export function age(limit: u32, tick: u32): i32 {
  return <i32>((isDay(limit) ? nowS : nowMs) - tick);
}

export function firstKey(limit: u32): usize {
  return load<u32>(lists + limit * 12);
}

export function keyCount(limit: u32): u32 {
  return load<u32>(lists + limit * 12 + 8);
}

function bucketOf(hash: u32): usize {
  return buckets + ((hash & (BUCKETS - 1)) << 2);
}

export function findKey(limit: u32, hash: u32, p: usize, n: u32): usize {
  let key = <usize>load<u32>(bucketOf(hash));
  while (key != 0) {
    if (
      load<u32>(key) == hash && load<u32>(key, K_LIMIT) == limit && load<u32>(key, K_LENGTH) == n &&
      same(key + K_BYTES, p, n)
    ) return key;
    key = load<u32>(key, K_NEXT);
  }
  return 0;
}

/** Lets go of the stamps that have left the window. */
export function expire(key: usize): void {
  const limit = load<u32>(key, K_LIMIT);
  const window = windowTicks(limit);
  let stamp = <usize>load<u32>(key, K_OLDEST);
  let count = load<u32>(key, K_COUNT);
  while (stamp != 0 && age(limit, load<u32>(stamp, 4)) >= window) {
    const next = <usize>load<u32>(stamp);
    giveStamp(stamp);
    stamp = next;
    count--;
  }
  store<u32>(key, <u32>stamp, K_OLDEST);
  store<u32>(key, count, K_COUNT);
  if (stamp == 0) store<u32>(key, 0, K_NEWEST);
}

function unlink(key: usize): void {
  const list = lists + load<u32>(key, K_LIMIT) * 12;
  const before = <usize>load<u32>(key, K_BEFORE);
  const after = <usize>load<u32>(key, K_AFTER);
  if (before != 0) store<u32>(before, <u32>after, K_AFTER);
  else store<u32>(list, <u32>after);
  if (after != 0) store<u32>(after, <u32>before, K_BEFORE);
  else store<u32>(list, <u32>before, 4);
}

function linkFirst(key: usize): void {
  const list = lists + load<u32>(key, K_LIMIT) * 12;
  const first = <usize>load<u32>(list);
  store<u32>(key, 0, K_BEFORE);
  store<u32>(key, <u32>first, K_AFTER);
  if (first != 0) store<u32>(first, <u32>key, K_BEFORE);
  else store<u32>(list, <u32>key, 4);
  store<u32>(list, <u32>key);
}

/** Moves a key that was just charged behind all others of its limit. */
export function moveLast(key: usize): void {
  unlink(key);
  const list = lists + load<u32>(key, K_LIMIT) * 12;
  const last = <usize>load<u32>(list, 4);
  store<u32>(key, <u32>last, K_BEFORE);
  store<u32>(key, 0, K_AFTER);
  if (last != 0) store<u32>(last, <u32>key, K_AFTER);
  else store<u32>(list, <u32>key);
  store<u32>(list, <u32>key, 4);
}

export function dropKey(key: usize): void {
  unlink(key);
  const list = lists + load<u32>(key, K_LIMIT) * 12;
  store<u32>(list, load<u32>(list, 8) - 1, 8);
  let at = bucketOf(load<u32>(key));
  while (load<u32>(at) != <u32>key) at = <usize>load<u32>(at) + K_NEXT;
  store<u32>(at, load<u32>(key, K_NEXT));
  let stamp = <usize>load<u32>(key, K_OLDEST);
  while (stamp != 0) {
    const next = <usize>load<u32>(stamp);
    giveStamp(stamp);
    stamp = next;
  }
  giveKey(key, load<u32>(key, K_LENGTH));
}

/** A new key without stamps, first in its limit's list; 0 when the limit has 10,000 live ones or memory has run out. */
export function addKey(limit: u32, hash: u32, p: usize, n: u32): usize {
  const list = lists + limit * 12;
  if (load<u32>(list, 8) >= KEYS_MAX) {
    const idle = firstKey(limit);
    expire(idle);
    if (load<u32>(idle, K_COUNT) != 0) return 0;
    dropKey(idle);
  }
  const key = takeKey(n);
  if (key == 0) return 0;
  memory.fill(key, 0, K_BYTES);
  const bucket = bucketOf(hash);
  store<u32>(key, hash);
  store<u32>(key, load<u32>(bucket), K_NEXT);
  store<u32>(key, limit, K_LIMIT);
  store<u32>(key, n, K_LENGTH);
  memory.copy(key + K_BYTES, p, n);
  store<u32>(bucket, <u32>key);
  linkFirst(key);
  store<u32>(list, load<u32>(list, 8) + 1, 8);
  return key;
}

/** Appends a stamp to a key. */
export function addStamp(key: usize, stamp: usize, tick: u32): void {
  store<u32>(stamp, 0);
  store<u32>(stamp, tick, 4);
  store<u32>(key, 0, K_TURN);
  const newest = <usize>load<u32>(key, K_NEWEST);
  if (newest != 0) store<u32>(newest, <u32>stamp);
  else store<u32>(key, <u32>stamp, K_OLDEST);
  store<u32>(key, <u32>stamp, K_NEWEST);
  store<u32>(key, load<u32>(key, K_COUNT) + 1, K_COUNT);
}

/** Frees every expired stamp and idle key; with `all`, everything. */
export function sweep(all: bool): void {
  for (let limit: u32 = 0, n = head(H_LIMITS + 1); limit < n; limit++) {
    let key = firstKey(limit);
    while (key != 0) {
      const after = <usize>load<u32>(key, K_AFTER);
      if (!all) expire(key);
      if (all || load<u32>(key, K_COUNT) == 0) dropKey(key);
      key = after;
    }
  }
}
