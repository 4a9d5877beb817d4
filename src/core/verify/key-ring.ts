/**
 * The auditor's keys: which public key a `key_id` in a record may stand for.
 *
 * Pinned keys come from the caller and are the only ones that count. Without them the first key that the files name is
 * used, to see whether the files agree with themselves; that proves no origin. One function answers for every record, so
 * that keys which certify their successors find their place here.
 */
import { keyId } from '../audit/key-id.js';
import { fromBase64 } from '../bytes.js';
import type { Sha256 } from '../ports.js';
import type { RecordLine } from './read-record.js';

const PUBLIC_KEY_BYTES = 32;

export class KeyRing {
  readonly pinned: boolean;
  readonly #sha256: Sha256;
  readonly #keys = new Map<string, Uint8Array>();

  constructor(sha256: Sha256, pinned: readonly Uint8Array[]) {
    this.#sha256 = sha256;
    this.pinned = pinned.length > 0;
    for (const key of pinned) this.#keys.set(keyId(sha256, key), key);
  }

  /** The key that `id` names; null when it is none of ours. */
  keyFor(id: unknown): Uint8Array | null {
    return (typeof id === 'string' && this.#keys.get(id)) || null;
  }

  all(): Iterable<Uint8Array> {
    return this.#keys.values();
  }

  /** Reads the key that `log_started` or `segment_opened` names. Null: fine; otherwise what is wrong with it. */
  meet(line: RecordLine): string | null {
    const { public_key, key_id } = line.record;
    const key = typeof public_key === 'string' ? fromBase64(public_key) : null;
    if (key?.length !== PUBLIC_KEY_BYTES) return 'its `public_key` is none';
    const id = keyId(this.#sha256, key);
    if (id !== key_id) return 'its `key_id` is not that of its `public_key`';
    if (!this.pinned && this.#keys.size === 0) this.#keys.set(id, key);
    return this.#keys.has(id)
      ? null
      : `it names key ${id}${this.pinned ? ', which is not pinned' : ', not the first one'}`;
  }
}
