/**
 * Records on their way to the daemon: numbered, in order, bounded. A record leaves when the daemon says that it is written.
 */
import type { AgentRecord } from '../../core/audit/fields.js';
import { HANDOVER_MAX_CHARS, HANDOVER_MAX_RECORDS, REPORT_MAX_BYTES, REPORT_MAX_RECORDS } from '../../core/limits.js';

const UTF8_MAX_BYTES_PER_UNIT = 3;

interface Waiting {
  readonly record: AgentRecord;
  readonly text: string;
}

/** Some of them, as a report: `text` is the body for the socket. */
export interface Batch {
  readonly first: number;
  /** Number of the record after the last. */
  readonly end: number;
  readonly text: string;
}

export class Outbox {
  #waiting: Waiting[] = [];
  #chars = 0;
  /** Number of the first that waits. */
  #first = 0;

  constructor(private readonly instanceId: string) {}

  get size(): number {
    return this.#waiting.length;
  }

  /** Number that the next record gets; so many were put in. */
  get next(): number {
    return this.#first + this.#waiting.length;
  }

  /** Number of the first record that waits; all before it have left. */
  get first(): number {
    return this.#first;
  }

  /** False: there is no room. */
  push(record: AgentRecord): boolean {
    const text = JSON.stringify(record);
    if (this.#waiting.length >= HANDOVER_MAX_RECORDS || this.#chars + text.length > HANDOVER_MAX_CHARS) return false;
    this.#waiting.push({ record, text });
    this.#chars += text.length;
    return true;
  }

  /** The oldest, as many as go at once. */
  batch(): Batch {
    const texts: string[] = [];
    let bytes = 0;
    for (const { text } of this.#waiting) {
      bytes += text.length * UTF8_MAX_BYTES_PER_UNIT;
      if (texts.length === REPORT_MAX_RECORDS || (texts.length > 0 && bytes > REPORT_MAX_BYTES)) break;
      texts.push(text);
    }
    const first = this.#first;
    const text = `{"instance_id":"${this.instanceId}","first":${first},"records":[${texts.join(',')}]}`;
    return { first, end: first + texts.length, text };
  }

  /** Everything before `next` has left. */
  leave(next: number): void {
    const gone = this.#waiting.splice(0, Math.max(0, Math.min(next, this.next) - this.#first));
    for (const { text } of gone) this.#chars -= text.length;
    this.#first += gone.length;
  }

  oldest(): AgentRecord | null {
    return this.#waiting[0]?.record ?? null;
  }

  has(is: (record: AgentRecord) => boolean): boolean {
    return this.#waiting.some(({ record }) => is(record));
  }
}
