/**
 * The policy decision point: the order of a decision, once, for every edge.
 *
 *   valid? → kill switch → policy (engine) → limits → record → proceed or refuse
 *
 *   in   : a request as it will be sent, and whose it is
 *   out  : need_body, refused, or a call that may proceed; its decision record is in the log before the caller knows
 *   never: throws at its caller, knows HTTP beyond the request's shape, lets anything pass that it could not record (strict)
 */
import { performance } from 'node:perf_hooks';
import { decisionRecord, type UrlPathForm } from '../core/audit/decision-record.js';
import type { AgentRecord } from '../core/audit/fields.js';
import type { AgentId } from '../core/brand.js';
import { checkRequest } from '../core/decide/request.js';
import type { Decision, DecisionCode, HttpRequest } from '../core/decide/types.js';
import { blocks } from '../core/decide/types.js';
import { parseTraceparent } from '../core/trace/traceparent.js';
import { LiveCall } from './calls.js';
import { decideByGeneration } from './decide.js';
import { CheckrdPolicyDenied } from './errors.js';
import type { Ids } from './ids.js';
import type { InFlight } from './in-flight.js';
import type {
  Agent,
  AuditLog,
  Begun,
  CallContext,
  Generation,
  KillHold,
  KillObserver,
  KillSwitch,
  PolicySource,
  SecurityMode,
} from './types.js';

/** The parts of a running agent; whoever opens it owns them. */
export interface AgentParts {
  readonly log: AuditLog;
  readonly kill: KillSwitch;
  readonly policy: PolicySource;
  readonly inFlight: InFlight;
  readonly ids: Ids;
}

export interface AgentRules {
  readonly securityMode: SecurityMode;
  /** False: every document decides as in `dry_run`. */
  readonly enforce: boolean;
  readonly allowSkip: boolean;
  readonly urlPath: UrlPathForm;
  readonly inspectBytes: number;
  readonly instanceId: string;
}

const system = (code: DecisionCode, reason: string, enforced = true): Decision => ({
  result: 'deny',
  enforced,
  code,
  matchedRule: null,
  matchedRuleKind: 'system',
  reason,
  uncertain: false,
});

export class LiveAgent implements Agent, KillObserver {
  readonly #parts: AgentParts;
  readonly #rules: AgentRules;
  /** Records that permissive mode let go, until they can be counted in the log. */
  #dropped = { count: 0, sinceMs: 0 };

  constructor(parts: AgentParts, rules: AgentRules) {
    this.#parts = parts;
    this.#rules = rules;
  }

  begin(request: HttpRequest, context: CallContext): Begun {
    const startedMs = performance.now();
    const valid = checkRequest(request.method, request.url, request.headers);
    if (!valid.ok) return this.#settle(system('request_invalid', valid.reason), request, context, null, startedMs);
    const hold = this.#parts.kill.look(context.agent);
    if (hold !== null) return this.#settle(killed(hold), request, context, null, startedMs);
    const generation = this.#parts.policy.current;
    if (generation === null) return this.#settle(this.#missing(), request, context, null, startedMs);
    const decision = decideByGeneration(generation, request, context.agent, {
      wallMs: Date.now(),
      monotonicMs: startedMs,
      dryRun: !this.#rules.enforce,
    });
    if (decision === 'need_body') return { kind: 'need_body', inspectBytes: this.#rules.inspectBytes };
    return this.#settle(decision, request, context, generation, startedMs);
  }

  refuse(
    code: 'redirect_refused' | 'hook_refused' | 'request_invalid',
    reason: string,
    request: Partial<HttpRequest>,
    context: CallContext,
  ): { readonly requestId: string; readonly decision: Decision } {
    const decision = system(code, reason);
    const begun = this.#settle(decision, request, context, this.#parts.policy.current, performance.now());
    return begun.kind === 'refused' ? begun : { requestId: '', decision };
  }

  #missing(): Decision {
    const enforced = this.#rules.securityMode === 'strict';
    return system('policy_missing', 'no policy is in force', enforced);
  }

  /** Records the decision, then lets go or holds back. The record comes first: what cannot be recorded does not happen. */
  #settle(
    decision: Decision,
    request: Partial<HttpRequest>,
    context: CallContext,
    generation: Generation | null,
    startedMs: number,
  ): Exclude<Begun, { kind: 'need_body' }> {
    const { ids } = this.#parts;
    const requestId = ids.request(Date.now());
    const trace = context.traceparent === undefined ? null : parseTraceparent(context.traceparent);
    const document = generation?.documents[0] ?? null;
    const recorded = this.record(
      decisionRecord(decision, request, {
        requestId,
        parentRequestId: context.parentRequestId ?? null,
        agentId: context.agent,
        instanceId: this.#rules.instanceId,
        sessionId: context.sessionId ?? null,
        traceId: trace?.traceId ?? ids.trace(),
        spanId: ids.span(),
        parentSpanId: trace?.spanId ?? null,
        policy: generation === null || document === null ? null : { ...document, sha256: generation.id },
        urlPath: this.#rules.urlPath,
        decisionNs: Math.round((performance.now() - startedMs) * 1e6),
      }),
    );
    if (!recorded && this.#rules.securityMode === 'strict') {
      return { kind: 'refused', requestId, decision: system('audit_unavailable', 'the audit log cannot be written') };
    }
    if (blocks(decision)) return { kind: 'refused', requestId, decision };
    const call = new LiveCall(this.#callHost, requestId, context.agent);
    this.#parts.inFlight.add(call);
    return { kind: 'proceed', requestId, decision, call };
  }

  readonly #callHost = {
    look: (agent: AgentId): KillHold | null => this.#parts.kill.look(agent),
    record: (fields: AgentRecord): void => void this.record(fields),
    monotonicMs: (): number => performance.now(),
    killError: (requestId: string, hold: KillHold): Error => CheckrdPolicyDenied.from(killed(hold), requestId),
    left: (call: LiveCall): void => this.#parts.inFlight.remove(call),
  };

  /** True when the record is in the file. What permissive mode loses is counted, and the count recorded once it can be. */
  record(fields: AgentRecord): boolean {
    try {
      if (this.#dropped.count > 0) {
        const { count, sinceMs } = this.#dropped;
        this.#parts.log.append({ type: 'records_dropped', count, since: new Date(sinceMs).toISOString() });
        this.#dropped = { count: 0, sinceMs: 0 };
      }
      this.#parts.log.append(fields);
      return true;
    } catch {
      // The log has reported the reason itself; here only the count must not be lost.
      if (this.#dropped.count === 0) this.#dropped.sinceMs = Date.now();
      this.#dropped.count += 1;
      return false;
    }
  }

  engaged(hold: KillHold): void {
    const ended = this.#parts.inFlight.abortAll(hold);
    this.record({ type: 'kill_engaged', ...describe(hold), aborted: ended.aborted, abort_ms: ended.abortMs });
  }

  released(hold: KillHold): void {
    this.record({ type: 'kill_released', ...describe(hold) });
  }
}

/** The denial for a hold. Its sentence carries the reason the operator wrote, never a path of the machine. */
function killed(hold: KillHold): Decision {
  const why = hold.reason === null ? '' : `: ${hold.reason}`;
  const who = hold.scope === 'all' ? 'every agent' : `agent '${hold.scope}'`;
  return { ...system('kill_switch', `the kill switch stops ${who}${why}`), matchedRuleKind: 'kill_switch' };
}

function describe(hold: KillHold): {
  source: string;
  scope: string;
  reason?: string;
  owner_uid?: number;
  file_time?: string;
} {
  return {
    source: hold.source,
    scope: hold.scope,
    ...(hold.reason === null ? {} : { reason: hold.reason }),
    ...(hold.ownerUid === null ? {} : { owner_uid: hold.ownerUid }),
    ...(hold.fileTimeMs === null ? {} : { file_time: new Date(hold.fileTimeMs).toISOString() }),
  };
}
