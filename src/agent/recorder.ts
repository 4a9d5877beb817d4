import type { AgentRecord } from '../core/audit/fields.js';
import { Counters } from './counters.js';
import type { Telemetry } from './telemetry.js';
import type { AuditLog } from './types.js';

/**
 * Writes records and never throws: what could not be written is counted, and the count goes into the log as soon as
 * it takes lines again.
 */
export class Recorder {
  #dropped = 0;
  #sinceMs = 0;

  constructor(
    private readonly log: AuditLog,
    private readonly wallMs: () => number,
    /** Told of each record that is in the file. */
    private readonly telemetry: Telemetry | null = null,
    readonly counters: Counters = new Counters(wallMs),
  ) {}

  onDisk(): Promise<boolean> | null {
    return this.log.onDisk();
  }

  get daemon(): AuditLog['daemon'] {
    return this.log.daemon;
  }

  /** True when the record is in the file, or on its way to the daemon. */
  record(fields: AgentRecord): boolean {
    try {
      if (this.#dropped > 0) {
        const since = new Date(this.#sinceMs).toISOString();
        const dropped = { type: 'records_dropped', count: this.#dropped, since } as const;
        this.log.append(dropped);
        this.counters.written(dropped);
        this.#dropped = 0;
      }
      this.log.append(fields);
      this.counters.written(fields);
      this.telemetry?.recorded(fields);
      return true;
    } catch {
      // The log has said why through its own channel; here only the number must not be lost.
      if (this.#dropped === 0) this.#sinceMs = this.wallMs();
      this.#dropped += 1;
      this.counters.lost();
      return false;
    }
  }
}
