/**
 * The tree of merkle.ts with the nodes that some proofs need (RFC 6962 §2.1.1 and §2.1.2), and no others.
 *
 *   in   : leaf hashes in order, from the beginning or from the frontier that a later file begins with; with each leaf,
 *          whether a path from it will be asked for; the sizes that will be asked about
 *   out  : at those sizes root, inclusion path and consistency path; null where a node was not kept or is not known
 *   never: keeps lines; beyond what was asked for it holds the nodes since the last size that was kept
 *
 * A path is made of the siblings of the nodes above its leaf. Two siblings are complete when they are joined, so each is
 * kept then if something wanted is below the other; what a size has at its right edge is its frontier, and kept with it.
 * The size of a checkpoint is known some lines later only: until then the newest nodes stay, 64 bytes a line.
 */
import { EMPTY_FRONTIER, type Frontier, nodeHash } from '../audit/merkle.js';
import type { Sha256 } from '../ports.js';
import { NodeRow } from './node-row.js';

/** By height, then index: node `i` of height `h` is the root over the lines i·2^h … (i+1)·2^h−1. */
type Nodes = Map<number, Uint8Array>[];

/** A checkpoint further behind than this cannot be kept any more. A quarter of a million: more than a disk ever owes. */
const NEWEST_MAX_LINES = 262_144;

export class ProofTree {
  readonly #sha256: Sha256;
  /** The newest nodes of each height. */
  readonly #rows: NodeRow[] = [];
  /** By height: something wanted is below the last node, which waits for its right sibling. */
  readonly #wanted: boolean[] = [];
  readonly #siblings: Nodes = [];
  /** Frontiers, by size. */
  readonly #edges = new Map<number, Nodes>();
  /** Roots over what is no perfect subtree: many paths end in one. */
  readonly #joined = new Map<string, Uint8Array>();
  #size: number;

  /** @param from All that is known of the lines before. */
  constructor(sha256: Sha256, from: Frontier = EMPTY_FRONTIER) {
    this.#sha256 = sha256;
    this.#size = from.size;
    const roots = from.roots.toReversed();
    let next = 0;
    for (let index = from.size; index > 0; index = half(index)) {
      const waits = index % 2 === 1;
      const row = new NodeRow(waits ? index - 1 : index);
      this.#rows.push(row);
      if (waits) row.push(roots[next++] as Uint8Array);
    }
  }

  /** Lines so far, those before the beginning among them. */
  get size(): number {
    return this.#size;
  }

  /** A path that leads out of these lines will be asked for: to be said before the first leaf is added. */
  want(index: number): void {
    for (let [height, node] = [0, index]; height < this.#rows.length; height++, node = half(node)) {
      if (this.#rows[height]?.at(node)) {
        this.#wanted[height] = true;
        return;
      }
    }
  }

  /** @param wanted Its path will be asked for. */
  add(leaf: Uint8Array, wanted: boolean): void {
    let node = leaf;
    let [index, below] = [this.#size, wanted];
    for (let height = 0; ; height++) {
      this.#rows[height] ??= new NodeRow(index);
      const row = this.#rows[height] as NodeRow;
      row.push(node);
      const left = index % 2 === 1 ? row.at(index - 1) : null;
      if (left === null) {
        this.#wanted[height] = below;
        break;
      }
      if (below) put(this.#siblings, height, index - 1, left);
      if (this.#wanted[height]) put(this.#siblings, height, index, node);
      below ||= this.#wanted[height] === true;
      node = nodeHash(this.#sha256, left, node);
      index = half(index);
    }
    this.#size++;
    const newest = this.#rows[0]?.count ?? 0;
    if (newest > NEWEST_MAX_LINES) this.forget(this.#size - NEWEST_MAX_LINES / 2);
  }

  /** The tree of `size` lines will be asked about. False: it is not reached, or its nodes are gone. */
  keep(size: number): boolean {
    if (!this.#reached(size)) return false;
    const edge: Nodes = [];
    for (let [height, index] = [0, size]; index > 0; height++, index = half(index)) {
      if (index % 2 === 0) continue;
      const node = this.#rows[height]?.at(index - 1) ?? null;
      if (node === null) return false;
      put(edge, height, index - 1, node);
    }
    this.#edges.set(size, edge);
    return true;
  }

  /** Nothing will be asked about the tree of `size` lines. */
  drop(size: number): void {
    this.#edges.delete(size);
  }

  /** No size below `size` will be kept any more. */
  forget(size: number): void {
    for (let [height, index] = [0, size]; height < this.#rows.length; height++, index = half(index)) {
      this.#rows[height]?.forget(index - 1);
    }
  }

  /** At a size that was kept. */
  root(size: number): Uint8Array | null {
    if (!this.#edges.has(size)) return null;
    return size === 0 ? this.#sha256(new Uint8Array(0)) : this.#range(0, size, [size]);
  }

  /** From the leaf's sibling up to the root's child; `size` was kept. */
  inclusion(index: number, size: number): readonly Uint8Array[] | null {
    if (!this.#edges.has(size) || !Number.isSafeInteger(index) || index < 0 || index >= size) return null;
    const path: (Uint8Array | null)[] = [];
    for (let [from, to] = [0, size]; to - from > 1; ) {
      const middle = from + leftWidth(to - from);
      const isLeft = index < middle;
      path.push(isLeft ? this.#range(middle, to, [size]) : this.#range(from, middle, [size]));
      if (isLeft) to = middle;
      else from = middle;
    }
    return whole(path);
  }

  /**
   * That the first `oldSize` lines are the beginning of the first `newSize`: both were kept, and the last old line wanted.
   * Null for 0: every tree begins with the empty one.
   */
  consistency(oldSize: number, newSize: number): readonly Uint8Array[] | null {
    if (!this.#edges.has(oldSize) || !this.#edges.has(newSize) || oldSize === 0 || oldSize > newSize) return null;
    const sizes = [newSize, oldSize];
    const path: (Uint8Array | null)[] = [];
    let [from, to] = [0, newSize];
    // Whether the subtree looked at is whole in the old tree and its root known to whoever checks.
    let known = true;
    while (oldSize < to) {
      const middle = from + leftWidth(to - from);
      if (oldSize <= middle) {
        path.push(this.#range(middle, to, sizes));
        to = middle;
      } else {
        path.push(this.#range(from, middle, sizes));
        from = middle;
        known = false;
      }
    }
    if (!known) path.push(this.#range(from, to, sizes));
    return whole(path);
  }

  #reached(size: number): boolean {
    return Number.isSafeInteger(size) && size >= 0 && size <= this.#size;
  }

  /** Root over the lines `from` … `to`−1, where `from` is a multiple of every subtree width that is used. */
  #range(from: number, to: number, sizes: readonly number[]): Uint8Array | null {
    const width = to - from;
    const left = leftWidth(width);
    if (width === 1 || left * 2 === width) return this.#node(Math.round(Math.log2(width)), from / width, sizes);
    const name = `${from} ${to}`;
    const known = this.#joined.get(name);
    if (known) return known;
    const [before, after] = [this.#range(from, from + left, sizes), this.#range(from + left, to, sizes)];
    const root = before && after && nodeHash(this.#sha256, before, after);
    if (root) this.#joined.set(name, root);
    return root;
  }

  #node(height: number, index: number, sizes: readonly number[]): Uint8Array | null {
    const sibling = this.#siblings[height]?.get(index);
    if (sibling) return sibling;
    for (const size of sizes) {
      const node = this.#edges.get(size)?.[height]?.get(index);
      if (node) return node;
    }
    return null;
  }
}

const half = (n: number): number => Math.floor(n / 2);

function put(nodes: Nodes, height: number, index: number, node: Uint8Array): void {
  for (let h = nodes.length; h <= height; h++) nodes.push(new Map());
  // A copy: a view would hold all it was cut from.
  nodes[height]?.set(index, node.length === node.buffer.byteLength ? node : node.slice());
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
