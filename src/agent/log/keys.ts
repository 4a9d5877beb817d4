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
import { createFile, syncFolder } from '../../disk/durable.js';
import { errno } from '../../disk/errno.js';
import {
  allKeys,
  destroyKey,
  epochName,
  epochsOf,
  type LogKey,
  logId,
  makeKey,
  readLogKey,
  renameKey,
  there,
  unclaimedName,
  writeAnchor,
} from './key-files.js';

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

export class LogKeys {
  #key: LogKey;
  #next: LogKey | null = null;

  private constructor(
    private readonly keysDir: string,
    readonly log: string,
    public epoch: number,
    /** When the epoch began, milliseconds since 1970. */
    public sinceMs: number,
    /** A crash came before the end of this epoch was said. */
    readonly endedBadly: boolean,
  ) {
    this.#key = readLogKey(epochName(keysDir, log, epoch));
  }

  /**
   * The keys of a log that is about to begin: `log.key` if nobody has taken it, else a new one.
   *
   * @param unused keys of a log that was named and never written: its anchor may be pinned already
   * @throws Fault `key_file_…`
   */
  static begin(keysDir: string, log: string, unused: LogKeys | null, nowMs: number): LogKeys {
    const own = epochName(keysDir, log, 0);
    if (unused === null || !renameKey(epochName(keysDir, unused.log, 0), own, nowMs)) {
      const origin = join(keysDir, 'origin.pub');
      const path = unclaimedName(keysDir);
      if (!there(path) && !there(origin)) makeKey(path);
      if (there(path)) writeAnchor(origin, readLogKey(path));
      if (!renameKey(path, own, nowMs)) makeKey(own);
    }
    const keys = new LogKeys(keysDir, log, 0, nowMs, false);
    writeAnchor(join(keysDir, `${logId(log)}.pub`), keys.current);
    return keys;
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
    return new LogKeys(keysDir, log, epoch, statSync(path(epoch)).mtimeMs, !good);
  }

  /** A log from when all logs shared `log.key`: it is taken, or copied from whoever took it. */
  static #shared(keysDir: string, log: string, traces: KeyTraces, nowMs: number): LogKeys | null {
    const own = epochName(keysDir, log, 0);
    const path = unclaimedName(keysDir);
    if (there(path) && traces.names(readLogKey(path))) {
      if (!renameKey(path, own, nowMs)) return null;
    } else {
      const of = allKeys(keysDir).find(name => namedBy(name, traces));
      if (of === undefined) return null;
      try {
        createFile(own, readFileSync(of), 0o600);
        syncFolder(keysDir);
      } catch (error) {
        throw new Fault('key_file_unwritable', { path: own, why: errno(error) }, { cause: error });
      }
    }
    return new LogKeys(keysDir, log, 0, nowMs, false);
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

/** Another log's key that cannot be read is not this log's trouble. */
function namedBy(path: string, traces: KeyTraces): boolean {
  try {
    return traces.names(readLogKey(path));
  } catch {
    return false;
  }
}
