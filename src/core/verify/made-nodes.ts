/**
 * Nodes of the tree that were made where the lines were read, for the tree that the lines are added to.
 *
 *   in   : subtrees of runs of leaves, and those leaves
 *   out  : the largest node that may be taken next
 *   never: gives a node of other leaves than those asked about; holds more runs than may wait
 */
import { type Subtrees, subtreeAt } from './subtrees.js';

const HASH_CHARS = 64;

export interface MadeNode {
  readonly height: number;
  readonly root: Uint8Array;
}

interface Run {
  readonly subtrees: Subtrees;
  /** Its leaves, hexadecimal, joined. */
  readonly hashes: string;
}

export class MadeNodes {
  readonly #maxLeaves: number;
  /** Oldest first. */
  #runs: Run[] = [];
  #leaves = 0;

  /** @param maxLeaves Of more the oldest are forgotten. */
  constructor(maxLeaves: number) {
    this.#maxLeaves = maxLeaves;
  }

  add(subtrees: Subtrees, hashes: string): void {
    this.#runs.push({ subtrees, hashes });
    this.#leaves += subtrees.count;
    while (this.#leaves > this.#maxLeaves) this.#forget();
  }

  clear(): void {
    this.#runs = [];
    this.#leaves = 0;
  }

  /**
   * The largest node over lines `size` on that ends at or before `until`; null when none was made of these leaves.
   *
   * @param leaves Those of the lines from `size` on, from index `at`.
   */
  next(size: number, until: number, leaves: readonly string[], at: number): MadeNode | null {
    while (this.#runs[0] && passed(this.#runs[0].subtrees, size)) this.#forget();
    const [run] = this.#runs;
    if (run === undefined || size < run.subtrees.first) return null;
    const { subtrees, hashes } = run;
    const end = Math.min(until, subtrees.first + subtrees.count);
    let height = 0;
    for (let width = 2; size % width === 0 && size + width <= end; width *= 2) height++;
    if (height === 0) return null;
    const begin = size - subtrees.first;
    for (let i = 0; i < 2 ** height; i++) {
      const offset = (begin + i) * HASH_CHARS;
      if (leaves[at + i] === hashes.slice(offset, offset + HASH_CHARS)) continue;
      this.#forget();
      return null;
    }
    const root = subtreeAt(subtrees, height, size / 2 ** height);
    return root && { height, root };
  }

  #forget(): void {
    this.#leaves -= this.#runs.shift()?.subtrees.count ?? 0;
  }
}

const passed = ({ first, count }: Subtrees, size: number): boolean => first + count <= size;
