/**
 * The policy decision point: the order of a decision, once, for every edge.
 *
 *   valid? → kill switch → policy (engine) → limits → record → proceed or refuse
 *
 *   in   : a request as it will be sent, and whose it is
 *   out  : need_body, refused, or a call that may proceed; its decision record is in the log before the caller knows
 *   never: throws at its caller, lets anything pass that it could not record (strict)
 */
import { performance } from 'node:perf_hooks';
import { decisionRecord, type UrlPathForm } from '../core/audit/decision-record.js';
import type { AgentId } from '../core/brand.js';
import { DenialPace } from '../core/decide/denial-pace.js';
import { killDecision } from '../core/decide/kill.js';
import { systemAllowance, systemDenial } from '../core/decide/system.js';
import { checkAction } from '../core/decide/tool-request.js';
import { type ActionRequest, blocks, type Decision } from '../core/decide/types.js';
import { parseTraceparent } from '../core/trace/traceparent.js';
import { type CallHost, LiveCall } from './calls.js';
import { decideByGeneration } from './decide.js';
import type { Ids } from './ids.js';
import type { InFlight } from './in-flight.js';
import type { Recorder } from './recorder.js';
import type { Agent, Begun, CallContext, Generation, Glass, KillSwitch, PolicySource, SecurityMode } from './types.js';

/** The parts of a running agent; whoever opened them closes them. */
export interface AgentParts {
  readonly recorder: Recorder;
  readonly kill: KillSwitch;
  readonly policy: PolicySource;
  readonly inFlight: InFlight;
  readonly ids: Ids;
  readonly glass: Glass;
  /** The clock of the limits, by `performance.now`. */
  readonly limitClockMs: (nowMs: number) => number;
}

export interface AgentRules {
  readonly securityMode: SecurityMode;
  /** False: every document decides as in `dry_run`. */
  readonly enforce: boolean;
  readonly allowSkip: boolean;
  /** True: CHECKRD_DISABLED. Only the request check and the kill switch still bind; nothing else is asked or recorded. */
  readonly disabled: boolean;
  readonly urlPath: UrlPathForm;
  readonly inspectBytes: number;
  readonly instanceId: string;
}

type Settled = Exclude<Begun, { kind: 'need_body' }>;
type Refused = Extract<Begun, { kind: 'refused' }>;

const SKIPPED = systemAllowance('hook_skipped', 'a hook of the program skipped the policy');

export class LiveAgent implements Agent {
  readonly #parts: AgentParts;
  readonly #rules: AgentRules;
  readonly #callHost: CallHost;
  readonly #pace = new DenialPace();

  constructor(parts: AgentParts, rules: AgentRules) {
    this.#parts = parts;
    this.#rules = rules;
    this.#callHost = {
      look: agent => parts.kill.look(agent),
      record: fields => void (rules.disabled || parts.recorder.record(fields)),
      onDisk: () => {
        const kept = rules.disabled ? null : parts.recorder.onDisk();
        if (kept === null) return null;
        return kept.then(certain => (certain || rules.securityMode === 'permissive' ? null : this.#unkept('synced')));
      },
      monotonicMs: () => performance.now(),
      left: call => parts.inFlight.remove(call),
    };
  }

  begin(request: ActionRequest, context: CallContext): Begun {
    const startedMs = performance.now();
    const refusal = this.#stands(request, context);
    if (refusal !== null) return this.#settle(refusal, request, context, this.#parts.policy.current, startedMs);
    if (this.#rules.disabled) return this.#settle(SKIPPED, request, context, null, startedMs);
    const generation = this.#parts.policy.current;
    const decision = generation === null ? this.#missing() : this.#ask(generation, request, context, startedMs);
    if (decision === 'need_body') return { kind: 'need_body', inspectBytes: this.#rules.inspectBytes };
    return this.#settle(decision, request, context, generation, startedMs);
  }

  precheck(request: ActionRequest, context: CallContext): Refused | null {
    const startedMs = performance.now();
    const refusal = this.#stands(request, context);
    return refusal === null ? null : this.#refused(refusal, request, context, startedMs);
  }

  skip(request: ActionRequest, context: CallContext): Settled {
    const startedMs = performance.now();
    const refusal =
      this.#stands(request, context) ??
      (this.#rules.allowSkip ? null : systemDenial('hook_refused', 'the settings forbid hooks to skip the policy'));
    return this.#settle(refusal ?? SKIPPED, request, context, this.#parts.policy.current, startedMs);
  }

  waits(agent: AgentId, stopped: () => void): () => void {
    return this.#parts.inFlight.addWaiting(agent, stopped);
  }

  refuse(
    code: 'redirect_refused' | 'hook_refused' | 'request_invalid' | 'not_covered',
    reason: string,
    request: Partial<ActionRequest>,
    context: CallContext,
  ): Refused {
    return this.#refused(systemDenial(code, reason), request, context, performance.now());
  }

  /** What stands in the way before any policy is asked: an invalid request, an engaged switch. */
  #stands(request: ActionRequest, context: CallContext): Decision | null {
    const valid = checkAction(request);
    if (!valid.ok) return systemDenial('request_invalid', valid.reason);
    const hold = this.#parts.kill.look(context.agent);
    return hold === null ? null : killDecision(hold);
  }

  #ask(generation: Generation, request: ActionRequest, context: CallContext, nowMs: number): Decision | 'need_body' {
    try {
      const wallMs = Date.now();
      return decideByGeneration(generation, request, context.agent, {
        wallMs,
        monotonicMs: this.#parts.limitClockMs(nowMs),
        dryRun: !this.#rules.enforce,
        permissive: this.#rules.securityMode === 'permissive',
        glass: this.#parts.glass.inForce(wallMs),
      });
    } catch {
      // A trap in the engine leaves nothing that could be trusted to allow.
      return systemDenial('policy_missing', 'the engine failed; no policy could be applied');
    }
  }

  #missing(): Decision {
    return systemDenial('policy_missing', 'no policy is in force', this.#rules.securityMode === 'strict');
  }

  #refused(decision: Decision, request: Partial<ActionRequest>, context: CallContext, startedMs: number): Refused {
    const requestId = this.#parts.ids.request(Date.now());
    const recorded = this.#write(decision, request, context, this.#parts.policy.current, requestId, startedMs);
    return this.#answered(requestId, this.#bound(decision, recorded), context);
  }

  /** Records the decision, then lets go or holds back. The record comes first: what cannot be recorded does not happen. */
  #settle(
    decision: Decision,
    request: ActionRequest,
    context: CallContext,
    generation: Generation | null,
    startedMs: number,
  ): Settled {
    const requestId = this.#parts.ids.request(Date.now());
    const unrecorded = this.#rules.disabled && decision === SKIPPED;
    const said = unrecorded ? decision : this.#unlessLost(decision);
    const recorded = unrecorded || this.#write(said, request, context, generation, requestId, startedMs);
    const bound = this.#bound(said, recorded);
    if (blocks(bound)) return this.#answered(requestId, bound, context);
    const call = new LiveCall(this.#callHost, requestId, context.agent);
    this.#parts.inFlight.add(call);
    return { kind: 'proceed', requestId, decision: said, call };
  }

  #answered(requestId: string, decision: Decision, context: CallContext): Refused {
    const waitMs = blocks(decision) ? this.#pace.wait(context.agent, performance.now()) : 0;
    return { kind: 'refused', requestId, decision, ...(waitMs === 0 ? {} : { waitMs }) };
  }

  #bound(decision: Decision, recorded: boolean): Decision {
    if (recorded || blocks(decision) || this.#rules.securityMode === 'permissive') return decision;
    return this.#unkept('written');
  }

  /** Nobody would write its record: what would go is denied, and so it is recorded once the daemon is back. */
  #unlessLost(decision: Decision): Decision {
    const lost = this.#parts.recorder.daemon === 'lost' && this.#rules.securityMode === 'strict';
    return lost && !blocks(decision) ? this.#unkept('written') : decision;
  }

  #unkept(how: 'written' | 'synced'): Decision {
    return this.#parts.recorder.daemon === undefined
      ? systemDenial('audit_unavailable', `the audit log cannot be ${how}`)
      : systemDenial('daemon_unavailable', 'the daemon that writes the records does not answer');
  }

  /** True when the record is in the log. */
  #write(
    decision: Decision,
    request: Partial<ActionRequest>,
    context: CallContext,
    generation: Generation | null,
    requestId: string,
    startedMs: number,
  ): boolean {
    const { ids, recorder } = this.#parts;
    const trace = context.traceparent === undefined ? null : parseTraceparent(context.traceparent);
    const layer = decision.policyLayer ?? null;
    const document = generation?.documents.find(one => one.layer === layer) ?? null;
    return recorder.record(
      decisionRecord(decision, request, {
        requestId,
        parentRequestId: context.parentRequestId ?? null,
        agentId: context.agent,
        instanceId: this.#rules.instanceId,
        sessionId: context.sessionId ?? null,
        traceId: trace?.traceId ?? ids.trace(),
        spanId: ids.span(),
        parentSpanId: trace?.spanId ?? null,
        policy:
          generation === null || document === null
            ? null
            : { mode: document.mode, sha256: generation.id, agentLabel: document.agentLabel },
        urlPath: this.#rules.urlPath,
        decisionNs: Math.round((performance.now() - startedMs) * 1e6),
      }),
    );
  }
}
