/**
 * An agent in memory whose decisions a test steers, for tests of the edge alone: no engine, no log, no files.
 * What it is asked and told is kept for the test to look at.
 */
import type {
  Agent,
  AgentHealth,
  AgentLifecycle,
  Begun,
  Call,
  CallContext,
  KillHold,
  Outcome,
} from '#src/agent/types.js';
import { type AgentId, agentId } from '#src/core/brand.js';
import { blocks, type Decision, type DecisionCode, type HttpRequest } from '#src/core/decide/types.js';
import { HEALTH } from './health.js';

export type Steer = (request: HttpRequest, context: CallContext) => 'allow' | 'need_body' | 'deny' | Decision;

export interface SeenCall {
  readonly requestId: string;
  readonly request: HttpRequest;
  readonly context: CallContext;
  readonly signal: AbortSignal;
  readonly outcomes: Outcome[];
  answered: number | null;
}

export interface SeenRefusal {
  readonly code: string;
  readonly request: Partial<HttpRequest>;
  readonly context: CallContext;
}

export const HOLD: KillHold = { source: '/killswitch', scope: 'all', reason: null, ownerUid: null, fileTimeMs: null };

export class SteeredAgent implements Agent, AgentLifecycle {
  readonly agentId: AgentId = agentId('steered')!;
  readonly securityMode = 'strict' as const;
  /** Every begin, in order, also those that asked for the body. */
  readonly asked: HttpRequest[] = [];
  readonly calls: SeenCall[] = [];
  readonly refusals: SeenRefusal[] = [];
  readonly order: string[] = [];
  inspectBytes = 1024 * 1024;
  hold: KillHold | null = null;
  closed = 0;
  readonly #live = new Set<(hold: KillHold) => void>();
  #serial = 0;

  constructor(public steer: Steer = () => 'allow') {}

  begin(request: HttpRequest, context: CallContext): Begun {
    this.order.push('begin');
    this.asked.push(request);
    if (this.hold !== null) return this.#refused('kill_switch', request, context);
    const said = this.steer(request, context);
    if (said === 'need_body') return { kind: 'need_body', inspectBytes: this.inspectBytes };
    if (said === 'deny') return this.#refused('rule_denied', request, context);
    const made = said === 'allow' ? decision('rule_allowed') : said;
    return blocks(made) ? this.#refused(made.code, request, context, made) : this.#proceed(request, context, made);
  }

  precheck(request: HttpRequest, context: CallContext): Extract<Begun, { kind: 'refused' }> | null {
    this.order.push('precheck');
    return this.hold === null ? null : this.#refused('kill_switch', request, context);
  }

  skip(request: HttpRequest, context: CallContext): Exclude<Begun, { kind: 'need_body' }> {
    this.order.push('skip');
    if (this.hold !== null) return this.#refused('kill_switch', request, context);
    return this.#proceed(request, context, decision('hook_skipped'));
  }

  waits(_agent: AgentId, stopped: () => void): () => void {
    this.#live.add(stopped);
    return () => void this.#live.delete(stopped);
  }

  refuse(
    code: 'redirect_refused' | 'hook_refused' | 'request_invalid' | 'not_covered',
    reason: string,
    request: Partial<HttpRequest>,
    context: CallContext,
  ): { requestId: string; decision: Decision } {
    this.order.push('refuse');
    this.refusals.push({ code, request, context });
    return { requestId: this.#id(), decision: { ...decision(code), reason } };
  }

  health(): AgentHealth {
    return { ...HEALTH, holds: this.hold === null ? [] : [this.hold] };
  }

  async close(): Promise<void> {
    this.closed++;
  }

  /** The switch: refuses from now on and ends what is in flight. */
  kill(hold: KillHold = HOLD): void {
    this.hold = hold;
    for (const end of [...this.#live]) end(hold);
  }

  get last(): SeenCall {
    return this.calls.at(-1)!;
  }

  #id(): string {
    return `request-${++this.#serial}`;
  }

  #refused(
    code: DecisionCode,
    request: HttpRequest,
    context: CallContext,
    made: Decision = decision(code),
  ): Extract<Begun, { kind: 'refused' }> {
    this.refusals.push({ code, request, context });
    return { kind: 'refused', requestId: this.#id(), decision: made };
  }

  #proceed(request: HttpRequest, context: CallContext, said: Decision): Extract<Begun, { kind: 'proceed' }> {
    const controller = new AbortController();
    const requestId = this.#id();
    const outcomes: Outcome[] = [];
    const seen: SeenCall = { requestId, request, context, signal: controller.signal, outcomes, answered: null };
    this.calls.push(seen);
    const live = this.#live;
    const state: { killed: KillHold | null; listener: () => void } = { killed: null, listener: () => undefined };
    const end = (hold: KillHold): void => {
      state.killed = hold;
      live.delete(end);
      controller.abort(new Error('the switch'));
      state.listener();
    };
    live.add(end);
    const look = (): KillHold | null => this.hold;
    const call: Call = {
      signal: controller.signal,
      get killed() {
        return state.killed;
      },
      onKill(listener) {
        state.listener = listener;
        if (state.killed !== null) listener();
      },
      onDisk: () => null,
      confirm() {
        const hold = look();
        if (hold !== null) call.finish({ result: 'killed' });
        return hold;
      },
      answered(status) {
        seen.answered = status;
      },
      finish(outcome) {
        live.delete(end);
        outcomes.push(outcome);
      },
    };
    return { kind: 'proceed', requestId, decision: said, call };
  }
}

export function decision(code: DecisionCode): Decision {
  const allowed = code === 'rule_allowed' || code === 'hook_skipped';
  return {
    result: allowed ? 'allow' : 'deny',
    enforced: true,
    code,
    matchedRule: null,
    matchedRuleKind: 'system',
    reason: `steered: ${code}`,
    uncertain: false,
    shadowRules: [],
  };
}
