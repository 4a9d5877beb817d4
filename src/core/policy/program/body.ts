/**
 * Encodes the body section of a program; engine/body/layout.ts names its tables and engine/body/check.ts refuses
 * whatever this would not write.
 *
 *   in   : body matchers and limit fields of a checked policy
 *   out  : one section, position-independent, a multiple of 4 bytes; matchers and fields keep their order
 *   never: fails on a checked policy
 */
import type { BodyMatcher, Decimal, JsonPath, Operand, PathStep } from '../checked.js';
import type { Automata } from './automata.js';
import { bytesOf, compareDecimals, compareStrings, hashOf, looksNumeric } from './body-values.js';

export interface BodyInput {
  readonly matchers: readonly BodyMatcher[];
  readonly fields: readonly JsonPath[];
  /** Where the program keeps its automata; the section refers to them by number. */
  readonly automata: Automata;
}

const MAGIC = 0x31594442;
const VERSION = 2;
const HEADER = 64;
const NONE = 0xffffffff;
/** Siblings stand in this order. */
const KIND = { root: 0, name: 1, below: 2, index: 3, every: 4 } as const;
const ITEM = { string: 0, positive: 1, negative: 2 } as const;
const HAS = { string: 1, number: 2, true: 4, false: 8, null: 16, numericString: 32, booleanString: 64 } as const;

interface Node {
  readonly kind: number;
  readonly index: number;
  readonly bytes: Uint8Array;
  readonly hash: number;
  /** By their step as JSON. */
  readonly children: Map<string, Node>;
  place: number;
  parent: number;
}

interface Item {
  readonly kind: number;
  readonly bytes: Uint8Array;
  /** Hash of a string, point exponent of a number. */
  readonly extra: number;
}

export function encodeBodySection(input: BodyInput): { section: Uint8Array } {
  const root = newNode(null);
  const ends = input.matchers.map(m => plant(root, m.path));
  const fieldEnds = input.fields.map(path => plant(root, path));
  const nodes = inOrder(root);
  const pool = new ItemPool();
  const lists = input.matchers.map(({ test }) => ({
    exact: test.exact === undefined ? NONE : pool.list([test.exact]),
    in: test.in === undefined ? NONE : pool.list(test.in),
    notIn: test.notIn === undefined ? NONE : pool.list(test.notIn),
  }));
  const matchers = input.matchers.map(({ test }, i) => [
    ends[i]!.place,
    test.exists === undefined ? Number(isEmpty(test)) : test.exists ? 1 : 2,
    lists[i]!.exact,
    lists[i]!.in,
    lists[i]!.notIn,
    test.min === undefined ? NONE : pool.number(test.min),
    test.max === undefined ? NONE : pool.number(test.max),
    test.prefix === undefined ? NONE : pool.string(test.prefix),
    test.suffix === undefined ? NONE : pool.string(test.suffix),
    test.contains === undefined ? NONE : pool.string(test.contains),
    test.regex === undefined ? NONE : input.automata.index(test.regex.automaton),
  ]);
  const tables = [
    ...nodeRows(nodes),
    ...matchers,
    ...fieldEnds.map(node => [node.place]),
    ...pool.lists,
    ...pool.rows(nodes.reduce((sum, node) => sum + node.bytes.length, 0)),
  ];
  const strings = [...nodes.map(node => node.bytes), ...pool.items.map(item => item.bytes)];
  const counts = [nodes.length, matchers.length, fieldEnds.length, pool.lists.length, pool.items.length];
  return { section: write(counts, tables, strings) };
}

function isEmpty(test: BodyMatcher['test']): boolean {
  return Object.values(test).every(value => value === undefined);
}

function newNode(step: PathStep | null): Node {
  const rest = { children: new Map<string, Node>(), place: 0, parent: 0 };
  const none = { bytes: new Uint8Array(0), hash: 0, index: 0 };
  if (step === null) return { kind: KIND.root, ...none, ...rest };
  if (typeof step === 'number') return { kind: KIND.index, ...none, index: step, ...rest };
  if (typeof step === 'object' && step.kind === 'every') return { kind: KIND.every, ...none, ...rest };
  const bytes = bytesOf(typeof step === 'string' ? step : step.name);
  return { kind: typeof step === 'string' ? KIND.name : KIND.below, index: 0, bytes, hash: hashOf(bytes), ...rest };
}

/** The node where the path ends. */
function plant(root: Node, path: JsonPath): Node {
  let node = root;
  for (const step of path) {
    const key = JSON.stringify(step);
    let child = node.children.get(key);
    if (child === undefined) {
      child = newNode(step);
      node.children.set(key, child);
    }
    node = child;
  }
  return node;
}

/** Breadth first; siblings by kind, those with a name by hash, then bytes, indexes by value. */
function inOrder(root: Node): Node[] {
  const nodes = [root];
  for (let i = 0; i < nodes.length; i++) {
    const parent = nodes[i]!;
    for (const child of [...parent.children.values()].sort(compareNodes)) {
      child.place = nodes.length;
      child.parent = i;
      nodes.push(child);
    }
  }
  return nodes;
}

function compareNodes(a: Node, b: Node): number {
  return a.kind - b.kind || a.index - b.index || compareStrings(a, b);
}

function nodeRows(nodes: readonly Node[]): number[][] {
  let used = 0;
  let next = 1;
  return nodes.map(node => {
    const count = (kind: number): number => [...node.children.values()].filter(child => child.kind === kind).length;
    const isNamed = node.kind === KIND.name || node.kind === KIND.below;
    const row = [
      node.kind,
      node.parent,
      isNamed ? used : node.index,
      node.bytes.length,
      node.hash,
      next,
      count(KIND.name),
      count(KIND.below),
      count(KIND.index),
      count(KIND.every),
    ];
    used += node.bytes.length;
    next += node.children.size;
    return row;
  });
}

/** Lists must all be made before the first single item: theirs come first. Equal lists and items are kept once. */
class ItemPool {
  readonly items: Item[] = [];
  readonly lists: number[][] = [];
  readonly #known = new Map<string, number>();

  list(operands: readonly Operand[]): number {
    const strings = new Map<string, { bytes: Uint8Array; hash: number }>();
    const numbers = new Map<string, Decimal>();
    let has = 0;
    for (const operand of operands) {
      if (operand.type === 'string') {
        const bytes = bytesOf(operand.value);
        strings.set(operand.value, { bytes, hash: hashOf(bytes) });
        has |= HAS.string;
        if (looksNumeric(operand.value)) has |= HAS.numericString;
        if (operand.value === 'true' || operand.value === 'false') has |= HAS.booleanString;
      } else if (operand.type === 'number') {
        numbers.set(decimalKey(operand.value), operand.value);
        has |= HAS.number;
      } else if (operand.type === 'boolean') has |= operand.value ? HAS.true : HAS.false;
      else has |= HAS.null;
    }
    const key = `list ${has} ${JSON.stringify([[...strings.keys()].sort(), [...numbers.keys()].sort()])}`;
    return this.#once(key, () => {
      this.lists.push([has, this.items.length, strings.size, numbers.size]);
      for (const { bytes, hash } of [...strings.values()].sort(compareStrings)) {
        this.items.push({ kind: ITEM.string, bytes, extra: hash });
      }
      for (const value of [...numbers.values()].sort(compareDecimals)) this.items.push(numberItem(value));
      return this.lists.length - 1;
    });
  }

  string(value: string): number {
    return this.#once(`string ${value}`, () => {
      const bytes = bytesOf(value);
      return this.items.push({ kind: ITEM.string, bytes, extra: hashOf(bytes) }) - 1;
    });
  }

  number(value: Decimal): number {
    return this.#once(`number ${decimalKey(value)}`, () => this.items.push(numberItem(value)) - 1);
  }

  rows(poolUsed: number): number[][] {
    let used = poolUsed;
    return this.items.map(item => {
      const row = [item.kind, used, item.bytes.length, item.extra];
      used += item.bytes.length;
      return row;
    });
  }

  #once(key: string, make: () => number): number {
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const made = make();
    this.#known.set(key, made);
    return made;
  }
}

function decimalKey(value: Decimal): string {
  return `${value.negative ? '-' : ''}${value.digits}e${value.pointExponent}`;
}

function numberItem(value: Decimal): Item {
  return {
    kind: value.negative ? ITEM.negative : ITEM.positive,
    bytes: bytesOf(value.digits),
    extra: value.pointExponent >>> 0,
  };
}

function write(counts: readonly number[], tables: readonly number[][], strings: readonly Uint8Array[]): Uint8Array {
  const rows = tables.reduce((sum, row) => sum + row.length * 4, 0);
  const pool = strings.reduce((sum, bytes) => sum + bytes.length, 0);
  const total = (HEADER + rows + pool + 3) & ~3;
  const section = new Uint8Array(total);
  const view = new DataView(section.buffer);
  [MAGIC, VERSION, total, ...counts, pool].forEach((value, i) => {
    view.setUint32(i * 4, value, true);
  });
  let at = HEADER;
  for (const row of tables) {
    for (const value of row) {
      view.setUint32(at, value, true);
      at += 4;
    }
  }
  for (const bytes of strings) {
    section.set(bytes, at);
    at += bytes.length;
  }
  return section;
}
