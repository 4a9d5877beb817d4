import type { OutcomeFields } from '../core/audit/fields.js';
import type { AgentId } from '../core/brand.js';
import { killDecision } from '../core/decide/kill.js';
import type { Decision } from '../core/decide/types.js';
import type { Usage } from '../core/outcome/usage.js';
import { CheckrdPolicyDenied } from './errors.js';
import type { Flight } from './in-flight.js';
import type { Call, KillHold, Outcome } from './types.js';

/** What a call needs of the agent. */
export interface CallHost {
  look(agent: AgentId): KillHold | null;
  record(fields: OutcomeFields): void;
  /** Null: nobody waits for the disk. */
  onDisk(): Promise<Decision | null> | null;
  /** Milliseconds on a clock that never runs backwards. */
  monotonicMs(): number;
  left(call: LiveCall): void;
}

/** One call between its decision and its outcome. */
export class LiveCall implements Call, Flight {
  readonly #host: CallHost;
  readonly #startMs: number;
  // Made on demand: a controller costs more than the rest of a call together.
  #controller: AbortController | null = null;
  #listener: (() => void) | null = null;
  #status: number | null = null;
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
      if (this.killed !== null) this.#controller.abort(this.#denial(this.killed));
    }
    return this.#controller.signal;
  }

  /** Ends the call from the switch's side; the edge that owns it writes the outcome when its transport has let go. */
  abort(hold: KillHold): boolean {
    if (this.#done || this.killed !== null) return false;
    this.killed = hold;
    // Whoever listens to the signal may take its time; every other call has been ended by then.
    const controller = this.#controller;
    if (controller !== null) queueMicrotask(() => controller.abort(this.#denial(hold)));
    this.#listener?.();
    return true;
  }

  onKill(listener: () => void): void {
    this.#listener = listener;
    if (this.killed !== null) listener();
  }

  onDisk(): Promise<Decision | null> | null {
    const kept = this.#host.onDisk();
    if (kept === null) return null;
    const certain = kept.then(denial => {
      if (denial !== null) this.finish({ result: 'aborted' });
      return denial;
    });
    // A disk that hangs must not keep what the switch has ended: `confirm` then says so.
    return Promise.race([certain, new Promise<null>(resolve => this.onKill(() => resolve(null)))]);
  }

  confirm(): KillHold | null {
    const hold = this.killed ?? this.#host.look(this.agent);
    if (hold === null) return null;
    this.abort(hold);
    this.finish({ result: 'killed' });
    return hold;
  }

  answered(statusCode: number): void {
    this.#status = statusCode;
  }

  /** The agent closes: a call whose response has come is `ok` as far as anyone saw, another was cut off. */
  leave(): void {
    if (this.#status === null) this.finish({ result: 'aborted' });
    else this.finish({ result: 'ok', statusCode: this.#status });
  }

  finish(outcome: Outcome): void {
    if (this.#done) return;
    this.#done = true;
    this.#listener = null;
    this.#host.left(this);
    const cutByUs = this.killed !== null && outcome.result !== 'ok' && outcome.result !== 'killed_late';
    this.#host.record({
      type: 'outcome',
      request_id: this.requestId,
      result: cutByUs ? 'killed' : outcome.result,
      latency_ms: outcome.latencyMs ?? Math.max(0, Math.round(this.#host.monotonicMs() - this.#startMs)),
      ...(outcome.statusCode === undefined ? {} : { status_code: outcome.statusCode }),
      ...(outcome.requestBytes === undefined ? {} : { request_bytes: outcome.requestBytes }),
      ...(outcome.responseBytes === undefined ? {} : { response_bytes: outcome.responseBytes }),
      ...(outcome.usage === undefined ? {} : usageFields(outcome.usage)),
    });
  }

  #denial(hold: KillHold): CheckrdPolicyDenied {
    return new CheckrdPolicyDenied({ ...killDecision(hold), requestId: this.requestId });
  }
}

function usageFields({ model, inputTokens, outputTokens }: Usage): Partial<OutcomeFields> {
  return {
    ...(model === undefined ? {} : { model }),
    ...(inputTokens === undefined ? {} : { input_tokens: inputTokens }),
    ...(outputTokens === undefined ? {} : { output_tokens: outputTokens }),
  };
}
