/** Nodes of one height of a tree, one after another: added at the end, forgotten from the beginning. Pure. */
import { HASH_BYTES } from '../audit/merkle.js';

const FIRST_NODES = 64;

export class NodeRow {
  /** Index of the first node kept. */
  #base: number;
  #count = 0;
  #bytes = new Uint8Array(FIRST_NODES * HASH_BYTES);

  constructor(base: number) {
    this.#base = base;
  }

  get count(): number {
    return this.#count;
  }

  push(node: Uint8Array): void {
    const offset = this.#count * HASH_BYTES;
    if (offset === this.#bytes.length) {
      const larger = new Uint8Array(this.#bytes.length * 2);
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    this.#bytes.set(node, offset);
    this.#count++;
  }

  at(index: number): Uint8Array | null {
    const place = index - this.#base;
    if (place < 0 || place >= this.#count) return null;
    return this.#bytes.slice(place * HASH_BYTES, (place + 1) * HASH_BYTES);
  }

  /** All before `index`; one that is still to come keeps the last. */
  forget(index: number): void {
    const gone = Math.min(index - this.#base, this.#count - 1);
    if (gone <= 0) return;
    this.#bytes.copyWithin(0, gone * HASH_BYTES, this.#count * HASH_BYTES);
    this.#base += gone;
    this.#count -= gone;
  }
}
