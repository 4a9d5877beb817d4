/** Patterns and texts at random, an automaton run by hand, and a second opinion: re2js, an independent port of RE2. */
import assert from 'node:assert/strict';
import { RE2JS } from 're2js';
import { compileRegex } from '#src/core/policy/regex/compile.js';
import type { Automaton } from '#src/core/policy/regex/minimize.js';

export function automatonOf(pattern: string): Automaton {
  const compiled = compileRegex(pattern);
  assert.ok(compiled.ok, compiled.ok ? '' : `${pattern}: ${compiled.flaw.message}`);
  return compiled.value;
}

/** What the engine does, without its early exits. */
export function runs({ states, classes, start, firstEnd, classOf, table }: Automaton, bytes: Uint8Array): boolean {
  let state = start;
  for (const byte of bytes) state = table[state * classes + classOf[byte]!]!;
  assert.ok(state < states);
  return state === 1 || state >= firstEnd;
}

export function finds(pattern: string, text: string | Uint8Array): boolean {
  return runs(automatonOf(pattern), typeof text === 'string' ? new TextEncoder().encode(text) : text);
}

export type Pick = <T>(from: readonly T[]) => T;

/** mulberry32. */
export function picker(seed: number): Pick {
  let a = seed;
  const next = (below: number): number => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
  return from => from[next(from.length)]!;
}

// Letters with three cases, with cases of other lengths in UTF-8, and characters at the edges of each length.
const CHARACTERS = [...'aabbckKſsSıİßẞéÉσςΣǆǅ0_ -,.\n\tЖ中\u007f\u0080\u07ff\u0800\ud7ff\ue000\uffff😀𐐀𐐨\u{10ffff}K'];
const ATOMS = [
  ...[
    'a',
    'b',
    'ab',
    'k',
    'ſ',
    'é',
    'σ',
    'ß',
    'ǅ',
    '中',
    '😀',
    '𐐀',
    '_',
    ' ',
    '\\n',
    '\\x41',
    '\\x{1F600}',
    '\\141',
    '\\.',
  ],
  ...[
    '.',
    '.',
    '\\d',
    '\\w',
    '\\s',
    '\\D',
    '\\W',
    '\\S',
    '\\pL',
    '\\PL',
    '\\p{Lu}',
    '\\p{Greek}',
    '\\P{^Greek}',
    '\\pZ',
  ],
  ...[
    '[a-c]',
    '[^a-c]',
    '[k-s]',
    '[^k]',
    '[\\w-]',
    '[^\\W\\d]',
    '[]a]',
    '[^]a]',
    '[[:alpha:]_]',
    '[^[:^lower:]]',
    '[é-σ]',
    '[a\\x{80}-\\x{10FFFF}]',
  ],
  ...['\\Qa.b\\E', '(?i:k)', '(?i:s+)', '(?s:.)', '(?i:[^a-k])', '(?i:\\w)', '(?i:\\p{Lu})', '(?-i:a)', '(?P<n>)'],
];
const EDGES = ['^', '$', '\\A', '\\z', '\\b', '\\B', '(?m:^)', '(?m:$)', '(?m:^a$)'];
const REPEATS = ['*', '+', '?', '*?', '+?', '??', '{2}', '{0,2}', '{1,}', '{2,3}?', '{0}'];
const FLAGS = ['(?i)', '(?s)', '(?m)', '(?im)', '(?i-s)', '(?U)', '(?)'];

let groups = 0;

export function randomPattern(pick: Pick, depth = 3): string {
  const branches: string[] = [];
  for (let b = pick([1, 1, 1, 2, 3]); b > 0; b--) {
    let branch = pick([true, false, false, false]) ? pick(FLAGS) : '';
    for (let n = pick([0, 1, 1, 2, 2, 3, 4]); n > 0; n--) branch += randomPart(pick, depth);
    branches.push(branch);
  }
  return branches.join('|');
}

function randomPart(pick: Pick, depth: number): string {
  if (pick([true, false, false, false])) return pick(EDGES) + pick(['', '', '', '', '*', '?', '+']);
  const group = depth > 0 && pick([true, false, false]);
  const open = pick(['(', '(?:', '(?i:', '(?s:', '(?m:', '(?P<', '(?<']);
  const name = open.endsWith('<') ? `n${groups++}>` : '';
  const atom = group
    ? `${open}${name}${randomPattern(pick, depth - 1)})`
    : pick(ATOMS).replace('<n>', () => `<n${groups++}>`);
  if (pick([true, true, false])) return atom;
  // A class or group takes a repeat as a whole; of several letters the last does, which is as good.
  return atom + pick(REPEATS);
}

export function randomText(pick: Pick): string {
  let text = '';
  for (let n = pick([0, 1, 2, 3, 4, 6, 9]); n > 0; n--) text += pick(CHARACTERS);
  return text;
}

/** What re2js says, or null where it refuses the pattern. */
export function secondOpinion(pattern: string): ((text: string) => boolean) | null {
  try {
    const compiled = RE2JS.compile(pattern);
    return text => compiled.matcher(text).find();
  } catch {
    return null;
  }
}

/** Compares at least `pairs` pairs; how many of them matched. Throws at the first difference, naming it. */
export function comparePairs(seed: number, pairs: number): { readonly pairs: number; readonly matched: number } {
  const pick = picker(seed);
  let done = 0;
  let matched = 0;
  while (done < pairs) {
    const pattern = randomPattern(pick);
    if (pattern === '' || [...pattern].length > 256) continue;
    const other = secondOpinion(pattern);
    const compiled = compileRegex(pattern);
    if (!compiled.ok) {
      const { code, message } = compiled.flaw;
      // Ours alone: a pattern that can match nothing, and one that is too large.
      if (message.endsWith('matches no text at all')) {
        for (let t = 0; t < 20; t++) assert.equal(other?.(randomText(pick)) ?? false, false, `${pattern} can match`);
      } else if (code !== 'bound_exceeded') assert.equal(other, null, `${pattern}: ${message}`);
      continue;
    }
    assert.ok(other !== null, `re2js refuses ${pattern}`);
    for (let t = 0; t < 20; t++) {
      const text = randomText(pick);
      const want: boolean = other(text);
      const got = runs(compiled.value, new TextEncoder().encode(text));
      assert.equal(got, want, `seed ${seed}: ${JSON.stringify(pattern)} on ${JSON.stringify(text)}`);
      done += 1;
      if (want) matched += 1;
    }
  }
  return { pairs: done, matched };
}
