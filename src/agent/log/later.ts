/**
 * `durability: async`: records are written a moment later, in one go, and nobody waits. Only where permissive: what has not
 * been written when the process is killed is lost, and `time` is that of the writing. A refused record is counted.
 */
import type { AgentRecord } from '../../core/audit/fields.js';
import type { AuditHealth, AuditLog } from '../types.js';

/** Beyond this a burst is written at once: memory is bounded. */
const HELD_MAX = 4096;

export class LaterLog implements AuditLog {
  #held: AgentRecord[] = [];
  #timer: NodeJS.Immediate | null = null;
  #dropped = 0;
  #sinceMs = 0;

  constructor(
    private readonly log: AuditLog,
    private readonly wallMs: () => number,
  ) {}

  get origin(): string {
    return this.log.origin;
  }
  get path(): string {
    return this.log.path;
  }
  get publicKey(): string {
    return this.log.publicKey;
  }
  get size(): number {
    return this.log.size;
  }

  append(record: AgentRecord): void {
    this.#held.push(record);
    if (this.#held.length >= HELD_MAX) this.#flush();
    else this.#timer ??= setImmediate(() => this.#flush());
  }

  onDisk(): null {
    return null;
  }

  reopen(): void {
    this.#flush();
    this.log.reopen();
  }

  close(): void {
    this.#flush();
    this.log.close();
  }

  health(): AuditHealth {
    return this.log.health();
  }

  #flush(): void {
    if (this.#timer !== null) clearImmediate(this.#timer);
    this.#timer = null;
    const held = this.#held;
    this.#held = [];
    for (const record of held) this.#write(record);
  }

  #write(record: AgentRecord): void {
    try {
      if (this.#dropped > 0) {
        const since = new Date(this.#sinceMs).toISOString();
        this.log.append({ type: 'records_dropped', count: this.#dropped, since });
        this.#dropped = 0;
      }
      this.log.append(record);
    } catch {
      // The log has said why through its own channel.
      if (this.#dropped === 0) this.#sinceMs = this.wallMs();
      this.#dropped += 1;
    }
  }
}
