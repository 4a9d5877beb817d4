/**
 * The smallest deterministic machine that says the same (Hopcroft), in the one order it can have.
 *
 *   in   : a table
 *   out  : states by classes: 0 never matches again, 1 has matched, then those where the text may not end, then those
 *          where it may, each in the order in which bytes reach them from the start
 */
import { REGEX_MAX_STATES } from '../../limits.js';
import { DEAD, type Dfa, MATCHED } from './dfa.js';
import { RegexRefusal } from './syntax.js';

export interface Automaton {
  readonly states: number;
  readonly classes: number;
  readonly start: number;
  /** The text may end in this state and those after it. */
  readonly firstEnd: number;
  /** Of each byte. */
  readonly classOf: Uint8Array;
  /** State-major. */
  readonly table: Uint16Array;
}

/** @throws RegexRefusal when too many states are left. */
export function minimize(dfa: Dfa): Automaton {
  const { blocks, blockOf } = partition(dfa);
  if (blocks.length > REGEX_MAX_STATES) throw new RegexRefusal('too many states', null, true);
  const { table, classes, classOf } = dfa;
  const order = inOrder(dfa, blocks, blockOf);
  const numbers = new Uint16Array(blocks.length);
  order.forEach((block, number) => {
    numbers[block] = number;
  });
  const go = (number: number, c: number): number => numbers[blockOf[table[blocks[order[number]!]! * classes + c]!]!]!;

  const columns = new Map<string, number>();
  const columnOf: number[] = [];
  const representative: number[] = [];
  for (let c = 0; c < classes; c++) {
    const key = order.map((_, number) => go(number, c)).join();
    let column = columns.get(key);
    if (column === undefined) {
      column = columns.size;
      columns.set(key, column);
      representative.push(c);
    }
    columnOf.push(column);
  }
  const out = new Uint16Array(order.length * representative.length);
  let at = 0;
  for (let number = 0; number < order.length; number++) for (const c of representative) out[at++] = go(number, c);
  const ends = order.findIndex((block, number) => number > MATCHED && dfa.ends[blocks[block]!] === 1);
  return {
    states: order.length,
    classes: representative.length,
    start: numbers[blockOf[dfa.start]!]!,
    firstEnd: ends < 0 ? order.length : ends,
    classOf: classOf.map(c => columnOf[c]!),
    table: out,
  };
}

function inOrder(dfa: Dfa, blocks: readonly number[], blockOf: Int32Array): number[] {
  const sinks = [blockOf[DEAD]!, blockOf[MATCHED]!];
  const seen = new Set([...sinks, blockOf[dfa.start]!]);
  const queue = [...seen];
  for (let i = 0; i < queue.length; i++) {
    const state = blocks[queue[i]!]!;
    for (let c = 0; c < dfa.classes; c++) {
      const next = blockOf[dfa.table[state * dfa.classes + c]!]!;
      if (!seen.has(next)) {
        seen.add(next);
        queue.push(next);
      }
    }
  }
  const others = queue.slice(2);
  const isEnd = (block: number): boolean => dfa.ends[blocks[block]!] === 1;
  return [...sinks, ...others.filter(block => !isEnd(block)), ...others.filter(isEnd)];
}

/** `blocks` has one state of each block. */
function partition({ states, classes, table, ends }: Dfa): { readonly blocks: number[]; readonly blockOf: Int32Array } {
  const { starts, sources } = inverse(states, classes, table);
  const members = new Int32Array(states);
  const place = new Int32Array(states);
  const blockOf = new Int32Array(states);
  const first = [0, 0];
  const end = [0, states];
  let at = 0;
  for (const side of [0, 1]) {
    first[side] = at;
    for (let s = 0; s < states; s++) {
      if (ends[s] !== side) continue;
      members[at] = s;
      place[s] = at++;
      blockOf[s] = side;
    }
    end[side] = at;
  }
  // State 0 is on the one side and state 1 on the other: neither is empty.
  const waiting = [0, 1];
  const isWaiting = [true, true];
  /** How many members of a block have been moved to its front. */
  const moved = [0, 0];
  for (let splitter = waiting.pop(); splitter !== undefined; splitter = waiting.pop()) {
    isWaiting[splitter] = false;
    const targets = members.slice(first[splitter], end[splitter]);
    for (let c = 0; c < classes; c++) {
      const touched: number[] = [];
      for (const target of targets) {
        const cell = c * (states + 1) + target;
        for (let i = starts[cell]!; i < starts[cell + 1]!; i++) {
          const source = sources[c * states + i]!;
          const block = blockOf[source]!;
          const front = first[block]! + moved[block]!;
          if (moved[block] === 0) touched.push(block);
          const other = members[front]!;
          members[place[source]!] = other;
          place[other] = place[source]!;
          members[front] = source;
          place[source] = front;
          moved[block] = moved[block]! + 1;
        }
      }
      for (const block of touched) {
        const cut = first[block]! + moved[block]!;
        const all = cut === end[block];
        moved[block] = 0;
        if (all) continue;
        const made = first.length;
        // The smaller part becomes the new block.
        const small = cut - first[block]! <= end[block]! - cut;
        first.push(small ? first[block]! : cut);
        end.push(small ? cut : end[block]!);
        if (small) first[block] = cut;
        else end[block] = cut;
        for (let i = first[made]!; i < end[made]!; i++) blockOf[members[i]!] = made;
        moved.push(0);
        isWaiting.push(true);
        waiting.push(made);
      }
    }
  }
  return { blocks: first.map(i => members[i]!), blockOf };
}

/** Of class c, the states that go to t: `sources` from c·states + starts[c·(states + 1) + t] to the next start. */
function inverse(
  states: number,
  classes: number,
  table: Int32Array,
): { readonly starts: Int32Array; readonly sources: Int32Array } {
  const starts = new Int32Array(classes * (states + 1));
  const sources = new Int32Array(classes * states);
  for (let c = 0; c < classes; c++) {
    const base = c * (states + 1);
    for (let s = 0; s < states; s++) starts[base + table[s * classes + c]! + 1]!++;
    for (let t = 0; t < states; t++) starts[base + t + 1]! += starts[base + t]!;
    const next = starts.slice(base, base + states);
    for (let s = 0; s < states; s++) {
      const t = table[s * classes + c]!;
      sources[c * states + next[t]!] = s;
      next[t] = next[t]! + 1;
    }
  }
  return { starts, sources };
}
