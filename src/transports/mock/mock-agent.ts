/**
 * An agent that decides as a test says and remembers what it was asked.
 *
 *   in   : requests as an edge puts them
 *   out  : decisions of the agent's form; the calls, each with its end
 *   never: files, clocks, the engine
 */
import type { Agent, Begun, CallContext, KillHold, Outcome } from '../../agent/types.js';
import type { AgentId } from '../../core/brand.js';
import { killDecision } from '../../core/decide/kill.js';
import { systemAllowance, systemDenial } from '../../core/decide/system.js';
import { checkAction } from '../../core/decide/tool-request.js';
import { type ActionRequest, blocks, type Decision, type DecisionCode } from '../../core/decide/types.js';
import { BODY_INSPECT_DEFAULT_BYTES } from '../../core/limits.js';
import { MockCallState } from './mock-call.js';

/** More than a yes or a no. */
export interface MockDecision {
  readonly allow: boolean;
  /** Default `rule_denied`. */
  readonly code?: DecisionCode;
  readonly reason?: string;
  readonly hint?: string;
  readonly retryAfterMs?: number;
}

/** @param body The request's body as text, null without one or beyond 1 MiB. */
export type MockPolicy = (
  method: string,
  url: string,
  headers: readonly (readonly [name: string, value: string])[],
  body: string | null,
) => boolean | MockDecision | undefined;

export interface MockOutcome {
  readonly result: Outcome['result'];
  readonly statusCode: number | null;
  readonly requestBytes: number | null;
  readonly responseBytes: number | null;
  readonly model: string | null;
  readonly inputTokens: number | null;
  readonly outputTokens: number | null;
}

export interface MockCall {
  readonly requestId: string;
  /** Of a redirect hop: the first one. */
  readonly parentRequestId: string | null;
  readonly agentId: string;
  readonly sessionId: string | null;
  readonly method: string;
  readonly url: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** Text; null where there is none, or where nobody asked for it (no `policyFn`). */
  readonly body: string | null;
  readonly allowed: boolean;
  readonly code: DecisionCode;
  readonly reason: string;
  /** Null while it is under way, and for one that was refused. */
  readonly outcome: MockOutcome | null;
}

export interface MockRules {
  readonly isAllowed: boolean;
  readonly policy: MockPolicy | null;
  readonly reason: string;
  readonly enforced: boolean;
}

type Refused = Extract<Begun, { kind: 'refused' }>;
type Settled = Exclude<Begun, { kind: 'need_body' }>;

const HOLD: KillHold = { source: 'mock', scope: 'all', reason: null, ownerUid: null, fileTimeMs: null };

export class MockAgent implements Agent {
  readonly calls: MockCall[] = [];
  readonly #rules: MockRules;
  readonly #stops = new Set<(hold: KillHold) => void>();
  #hold: KillHold | null = null;
  #serial = 0;

  constructor(
    readonly agentId: AgentId,
    rules: MockRules,
  ) {
    this.#rules = rules;
  }

  setKillSwitch(engaged: boolean): void {
    this.#hold = engaged ? HOLD : null;
    if (engaged) for (const stop of [...this.#stops]) stop(HOLD);
  }

  begin(request: ActionRequest, context: CallContext): Begun {
    const stands = this.#stands(request);
    if (stands !== null) return this.#settle(stands, request, context);
    const { policy } = this.#rules;
    if (policy !== null && !('tool' in request) && request.body.kind === 'unread') {
      return { kind: 'need_body', inspectBytes: BODY_INSPECT_DEFAULT_BYTES };
    }
    return this.#settle(this.#decide(request), request, context);
  }

  precheck(request: ActionRequest, context: CallContext): Refused | null {
    const stands = this.#stands(request);
    return stands === null ? null : this.#refused(stands, request, context);
  }

  skip(request: ActionRequest, context: CallContext): Settled {
    return this.#settle(
      this.#stands(request) ?? systemAllowance('hook_skipped', 'skipped by a hook'),
      request,
      context,
    );
  }

  waits(_agent: AgentId, stopped: () => void): () => void {
    this.#stops.add(stopped);
    return () => void this.#stops.delete(stopped);
  }

  refuse(
    code: Parameters<Agent['refuse']>[0],
    reason: string,
    request: Partial<ActionRequest>,
    context: CallContext,
  ): Refused {
    return this.#refused(systemDenial(code, reason), request, context);
  }

  #stands(request: ActionRequest): Decision | null {
    const valid = checkAction(request);
    if (!valid.ok) return systemDenial('request_invalid', valid.reason);
    return this.#hold === null ? null : killDecision(this.#hold);
  }

  #decide(request: ActionRequest): Decision {
    const { policy, isAllowed, reason } = this.#rules;
    const headers = 'headers' in request ? request.headers : [];
    const said = policy?.(request.method, request.url ?? '', headers, bodyText(request)) ?? isAllowed;
    if (said === true) return systemAllowance('rule_allowed', 'allowed by the mock');
    const given: MockDecision = said === false ? { allow: false } : said;
    if (given.allow) return systemAllowance(given.code ?? 'rule_allowed', given.reason ?? 'allowed by the mock');
    return {
      ...systemAllowance(given.code ?? 'rule_denied', given.reason ?? reason),
      result: 'deny',
      enforced: this.#rules.enforced,
      ...(given.hint === undefined ? {} : { hint: given.hint }),
      ...(given.retryAfterMs === undefined ? {} : { retryAfterMs: given.retryAfterMs }),
    };
  }

  #settle(decision: Decision, request: ActionRequest, context: CallContext): Settled {
    if (blocks(decision)) return this.#refused(decision, request, context);
    const requestId = this.#id();
    const at = this.#keep(decision, request, context, requestId);
    const call = new MockCallState(
      () => this.#hold,
      outcome => {
        this.#stops.delete(stop);
        this.calls[at] = { ...(this.calls[at] as MockCall), outcome: outcomeOf(outcome) };
      },
    );
    const stop = (hold: KillHold): void => call.stop(hold);
    this.#stops.add(stop);
    return { kind: 'proceed', requestId, decision, call };
  }

  #refused(decision: Decision, request: Partial<ActionRequest>, context: CallContext): Refused {
    const requestId = this.#id();
    this.#keep(decision, request, context, requestId);
    return { kind: 'refused', requestId, decision };
  }

  #keep(decision: Decision, request: Partial<ActionRequest>, context: CallContext, requestId: string): number {
    const { method = '', url } = request;
    return (
      this.calls.push({
        requestId,
        parentRequestId: context.parentRequestId ?? null,
        agentId: context.agent,
        sessionId: context.sessionId ?? null,
        method,
        url: url ?? '',
        headers: 'headers' in request ? (request.headers ?? []) : [],
        body: bodyText(request),
        allowed: decision.result === 'allow',
        code: decision.code,
        reason: decision.reason,
        outcome: null,
      }) - 1
    );
  }

  #id(): string {
    return `mock-${++this.#serial}`;
  }
}

const decoder = new TextDecoder();

function bodyText(request: Partial<ActionRequest>): string | null {
  const body = 'body' in request ? request.body : undefined;
  return body?.kind === 'bytes' ? decoder.decode(body.bytes) : null;
}

function outcomeOf({ result, statusCode, requestBytes, responseBytes, usage }: Outcome): MockOutcome {
  return {
    result,
    statusCode: statusCode ?? null,
    requestBytes: requestBytes ?? null,
    responseBytes: responseBytes ?? null,
    model: usage?.model ?? null,
    inputTokens: usage?.inputTokens ?? null,
    outputTokens: usage?.outputTokens ?? null,
  };
}
