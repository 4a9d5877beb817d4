/**
 * One pass over a log for all that a proof is made of.
 *
 *   in   : the lines of one log in the order of its files
 *   out  : the tree with its nodes, the last checkpoint of each key, the `key_rotated` lines
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
import { TreeNodes } from './tree-nodes.js';

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
  #nodes: TreeNodes | null = null;
  /** A line is missing or none: what comes later has no place in the tree any more. */
  #broken = false;
  readonly #last = new Map<string, FoundCheckpoint>();
  #wanted: FoundCheckpoint | null = null;
  readonly rotations: string[] = [];

  /** @param wantedSize Also keep the checkpoint of exactly this size. */
  constructor(sha256: Sha256, origin: string, wantedSize: number | null) {
    this.#sha256 = sha256;
    this.#origin = origin;
    this.#wantedSize = wantedSize;
  }

  /** The tree over the lines so far. */
  get nodes(): TreeNodes {
    return this.#nodes ?? new TreeNodes(this.#sha256);
  }

  get whole(): boolean {
    return !this.#broken;
  }

  /** Takes the next line; what it is, or null when it does not follow. */
  add(bytes: Uint8Array): Harvested | null {
    if (this.#broken) return null;
    const line = fromUtf8(bytes);
    const parsed = line === null ? null : parseLine(line);
    const seq = parsed?.ok && parsed.record.log === this.#origin ? parsed.record.seq : null;
    if (!parsed?.ok || line === null || typeof seq !== 'number') return this.#stop();
    this.#nodes ??= this.#begin(parsed.record);
    if (this.#nodes.size !== seq) return this.#stop();
    this.#nodes.add(leafHash(this.#sha256, bytes));
    this.#keep(parsed.record, line);
    return { seq, line, record: parsed.record };
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

  #begin(first: FlatRecord): TreeNodes {
    const { type, seq, frontier } = first;
    const from =
      type === 'segment_opened' && typeof seq === 'number' && typeof frontier === 'string'
        ? decodeFrontier(frontier, seq)
        : EMPTY_FRONTIER;
    return new TreeNodes(this.#sha256, from ?? EMPTY_FRONTIER);
  }

  #keep(record: FlatRecord, line: string): void {
    if (record.type === 'key_rotated') this.rotations.push(line);
    const { size, note, key_id: keyId } = record;
    if (record.type !== 'checkpoint' || typeof size !== 'number') return;
    if (typeof note !== 'string' || typeof keyId !== 'string') return;
    this.#last.set(keyId, { size, note, keyId });
    if (size === this.#wantedSize) this.#wanted ??= { size, note, keyId };
  }

  #stop(): null {
    this.#broken = true;
    return null;
  }
}
