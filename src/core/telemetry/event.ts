/**
 * One event for one call, made of its decision's record and its outcome's: the shape that the published SDK sends.
 *
 *   in   : the fields of the two records
 *   out  : a frozen, flat object of texts, numbers and booleans; an absent value is an absent key
 *   never: holds more than the log does (no bodies, header values, query strings or arguments)
 */
import type { DecisionFields, OutcomeFields } from '../audit/fields.js';
import { auditText } from '../audit/text.js';

/** What a sink is given. */
export interface TelemetryEvent {
  readonly request_id: string;
  readonly agent_id: string;
  readonly instance_id: string;
  /** RFC 3339: when the call was decided. */
  readonly timestamp: string;
  readonly policy_result: 'allowed' | 'denied';
  /** False: a denial that was let pass. */
  readonly enforced: boolean;
  readonly code: string;
  /** With a denial. */
  readonly deny_reason?: string;
  readonly matched_rule?: string;
  readonly matched_rule_kind: string;
  readonly policy_mode?: string;
  readonly policy_sha256?: string;
  readonly method?: string;
  readonly url_scheme?: string;
  readonly url_host?: string;
  /** As the log has it: folded, unless the settings say otherwise. */
  readonly url_path?: string;
  readonly tool?: string;
  readonly session_id?: string;
  readonly parent_request_id?: string;
  readonly trace_id: string;
  readonly span_id: string;
  readonly parent_span_id?: string;
  readonly span_name: string;
  readonly span_kind: 'CLIENT';
  /** `ERROR`: the call failed. A denial is no error: the policy works. */
  readonly span_status_code: 'OK' | 'ERROR' | 'UNSET';
  /** A daemon's event. True: a library reported the call, and that is all it proves. */
  readonly reported?: boolean;
  /** How the call ended; absent: it was denied, or its end is not known. */
  readonly result?: string;
  readonly status_code?: number;
  readonly latency_ms?: number;
  readonly request_bytes?: number;
  readonly response_bytes?: number;
  readonly gen_ai_model?: string;
  readonly gen_ai_input_tokens?: number;
  readonly gen_ai_output_tokens?: number;
  readonly cost_microusd?: number;
}

type Given = Readonly<Record<string, string | number | boolean | undefined>>;

/** @param outcome Null: the call was denied, or nobody said how it ended. */
export function telemetryEvent(
  decision: DecisionFields,
  decidedMs: number,
  outcome: OutcomeFields | null,
): TelemetryEvent {
  const denied = decision.policy_result === 'deny';
  const event: Given = {
    request_id: decision.request_id,
    agent_id: decision.agent_id,
    instance_id: decision.instance_id,
    timestamp: new Date(decidedMs).toISOString(),
    policy_result: denied ? 'denied' : 'allowed',
    enforced: decision.enforced,
    code: decision.code,
    deny_reason: denied ? reasonOf(decision) : undefined,
    matched_rule: decision.matched_rule,
    matched_rule_kind: decision.matched_rule_kind,
    policy_mode: decision.policy_mode,
    policy_sha256: decision.policy_sha256,
    method: decision.method,
    url_scheme: decision.url_scheme,
    url_host: decision.url_host,
    url_path: decision.url_path,
    tool: decision.tool,
    session_id: decision.session_id,
    parent_request_id: decision.parent_request_id,
    trace_id: decision.trace_id,
    span_id: decision.span_id,
    parent_span_id: decision.parent_span_id,
    span_name: decision.span_name,
    span_kind: 'CLIENT',
    span_status_code: outcome === null ? 'UNSET' : outcome.result === 'ok' ? 'OK' : 'ERROR',
    reported: decision.reported,
    result: outcome?.result,
    status_code: outcome?.status_code,
    latency_ms: outcome?.latency_ms,
    request_bytes: outcome?.request_bytes,
    response_bytes: outcome?.response_bytes,
    gen_ai_model: outcome?.model,
    gen_ai_input_tokens: outcome?.input_tokens,
    gen_ai_output_tokens: outcome?.output_tokens,
    cost_microusd: outcome?.cost_microusd,
  };
  const present = Object.entries(event).filter(([, value]) => value !== undefined);
  // The bounds of the log hold here too; its names for two of the fields differ.
  const bounded = present.map(([name, value]) => [
    name,
    typeof value === 'string' ? auditText(name === 'gen_ai_model' ? 'model' : name, value) : value,
  ]);
  return Object.freeze(Object.fromEntries(bounded)) as TelemetryEvent;
}

function reasonOf({ code, matched_rule: rule }: DecisionFields): string {
  if (rule !== undefined) return `${code === 'rate_limited' ? 'limited' : 'denied'} by rule '${rule}'`;
  return code === 'default_denied' ? 'denied by default' : code;
}
