/**
 * Feeds a sink with one event for each call, after the local write, and keeps the sink's troubles from the calls.
 *
 *   in   : each record that is in the log
 *   out  : events to the sink, one after the other, in later turns of the event loop; the number of those it did not get
 *   never: throws, waits in a call, holds more than 10,000 events or 10,000 calls without an outcome
 */
import type { AgentRecord, DecisionFields, OutcomeFields } from '../core/audit/fields.js';
import { HOOK_TIMEOUT_MS, TELEMETRY_CLOSE_MS, TELEMETRY_MAX_CALLS, TELEMETRY_MAX_EVENTS } from '../core/limits.js';
import { telemetryEvent } from '../core/telemetry/event.js';
import type { TelemetrySink } from '../core/telemetry/sink.js';

/** Events handed over in one turn of the event loop. */
const TURN_EVENTS = 64;

interface Decided {
  readonly fields: DecisionFields;
  readonly atMs: number;
}

interface Waiting {
  readonly decided: Decided;
  readonly outcome: OutcomeFields | null;
}

export interface Dropped {
  readonly count: number;
  readonly sinceMs: number;
}

export class Telemetry {
  readonly #sink: TelemetrySink;
  readonly #wallMs: () => number;
  readonly #open = new Map<string, Decided>();
  #waiting: Waiting[] = [];
  #next = 0;
  #running = false;
  #ended = false;
  #dropped = 0;
  #sinceMs = 0;

  constructor(sink: TelemetrySink, wallMs: () => number) {
    this.#sink = sink;
    this.#wallMs = wallMs;
  }

  /** A record that is in the log by now. */
  recorded(record: AgentRecord): void {
    if (record.type === 'decision') this.#decided({ fields: record, atMs: this.#wallMs() });
    else if (record.type === 'outcome') {
      const id = callOf(record);
      const decided = this.#open.get(id);
      this.#open.delete(id);
      if (decided !== undefined) this.#push({ decided, outcome: record });
    }
  }

  /** What the sink did not get since the last asking; null: nothing. */
  takeDropped(): Dropped | null {
    if (this.#dropped === 0) return null;
    const dropped = { count: this.#dropped, sinceMs: this.#sinceMs };
    this.#dropped = 0;
    return dropped;
  }

  /** Hands over what is waiting and closes the sink; two seconds at most, whatever the sink does. */
  async close(): Promise<void> {
    const end = within(
      TELEMETRY_CLOSE_MS,
      'hold the process',
      (async () => {
        while (this.#waiting.length > this.#next || this.#running) await nextTurn();
        await this.#sink.close();
      })(),
    );
    await end.catch(() => undefined);
    this.#ended = true;
    this.#drop(this.#waiting.length - this.#next);
    this.#waiting = [];
    this.#next = 0;
  }

  /** The process exits: what is waiting is handed over now, and no promise is waited for. */
  exit(): void {
    if (this.#ended) return;
    this.#ended = true;
    for (const waiting of this.#waiting.slice(this.#next)) {
      try {
        this.#sink.enqueue(eventOf(waiting));
      } catch {
        this.#drop(1);
      }
    }
    this.#waiting = [];
    this.#next = 0;
  }

  #decided(decided: Decided): void {
    const { policy_result: result, enforced } = decided.fields;
    if (result === 'deny' && enforced) {
      this.#push({ decided, outcome: null });
      return;
    }
    this.#open.set(callOf(decided.fields), decided);
    if (this.#open.size <= TELEMETRY_MAX_CALLS) return;
    const [oldest, call] = this.#open.entries().next().value as [string, Decided];
    this.#open.delete(oldest);
    this.#push({ decided: call, outcome: null });
  }

  #push(waiting: Waiting): void {
    if (this.#ended || this.#waiting.length - this.#next >= TELEMETRY_MAX_EVENTS) {
      this.#drop(1);
      return;
    }
    this.#waiting.push(waiting);
    if (this.#running) return;
    this.#running = true;
    setImmediate(() => void this.#run()).unref();
  }

  /** One at a time. Ends when nothing waits. */
  async #run(): Promise<void> {
    let inTurn = 0;
    while (!this.#ended && this.#next < this.#waiting.length) {
      const waiting = this.#waiting[this.#next++] as Waiting;
      if (this.#next >= TURN_EVENTS) this.#waiting = this.#waiting.splice(this.#next);
      if (this.#next >= TURN_EVENTS) this.#next = 0;
      try {
        const answer = this.#sink.enqueue(eventOf(waiting));
        if (isThenable(answer)) await within(HOOK_TIMEOUT_MS, 'let it end', answer);
      } catch {
        // The sink's failure is the sink's: the records are in the log.
        this.#drop(1);
      }
      inTurn++;
      if (inTurn % TURN_EVENTS === 0) await new Promise(resolve => setImmediate(resolve).unref());
    }
    this.#running = false;
  }

  #drop(count: number): void {
    if (count === 0) return;
    if (this.#dropped === 0) this.#sinceMs = this.#wallMs();
    this.#dropped += count;
  }
}

/** A reported outcome ends only calls that the same agent reported. */
function callOf({ request_id: id, agent_id: agent, reported }: DecisionFields | OutcomeFields): string {
  return reported === true ? `${agent} ${id}` : id;
}

function eventOf({ decided, outcome }: Waiting): ReturnType<typeof telemetryEvent> {
  return telemetryEvent(decided.fields, decided.atMs, outcome);
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function';
}

const nextTurn = (): Promise<void> => new Promise(resolve => setImmediate(resolve));

/** Rejects when `work` takes longer; what it comes to later is nobody's. A sink is no reason for a program to stay. */
function within(ms: number, meanwhile: 'hold the process' | 'let it end', work: PromiseLike<unknown>): Promise<void> {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error('late')), ms);
    if (meanwhile === 'let it end') late.unref();
    Promise.resolve(work)
      .then(() => resolve(), reject)
      .finally(() => clearTimeout(late));
  });
}
