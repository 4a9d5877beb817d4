/**
 * The latch of the kill switch: an engagement that only a signed release ends.
 *
 * In: what the switch saw engaged; `state/kill.json`, which processes may share; `approvals/release.dsse`; the trusted keys.
 * Out: the holds that stand by the latch alone, and what a release ended.
 * An engagement gets a random ID and is on disk before its record; it stands until a release that enough trusted keys
 * signed names that ID and its log, and the switch itself is gone: then it ends, once. Of several processes that saw the
 * same engagement the lowest ID counts for all.
 * Never: forgets what it has in memory because the file says otherwise; waits; throws.
 */
import type { OperatorActionFields } from '../core/audit/fields.js';
import { sameBytes, toHex, utf8 } from '../core/bytes.js';
import {
  isSameEngagement,
  LATCH_FILE_MAX_BYTES,
  type LatchEntry,
  type LatchFile,
  latchFileText,
  readLatchFile,
} from '../core/trust/latch-file.js';
import { readLatch, setAsideLatch, writeLatch } from '../disk/latch-store.js';
import { type KillRelease, type ReleaseSource, readKillRelease } from './kill-release.js';
import { type ScopedHold, scopeOf } from './kill-source.js';

export interface LatchOptions extends ReleaseSource {
  /** Absolute path of `kill.json`. */
  readonly path: string;
  /** Whether a new engagement is latched. What is latched already stands either way. */
  readonly latches: boolean;
  readonly strict: boolean;
  /** Origin of the log that records. */
  readonly log: string;
  readonly random: (bytes: number) => Uint8Array;
  /** Records what a release did, or why it did nothing. */
  readonly note: (fields: OperatorActionFields) => void;
}

export interface LatchChange {
  readonly engaged: readonly ScopedHold[];
  readonly released: readonly ScopedHold[];
}

const ID_BYTES = 16;

export class KillLatch {
  #held: readonly LatchEntry[] = [];
  #spent: readonly string[] = [];
  /** Why the file cannot be read; what it holds is unknown then, which is engaged (permissive: as last known). */
  #unknown: string | null = null;
  #holds: readonly ScopedHold[] = [];
  #unsaved: string | null = null;
  #refusal: { readonly why: string; readonly text: string; readonly bytes: Uint8Array } | null = null;

  constructor(readonly options: LatchOptions) {
    this.#join();
  }

  /** What stands now. */
  get holds(): readonly ScopedHold[] {
    return this.#holds;
  }

  /** What an operator should know now, as sentences. */
  get problems(): readonly string[] {
    const { path } = this.options;
    const said: string[] = [];
    if (this.#unknown !== null) said.push(`\`${path}\` cannot be read (${this.#unknown}): kills may be latched in it`);
    if (this.#unsaved !== null) {
      said.push(`\`${path}\` cannot be written (${this.#unsaved}): a restart would lose the latched kill`);
    }
    if (this.#refusal !== null) said.push(this.#refusal.text);
    return said;
  }

  /** Whether the latch keeps what the switch says of this hold. */
  keeps(hold: ScopedHold): boolean {
    return this.#held.some(entry => isSameEngagement(entry, hold));
  }

  /** The switch has been seen engaged. On disk on return; else it is tried again at each look. */
  engage(hold: ScopedHold): void {
    if (!this.options.latches || !hold.seen || this.keeps(hold)) return;
    this.#join();
    if (this.keeps(hold)) return;
    const { source, agents, reason, ownerUid, fileTimeMs } = hold;
    this.#hold({ source, agents, reason, ownerUid, fileTimeMs });
  }

  /** Looks at the files. `stands`: whether a switch is still there. */
  refresh(stands: (source: string) => boolean): LatchChange {
    const before = this.#holds;
    this.#join();
    this.#release(stands);
    const after = this.#holds;
    const isIn = (holds: readonly ScopedHold[], hold: ScopedHold) => holds.some(other => isSameEngagement(other, hold));
    return {
      engaged: after.filter(hold => !isIn(before, hold)),
      released: before.filter(hold => !isIn(after, hold)),
    };
  }

  #hold(what: Omit<LatchEntry, 'id' | 'log'>): void {
    const id = toHex(this.options.random(ID_BYTES));
    this.#set([...this.#held, { id, log: this.options.log, ...what }]);
    this.#save();
  }

  /** Takes in what other processes have latched, and puts into the file what it does not have. */
  #join(): void {
    const { path, strict } = this.options;
    const kept = readLatch(path, LATCH_FILE_MAX_BYTES);
    if (kept.is === 'unreadable') {
      this.#setUnknown(kept.error);
      return;
    }
    const file = kept.is === 'absent' ? NOTHING : readLatchFile(kept.bytes);
    if (file === null && !setAsideLatch(path)) {
      this.#setUnknown('damaged');
      return;
    }
    this.#setUnknown(null);
    if (file === null) {
      // What it held is lost, so somebody has to look.
      const reason = 'the latch of the kill switch was damaged';
      const damage = { source: path, agents: null, reason, ownerUid: null, fileTimeMs: null };
      if (strict && !this.#held.some(entry => isSameEngagement(entry, damage))) this.#hold(damage);
      else this.#save();
      return;
    }
    this.#spent = [...this.#spent, ...file.released.filter(id => !this.#spent.includes(id))];
    const held = [...this.#held];
    for (const entry of file.held) {
      if (this.#spent.includes(entry.id)) continue;
      const at = held.findIndex(own => isSameEngagement(own, entry));
      if (at === -1) held.push(entry);
      else if (entry.id < (held[at] as LatchEntry).id) held[at] = entry;
    }
    this.#set(held);
    const known = [...file.held.map(entry => entry.id), ...this.#spent];
    if (this.#unsaved !== null || !held.every(entry => known.includes(entry.id))) this.#save();
  }

  #release(stands: (source: string) => boolean): void {
    const release = this.#held.length === 0 ? NONE : readKillRelease(this.options, this.#held, this.#spent);
    if (release.is === 'absent') this.#refusal = null;
    else if (release.is === 'refused') this.#refuse(release);
    else if (release.ends.source !== this.options.path && stands(release.ends.source)) {
      // Kept, and good later: which of the two comes first is not for the operator to know.
      const { id, source } = release.ends;
      const text = `the release of ${id} waits until the switch \`${source}\` is removed`;
      this.#refusal = { why: 'switch_stands', text, bytes: new Uint8Array() };
    } else {
      const { ends, keyIds, uid } = release;
      this.#refusal = null;
      this.#spent = [...this.#spent, ends.id];
      this.#set(this.#held.filter(entry => entry.id !== ends.id));
      this.#save();
      const reason = `${ends.id} by ${keyIds.join(' ')}`;
      this.options.note({ type: 'operator_action', action: 'signed_release', by_uid: uid, reason });
    }
  }

  /** Recorded once for each file and reason, said for as long as it is so. */
  #refuse(release: Extract<KillRelease, { is: 'refused' }>): void {
    const before = this.#refusal;
    const { why, bytes, uid } = release;
    this.#refusal = release;
    if (before?.why === why && sameBytes(before.bytes, bytes)) return;
    const by = uid === null ? {} : { by_uid: uid };
    this.options.note({ type: 'operator_action', action: 'release_refused', ...by, reason: why });
  }

  #set(held: readonly LatchEntry[]): void {
    this.#held = held;
    const { path, strict } = this.options;
    const reason = `the latch of the kill switch cannot be read (${this.#unknown})`;
    const unknown = { source: path, scope: 'all', agents: null, reason, ownerUid: null, fileTimeMs: null, seen: false };
    this.#holds = [...held.map(holdOf), ...(strict && this.#unknown !== null ? [unknown] : [])];
  }

  #setUnknown(why: string | null): void {
    if (why === this.#unknown) return;
    this.#unknown = why;
    this.#set(this.#held);
  }

  #save(): void {
    const text = latchFileText({ held: this.#held, released: this.#spent });
    // What cannot be read is not written over: it may hold what nobody here knows of.
    this.#unsaved = this.#unknown ?? writeLatch(this.options.path, utf8(text));
  }
}

const NOTHING: LatchFile = { held: [], released: [] };
const NONE: KillRelease = { is: 'absent' };

function holdOf({ id, log, ...entry }: LatchEntry): ScopedHold {
  return { ...entry, scope: scopeOf(entry.agents), seen: true, latch: { id, log } };
}
