/**
 * Regular expressions as tables: one step a byte, whatever the pattern.
 *
 *   in   : the automata of a program, checked here; a text
 *   out  : whether a match stands in it
 *   never: goes back, copies
 *
 * A row is table offset, states, classes, start, first state where the text may end. State 0 never matches again, state 1
 * has matched; both are left no more. src/core/policy/program/format.ts has the layout.
 */
import { PLAIN, textHalf, textNext, textOpen } from './body/text';

const ROW: u32 = 20;
const MATCHED: u32 = 1;
const MAX_STATES: u32 = 4096;

/** How many there are, once they are checked. */
export let automata: u32 = 0;
let rows: usize = 0;

/** Whether `count` automata fill the `bytes` bytes at `p` or fewer; in time linear in them. */
export function automataCheck(p: usize, bytes: u32, count: u32): bool {
  automata = 0;
  rows = p;
  if (count > bytes / ROW) return false;
  let next = count * ROW;
  for (let row = p; row < p + count * ROW; row += ROW) {
    const states = load<u32>(row, 4);
    const classes = load<u32>(row, 8);
    const start = load<u32>(row, 12);
    const firstEnd = load<u32>(row, 16);
    if (load<u32>(row) != next || states > MAX_STATES || classes - 1 > 255) return false;
    if (start == 0 || start >= states || firstEnd <= MATCHED || firstEnd > states) return false;
    const cells = states * classes;
    const size: u32 = (256 + (cells << 1) + 3) & ~3;
    if (size > bytes - next) return false;
    const map = p + next;
    next += size;
    let seen: u32 = 0;
    for (let b: usize = 0; b < 256; b++) {
      const c: u32 = load<u8>(map + b);
      if (c > seen) return false;
      if (c == seen) seen++;
    }
    if (seen != classes) return false;
    const table = map + 256;
    for (let i: u32 = 0; i < cells; i++) {
      const state: u32 = load<u16>(table + (i << 1));
      if (state >= states || (i < classes << 1 && state != (i >= classes ? MATCHED : 0))) return false;
    }
    if ((cells & 1) != 0 && load<u16>(table + (cells << 1)) != 0) return false;
  }
  automata = count;
  return true;
}

/** What does not wait for the state is added up first: the way from state to state is what a byte costs. */
// @ts-ignore: decorator
@inline
function next(map: usize, stride: u32, state: u32, byte: u32): u32 {
  return load<u16>(<usize>(state * stride) + (map + (<usize>load<u8>(map + byte) << 1)), 256);
}

/** Whether automaton `a` finds a match in `n` bytes at `p`. */
export function regexMatches(a: u32, p: usize, n: u32): bool {
  const row = rows + a * ROW;
  const map = rows + load<u32>(row);
  const stride = load<u32>(row, 8) << 1;
  let state = load<u32>(row, 12);
  for (const end = p + n; p < end && state > MATCHED; p++) state = next(map, stride, state, load<u8>(p));
  return state == MATCHED || state >= load<u32>(row, 16);
}

/**
 * As regexMatches, on a text of a body: 2 a match, 0 none, 1 where half a surrogate pair stands. That is no character, so what
 * a pattern makes of the text cannot be said.
 */
export function regexText(a: u32, p: usize, n: u32, writing: u32): u32 {
  if (writing == PLAIN) return regexMatches(a, p, n) ? 2 : 0;
  const row = rows + a * ROW;
  const map = rows + load<u32>(row);
  const stride = load<u32>(row, 8) << 1;
  let state = load<u32>(row, 12);
  textOpen(p, n, writing);
  for (let byte = textNext(); byte >= 0; byte = textNext()) state = next(map, stride, state, byte);
  if (textHalf) return 1;
  return state == MATCHED || state >= load<u32>(row, 16) ? 2 : 0;
}
