/**
 * One log while it is being written.
 *
 *   open     a file, checked before every record
 *   owing    what must be in place before the next record: the state on disk, then the first records of a file
 *   adrift   no file to trust: the old one was abandoned; the next record first opens the next file
 *   closed   for good
 *
 * Whatever fails leaves the log in one of these and throws `audit_unavailable`; the next record tries again. Order at a
 * file's end: open the next → `segment_closed` and a checkpoint through the old descriptor → sync → state → first records
 * of the next. A crash between any two of these is a case of start.ts.
 */

import { genesisPrev } from '../../core/audit/chain.js';
import type { AgentRecord, RecordFields } from '../../core/audit/fields.js';
import { EMPTY_FRONTIER } from '../../core/audit/merkle.js';
import type { Position } from '../../core/audit/tip.js';
import { POLL_EVERY_MS } from '../../core/limits.js';
import { sha256Text } from '../../crypto/sha256.js';
import type { AppendFile, Opened, WriteFailure } from '../../disk/append.js';
import { type FileId, sameFile } from '../../disk/file-id.js';
import type { Lock } from '../../disk/lock.js';
import type { AuditHealth, AuditLog } from '../types.js';
import { Checkpoints, LAST_RECORDS, type Writing } from './checkpoints.js';
import { EpochEnd } from './epoch-end.js';
import { EpochsFile } from './epochs-file.js';
import { firstFile } from './first-file.js';
import { afterFailure, type Next, type Reason, segmentOpened } from './first-records.js';
import { GroupCommit } from './group-commit.js';
import type { LogKeys } from './keys.js';
import { LineWriter } from './line-writer.js';
import { OwnLock } from './own-lock.js';
import { epochsName, lockName, openNext, standsAt, stateName } from './place.js';
import { Problems } from './problems.js';
import type { AuditLogSettings } from './settings.js';
import type { Start } from './start.js';
import { StateFile } from './state-file.js';
import { TurnOver } from './turn-over.js';

export class LogWriter implements AuditLog {
  readonly path: string;
  readonly #settings: AuditLogSettings;
  readonly #keys: LogKeys;
  readonly #problems: Problems;
  readonly #epoch: EpochEnd;
  readonly #lines: LineWriter;
  readonly #state: StateFile;
  readonly #lock: OwnLock;
  #file: AppendFile | null = null;
  /** First `seq` in the file, and its number in the log. */
  #first: number;
  #segment: number;
  /** What stood at the path when we came was a file of this log. */
  readonly #foundOwn: boolean;
  /** Not null: adrift, and this begins the next file. */
  #next: Next | null = null;
  /** Records to write before any other; the state goes before them. */
  #owed: RecordFields[] = [];
  #stateOwed = true;
  #closed = false;

  #lookedMs: number;
  #synced: number;
  readonly #turn: TurnOver;
  readonly #checkpoints: Checkpoints;
  readonly #commit = new GroupCommit(done => this.#syncAll(done));
  readonly #watch: NodeJS.Timeout;

  constructor(settings: AuditLogSettings, keys: LogKeys, lock: Lock, start: Start) {
    this.path = settings.path;
    this.#settings = settings;
    this.#keys = keys;
    this.#problems = new Problems(this.path, settings.onProblem);
    this.#lock = new OwnLock(lock, lockName(this.path), settings.lockProgram);
    const begin = start.go === 'begin';
    const { log } = keys;
    const nothing: Position = { size: 0, head: genesisPrev(sha256Text, log), frontier: EMPTY_FRONTIER };
    const from = begin ? nothing : start.position;
    this.#lines = new LineWriter(log, keys, from, settings.signatures === 'record');
    this.#checkpoints = new Checkpoints(this.#lines, this.#writing());
    this.#epoch = new EpochEnd(keys, this.#lines, new EpochsFile(epochsName(this.path)));
    this.#state = new StateFile(stateName(this.path), keys, cause =>
      this.#problems.report(this.#problems.unavailable(cause)),
    );
    this.#segment = begin ? 0 : start.segment;
    this.#first = begin ? 0 : (start.first ?? from.size);
    this.#foundOwn = !begin && start.first !== null;
    this.#synced = from.size;
    this.#lookedMs = settings.clock.wallMs();
    const first = firstFile(this.path, start, keys, settings.identity, this.#lookedMs);
    this.#file = first.file;
    this.#next = first.next;
    this.#owed = first.owed;
    this.#turn = new TurnOver(settings.rotation, first.begunMs);
    this.#problems.contain(() => this.#ready(settings.clock.wallMs()));
    this.#watch = setInterval(() => this.#problems.contain(() => this.#watchOver()), POLL_EVERY_MS);
    this.#watch.unref();
  }

  get origin(): string {
    return this.#lines.log;
  }

  /** The key in force. */
  get publicKey(): string {
    return this.#keys.current.publicKeyText;
  }

  get head(): LineWriter['head'] {
    return this.#lines.head;
  }

  get size(): number {
    return this.#lines.tip.size;
  }

  append(record: AgentRecord): void {
    try {
      const now = this.#settings.clock.wallMs();
      this.#ready(now);
      this.#put(record, now);
      if (this.#problems.now !== null) this.#problems.now = null;
      this.#checkpoints.pace.count(record, now);
    } catch (error) {
      throw this.#problems.report(this.#problems.asFault(error));
    }
  }

  onDisk(): Promise<boolean> | null {
    return this.#settings.durability === 'fsync' ? this.#commit.wait() : null;
  }

  /** Now, and synced. @throws Fault `audit_unavailable` */
  checkpoint(): void {
    const now = this.#settings.clock.wallMs();
    this.#ready(now);
    this.#checkpoints.now(this.#file as AppendFile, now);
    this.#sync(this.#file as AppendFile);
  }

  reopen(): void {
    this.#problems.contain(() => this.#lookAtPath('signal'));
  }

  close(): void {
    if (this.#closed) return;
    clearInterval(this.#watch);
    this.#checkpoints.pace.stop();
    this.#problems.contain(() => {
      const now = this.#settings.clock.wallMs();
      this.#ready(now);
      if (this.#checkpoints.pace.fresh > 0) this.#checkpoints.now(this.#file as AppendFile, now);
      this.#writeState(true);
    });
    this.#closed = true;
    this.#file?.close();
    this.#lock.release();
  }

  health(): AuditHealth {
    const { now } = this.#problems;
    const error = now && { code: now.code, message: now.message };
    const state = error === null ? 'ok' : 'failing';
    const { last, fresh } = this.#checkpoints.pace;
    return { state, error, ...last, uncovered: fresh, segment: this.#segment };
  }

  /* ---- before a record ---------------------------------------------------------------------------------------- */

  /** The file is ours, at the path, as we left it, and begun; or a Fault. */
  #ready(now: number): void {
    if (this.#closed) throw this.#problems.unavailable('it is closed');
    if (this.#lock.lost) throw this.#problems.unavailable('its lock was lost');
    if (this.#next !== null) this.#openNext(this.#next);
    const since = now - this.#lookedMs;
    if (since >= POLL_EVERY_MS || since < 0) this.#lookAtPath('inode');
    const file = this.#file as AppendFile;
    const seen = file.look();
    if (seen !== 'ours') this.#seen(seen);
    else this.#turnOver(now);
    this.#payOwed(now);
  }

  /** When the next file cannot be had, this one serves a while longer. */
  #turnOver(now: number): void {
    const due = this.#turn.due(this.#file as AppendFile, now);
    if (due === null || this.#owed.length > 0) return;
    this.#problems.contain(() => {
      this.#ownLock();
      this.#nextFile(due);
    });
  }

  #seen(seen: 'larger' | 'smaller' | 'gone' | 'failed'): void {
    if (seen === 'gone') this.#lookAtPath('inode');
    else if (seen === 'larger') this.#turnAway({ reason: 'foreign_bytes', recovered: [] });
    else if (seen === 'smaller') this.#turnAway({ reason: 'truncated', recovered: [] });
    else this.#turnAway(afterFailure(this.#synced, this.size));
  }

  /** Every second, whether records come or not. */
  #watchOver(): void {
    if (this.#next === null) this.#lookAtPath('inode');
    else this.#openNext(this.#next);
    if (this.#checkpoints.pace.idle) this.#checkpoints.pace.arm(this.#settings.clock.wallMs());
  }

  /** Is the file at the path still the one being written? If not, it has been rotated or replaced: begin the next. */
  #lookAtPath(reason: 'inode' | 'signal'): void {
    if (this.#closed || this.#file === null || this.#next !== null) return;
    const stands = standsAt(this.path, this.#file.id);
    // Until a look ends well, each record looks again: what this one has found must not be forgotten for a second.
    this.#lookedMs = Number.NEGATIVE_INFINITY;
    if (typeof stands === 'object') throw this.#problems.unavailable(stands.errno);
    if (stands === 'yes' && this.#lock.held) {
      this.#lookedMs = this.#settings.clock.wallMs();
      return;
    }
    this.#ownLock();
    if (stands === 'no') this.#nextFile(reason);
    this.#lookedMs = this.#settings.clock.wallMs();
  }

  #ownLock(): void {
    if (!this.#lock.ensure(this.#settings.clock.wallMs()))
      throw this.#problems.unavailable('another process holds its lock');
  }

  readonly #isOwn = (there: FileId): boolean => (this.#file === null ? this.#foundOwn : sameFile(there, this.#file.id));

  /* ---- from file to file -------------------------------------------------------------------------------------- */

  /** The old file is whole: it gets its last two records once the next is open. */
  #nextFile(reason: Reason): void {
    const old = this.#file as AppendFile;
    const seen = old.look();
    const ends = (seen === 'ours' || seen === 'gone') && this.#owed.length === 0 && !this.#epoch.said;
    // A crash between here and `key_rotated` finds it, and ends the epoch anew.
    this.#problems.contain(() => this.#epoch.prepare(this.#settings.clock.wallMs()));
    const opened = this.#openFile(this.size + (ends ? LAST_RECORDS : 0));
    if (!opened.ok) throw this.#problems.unavailable(opened.errno);
    const now = this.#settings.clock.wallMs();
    if (ends) this.#checkpoints.last(old, now);
    this.#take(opened.file, { reason, recovered: [] });
  }

  #openFile(next: number): Opened {
    const { rotation } = this.#settings;
    const numbered = rotation.maxBytes !== null || rotation.daily;
    return openNext(this.path, { own: this.#isOwn, first: this.#first }, next, numbered);
  }

  /** The old file is not to be written any more. Should the next one not open, the next record tries again. */
  #turnAway(next: Next): void {
    this.#next = next;
    this.#openNext(next);
  }

  #openNext(next: Next): void {
    this.#ownLock();
    const opened = this.#openFile(this.size);
    if (!opened.ok) throw this.#problems.unavailable(opened.errno);
    this.#take(opened.file, next);
  }

  #take(file: AppendFile, next: Next): void {
    if (this.#file && this.#file.sync() !== null) this.#commit.lose();
    this.#file?.close();
    this.#file = file;
    this.#next = null;
    this.#first = this.size;
    this.#stateOwed = true;
    this.#lookedMs = this.#settings.clock.wallMs();
    this.#turn.begun(this.#lookedMs);
    if (this.size > 0) {
      this.#segment += 1;
      const nonce = this.#settings.random(16);
      const opening = segmentOpened(this.#keys.current, this.#segment, next.reason, this.#lines.tip.position(), nonce);
      const unsaid = this.#owed.filter(record => record.type !== 'segment_opened');
      this.#owed = [opening, ...unsaid, ...next.recovered];
      this.#epoch.fileBegins();
    }
    this.#payOwed(this.#lookedMs);
  }

  #payOwed(now: number): void {
    if (this.#stateOwed) {
      this.#writeState(false);
      this.#stateOwed = false;
    }
    while (this.#owed.length > 0) {
      const record = this.#owed[0] as RecordFields;
      this.#put(record, now);
      this.#owed.shift();
      this.#checkpoints.pace.count(record, now);
    }
    if (this.#epoch.due(now)) this.#endEpoch(now);
  }

  /** Where the next key cannot be made the old one serves on; what follows `key_rotated` waits until it is in force. */
  #endEpoch(now: number): void {
    const epoch = this.#epoch;
    if (!epoch.said && !this.#problems.contain(() => epoch.prepare(now))) return;
    const file = this.#file as AppendFile;
    this.#written(epoch.say(file, now));
    this.#sync(file);
    const failed = epoch.advance(now);
    if (failed !== null) throw this.#problems.unavailable(`${epochsName(this.path)}: ${failed}`);
    this.#problems.contain(() => {
      this.#writeState(false);
      epoch.destroyOld();
      this.#checkpoints.now(this.#file as AppendFile, now);
    });
  }

  /* ---- writing ------------------------------------------------------------------------------------------------ */

  #put(record: RecordFields, now: number): void {
    this.#written(this.#lines.write(this.#file as AppendFile, record, now));
  }

  #written(failed: WriteFailure | null): void {
    if (failed === null) return;
    if (!failed.cut) this.#next = afterFailure(this.#synced, this.size, failed.left);
    throw this.#problems.unavailable(failed.errno);
  }

  /** The state as of now; everything written must be on disk for it. */
  #writeState(closed: boolean): void {
    const file = this.#file as AppendFile;
    this.#sync(file);
    const failure = this.#state.write(this.#lines.tip.position(), this.#segment, file, file.size, closed);
    if (failure !== null) throw this.#problems.unavailable(`its state file: ${failure}`);
    this.#synced = this.size;
  }

  #sync(file: AppendFile): void {
    const failed = file.sync();
    if (failed !== null) this.#syncFailed(failed);
  }

  #syncFailed(cause: string): never {
    this.#next = afterFailure(this.#synced, this.size);
    throw this.#problems.unavailable(cause);
  }

  /** For the records that wait for the disk. A file that was ended meanwhile was synced when it was. */
  #syncAll(done: (certain: boolean) => void): void {
    const { size } = this;
    const file = this.#file;
    if (file === null || this.#closed) {
      done(this.#closed);
      return;
    }
    file.syncLater(failure => {
      if (this.#file === file && this.#next === null) {
        if (failure === null) this.#synced = Math.max(this.#synced, size);
        else this.#problems.contain(() => this.#syncFailed(failure));
      }
      done(failure === null);
    });
  }

  /** What a checkpoint needs of this. */
  #writing(): Writing {
    const writes = (file: AppendFile) => !this.#closed && this.#file === file && this.#next === null;
    return {
      nowMs: () => this.#settings.clock.wallMs(),
      free: () => {
        const file = this.#file;
        const free = file !== null && writes(file) && this.#owed.length === 0 && !this.#epoch.said;
        return free ? file : null;
      },
      writes,
      ready: now => this.#ready(now),
      synced: (errno, size) => {
        if (errno !== null) this.#syncFailed(errno);
        this.#synced = Math.max(this.#synced, size);
      },
      written: failed => this.#written(failed),
      keep: (at, file, offset) => this.#state.writeLater(at, this.#segment, file, offset),
      contain: work => this.#problems.contain(work),
    };
  }
}
