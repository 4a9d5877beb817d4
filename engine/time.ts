/**
 * Time windows: minutes and days of local time, zone by zone. Start inclusive, end exclusive, start after end crosses
 * midnight and belongs to the day it began on.
 */
import {
  FALSE, H_WINDOWS, H_ZONES, R_WINDOWS, R_ZONE, TRUE, UNKNOWN, WINDOW_WORDS, ZONE_WORDS, cell, head, ruleWord,
} from './program';
import { take } from './memory';

/** In seconds; further from UTC than any clock has ever been. */
const OFFSET_MAX: i32 = 93600;

// @ts-ignore: decorator
@inline
export function isOffset(seconds: i32): bool {
  return <u32>(seconds + OFFSET_MAX) <= <u32>(2 * OFFSET_MAX);
}

export let wallMs: f64 = 0;
/** Seconds east of UTC, a word for each zone of the program; the host keeps those of named zones right, others are not read. */
export let zoneArea: usize = 0;

export function setWall(ms: f64): void {
  wallMs = ms;
}

/** A named zone is out of range, and so UNKNOWN, until the host has said where it is. */
export function initTime(): bool {
  const bytes = head(H_ZONES + 1) << 2;
  zoneArea = take(bytes);
  if (zoneArea != 0) memory.fill(zoneArea, 0x7f, bytes);
  return zoneArea != 0;
}

/** Every window of `rule` must hold. A clock or an offset that is none is UNKNOWN. */
export function testTime(rule: u32): u32 {
  const count = ruleWord(rule, R_WINDOWS + 1);
  if (count == 0) return TRUE;
  const zone = ruleWord(rule, R_ZONE);
  const named = cell(H_ZONES, ZONE_WORDS, zone, 1) != 0;
  const offset = named ? load<i32>(zoneArea + (<usize>zone << 2)) : <i32>cell(H_ZONES, ZONE_WORDS, zone, 2);
  if (!(wallMs > -8.64e15 && wallMs < 8.64e15) || !isOffset(offset)) return UNKNOWN;
  const minutes = Math.floor((wallMs / 1000 + <f64>offset) / 60);
  const days = Math.floor(minutes / 1440);
  const minute = <u32>(minutes - days * 1440);
  // 1970-01-01 was a Thursday, three days after a Monday.
  const day = <u32>(days + 3 - Math.floor((days + 3) / 7) * 7);
  const first = ruleWord(rule, R_WINDOWS);
  for (let w = first; w < first + count; w++) {
    const start = cell(H_WINDOWS, WINDOW_WORDS, w, 1);
    const end = cell(H_WINDOWS, WINDOW_WORDS, w, 2);
    // Past midnight the day before counts; the days stand twice in a row, so that there is one before Monday.
    const inside = minute < end ? start > end || minute >= start : start > end && minute >= start;
    const began = start > end && minute < end ? day + 6 : day;
    const holds: u32 = inside ? ((cell(H_WINDOWS, WINDOW_WORDS, w, 3) * 0x81) >> began) & 1 : 0;
    if (holds == cell(H_WINDOWS, WINDOW_WORDS, w, 0)) return FALSE;
  }
  return TRUE;
}
