/**
 * The keys of one log: the one in force, and, while an epoch ends, the next.
 *
 *   epoch n ends:  prepare()     the next key is made and synced
 *                  (the log says `key_rotated`; it and `.epochs` are synced)
 *                  advance()     the next key is in force
 *                  destroyOld()  the old one is no more
 *
 * After a crash the next key is in force if `.epochs` or the state has it; otherwise it is deleted and the epoch ends anew.
 * Each log has keys of its own, so that no other log's epoch destroys them. Logs that began when one key served all take a
 * copy each when they are next opened.
 */
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Fault } from '../../core/fault.js';
import { createFile } from '../../disk/durable.js';
import { errno } from '../../disk/errno.js';
import {
  allKeys,
  destroyKey,
  epochName,
  epochsOf,
  type LogKey,
  makeKey,
  readLogKey,
  renameKey,
  there,
  unclaimedName,
  writeAnchor,
} from './key-files.js';
import { logId } from './log-id.js';

export type { LogKey } from './key-files.js';

/** What a log's files say of its keys. */
export interface KeyTraces {
  /** The state is signed by it, or `.epochs` says that it follows. */
  settled(key: LogKey): boolean;
  /** The log's files name it, or the state is signed by it. */
  names(key: LogKey): boolean;
}

/** Makes what is missing of `log.key` and its anchor, and gives the anchor. Once a log has taken the key none is made. */
export function firstKey(keysDir: string): string {
  const anchor = join(keysDir, 'origin.pub');
  const path = unclaimedName(keysDir);
  if (!there(path) && there(anchor)) return anchor;
  makeKey(path);
  writeAnchor(anchor, readLogKey(path));
  return anchor;
}

/** Null: there is none, or another log that begins in this moment has taken it. */
function readUnclaimed(path: string): LogKey | null {
  if (!there(path)) return null;
  try {
    return readLogKey(path);
  } catch (error) {
    if (error instanceof Fault && error.code === 'key_file_unreadable' && !there(path)) return null;
    throw error;
  }
}

export class LogKeys {
  #key: LogKey;
  #next: LogKey | null = null;
  /** It signs with `log.key`, and that is still under its old name. */
  #unclaimed: boolean;

  private constructor(
    private readonly keysDir: string,
    readonly log: string,
    public epoch: number,
    /** When the epoch began, milliseconds since 1970. */
    public sinceMs: number,
    /** A crash came before the end of this epoch was said. */
    readonly endedBadly: boolean,
    unclaimed: LogKey | null,
  ) {
    this.#unclaimed = unclaimed !== null;
    this.#key = unclaimed ?? readLogKey(epochName(keysDir, log, epoch));
  }

  /**
   * The keys of a log that is about to begin: `log.key` if nobody has taken it, else a new one. It is taken by `claim`, once
   * the log is there: an anchor that people pinned must not be lost to a start that failed.
   *
   * @param unused keys of a log that was named and never written: its anchor may be pinned already
   * @throws Fault `key_file_…`
   */
  static begin(keysDir: string, log: string, unused: LogKeys | null, nowMs: number): LogKeys {
    const own = epochName(keysDir, log, 0);
    const path = unclaimedName(keysDir);
    const origin = join(keysDir, 'origin.pub');
    const renamed = unused !== null && renameKey(epochName(keysDir, unused.log, 0), own, nowMs);
    if (!renamed && !there(path) && !there(origin)) makeKey(path);
    const unclaimed = renamed ? null : readUnclaimed(path);
    if (unclaimed !== null) writeAnchor(origin, unclaimed);
    else if (!renamed) makeKey(own);
    return new LogKeys(keysDir, log, 0, nowMs, false, unclaimed);
  }

  /** The log is there: its key is its own. @throws Fault `key_file_unwritable` */
  claim(): void {
    const own = epochName(this.keysDir, this.log, this.epoch);
    if (this.#unclaimed && !renameKey(unclaimedName(this.keysDir), own, this.sinceMs)) {
      // Another log began in the same moment and has taken it.
      const names = (key: LogKey) => key.id === this.#key.id;
      if (!copyKey(this.keysDir, own, names)) throw new Fault('key_file_unwritable', { path: own, why: 'ENOENT' });
    }
    this.#unclaimed = false;
    if (this.epoch === 0) writeAnchor(join(this.keysDir, `${logId(this.log)}.pub`), this.#key);
  }

  /** The keys of a log that is there; null when they are not. @throws Fault `key_file_…` */
  static find(keysDir: string, log: string, traces: KeyTraces, nowMs: number): LogKeys | null {
    const epochs = epochsOf(keysDir, log);
    const last = epochs.at(-1);
    if (last === undefined) return LogKeys.#shared(keysDir, log, traces, nowMs);
    const path = (epoch: number) => epochName(keysDir, log, epoch);
    const older = epochs.slice(0, -1);
    const before = older.at(-1);
    const good = before === undefined || traces.settled(readLogKey(path(last)));
    // The end of the epoch was never said: its key goes on, and the one that should have followed is nobody's.
    for (const gone of good ? older : [last, ...older.slice(0, -1)]) destroyKey(path(gone));
    const epoch = good ? last : (before as number);
    return new LogKeys(keysDir, log, epoch, statSync(path(epoch)).mtimeMs, !good, null);
  }

  /** A log from when all logs shared `log.key`: it is taken, or copied from whoever took it. */
  static #shared(keysDir: string, log: string, traces: KeyTraces, nowMs: number): LogKeys | null {
    const own = epochName(keysDir, log, 0);
    const path = unclaimedName(keysDir);
    const unclaimed = readUnclaimed(path);
    if (unclaimed !== null && traces.names(unclaimed)) {
      if (!renameKey(path, own, nowMs)) return null;
    } else if (!copyKey(keysDir, own, key => traces.names(key))) {
      return null;
    }
    return new LogKeys(keysDir, log, 0, nowMs, false, null);
  }

  /** All of them: this log is not to be written here any more. @throws Fault `key_file_unwritable` */
  destroy(): void {
    for (const epoch of epochsOf(this.keysDir, this.log)) destroyKey(epochName(this.keysDir, this.log, epoch));
  }

  get current(): LogKey {
    return this.#key;
  }

  /** The key that is to follow, made and synced. @throws Fault `key_file_…` */
  prepare(): LogKey {
    if (this.#next !== null) return this.#next;
    this.claim();
    const path = epochName(this.keysDir, this.log, this.epoch + 1);
    destroyKey(path);
    makeKey(path);
    this.#next = readLogKey(path);
    return this.#next;
  }

  /** The next key never comes into force. What cannot be deleted is so at the next start. */
  giveUp(): void {
    if (this.#next === null) return;
    this.#next = null;
    try {
      destroyKey(epochName(this.keysDir, this.log, this.epoch + 1));
    } catch {
      // It certifies nothing, and nothing certifies it durably.
    }
  }

  advance(nowMs: number): void {
    if (this.#next === null) throw new Fault('internal', { what: 'an epoch that begins without a key' });
    this.#key = this.#next;
    this.#next = null;
    this.epoch += 1;
    this.sinceMs = nowMs;
  }

  /** @throws Fault `key_file_unwritable`; the next start does it then */
  destroyOld(): void {
    for (const epoch of epochsOf(this.keysDir, this.log)) {
      if (epoch < this.epoch) destroyKey(epochName(this.keysDir, this.log, epoch));
    }
  }
}

/** Copies the key that `names` knows, whoever has it, to `own`. False when nobody has. */
function copyKey(keysDir: string, own: string, names: (key: LogKey) => boolean): boolean {
  const of = allKeys(keysDir).find(path => namedBy(path, names));
  if (of === undefined) return false;
  try {
    createFile(own, readFileSync(of), 0o600);
    return true;
  } catch (error) {
    throw new Fault('key_file_unwritable', { path: own, why: errno(error) }, { cause: error });
  }
}

/** Another log's key that cannot be read is not this log's trouble. */
function namedBy(path: string, names: (key: LogKey) => boolean): boolean {
  try {
    return names(readLogKey(path));
  } catch {
    return false;
  }
}
