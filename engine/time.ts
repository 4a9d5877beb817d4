/** Time windows: minutes of the local day, zone by zone. Start inclusive, end exclusive, start after end crosses midnight. */
import {
  FALSE, H_WINDOWS, H_ZONES, R_WINDOWS, R_ZONE, TRUE, UNKNOWN, WINDOW_WORDS, ZONE_WORDS, cell, ruleWord,
} from './program';

export let wallMs: f64 = 0;

export function setWall(ms: f64): void {
  wallMs = ms;
}

/** Every window of `rule` must hold. A clock that is no number is UNKNOWN. */
export function testTime(rule: u32): u32 {
  const count = ruleWord(rule, R_WINDOWS + 1);
  if (count == 0) return TRUE;
  if (!(wallMs > -8.64e15 && wallMs < 8.64e15)) return UNKNOWN;
  const offset = <f64>(<i32>cell(H_ZONES, ZONE_WORDS, ruleWord(rule, R_ZONE), 1));
  const minutes = Math.floor((wallMs / 1000 + offset) / 60);
  const minute = <u32>(minutes - Math.floor(minutes / 1440) * 1440);
  const first = ruleWord(rule, R_WINDOWS);
  for (let w = first; w < first + count; w++) {
    const start = cell(H_WINDOWS, WINDOW_WORDS, w, 1);
    const end = cell(H_WINDOWS, WINDOW_WORDS, w, 2);
    const inside = start < end ? minute >= start && minute < end : minute >= start || minute < end;
    if (inside == (cell(H_WINDOWS, WINDOW_WORDS, w, 0) == 1)) return FALSE;
  }
  return TRUE;
}
