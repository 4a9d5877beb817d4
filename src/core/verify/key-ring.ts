/**
 * The auditor's keys, and whose turn it is: which public key may sign at this place of the log.
 *
 * Pinned keys come from the caller and are the only anchors that count. From the one that the log's beginning names, each
 * `key_rotated` leads to the next epoch's key, if the key before certified it. Without pinned keys the first key that the
 * files name takes their place, to see whether the files agree with themselves; that proves no origin.
 *
 *   its epoch's key                          good
 *   a key of another epoch, or pinned        wrong_epoch
 *   any other                                wrong_key
 *
 * Where lines are missing a rotation may be among them; then an unknown key is a doubt and not an accusation, and what it
 * signs counts as unsigned. A rotation whose new key has signed nothing yet may have been given up in a crash: until then
 * the old key still serves.
 */

import { keyId } from '../audit/key-id.js';
import { namedKey, verifySuccession } from '../audit/key-rotation.js';
import type { Ed25519Verify, Sha256 } from '../ports.js';
import type { EpochTable } from './epoch-table.js';
import type { FindingCode, Weight } from './findings.js';
import type { RecordLine } from './read-record.js';

export interface EpochKey {
  /** Key ID. */
  readonly id: string;
  /** 32 bytes. */
  readonly key: Uint8Array;
  /** From 0; null when the log was entered later and nothing says. */
  readonly epoch: number | null;
  /** Pinned, or certified by a chain of keys that begins with a pinned one. */
  readonly certified: boolean;
}

export interface KeyFault {
  readonly code: FindingCode;
  readonly weight: Weight;
  readonly detail: string;
}

/** Keys of epochs past are remembered for their name only; a hostile log may hold any number. */
const PAST_MAX = 4096;

export class KeyRing {
  readonly pinned: boolean;
  readonly #sha256: Sha256;
  readonly #verify: Ed25519Verify;
  readonly #table: EpochTable;
  readonly #pins = new Map<string, EpochKey>();
  #now: EpochKey | null = null;
  /** The key before, as long as nothing was signed by the new one. */
  #before: EpochKey | null = null;
  readonly #past = new Set<string>();
  /** Lines are missing since the last thing that was signed. */
  #lost = false;
  /** The log begins with a key that is not pinned. */
  #refused = false;

  constructor(sha256: Sha256, verify: Ed25519Verify, pinned: readonly EpochKey[], table: EpochTable) {
    this.#sha256 = sha256;
    this.#verify = verify;
    this.#table = table;
    this.pinned = pinned.length > 0;
    for (const key of pinned) this.#pins.set(key.id, key);
  }

  /** The keys that may have signed here. */
  all(): readonly EpochKey[] {
    if (this.#now === null) return [...this.#pins.values()];
    return this.#before ? [this.#now, this.#before] : [this.#now];
  }

  /** Whether what `key` signs is proven to come from the log's owner, as far as anything can be without a pinned key. */
  proves(key: EpochKey): boolean {
    return key.certified || !this.pinned;
  }

  /** Lines are not here, or not what was written: a rotation may have been among them. */
  lose(): void {
    this.#lost = true;
  }

  /** Reads the key that `log_started` names: the anchor. */
  begin(line: RecordLine): KeyFault | null {
    const named = namedKey(this.#sha256, line.record);
    if (named === null) return unnamed(line);
    const pin = this.#pins.get(named.id);
    if (this.pinned && !pin) {
      this.#refused = true;
      return wrongKey(`it names key ${named.id}, which is not pinned`);
    }
    if (this.#now !== null && this.#now.id !== named.id) return wrongKey(`it names key ${named.id}, not the first one`);
    this.#now = { ...named, epoch: 0, certified: pin !== undefined };
    return null;
  }

  /** Reads the key that `segment_opened` names: the one in force before it. */
  open(line: RecordLine): KeyFault | null {
    const named = namedKey(this.#sha256, line.record);
    if (named === null) return unnamed(line);
    const { id } = named;
    if (this.#now?.id === id) return null;
    if (this.#before?.id === id) return this.#giveUp();
    if (this.#past.has(id)) return wrongEpoch(`it names key ${id}, whose epoch was over`);
    const due = this.#table.inForce(line.seq);
    if (due !== null && due.id === id && (this.#now === null || this.#lost)) return this.#take(due);
    if (due !== null && this.#table.knows(id))
      return wrongEpoch(`it names key ${id}, and ${due.id} is that of its epoch`);
    if (this.#refused) return wrongKey(`it names key ${id}, which is not pinned`);
    if (this.#now !== null && !this.#lost)
      return wrongKey(`it names key ${id}, not that of its epoch, ${this.#now.id}`);
    const pin = this.#pins.get(id);
    const first = this.#now === null;
    this.#take(pin ?? { ...named, epoch: null, certified: false });
    if (pin || (!this.pinned && first)) return null;
    return unproven(
      `it names key ${id}, which nothing given here certifies; earlier files or the \`.epochs\` file would`,
    );
  }

  /** Reads `key_rotated`: from here on it is the next key's turn. */
  rotate(line: RecordLine): KeyFault | null {
    const named = namedKey(this.#sha256, line.record);
    if (named === null) return unnamed(line);
    const by = [this.#now, this.#before].find(key => key && verifySuccession(this.#verify, key.key, line.record));
    if (!by) return this.#rotatedByUnknown(line, named);
    if (by === this.#before) this.#giveUp();
    if (this.#past.has(named.id) || named.id === by.id) {
      return wrongEpoch(`it names key ${named.id}, which has served before`);
    }
    const { epoch } = line.record;
    const certified = by.certified || this.#pins.has(named.id);
    this.#now = { ...named, epoch: typeof epoch === 'number' ? epoch : null, certified };
    this.#before = by;
    const due = by.epoch === null ? epoch : by.epoch + 1;
    if (typeof epoch === 'number' && epoch >= 1 && epoch === due) return null;
    return wrongEpoch(`its \`epoch\` is ${String(epoch)}, and ${String(due)} is due`);
  }

  /** The key that a checkpoint at `seq` names by `id`, if it is that key's turn. */
  turn(id: unknown, seq: number): EpochKey | KeyFault {
    const name = String(id);
    const [now, before] = [this.#now, this.#before];
    if (now?.id === id && now) return now;
    if (before?.id === id && before) {
      this.#giveUp();
      return before;
    }
    if (this.#past.has(name)) return wrongEpoch(`key ${name} is that of an epoch that was over`);
    const open = this.#now === null || this.#lost;
    const due = this.#table.inForce(seq);
    const known = (due?.id === id ? due : null) ?? this.#pins.get(name);
    if (open && known && !this.#refused) {
      this.#take(known);
      return known;
    }
    if (known || this.#table.knows(name)) return wrongEpoch(`key ${name} is not that of its epoch`);
    const detail = `key ${name} is not ${this.pinned ? 'pinned, and no pinned key leads to it' : 'a key named before'}`;
    return open && this.#lost ? unproven(detail) : wrongKey(detail);
  }

  /** A signature by `key` was good: its epoch has begun. */
  signed(key: EpochKey): void {
    this.#lost = false;
    if (key !== this.#now || this.#before === null) return;
    this.#retire(this.#before);
    this.#before = null;
  }

  #rotatedByUnknown(line: RecordLine, named: { id: string; key: Uint8Array }): KeyFault | null {
    const rotation = this.#table.rotations.find(r => r.seq === line.seq && r.hash === line.hash);
    if (rotation && (this.#now === null || this.#lost)) return this.#take(rotation.key);
    if (this.#now !== null && !this.#lost) {
      return { code: 'bad_signature', weight: 'tampered', detail: 'not certified by the key of its epoch' };
    }
    if (this.#refused) return wrongKey('no pinned key leads to it');
    this.#take({ ...named, epoch: null, certified: this.#pins.has(named.id) });
    return unproven(`it names key ${named.id}, and the key that should certify it is not known here`);
  }

  /** The new key never signed anything: its rotation was given up. */
  #giveUp(): null {
    if (this.#now) this.#retire(this.#now);
    this.#now = this.#before;
    this.#before = null;
    return null;
  }

  #take(key: EpochKey): null {
    if (this.#now) this.#retire(this.#now);
    this.#now = this.#pins.has(key.id) ? { ...key, certified: true } : key;
    this.#before = null;
    return null;
  }

  #retire({ id }: EpochKey): void {
    if (this.#past.size < PAST_MAX) this.#past.add(id);
  }
}

/** Keys as the auditor gives them. */
export function pinnedKeys(sha256: Sha256, keys: readonly Uint8Array[]): readonly EpochKey[] {
  return keys.map(key => ({ id: keyId(sha256, key), key, epoch: null, certified: true }));
}

export function isFault(answer: EpochKey | KeyFault): answer is KeyFault {
  return 'code' in answer;
}

const wrongKey = (detail: string): KeyFault => ({ code: 'wrong_key', weight: 'tampered', detail });
const wrongEpoch = (detail: string): KeyFault => ({ code: 'wrong_epoch', weight: 'tampered', detail });
const unproven = (detail: string): KeyFault => ({ code: 'wrong_key', weight: 'doubt', detail });

function unnamed({ record }: RecordLine): KeyFault {
  return wrongKey(
    typeof record.public_key === 'string' && record.public_key.length === 44
      ? 'its `key_id` is not that of its `public_key`'
      : 'its `public_key` is none',
  );
}
