/**
 * Sets of code points: flat lists of inclusive ranges `[lo, hi, lo, hi, …]`, sorted, apart from each other.
 */
export type CharSet = readonly number[];

export const MAX_CODE = 0x10ffff;
export const EVERYTHING: CharSet = [0, MAX_CODE];
export const NEWLINE = 0x0a;

/** Any list of ranges as a set. */
export function setOf(ranges: readonly number[]): CharSet {
  const pairs: [number, number][] = [];
  for (let i = 0; i < ranges.length; i += 2) pairs.push([ranges[i]!, ranges[i + 1]!]);
  pairs.sort((a, b) => a[0] - b[0]);
  const out: number[] = [];
  for (const [lo, hi] of pairs) {
    const end = out.length - 1;
    if (end > 0 && lo <= out[end]! + 1) out[end] = Math.max(out[end]!, hi);
    else out.push(lo, hi);
  }
  return out;
}

export function negate(set: CharSet): CharSet {
  const out: number[] = [];
  let next = 0;
  for (let i = 0; i < set.length; i += 2) {
    if (set[i]! > next) out.push(next, set[i]! - 1);
    next = set[i + 1]! + 1;
  }
  if (next <= MAX_CODE) out.push(next, MAX_CODE);
  return out;
}

export function contains(set: CharSet, code: number): boolean {
  let low = 0;
  let high = set.length / 2;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (set[middle * 2 + 1]! < code) low = middle + 1;
    else high = middle;
  }
  return low * 2 < set.length && set[low * 2]! <= code;
}
