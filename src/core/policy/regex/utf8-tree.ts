/**
 * A set of code points as the byte sequences of UTF-8 that mean them.
 *
 *   in   : a set
 *   out  : the first step of an acyclic graph in which equal rests are one
 *   never: a surrogate, an overlong form, a sequence past U+10FFFF
 */
import type { CharSet } from './charset.js';

export interface ByteStep {
  readonly ranges: readonly ByteRange[];
}

/** `next` is null where the character ends. */
export interface ByteRange {
  readonly lo: number;
  readonly hi: number;
  readonly next: ByteStep | null;
}

/** Code points of each length, and what the first byte adds. */
const LENGTHS = [
  { lo: 0, hi: 0x7f, lead: 0, rest: 0 },
  { lo: 0x80, hi: 0x7ff, lead: 0xc0, rest: 1 },
  { lo: 0x800, hi: 0xd7ff, lead: 0xe0, rest: 2 },
  { lo: 0xe000, hi: 0xffff, lead: 0xe0, rest: 2 },
  { lo: 0x10000, hi: 0x10ffff, lead: 0xf0, rest: 3 },
] as const;

export function byteTree(set: CharSet): ByteStep {
  const shared = new Map<string, ByteStep>();
  const ranges: ByteRange[] = [];
  for (const { lo, hi, lead, rest } of LENGTHS) {
    const part: number[] = [];
    for (let i = 0; i < set.length; i += 2) {
      if (set[i]! <= hi && set[i + 1]! >= lo) part.push(Math.max(set[i]!, lo), Math.min(set[i + 1]!, hi));
    }
    for (const range of split(part, lead, rest, shared)) join(ranges, range);
  }
  return { ranges };
}

/** The steps of numbers that take one byte and `rest` more; the byte is `base` and the highest digit. */
function split(numbers: readonly number[], base: number, rest: number, shared: Map<string, ByteStep>): ByteRange[] {
  const size = 64 ** rest;
  const out: ByteRange[] = [];
  let block = -1;
  let inside: number[] = [];
  const flush = (): void => {
    if (inside.length > 0) join(out, { lo: base + block, hi: base + block, next: step(inside, rest, shared) });
    inside = [];
  };
  for (let i = 0; i < numbers.length; i += 2) {
    let lo = numbers[i]!;
    const hi = numbers[i + 1]!;
    while (lo <= hi) {
      const first = Math.floor(lo / size);
      if (first !== block) flush();
      block = first;
      const end = Math.min(hi, (first + 1) * size - 1);
      const whole = lo === first * size ? Math.floor((hi + 1) / size) : 0;
      if (whole > first) {
        join(out, { lo: base + first, hi: base + whole - 1, next: step([0, size - 1], rest, shared) });
        lo = whole * size;
      } else {
        inside.push(lo - first * size, end - first * size);
        lo = end + 1;
      }
    }
  }
  flush();
  return out;
}

/** The `rest` continuation bytes of `numbers`. */
function step(numbers: readonly number[], rest: number, shared: Map<string, ByteStep>): ByteStep | null {
  if (rest === 0) return null;
  const key = `${rest}:${numbers.join()}`;
  let made = shared.get(key);
  if (made === undefined) {
    made = { ranges: split(numbers, 0x80, rest - 1, shared) };
    shared.set(key, made);
  }
  return made;
}

/** Neighbours that go on alike are one. */
function join(ranges: ByteRange[], range: ByteRange): void {
  const last = ranges.at(-1);
  if (last !== undefined && last.next === range.next && last.hi + 1 === range.lo) {
    ranges[ranges.length - 1] = { ...last, hi: range.hi };
  } else ranges.push(range);
}
