/**
 * The tree over the lines read so far, with the near past kept open: a checkpoint speaks of a size at or below its own
 * number, so the leaves since the last one wait in a queue. Memory is bounded by {@link QUEUE_MAX}, not by the log.
 */
import { appendLeaf, appendSubtree, EMPTY_FRONTIER, encodeFrontier, type Frontier, rootOf } from '../audit/merkle.js';
import { fromHex, toHex } from '../bytes.js';
import type { Sha256 } from '../ports.js';
import { MadeNodes } from './made-nodes.js';
import type { Subtrees } from './subtrees.js';

/** A writer signs every 1,024 records; this is 64 times that. */
const QUEUE_MAX = 65_536;

export type AtSize = { readonly root: string; readonly head: string | null } | 'past' | 'unknown';

/** A size and root that somebody wrote down elsewhere. */
export interface Expectation {
  readonly size: number;
  /** Hexadecimal. */
  readonly root: string;
}

export class OpenTree {
  readonly #sha256: Sha256;
  readonly #expected: readonly (Expectation & { met: boolean | null })[];
  #base: Frontier | null = EMPTY_FRONTIER;
  /** Leaf hash of line `#base.size`−1; null when it was not read. */
  #head: string | null = null;
  #queue: string[] = [];
  readonly #nodes = new MadeNodes(QUEUE_MAX * 4);

  constructor(sha256: Sha256, expected: readonly Expectation[]) {
    this.#sha256 = sha256;
    this.#expected = expected.map(({ size, root }) => ({ size, root, met: null }));
    this.#compare();
  }

  /** Whether the expectation of that number was met; null when its size was not reached or cannot be computed. */
  met(index: number): boolean | null {
    return this.#expected[index]?.met ?? null;
  }

  /** Begins again from a frontier found in a file; null: nothing is known until the next one. */
  restart(frontier: Frontier | null): void {
    this.#drain();
    this.#base = frontier;
    this.#head = null;
    this.#compare();
  }

  add(leaf: string): void {
    if (this.#base === null) return;
    this.#queue.push(leaf);
    if (this.#queue.length >= QUEUE_MAX * 2) this.#advance(QUEUE_MAX);
  }

  /** Nodes that somebody made of leaves that will be added; `hashes`: those leaves. They are used if they are the same. */
  offer(subtrees: Subtrees, hashes: string): void {
    if (this.#base !== null) this.#nodes.add(subtrees, hashes);
  }

  /** Root and head of the first `size` lines. Sizes asked for may only grow (`past` otherwise). */
  at(size: number): AtSize {
    if (this.#base === null || size > this.#base.size + this.#queue.length) return 'unknown';
    if (size < this.#base.size) return 'past';
    this.#advance(size - this.#base.size);
    return { root: toHex(rootOf(this.#sha256, this.#base)), head: this.#head };
  }

  /** The frontier of all lines so far as text; null when unknown. */
  frontier(): string | null {
    if (this.#base === null) return null;
    let frontier = this.#base;
    for (const leaf of this.#queue) frontier = appendLeaf(this.#sha256, frontier, bytesOf(leaf));
    return encodeFrontier(frontier);
  }

  /** Root of all lines so far; null when unknown. Ends the questions about earlier sizes. */
  finish(): string | null {
    this.#drain();
    return this.#base && toHex(rootOf(this.#sha256, this.#base));
  }

  #drain(): void {
    this.#advance(this.#queue.length);
  }

  #advance(count: number): void {
    if (this.#base === null) {
      this.#queue = [];
      this.#nodes.clear();
      return;
    }
    for (let i = 0; i < count; ) {
      const { size } = this.#base;
      const made = this.#nodes.next(size, this.#stop(size, size + count - i), this.#queue, i);
      const leaf = this.#queue[i] as string;
      this.#base = made
        ? appendSubtree(this.#sha256, this.#base, made.height, made.root)
        : appendLeaf(this.#sha256, this.#base, bytesOf(leaf));
      i += made ? 2 ** made.height : 1;
      this.#head = this.#queue[i - 1] as string;
      this.#compare();
    }
    this.#queue = this.#queue.slice(count);
  }

  /** A root that is asked for must come out on the way to `until`. */
  #stop(size: number, until: number): number {
    return Math.min(until, ...this.#expected.filter(expected => expected.size > size).map(expected => expected.size));
  }

  #compare(): void {
    for (const expected of this.#expected) {
      if (this.#base?.size !== expected.size) continue;
      expected.met = expected.met !== false && toHex(rootOf(this.#sha256, this.#base)) === expected.root;
    }
  }
}

function bytesOf(hash: string): Uint8Array {
  return fromHex(hash) ?? new Uint8Array(0);
}
