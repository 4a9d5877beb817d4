/**
 * The growing end of a log: how many records, what the next one must carry as `prev`, and the tree over all.
 *
 * Leaves are kept as they come and folded into the frontier only when somebody asks: hashing the tree stays off the path
 * of a call.
 */
import { fromHex } from '../bytes.js';
import type { Sha256 } from '../ports.js';
import { appendLeaf, type Frontier } from './merkle.js';

/** Bounds what a call may have to wait for: folding one leaf takes a few microseconds. */
const FOLD_AT = 64;

export interface Position {
  readonly size: number;
  /** Leaf hash of line `size`−1, or the genesis hash: the next record's `prev`. */
  readonly head: string;
  readonly frontier: Frontier;
}

export class Tip {
  size: number;
  head: string;
  #frontier: Frontier;
  #leaves: string[] = [];

  constructor(
    private readonly sha256: Sha256,
    from: Position,
  ) {
    this.size = from.size;
    this.head = from.head;
    this.#frontier = from.frontier;
  }

  /** One more line, whose leaf hash is `leaf`. */
  push(leaf: string): void {
    this.size += 1;
    this.head = leaf;
    if (this.#leaves.push(leaf) >= FOLD_AT) this.#fold();
  }

  position(): Position {
    this.#fold();
    return { size: this.size, head: this.head, frontier: this.#frontier };
  }

  #fold(): void {
    for (const leaf of this.#leaves)
      this.#frontier = appendLeaf(this.sha256, this.#frontier, fromHex(leaf) as Uint8Array);
    this.#leaves = [];
  }
}
