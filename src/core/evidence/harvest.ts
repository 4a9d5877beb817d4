/**
 * One pass over a log for all that a proof is made of.
 *
 *   in   : the lines of one log in the order of its files, and which of them are to be proven
 *   out  : the tree with the nodes for that, the last checkpoint of each key, the `key_rotated` lines
 *   never: judges the lines; that is verification, and every proof made here is checked again before it is handed over
 *
 * Why the last of each key: a record is proven by a checkpoint of its own epoch, whose key is gone since. A later key could
 * have been stolen and made to sign another past.
 */
import { type FlatRecord, parseLine } from '../audit/canonical.js';
import { leafHash } from '../audit/chain.js';
import { decodeFrontier, EMPTY_FRONTIER } from '../audit/merkle.js';
import { fromUtf8 } from '../bytes.js';
import type { Sha256 } from '../ports.js';
import { ProofTree } from './proof-tree.js';

/** As a record of the log holds it; not yet believed. */
export interface FoundCheckpoint {
  readonly size: number;
  readonly note: string;
  readonly keyId: string;
}

export interface Harvested {
  readonly seq: number;
  readonly line: string;
  readonly record: FlatRecord;
}

export class Harvest {
  readonly #sha256: Sha256;
  readonly #origin: string;
  readonly #wantedSize: number | null;
  readonly #oldSize: number | null;
  #tree: ProofTree | null = null;
  /** A line is missing or none: what comes later has no place in the tree any more. */
  #broken = false;
  readonly #last = new Map<string, FoundCheckpoint>();
  #wanted: FoundCheckpoint | null = null;
  readonly rotations: string[] = [];

  /**
   * @param wantedSize Also keep the checkpoint of exactly this size.
   * @param oldSize Also keep what shows that so many lines are the beginning of all.
   */
  constructor(sha256: Sha256, origin: string, wantedSize: number | null, oldSize: number | null) {
    this.#sha256 = sha256;
    this.#origin = origin;
    this.#wantedSize = wantedSize;
    this.#oldSize = oldSize;
  }

  /** The tree over the lines so far: paths from what was wanted, at the sizes of the checkpoints handed out. */
  get tree(): ProofTree {
    return this.#tree ?? new ProofTree(this.#sha256);
  }

  get whole(): boolean {
    return !this.#broken;
  }

  /** Takes the next line, unless it does not follow. @param wanted Whether it is to be proven. */
  add(bytes: Uint8Array, wanted: (found: Harvested) => boolean): void {
    if (this.#broken) return;
    const line = fromUtf8(bytes);
    const parsed = line === null ? null : parseLine(line);
    const seq = parsed?.ok && parsed.record.log === this.#origin ? parsed.record.seq : null;
    if (!parsed?.ok || line === null || typeof seq !== 'number') {
      this.#broken = true;
      return;
    }
    this.#tree ??= this.#begin(parsed.record);
    const tree = this.#tree;
    if (tree.size !== seq) {
      this.#broken = true;
      return;
    }
    const isLastOld = seq + 1 === this.#oldSize;
    tree.add(leafHash(this.#sha256, bytes), wanted({ seq, line, record: parsed.record }) || isLastOld);
    if (isLastOld) tree.keep(tree.size);
    this.#keep(parsed.record, line, tree);
  }

  /** The checkpoint that proves the record `index` best; null when none covers it. */
  covering(index: number): FoundCheckpoint | null {
    if (this.#wantedSize !== null) return this.#wantedSize > index ? this.#wanted : null;
    return [...this.#last.values()].sort((a, b) => a.size - b.size).find(({ size }) => size > index) ?? null;
  }

  /** The largest checkpoint, or the one that was wanted. */
  latest(): FoundCheckpoint | null {
    if (this.#wantedSize !== null) return this.#wanted;
    return [...this.#last.values()].sort((a, b) => b.size - a.size)[0] ?? null;
  }

  #begin(first: FlatRecord): ProofTree {
    const { type, seq, frontier } = first;
    const from =
      type === 'segment_opened' && typeof seq === 'number' && typeof frontier === 'string'
        ? decodeFrontier(frontier, seq)
        : EMPTY_FRONTIER;
    const tree = new ProofTree(this.#sha256, from ?? EMPTY_FRONTIER);
    if (this.#oldSize !== null && tree.keep(this.#oldSize)) tree.want(this.#oldSize - 1);
    return tree;
  }

  #keep(record: FlatRecord, line: string, tree: ProofTree): void {
    if (record.type === 'key_rotated') this.rotations.push(line);
    const { size, note, key_id: keyId } = record;
    if (record.type !== 'checkpoint' || typeof size !== 'number') return;
    if (typeof note !== 'string' || typeof keyId !== 'string') return;
    if (!tree.keep(size)) return;
    tree.forget(size);
    const before = this.#last.get(keyId);
    this.#last.set(keyId, { size, note, keyId });
    if (size === this.#wantedSize) this.#wanted ??= { size, note, keyId };
    if (before && before.size !== size && !this.#asked(before.size)) tree.drop(before.size);
  }

  /** Besides the last checkpoint of some key. */
  #asked(size: number): boolean {
    return size === this.#wantedSize || size === this.#oldSize || [...this.#last.values()].some(l => l.size === size);
  }
}
