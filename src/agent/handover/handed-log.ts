/**
 * The log of a daemon, as the library writes it: every record goes to the daemon's socket, in order, and counts when the
 * daemon has said that it is written.
 *
 *   there  one report under way; what comes meanwhile waits for the next, within bounds
 *   lost   no answer, or no: calls are refused and records wait (`deny`), or a log of our own takes them (`local`)
 *
 * What the lost daemon had not acknowledged is sent again when it is back (it knows what it has by their numbers), or stands
 * in the local log, and then perhaps in both. A record in each says where the others are.
 */
import type { AgentRecord } from '../../core/audit/fields.js';
import type { OnLoss } from '../../core/config/settings.js';
import { Fault } from '../../core/fault.js';
import { HANDOVER_RETRY_MS } from '../../core/limits.js';
import type { Timers } from '../../disk/timers.js';
import type { Answer } from '../../handover/records-client.js';
import type { AuditHealth, AuditLog } from '../types.js';
import type { Outbox } from './outbox.js';

export interface Way {
  /** Never rejects. */
  post(report: string, holds: boolean): Promise<Answer>;
  close(): void;
}

export interface HandedLogParts {
  /** Of the socket; absolute. */
  readonly path: string;
  readonly way: Way;
  readonly outbox: Outbox;
  readonly onLoss: OnLoss;
  /** @throws Fault as openAuditLog does */
  readonly openLocal: () => AuditLog;
  readonly timers: Timers;
  readonly uid: number;
  readonly onProblem: (fault: Fault) => void;
}

interface Waiter {
  /** Waits until every record before this number is written. */
  readonly until: number;
  readonly tell: (written: boolean) => void;
}

/** In the form of an origin, since a latched kill must name one. */
const UNHEARD = 'unheard/daemon/0000000000000000';

export class HandedLog implements AuditLog {
  readonly #parts: HandedLogParts;
  readonly #outbox: Outbox;
  #state: 'there' | 'lost' = 'there';
  #origin = '';
  #local: AuditLog | null = null;
  /** Where the local log stood when it took over; null: it has taken nothing since the daemon was there. */
  #localFrom: number | null = null;
  #problem: Fault | null = null;
  #localProblem = '';
  #waiters: Waiter[] = [];
  #busy = false;
  #closed = false;
  #stopRetry: () => void = () => undefined;

  constructor(parts: HandedLogParts) {
    this.#parts = parts;
    this.#outbox = parts.outbox;
  }

  /** The socket; while the local log takes the records, that. */
  get path(): string {
    return this.#standsIn?.path ?? this.#parts.path;
  }

  /** The daemon's, {@link UNHEARD} before its first answer; while the local log takes the records, that's. */
  get origin(): string {
    return this.#standsIn?.origin ?? (this.#origin === '' ? UNHEARD : this.#origin);
  }

  get #standsIn(): AuditLog | null {
    return this.#localFrom === null ? null : this.#local;
  }

  /** The key is the daemon's. */
  get publicKey(): string {
    return '';
  }

  /** Records that have left us. */
  get size(): number {
    return this.#outbox.first;
  }

  /** `lost`: no record can be had, so no call may proceed. */
  get daemon(): 'there' | 'lost' {
    return this.#state === 'lost' && this.#localFrom === null ? 'lost' : 'there';
  }

  append(record: AgentRecord): void {
    if (this.#closed) throw this.#fault('it is closed');
    if (this.#state === 'lost' && this.#parts.onLoss === 'local') {
      this.#writeLocal();
      (this.#local as AuditLog).append(record);
      return;
    }
    if (!this.#outbox.push(record)) {
      if (this.#parts.onLoss === 'deny') throw this.#fault('too many records wait for it');
      this.#lose('too many records wait for it');
      this.append(record);
      return;
    }
    if (this.#state === 'there') this.#send();
  }

  onDisk(): Promise<boolean> | null {
    const { next, first } = this.#outbox;
    if (this.#state === 'there') {
      if (next === first) return null;
      return new Promise(tell => this.#waiters.push({ until: next, tell }));
    }
    if (this.daemon === 'lost') return Promise.resolve(false);
    return this.#local?.onDisk() ?? null;
  }

  reopen(): void {
    this.#local?.reopen();
  }

  /** What the daemon has not acknowledged by now goes into the local log; an `agent_stopped` alone is worth none. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#stopRetry();
    this.#parts.way.close();
    if (this.#outbox.has(record => record.type !== 'agent_stopped')) {
      this.#problem ??= this.#fault('it had not answered at the end');
      this.#contain(() => this.#writeLocal());
    }
    this.#tell(false);
    this.#local?.close();
  }

  health(): AuditHealth {
    const local = this.#standsIn?.health() ?? null;
    const state = this.#problem === null ? 'ok' : local === null || local.state === 'failing' ? 'failing' : 'degraded';
    const error = local?.state === 'failing' ? local.error : this.#problem;
    const none = { checkpointSize: 0, lastCheckpointMs: null, uncovered: 0, segment: null };
    return { ...(local ?? none), state, error: error && { code: error.code, message: error.message } };
  }

  /* ---- while the daemon is there ------------------------------------------------------------------------------ */

  #send(): void {
    if (this.#busy) return;
    this.#busy = true;
    // What else this turn of the event loop appends goes along.
    queueMicrotask(() => void this.#post(true));
  }

  async #post(holds: boolean): Promise<void> {
    const batch = this.#outbox.batch();
    const answer = await this.#parts.way.post(batch.text, holds);
    this.#busy = false;
    if (this.#closed) return;
    if (answer.is !== 'silent' && answer.next !== null) this.#outbox.leave(Math.min(answer.next, batch.end));
    if (answer.is === 'taken' && answer.next >= batch.end) {
      this.#origin = answer.log;
      if (this.#state === 'lost') this.#back();
      this.#tell(true);
      if (this.#outbox.size > 0) this.#send();
      return;
    }
    this.#lose(answer.is === 'taken' ? 'it did not take what was sent' : answer.why);
  }

  /** Those whose records have left are told; and with `written` false, the others that theirs have not. */
  #tell(written: boolean): void {
    const waiters = this.#waiters;
    const { first } = this.#outbox;
    this.#waiters = written ? waiters.filter(waiter => waiter.until > first) : [];
    for (const { until, tell } of waiters) {
      if (until <= first) tell(true);
      else if (!written) tell(false);
    }
  }

  /* ---- when it is not ------------------------------------------------------------------------------------------ */

  #lose(why: string): void {
    if (this.#state === 'there') {
      this.#state = 'lost';
      this.#problem = this.#fault(why);
      this.#report(this.#problem);
    }
    if (this.#parts.onLoss === 'local') this.#takeOver();
    this.#tell(false);
    this.#stopRetry();
    this.#stopRetry = this.#parts.timers.after(HANDOVER_RETRY_MS, () => this.#knock());
  }

  #knock(): void {
    if (this.#busy) {
      this.#stopRetry = this.#parts.timers.after(HANDOVER_RETRY_MS, () => this.#knock());
      return;
    }
    this.#busy = true;
    void this.#post(false);
  }

  /** What waits goes into the local log, and whoever waits for it waits for that. */
  #takeOver(): void {
    this.#contain(() => this.#writeLocal());
    const synced = this.#standsIn?.onDisk() ?? null;
    if (synced === null) return;
    const { first } = this.#outbox;
    const served = this.#waiters.filter(waiter => waiter.until <= first);
    this.#waiters = this.#waiters.filter(waiter => waiter.until > first);
    void synced.then(certain => {
      for (const { tell } of served) tell(certain);
    });
  }

  /** @throws Fault when a record cannot be written; it and those after it go on waiting. */
  #writeLocal(): void {
    this.#local ??= this.#parts.openLocal();
    const local = this.#local;
    if (this.#localFrom === null) {
      const from = this.#origin === '' ? 'the daemon has not answered yet' : `earlier records: log ${this.#origin}`;
      const at = local.size;
      local.append(this.#said('daemon_lost', from));
      this.#localFrom = at;
    }
    for (let record = this.#outbox.oldest(); record !== null; record = this.#outbox.oldest()) {
      local.append(record);
      this.#outbox.leave(this.#outbox.first + 1);
    }
  }

  #back(): void {
    this.#stopRetry();
    this.#state = 'there';
    this.#problem = null;
    this.#localProblem = '';
    const local = this.#local;
    const from = this.#localFrom;
    this.#localFrom = null;
    if (local === null || from === null) return;
    this.#contain(() => local.append(this.#said('daemon_back', `later records: log ${this.#origin}`)));
    this.#outbox.push(this.#said('logged_locally', `log ${local.origin} from ${from} to ${local.size - 1}`));
  }

  #said(action: string, reason: string): AgentRecord {
    return { type: 'operator_action', action, by_uid: this.#parts.uid, reason };
  }

  #contain(act: () => void): void {
    try {
      act();
    } catch (error) {
      if (!(error instanceof Fault) || error.message === this.#localProblem) return;
      this.#localProblem = error.message;
      this.#report(error);
    }
  }

  #fault(why: string): Fault {
    return new Fault('daemon_unavailable', { path: this.#parts.path, why });
  }

  #report(fault: Fault): void {
    try {
      this.#parts.onProblem(fault);
    } catch {
      // The host's mistake is not ours to pass on.
    }
  }
}
