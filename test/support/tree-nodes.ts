/**
 * The tree of merkle.ts with its nodes kept, so that proofs can be made from it (RFC 6962 §2.1.1 and §2.1.2).
 *
 *   in   : leaf hashes in order, from the beginning or from the frontier that a later file begins with
 *   out  : root, inclusion path and consistency path at any size reached; null where nodes before the beginning are needed
 *   never: keeps lines; a leaf costs 64 bytes
 */
import { EMPTY_FRONTIER, type Frontier, HASH_BYTES, nodeHash } from '#src/core/audit/merkle.js';
import type { Sha256 } from '#src/core/ports.js';

/** Nodes of one height, one after another. */
interface Level {
  /** Index of the first node kept. */
  readonly base: number;
  count: number;
  bytes: Uint8Array;
  /** Those handed out: many paths go through one node, and share it. */
  readonly shared: Map<number, Uint8Array>;
}

const FIRST_NODES = 64;
const MAX_EDGES = 65_536;
const half = (n: number): number => Math.floor(n / 2);

export class TreeNodes {
  readonly #sha256: Sha256;
  readonly #levels: Level[] = [];
  readonly #first: number;
  /** Roots at the right edge of trees that were asked about: many records are proven under one checkpoint. */
  readonly #edges = new Map<string, Uint8Array>();
  #size: number;

  /** @param from All that is known of the lines before. */
  constructor(sha256: Sha256, from: Frontier = EMPTY_FRONTIER) {
    this.#sha256 = sha256;
    this.#first = from.size;
    this.#size = from.size;
    const roots = from.roots.toReversed();
    let next = 0;
    for (let index = from.size; index > 0; index = half(index)) {
      const waits = index % 2 === 1;
      const level = newLevel(waits ? index - 1 : index);
      this.#levels.push(level);
      if (waits) push(level, roots[next++] as Uint8Array);
    }
  }

  /** Lines so far, those before the beginning among them. */
  get size(): number {
    return this.#size;
  }

  /** Number of the first line whose leaf is here. */
  get first(): number {
    return this.#first;
  }

  add(leaf: Uint8Array): void {
    let node = leaf;
    let index = this.#size;
    for (let height = 0; ; height++) {
      this.#levels[height] ??= newLevel(index);
      const level = this.#levels[height] as Level;
      push(level, node);
      const left = index % 2 === 1 ? at(level, index - 1) : null;
      if (left === null) break;
      node = nodeHash(this.#sha256, left, node);
      index = half(index);
    }
    this.#size++;
  }

  root(size = this.#size): Uint8Array | null {
    if (!this.#reached(size)) return null;
    return size === 0 ? this.#sha256(new Uint8Array(0)) : this.#range(0, size);
  }

  /** From the leaf's sibling up to the root's child. */
  inclusion(index: number, size: number): readonly Uint8Array[] | null {
    if (!this.#reached(size) || !Number.isSafeInteger(index) || index < 0 || index >= size) return null;
    const path: (Uint8Array | null)[] = [];
    for (let [from, to] = [0, size]; to - from > 1; ) {
      const middle = from + leftWidth(to - from);
      if (index < middle) {
        path.push(this.#range(middle, to));
        to = middle;
      } else {
        path.push(this.#range(from, middle));
        from = middle;
      }
    }
    return whole(path);
  }

  /** That the first `oldSize` lines are the beginning of the first `newSize`. Null for 0: every tree begins with the empty one. */
  consistency(oldSize: number, newSize: number): readonly Uint8Array[] | null {
    if (!this.#reached(newSize) || !Number.isSafeInteger(oldSize) || oldSize <= 0 || oldSize > newSize) return null;
    const path: (Uint8Array | null)[] = [];
    let [from, to] = [0, newSize];
    // Whether the subtree looked at is whole in the old tree and its root known to whoever checks.
    let known = true;
    while (oldSize < to) {
      const middle = from + leftWidth(to - from);
      if (oldSize <= middle) {
        path.push(this.#range(middle, to));
        to = middle;
      } else {
        path.push(this.#range(from, middle));
        from = middle;
        known = false;
      }
    }
    if (!known) path.push(this.#range(from, to));
    return whole(path);
  }

  #reached(size: number): boolean {
    return Number.isSafeInteger(size) && size >= 0 && size <= this.#size;
  }

  /** Root over the lines `from` … `to`−1, where `from` is a multiple of every subtree width that is used. */
  #range(from: number, to: number): Uint8Array | null {
    const width = to - from;
    const left = leftWidth(width);
    if (width === 1 || left * 2 === width) {
      const level = this.#levels[Math.round(Math.log2(width))];
      const node = level ? shared(level, from / width) : null;
      // Of what lies before the beginning only the frontier's own nodes are known, and nothing below them.
      if (node !== null || width === 1 || to <= this.#first) return node;
    }
    const name = `${from} ${to}`;
    const edge = this.#edges.get(name);
    if (edge) return edge;
    const [before, after] = [this.#range(from, from + left), this.#range(from + left, to)];
    const root = before && after && nodeHash(this.#sha256, before, after);
    if (root && this.#edges.size < MAX_EDGES) this.#edges.set(name, root);
    return root;
  }
}

/** Width of the left subtree: the largest power of two below `width`. */
function leftWidth(width: number): number {
  let left = 1;
  while (left * 2 < width) left *= 2;
  return left;
}

/** From the root's child to the leaf's sibling, turned round; null when a node is not known. */
function whole(path: readonly (Uint8Array | null)[]): readonly Uint8Array[] | null {
  const known = path.filter(node => node !== null);
  return known.length === path.length ? known.reverse() : null;
}

function newLevel(base: number): Level {
  return { base, count: 0, bytes: new Uint8Array(FIRST_NODES * HASH_BYTES), shared: new Map() };
}

function push(level: Level, node: Uint8Array): void {
  const offset = level.count * HASH_BYTES;
  if (offset === level.bytes.length) {
    const larger = new Uint8Array(level.bytes.length * 2);
    larger.set(level.bytes);
    level.bytes = larger;
  }
  level.bytes.set(node, offset);
  level.count++;
}

function at(level: Level, index: number): Uint8Array | null {
  const place = index - level.base;
  return place >= 0 && place < level.count ? level.bytes.slice(place * HASH_BYTES, (place + 1) * HASH_BYTES) : null;
}

function shared(level: Level, index: number): Uint8Array | null {
  const known = level.shared.get(index);
  if (known) return known;
  const node = at(level, index);
  if (node !== null) level.shared.set(index, node);
  return node;
}
