/**
 * A shipped copy against its source: the same records, by (`log`, `seq`)?
 *
 *   in   : the lines of the source, then those of the copy
 *   out  : which records the copy lacks, which say something else there, which the source does not have
 *   never: judges whether the source itself is in order; that is verification
 *
 * Delivery is at least once, so a record may stand in the copy any number of times. Kept are 32 bytes of a record: half of
 * its hash, and which of the two had it, in blocks of numbers.
 */
import { fromHex } from '../bytes.js';
import type { Sha256Text } from '../ports.js';
import type { Place } from './findings.js';
import { readRecord } from './read-record.js';

export type Difference = 'missing' | 'altered' | 'extra' | 'no_record';

export interface Reconciled {
  readonly source: number;
  readonly copy: number;
  readonly missing: number;
  readonly doubled: number;
  readonly altered: number;
  readonly extra: number;
  /** Lines of either that are no records. */
  readonly noRecord: number;
  /** The first ones of each kind, in the order they were met; missing ones as stretches. */
  readonly differences: readonly Said[];
}

export interface Said {
  readonly what: Difference;
  readonly place: Place | null;
  readonly log: string;
  readonly from: number;
  /** One more than the last. */
  readonly to: number;
}

const SAID_MAX = 1000;
const BLOCK_RECORDS = 4096;
const KEPT_BYTES = 16;
const HAS = { source: 1, copy: 2 } as const;

class Block {
  readonly hashes = new Uint8Array(BLOCK_RECORDS * KEPT_BYTES);
  readonly has = new Uint8Array(BLOCK_RECORDS);
}

export class Reconciliation {
  readonly #sha256Text: Sha256Text;
  readonly #logs = new Map<string, Map<number, Block>>();
  readonly #said: Said[] = [];
  #source = 0;
  #copy = 0;
  #doubled = 0;
  #altered = 0;
  #extra = 0;
  #noRecord = 0;

  constructor(sha256Text: Sha256Text) {
    this.#sha256Text = sha256Text;
  }

  /** All lines of the source come first. */
  source(place: Place, bytes: Uint8Array): void {
    const found = this.#find(place, bytes, true);
    if (found === null || found.block === undefined) return;
    const { block, at, hash } = found;
    this.#source++;
    block.has[at] = HAS.source;
    block.hashes.set(hash, at * KEPT_BYTES);
  }

  copy(place: Place, bytes: Uint8Array): void {
    const found = this.#find(place, bytes, false);
    if (found === null) return;
    const { block, at, hash, log, seq } = found;
    this.#copy++;
    const has = block?.has[at] ?? 0;
    if (block === undefined || has === 0) {
      this.#extra++;
      this.#say({ what: 'extra', place, log, from: seq, to: seq + 1 });
    } else if (hash.some((byte, i) => block.hashes[at * KEPT_BYTES + i] !== byte)) {
      this.#altered++;
      this.#say({ what: 'altered', place, log, from: seq, to: seq + 1 });
    } else {
      if ((has & HAS.copy) !== 0) this.#doubled++;
      block.has[at] = has | HAS.copy;
    }
  }

  finish(): Reconciled {
    let missing = 0;
    for (const [log, blocks] of this.#logs) {
      let open = null as Said | null;
      for (const [number, block] of [...blocks].sort(([a], [b]) => a - b)) {
        for (let at = 0; at < BLOCK_RECORDS; at++) {
          if (block.has[at] !== HAS.source) continue;
          const seq = number * BLOCK_RECORDS + at;
          missing++;
          if (open?.to === seq) open = { ...open, to: seq + 1 };
          else {
            if (open) this.#say(open);
            open = { what: 'missing', place: null, log, from: seq, to: seq + 1 };
          }
        }
      }
      if (open) this.#say(open);
    }
    return {
      source: this.#source,
      copy: this.#copy,
      missing,
      doubled: this.#doubled,
      altered: this.#altered,
      extra: this.#extra,
      noRecord: this.#noRecord,
      differences: this.#said,
    };
  }

  #find(place: Place, bytes: Uint8Array, make: boolean) {
    const line = readRecord(this.#sha256Text, place, bytes);
    if (line.kind === 'other') {
      this.#noRecord++;
      this.#say({ what: 'no_record', place, log: '', from: 0, to: 0 });
      return null;
    }
    const { log, seq } = line;
    const number = Math.floor(seq / BLOCK_RECORDS);
    const blocks = this.#logs.get(log) ?? new Map<number, Block>();
    if (make) this.#logs.set(log, blocks);
    const block = blocks.get(number) ?? (make ? new Block() : undefined);
    if (make && block) blocks.set(number, block);
    const hash = (fromHex(line.hash) ?? new Uint8Array(KEPT_BYTES)).subarray(0, KEPT_BYTES);
    return { block, at: seq % BLOCK_RECORDS, hash, log, seq };
  }

  #say(said: Said): void {
    if (this.#said.length < SAID_MAX) this.#said.push(said);
  }
}
