/**
 * A nondeterministic machine as a deterministic one that searches: a match may begin anywhere.
 *
 *   in   : nodes
 *   out  : a table of states by classes of bytes; state 0 never matches again, state 1 has matched
 *   never: more than RAW_MAX_STATES or WORK_MAX steps, which bounds its time without a clock
 *
 * A condition may ask for the byte before, which is part of a state, and for the byte after, or the end: it then waits
 * in the state, and is decided when that byte comes.
 */
import type { Nfa } from './nfa.js';
import { type Assertion, RegexRefusal } from './syntax.js';

export const DEAD = 0;
export const MATCHED = 1;

const RAW_MAX_STATES = 16_384;
const WORK_MAX = 6_000_000;

/** What stands before. */
const START = 0;
const AFTER_NEWLINE = 1;
const AFTER_WORD = 2;
const AFTER_OTHER = 3;

/** What comes, as bits; a continuation byte is no place for `\B`. */
const NEWLINE = 1;
const WORD = 2;
const INSIDE = 4;
const END = 8;
const NOT_YET = -1;

export interface Dfa {
  readonly states: number;
  readonly classes: number;
  readonly start: number;
  readonly classOf: Uint8Array;
  /** State-major. */
  readonly table: Int32Array;
  /** 1: the text may end here. */
  readonly ends: Uint8Array;
}

/** @throws RegexRefusal when it would be too large. */
export function buildDfa(nfa: Nfa): Dfa {
  return new Builder(nfa).build();
}

interface State {
  readonly nodes: readonly number[];
  readonly before: number;
  /** Whether a condition waits for what comes. */
  readonly waits: boolean;
}

class Builder {
  readonly #classOf: Uint8Array;
  readonly #classes: number;
  /** Of each class: what it is to a condition. */
  readonly #kinds: readonly number[];
  /** Of each node that takes bytes: first class, last class, target, and so on. */
  readonly #spans: readonly (readonly number[])[];
  readonly #states: State[] = [];
  readonly #byKey = new Map<string, number>();
  readonly #bySeeds = new Map<string, number>();
  readonly #marks: Uint32Array;
  #mark = 0;
  #work = 0;

  constructor(private readonly nfa: Nfa) {
    this.#classOf = classesOf(nfa);
    this.#classes = this.#classOf[255]! + 1;
    const kinds = new Array<number>(this.#classes).fill(0);
    this.#classOf.forEach((c, byte) => {
      kinds[c] = kindOf(byte, nfa.assertions);
    });
    this.#kinds = kinds;
    this.#spans = nfa.nodes.map(node =>
      node.kind === 'bytes' ? node.ranges.flatMap(([lo, hi, to]) => [this.#classOf[lo]!, this.#classOf[hi]!, to]) : [],
    );
    this.#marks = new Uint32Array(nfa.nodes.length);
  }

  build(): Dfa {
    const none: State = { nodes: [], before: AFTER_OTHER, waits: false };
    this.#states.push(none, none);
    const rows: number[][] = [
      new Array<number>(this.#classes).fill(DEAD),
      new Array<number>(this.#classes).fill(MATCHED),
    ];
    const ends = [0, 1];
    const start = this.#state([this.nfa.start], START);
    for (let i = 2; i < this.#states.length; i++) {
      const state = this.#states[i]!;
      ends.push(state.waits && this.#closure(state.nodes, state.before, END).matched ? 1 : 0);
      rows.push(this.#row(state));
    }
    const table = new Int32Array(rows.length * this.#classes);
    rows.forEach((row, i) => {
      table.set(row, i * this.#classes);
    });
    const { length } = rows;
    return {
      states: length,
      classes: this.#classes,
      start,
      classOf: this.#classOf,
      table,
      ends: Uint8Array.from(ends),
    };
  }

  #row(state: State): number[] {
    const targets = Array.from({ length: this.#classes }, (): number[] => []);
    const row = new Array<number>(this.#classes).fill(NOT_YET);
    for (const kind of state.waits ? new Set(this.#kinds) : [NOT_YET]) {
      const { nodes, matched } = state.waits
        ? this.#closure(state.nodes, state.before, kind)
        : { nodes: state.nodes, matched: false };
      if (matched) {
        this.#kinds.forEach((k, c) => {
          if (k === kind) row[c] = MATCHED;
        });
      } else this.#spread(nodes, kind, targets);
    }
    return row.map((known, c) => (known === NOT_YET ? this.#next(targets[c]!, afterKind(this.#kinds[c]!)) : known));
  }

  /** Adds where `nodes` go by each class of the kind; NOT_YET is every kind. */
  #spread(nodes: readonly number[], kind: number, targets: readonly number[][]): void {
    for (const node of nodes) {
      const spans = this.#spans[node]!;
      for (let s = 0; s < spans.length; s += 3) {
        const last = spans[s + 1]!;
        this.#spend(last - spans[s]! + 1);
        for (let c = spans[s]!; c <= last; c++) {
          if (kind === NOT_YET || this.#kinds[c] === kind) targets[c]!.push(spans[s + 2]!);
        }
      }
    }
  }

  #next(targets: number[], before: number): number {
    targets.sort((a, b) => a - b);
    const key = `${before}:${targets.join()}`;
    let next = this.#bySeeds.get(key);
    if (next === undefined) {
      next = this.#state([...targets, this.nfa.start], before);
      this.#bySeeds.set(key, next);
    }
    return next;
  }

  #state(seeds: readonly number[], before: number): number {
    const { nodes, matched, waits } = this.#closure(seeds, before, NOT_YET);
    if (matched) return MATCHED;
    nodes.sort((a, b) => a - b);
    // What stands before is of interest to what waits only.
    const key = `${waits ? before : AFTER_OTHER}:${nodes.join()}`;
    let index = this.#byKey.get(key);
    if (index === undefined) {
      if (this.#states.length >= RAW_MAX_STATES) throw new RegexRefusal('too many states', null, true);
      index = this.#states.push({ nodes, before, waits }) - 1;
      this.#byKey.set(key, index);
    }
    return index;
  }

  /** The nodes that take bytes, or wait for `coming`, on the way from `seeds` without taking a byte. */
  #closure(
    seeds: readonly number[],
    before: number,
    coming: number,
  ): { readonly nodes: number[]; readonly matched: boolean; readonly waits: boolean } {
    const nodes: number[] = [];
    let matched = false;
    let waits = false;
    this.#mark += 1;
    const stack = [...seeds];
    for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
      this.#spend(1);
      if (this.#marks[at] === this.#mark) continue;
      this.#marks[at] = this.#mark;
      const node = this.nfa.nodes[at]!;
      if (node.kind === 'bytes') nodes.push(at);
      else if (node.kind === 'match') matched = true;
      else if (node.kind === 'fork') for (const to of node.to) stack.push(to);
      else {
        const answer = holds(node.assertion, before, coming);
        if (answer === null) {
          nodes.push(at);
          waits = true;
        } else if (answer) stack.push(node.to);
      }
    }
    return { nodes, matched, waits };
  }

  #spend(steps: number): void {
    this.#work += steps;
    if (this.#work > WORK_MAX) throw new RegexRefusal('too many steps', null, true);
  }
}

/** Null: that depends on what comes. */
function holds(assertion: Assertion, before: number, coming: number): boolean | null {
  if (assertion === 'text_begin') return before === START;
  if (assertion === 'line_begin') return before === START || before === AFTER_NEWLINE;
  if (coming === NOT_YET) return null;
  if (assertion === 'text_end') return coming === END;
  if (assertion === 'line_end') return coming === END || (coming & NEWLINE) !== 0;
  const edge = (before === AFTER_WORD) !== ((coming & WORD) !== 0);
  return assertion === 'word_edge' ? edge : !edge && (coming & INSIDE) === 0;
}

function isWord(byte: number): boolean {
  return (
    (byte >= 0x30 && byte <= 0x39) || (byte >= 0x41 && byte <= 0x5a) || byte === 0x5f || (byte >= 0x61 && byte <= 0x7a)
  );
}

/** What `byte` is to the conditions that are asked for at all. */
function kindOf(byte: number, asked: ReadonlySet<Assertion>): number {
  if (byte === 0x0a) return asked.has('line_begin') || asked.has('line_end') ? NEWLINE : 0;
  if (isWord(byte)) return asked.has('word_edge') || asked.has('no_word_edge') ? WORD : 0;
  return byte >= 0x80 && byte <= 0xbf && asked.has('no_word_edge') ? INSIDE : 0;
}

function afterKind(kind: number): number {
  if (kind === NEWLINE) return AFTER_NEWLINE;
  return kind === WORD ? AFTER_WORD : AFTER_OTHER;
}

/** Bytes that no node and no condition tells apart are one class; classes are runs, numbered from 0. */
function classesOf(nfa: Nfa): Uint8Array {
  const begins = new Uint8Array(257);
  for (const node of nfa.nodes) {
    if (node.kind !== 'bytes') continue;
    for (const [lo, hi] of node.ranges) {
      begins[lo] = 1;
      begins[hi + 1] = 1;
    }
  }
  for (let byte = 1; byte < 256; byte++) {
    if (kindOf(byte, nfa.assertions) !== kindOf(byte - 1, nfa.assertions)) begins[byte] = 1;
  }
  const classOf = new Uint8Array(256);
  for (let byte = 1; byte < 256; byte++) classOf[byte] = classOf[byte - 1]! + begins[byte]!;
  return classOf;
}
