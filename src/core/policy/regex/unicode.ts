/**
 * What Unicode says of characters, asked of the JavaScript engine's own tables, so that none are shipped.
 *
 *   in   : a name as in `\p{…}`, a set
 *   out  : the set of that name; the set with all characters that differ from it in case only
 *   never: surrogates, which no UTF-8 holds; a guess at a name it does not know
 *
 * Each question costs some milliseconds and is asked once.
 */
import { type CharSet, contains, EVERYTHING, MAX_CODE, setOf } from './charset.js';

const PLANE = 0x10000;
/** All others are of one kind throughout but for their last two, which are no characters. */
const MIXED_PLANES: readonly number[] = [0, 1, 2, 3, 14];
const SURROGATES: CharSet = [0xd800, 0xdfff];

const known = new Map<string, CharSet | null>();

/** The set called `name` in RE2: a general category, a script or `Any`; null when there is none. */
export function namedSet(name: string): CharSet | null {
  let set = known.get(name);
  if (set === undefined) {
    set = lookUp(name);
    known.set(name, set);
  }
  return set;
}

function lookUp(name: string): CharSet | null {
  if (name === 'Any') return EVERYTHING;
  // RE2's `C` leaves out what is not assigned, and has no `Cn`.
  if (name === 'C') return ask('[\\p{Cc}\\p{Cf}\\p{Co}]');
  if (name === 'Cs') return SURROGATES;
  if (name === 'Cn') return null;
  if (/^[A-Z][a-z]?$/.test(name)) return ask(`\\p{General_Category=${name}}`);
  return /^[A-Z][A-Za-z_]+$/.test(name) ? ask(`\\p{Script=${name}}`) : null;
}

/** What `atom`, one character class of JavaScript, matches; null when it is none. */
function ask(atom: string): CharSet | null {
  let runs: RegExp;
  try {
    runs = new RegExp(`${atom}+`, 'gu');
  } catch {
    return null;
  }
  const ranges: number[] = [];
  for (let plane = 0; plane * PLANE <= MAX_CODE; plane++) {
    const first = plane * PLANE;
    if (MIXED_PLANES.includes(plane)) {
      for (let at = first; at < first + PLANE; at += 0x1000) collect(ranges, runs, at, at + 0xfff);
      continue;
    }
    const probe: number[] = [];
    collect(probe, runs, first, first);
    if (probe.length > 0) ranges.push(first, first + PLANE - 3);
    collect(ranges, runs, first + PLANE - 2, first + PLANE - 1);
  }
  return setOf(ranges);
}

/** Adds the ranges of `lo`–`hi` that match. */
function collect(ranges: number[], runs: RegExp, lo: number, hi: number): void {
  if (lo >= SURROGATES[0]! && hi <= SURROGATES[1]!) return;
  const from = lo <= SURROGATES[1]! && hi > SURROGATES[1]! ? SURROGATES[1]! + 1 : lo;
  const to = from < SURROGATES[0]! && hi >= SURROGATES[0]! ? SURROGATES[0]! - 1 : hi;
  const text = String.fromCodePoint(...Array.from({ length: to - from + 1 }, (_, i) => from + i));
  const width = from < PLANE ? 1 : 2;
  for (const run of text.matchAll(runs)) {
    ranges.push(from + run.index / width, from + (run.index + run[0].length) / width - 1);
  }
}

let orbits: ReadonlyMap<number, readonly number[]> | null = null;

/** `set` and whatever is the same but for case (simple case folding). */
export function foldCase(set: CharSet): CharSet {
  orbits ??= findOrbits();
  const extra: number[] = [];
  for (const [code, others] of orbits) {
    if (contains(set, code)) for (const other of others) extra.push(other, other);
  }
  return extra.length === 0 ? set : setOf([...set, ...extra]);
}

/** Characters that could be the same by some mapping of case, put together where the engine's `i` says they are. */
function findOrbits(): ReadonlyMap<number, readonly number[]> {
  const sameFolded = /^(.)\1$/isu;
  const buckets = new Map<string, number[]>();
  const cased = ask('[\\p{Changes_When_Casemapped}\\p{Changes_When_Casefolded}]') ?? [];
  for (let i = 0; i < cased.length; i += 2) {
    for (let code = cased[i]!; code <= cased[i + 1]!; code++) {
      const text = String.fromCodePoint(code);
      for (const key of new Set([text, text.toLowerCase(), text.toUpperCase()])) {
        const bucket = buckets.get(key);
        if (bucket === undefined) buckets.set(key, [code]);
        else bucket.push(code);
      }
    }
  }
  const found = new Map<number, Set<number>>();
  for (const bucket of buckets.values()) {
    for (const a of bucket) {
      for (const b of bucket) {
        const pair = String.fromCodePoint(a, b);
        if (a < b && sameFolded.test(pair)) link(found, a, b);
      }
    }
  }
  return new Map([...found].map(([code, others]) => [code, [...others].filter(other => other !== code)]));
}

function link(found: Map<number, Set<number>>, a: number, b: number): void {
  const all = new Set([a, b, ...(found.get(a) ?? []), ...(found.get(b) ?? [])]);
  for (const member of all) found.set(member, all);
}
