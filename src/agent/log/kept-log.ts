/** A log with its housekeeping: the reserve for a full disk, heads said elsewhere, retention. All come after the records. */
import type { AgentRecord } from '../../core/audit/fields.js';
import { Fault } from '../../core/fault.js';
import { POLL_EVERY_MS } from '../../core/limits.js';
import { errno } from '../../disk/errno.js';
import type { AuditHealth, AuditLog } from '../types.js';
import { HeadSayer } from './heads.js';
import type { LogKeys } from './keys.js';
import { Reserve } from './reserve.js';
import { type Retention, removable, remove } from './retention.js';
import type { AuditLogSettings } from './settings.js';
import type { LogWriter } from './writer.js';

/** Files are turned over by the minute at most; to look for them costs a few reads each. */
const SWEEP_EVERY_MS = 60_000;

export class KeptLog implements AuditLog {
  readonly #log: LogWriter;
  readonly #keys: LogKeys;
  readonly #once: boolean;
  #claimed = false;
  #closed = false;
  readonly #reserve: Reserve;
  readonly #heads: HeadSayer;
  readonly #retention: Retention;
  readonly #wallMs: () => number;
  readonly #tell: (fault: Fault) => void;
  readonly #timer: NodeJS.Timeout;
  #sweptMs: number;
  #sweepFailed = false;

  /**
   * @param keys taken for good once the log is there
   * @param once nobody will ever go on with this log: its key goes with it
   * @throws Fault `key_file_unwritable`
   */
  constructor(log: LogWriter, settings: AuditLogSettings, keys: LogKeys, once: boolean) {
    this.#log = log;
    this.#keys = keys;
    this.#once = once;
    if (log.size > 0) this.#claim();
    this.#tell = fault => {
      try {
        settings.onProblem(fault);
      } catch {
        // The host's mistake is not ours to pass on.
      }
    };
    this.#reserve = new Reserve(`${log.path}.reserve`, settings.reserveBytes, this.#tell);
    this.#heads = new HeadSayer(log.origin, settings.heads, this.#tell);
    this.#retention = settings.retention;
    this.#wallMs = settings.clock.wallMs;
    this.#sweptMs = this.#wallMs();
    this.#sweep();
    this.#timer = setInterval(() => this.#tick(), POLL_EVERY_MS);
    this.#timer.unref();
  }

  get origin(): string {
    return this.#log.origin;
  }
  get path(): string {
    return this.#log.path;
  }
  get publicKey(): string {
    return this.#log.publicKey;
  }
  get size(): number {
    return this.#log.size;
  }

  append(record: AgentRecord): void {
    try {
      this.#log.append(record);
    } catch (error) {
      const freed = error instanceof Fault ? this.#reserve.freeFor(error) : null;
      if (freed === null) throw error;
      this.#log.append(freed);
      this.#log.append(record);
    }
    if (!this.#claimed) this.#claimLate();
  }

  onDisk(): Promise<boolean> | null {
    return this.#log.onDisk();
  }

  reopen(): void {
    this.#log.reopen();
    this.#sweep();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#timer);
    this.#log.close();
    if (this.#once) this.#forgetKeys();
    this.#heads.look(this.#log.head, this.#wallMs(), true);
  }

  health(): AuditHealth {
    const health = this.#log.health();
    if (health.state === 'failing' || !this.#reserve.missing) return health;
    const { code, message } = this.#reserve.fault;
    return { ...health, state: 'degraded', error: { code, message } };
  }

  #claim(): void {
    this.#keys.claim();
    this.#claimed = true;
  }

  /** The record is written; a key that cannot be renamed is found by the next start all the same. */
  #claimLate(): void {
    this.#claimed = true;
    try {
      this.#claim();
    } catch (error) {
      if (error instanceof Fault) this.#tell(error);
    }
  }

  #forgetKeys(): void {
    try {
      this.#keys.destroy();
    } catch (error) {
      if (error instanceof Fault) this.#tell(error);
    }
  }

  #tick(): void {
    const now = this.#wallMs();
    try {
      const restored = this.#reserve.restore(now);
      if (restored !== null) this.#log.append(restored);
    } catch {
      // The log has said why through its own channel.
    }
    this.#heads.look(this.#log.head, now);
    if (Math.abs(now - this.#sweptMs) >= SWEEP_EVERY_MS) this.#sweep();
  }

  #sweep(): void {
    this.#sweptMs = this.#wallMs();
    try {
      const gone = removable(this.path, this.origin, this.#retention, this.#sweptMs);
      if (gone.length === 0) return;
      for (const { record } of gone) this.#log.append(record);
      this.#log.checkpoint();
      for (const file of gone) remove(file);
      this.#sweepFailed = false;
    } catch (error) {
      if (!this.#sweepFailed && !(error instanceof Fault)) {
        this.#tell(new Fault('retention_failed', { path: this.path, why: errno(error) }));
      }
      this.#sweepFailed = true;
    }
  }
}
