import type { OutcomeFields } from '../core/audit/fields.js';
import type { AgentId } from '../core/brand.js';
import type { Call, KillHold, Outcome } from './types.js';

/** What a call needs of the agent. */
export interface CallHost {
  look(agent: AgentId): KillHold | null;
  record(fields: OutcomeFields): void;
  /** Milliseconds on a clock that never runs backwards. */
  monotonicMs(): number;
  /** The error that a killed call's signal carries. */
  killError(requestId: string, hold: KillHold): Error;
  left(call: LiveCall): void;
}

/** One call between its decision and its outcome. */
export class LiveCall implements Call {
  readonly #host: CallHost;
  readonly #startMs: number;
  // A controller costs more than the rest of a call together, and most calls are never looked at through it.
  #controller: AbortController | null = null;
  #done = false;
  killed: KillHold | null = null;

  constructor(
    host: CallHost,
    readonly requestId: string,
    readonly agent: AgentId,
  ) {
    this.#host = host;
    this.#startMs = host.monotonicMs();
  }

  get signal(): AbortSignal {
    if (this.#controller === null) {
      this.#controller = new AbortController();
      if (this.killed !== null) this.#controller.abort(this.#host.killError(this.requestId, this.killed));
    }
    return this.#controller.signal;
  }

  /** Ends the call from the switch's side; the edge that owns it writes the outcome when its transport has let go. */
  kill(hold: KillHold): void {
    if (this.#done || this.killed !== null) return;
    this.killed = hold;
    this.#controller?.abort(this.#host.killError(this.requestId, hold));
  }

  confirm(): KillHold | null {
    const hold = this.killed ?? this.#host.look(this.agent);
    if (hold !== null) {
      this.kill(hold);
      this.finish({ result: 'killed' });
    }
    return hold;
  }

  finish(outcome: Outcome): void {
    if (this.#done) return;
    this.#done = true;
    this.#host.left(this);
    const killed = this.killed !== null && outcome.result !== 'ok' && outcome.result !== 'killed_late';
    this.#host.record({
      type: 'outcome',
      request_id: this.requestId,
      result: killed ? 'killed' : outcome.result,
      latency_ms: Math.max(0, Math.round(this.#host.monotonicMs() - this.#startMs)),
      ...(outcome.statusCode === undefined ? {} : { status_code: outcome.statusCode }),
      ...(outcome.requestBytes === undefined ? {} : { request_bytes: outcome.requestBytes }),
      ...(outcome.responseBytes === undefined ? {} : { response_bytes: outcome.responseBytes }),
    });
  }
}
