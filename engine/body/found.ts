/**
 * What stands at the places met. One node is kept, for questions later. Where a path may have several, each is judged
 * as it is found, since they may be as many as the body has bytes, and only what was said is kept.
 *
 *   in   : a value, the trie nodes met, the matchers asked
 *   out  : captures, and for each matcher of several nodes the set of verdicts
 */
import { matcherAt } from './layout';
import { judge } from './operators';
import {
  askedNext, capture, captureOf, CAPTURE_LINES, firstAsked, GONE, isMulti, metNodes, READING_JSON, say, saidOf, wanted,
} from './scratch';
import { met } from './walk';

/** Verdicts as bits: 1 << FALSE, 1 << UNKNOWN, 1 << TRUE. */
const FALSE_AND_TRUE: u32 = 5;

/** How often a scan asks a matcher about one of several nodes; past it the body cannot be judged. */
const ASKS_MAX: u32 = 4 << 20;
let asksLeft: u32 = 0;

/** Before each scan. */
export function beginFound(): void {
  asksLeft = ASKS_MAX;
}

/** There were more nodes than this many matchers can be asked about in time. */
@inline
export function tooMany(): bool {
  return asksLeft == 0;
}

/** The JSON value being read is one line of several; its number, from 1. */
let eachLine: bool = false;
export let line: u32 = 1;

export function beginWhole(): void {
  eachLine = false;
  line = 1;
}

export function beginLines(): void {
  eachLine = true;
  line = 0;
}

export function nextLine(): void {
  line++;
}

@inline
function several(n: u32, reading: u32): bool {
  return isMulti(n) || (eachLine && reading == READING_JSON);
}

export function found(reading: u32, kind: u32, ptr: usize, len: u32, writing: u32): void {
  for (let i: u32 = 0; i < met; i++) {
    const n = load<u32>(metNodes + (i << 2));
    if (!wanted(n)) continue;
    const again = captureOf(n, reading) != 0;
    const at = capture(n, reading, line, kind, ptr, len, writing);
    if (several(n, reading)) {
      for (let m = firstAsked(n); m != 0 && asksLeft != 0; m = askedNext(m - 1)) {
        asksLeft--;
        const before = saidOf(m - 1, reading);
        if ((before & FALSE_AND_TRUE) != FALSE_AND_TRUE) say(m - 1, reading, before | (1 << judge(matcherAt(m - 1), at, 0)));
      }
    }
    // A key cannot be made of two.
    if (again) store<u32>(at, GONE, 4);
  }
}

/** What the reading says of matcher `i` on node `n`, as bits. `absent`: what `not_in` makes of a node that is not there. */
export function verdicts(i: u32, n: u32, reading: u32, absent: u32): u32 {
  const at = captureOf(n, reading);
  if (!several(n, reading)) return 1 << judge(matcherAt(i), at, absent);
  const said = saidOf(i, reading);
  const lines = reading == READING_JSON ? line : 1;
  // A line without the node says what a body without it would.
  return at != 0 && load<u32>(at, CAPTURE_LINES) == lines ? said : said | (1 << judge(matcherAt(i), 0, absent));
}
