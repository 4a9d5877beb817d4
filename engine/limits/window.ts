/**
 * Exact sliding windows. All limits that apply are checked; only if all pass is each charged. Where other policies have a say
 * as well, what passed is held until the host says whether the call was let through.
 * The clock never runs backwards. Ticks are 32 bits; keys are swept twice a day and all cleared after a day without a
 * decision, so that none is ever compared with a tick that has wrapped.
 */
import { H_LIMITS, LIMIT_WORDS, R_LIMIT, cell, head, ruleWord } from '../program';
import { BODY_FIELD, writeKey } from './key-bytes';
import {
  K_COUNT, K_LIMIT, K_OLDEST, K_TURN, addKey, addStamp, age, dropKey, expire, findKey, isDay, moveLast, setNow, sweep,
  windowTicks,
} from './keys';
import { hashBytes } from '../text';
import { giveStamp, takeStamp } from './pool';
import { keyArea } from './key-area';
import { take } from '../memory';

const DAY_MS: f64 = 86401000;
const SWEEP_MS: f64 = 43200000;
/** A full pool is swept at most this often. */
const PRESSED_MS: f64 = 1000;

export const PASSED: u32 = 0;
export const LIMITED: u32 = 1;
export const EXHAUSTED: u32 = 2;

let started: bool = false;
export let clockMs: f64 = 0;
let sweptMs: f64 = 0;
let pressedMs: f64 = -1e9;
/** Per limit that applies to this call: [key, stamp]. */
let pending: usize = 0;
let pendingCount: u32 = 0;

export let failedRule: i32 = -1;
export let failedCode: u32 = 0;
/** Milliseconds until every limit that refused would pass. */
export let waitMs: u32 = 0;

export function initWindows(): bool {
  if (head(H_LIMITS + 1) == 0) return true;
  pending = take(head(H_LIMITS + 1) << 3);
  return pending != 0;
}

/** Sets the clock for this decision, clamped so that it never runs backwards. What is still held was never let through. */
export function startLimits(ms: f64): void {
  settleLimits(false);
  if (!(ms >= 0 && ms < 9007199254740992.0)) ms = clockMs;
  if (!started) {
    started = true;
    clockMs = ms;
    sweptMs = ms;
  }
  const idle = ms - clockMs;
  if (ms > clockMs) clockMs = ms;
  setNow(clockMs);
  failedRule = -1;
  failedCode = PASSED;
  waitMs = 0;
  if (idle > DAY_MS) {
    sweep(true);
    sweptMs = clockMs;
  } else if (clockMs - sweptMs > SWEEP_MS) {
    sweep(false);
    sweptMs = clockMs;
  }
}

/** The clock of counters that are taken over. */
export function resumeClock(ms: f64): void {
  startLimits(ms);
}

function stampNow(limit: u32): u32 {
  return isDay(limit) ? <u32>(<u64>Math.ceil(clockMs / 1000)) : <u32>(<u64>Math.ceil(clockMs));
}

function refuse(rule: u32, code: u32): void {
  if (failedRule >= 0 && <u32>failedRule < rule) return;
  failedRule = <i32>rule;
  failedCode = code;
}

function pressedStamp(limit: u32): usize {
  const stamp = takeStamp(limit);
  if (stamp != 0 || clockMs - pressedMs < PRESSED_MS) return stamp;
  pressedMs = clockMs;
  // Keys of this call that still have no stamp must outlive the sweep, so it only expires.
  sweepKeepingPending();
  return takeStamp(limit);
}

function sweepKeepingPending(): void {
  for (let i: u32 = 0; i < pendingCount; i++) {
    const key = <usize>load<u32>(pending + (<usize>i << 3));
    store<u32>(key, load<u32>(key, K_COUNT) + 1, K_COUNT);
  }
  sweep(false);
  for (let i: u32 = 0; i < pendingCount; i++) {
    const key = <usize>load<u32>(pending + (<usize>i << 3));
    store<u32>(key, load<u32>(key, K_COUNT) - 1, K_COUNT);
  }
}

/**
 * When the call would pass: the oldest stamps must leave until fewer than `calls` are left. A limit that was lowered may
 * have a million too many, so the way to the last of them is gone once.
 */
function waitFor(limit: u32, key: usize, calls: u32): u32 {
  let stamp = <usize>load<u32>(key, K_TURN);
  if (stamp == 0) {
    stamp = load<u32>(key, K_OLDEST);
    for (let extra = load<u32>(key, K_COUNT) - calls; extra > 0; extra--) stamp = load<u32>(stamp);
    store<u32>(key, <u32>stamp, K_TURN);
  }
  const ticks = windowTicks(limit) - age(limit, load<u32>(stamp, 4));
  if (!isDay(limit)) return <u32>ticks;
  const into = clockMs - Math.floor(clockMs / 1000) * 1000;
  return <u32>Math.ceil(<f64>ticks * 1000 - into);
}

/** Checks the limit of `rule` without charging it. */
export function checkLimit(rule: u32, body: bool): void {
  const limit = ruleWord(rule, R_LIMIT) - 1;
  const n = writeKey(cell(H_LIMITS, LIMIT_WORDS, limit, 3), cell(H_LIMITS, LIMIT_WORDS, limit, 4), body);
  const hash = hashBytes(keyArea, n) ^ (limit * 0x9e3779b1);
  let key = findKey(limit, hash, keyArea, n);
  if (key != 0) {
    expire(key);
    const calls = cell(H_LIMITS, LIMIT_WORDS, limit, 1);
    if (load<u32>(key, K_COUNT) >= calls) {
      const wait = waitFor(limit, key, calls);
      if (wait > waitMs) waitMs = wait;
      return refuse(rule, LIMITED);
    }
  } else {
    key = addKey(limit, hash, keyArea, n);
    if (key == 0) return refuse(rule, EXHAUSTED);
  }
  if (pendingCount >= head(H_LIMITS + 1)) return refuse(rule, EXHAUSTED);
  const at = pending + (pendingCount++ << 3);
  store<u32>(at, <u32>key);
  store<u32>(at, 0, 4);
  const stamp = pressedStamp(limit);
  if (stamp == 0) return refuse(rule, EXHAUSTED);
  store<u32>(at, <u32>stamp, 4);
}

/** Charges every limit that is held, or gives all back. */
export function settleLimits(charge: bool): void {
  settleFrom(0, charge);
}

function settleFrom(first: u32, charge: bool): void {
  for (let i = first; i < pendingCount; i++) {
    const at = pending + (<usize>i << 3);
    const key = <usize>load<u32>(at);
    const stamp = <usize>load<u32>(at, 4);
    if (charge) {
      addStamp(key, stamp, stampNow(load<u32>(key, K_LIMIT)));
      moveLast(key);
    } else {
      if (stamp != 0) giveStamp(load<u32>(key, K_LIMIT), stamp);
      if (load<u32>(key, K_COUNT) == 0) dropKey(key);
    }
  }
  pendingCount = first;
}

/** Whether the limit of a shadow rule would refuse. Held where it would not and no limit that binds refused. */
export function shadowRefuses(rule: u32, body: bool): bool {
  const binding = failedRule;
  const code = failedCode;
  const wait = waitMs;
  const held = pendingCount;
  failedRule = -1;
  checkLimit(rule, body);
  const refused = failedRule >= 0;
  if (refused || binding >= 0) settleFrom(held, false);
  failedRule = binding;
  failedCode = code;
  waitMs = wait;
  return refused;
}

/** The body field that the limit of `rule` counts by, or -1. */
export function wantsField(rule: u32): i32 {
  const limit = ruleWord(rule, R_LIMIT) - 1;
  return cell(H_LIMITS, LIMIT_WORDS, limit, 3) == BODY_FIELD ? <i32>cell(H_LIMITS, LIMIT_WORDS, limit, 4) : -1;
}
