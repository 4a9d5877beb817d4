/**
 * The keys of a log's epochs as `<log>.epochs` keeps them: copies of its `key_rotated` lines, never rotated away.
 *
 * Only what follows from a pinned key by one certificate after another counts. Two lines certified by the same key: the
 * earlier rotation was given up in a crash, and the later one holds. What is read is a statement of the log's own keys, so
 * it is evidence too: each line stands in the log at its number.
 */
import { namedKey, verifySuccession } from '../audit/key-rotation.js';
import type { Ed25519Verify, Sha256, Sha256Text } from '../ports.js';
import type { EpochKey } from './key-ring.js';
import { readRecord } from './read-record.js';

export interface EpochPorts {
  readonly sha256: Sha256;
  readonly sha256Text: Sha256Text;
  readonly verify: Ed25519Verify;
}

export interface Rotation {
  /** Number of the record. */
  readonly seq: number;
  /** Its leaf hash. */
  readonly hash: string;
  readonly key: EpochKey;
}

export class EpochTable {
  readonly #rotations: Rotation[] = [];
  readonly #anchor: EpochKey | null = null;
  /** Lines that no key certified. */
  readonly unproven: number = 0;

  /** @param lines Of all `.epochs` files at hand, in order, without newlines; those of other logs are passed over. */
  constructor(ports: EpochPorts, origin: string, pinned: readonly EpochKey[], lines: readonly Uint8Array[]) {
    for (const [index, bytes] of lines.entries()) {
      const line = readRecord(ports.sha256Text, { file: '', line: index + 1 }, bytes);
      if (line.kind !== 'record' || line.log !== origin || line.type !== 'key_rotated') continue;
      const named = namedKey(ports.sha256, line.record);
      const { epoch } = line.record;
      const [last, before] = [this.#rotations.at(-1), this.#rotations.at(-2)];
      const candidates = last ? [last.key, before ? before.key : this.#anchor] : pinned;
      const by = named && candidates.find(key => key && verifySuccession(ports.verify, key.key, line.record));
      if (!by || !named || typeof epoch !== 'number' || epoch < 1) {
        this.unproven++;
        continue;
      }
      if (last === undefined) this.#anchor = { ...by, epoch: epoch - 1 };
      else if (by !== last.key) this.#rotations.pop();
      const key = { ...named, epoch, certified: true };
      this.#rotations.push({ seq: line.seq, hash: line.hash, key });
    }
  }

  get rotations(): readonly Rotation[] {
    return this.#rotations;
  }

  /** The key whose epoch the record `seq` stands in; null when the file does not say. */
  inForce(seq: number): EpochKey | null {
    let key = this.#anchor;
    for (const rotation of this.#rotations) {
      if (rotation.seq >= seq) break;
      key = rotation.key;
    }
    return key;
  }

  knows(id: string): boolean {
    return this.#anchor?.id === id || this.#rotations.some(({ key }) => key.id === id);
  }
}
