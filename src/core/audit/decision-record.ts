/**
 * From a decision to the record that says so. Pure: IDs and durations are passed in.
 * Query strings, header values and bodies never come near this file; paths are folded unless the settings say `raw`.
 */
import { utf8 } from '../bytes.js';
import { foldNames, foldPath } from '../decide/endpoint.js';
import type { ActionRequest, Decision, PolicyMode } from '../decide/types.js';
import type { DecisionFields } from './fields.js';
import { auditText } from './text.js';

/** How much of a path goes into the record. Tokens live in paths, so `endpoint` is the default. */
export type UrlPathForm = 'endpoint' | 'raw';

/** Whose decision, under which policy, in which trace. */
export interface RecordContext {
  readonly requestId: string;
  readonly parentRequestId: string | null;
  readonly agentId: string;
  readonly instanceId: string;
  readonly sessionId: string | null;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | null;
  /** The generation, with mode and label of the document that spoke. */
  readonly policy: { readonly mode: PolicyMode; readonly sha256: string; readonly agentLabel: string | null } | null;
  readonly urlPath: UrlPathForm;
  /** Nanoseconds from being asked to having decided. */
  readonly decisionNs: number;
}

const PORT = /:\d*$/;

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

export function decisionRecord(
  decision: Decision,
  request: Partial<ActionRequest>,
  context: RecordContext,
): DecisionFields {
  const place = typeof request.url === 'string' ? splitUrl(request.url) : null;
  const tool = 'tool' in request && request.tool !== undefined ? auditText('tool', request.tool) : null;
  const record: Mutable<DecisionFields> = {
    type: 'decision',
    request_id: context.requestId,
    agent_id: context.agentId,
    instance_id: context.instanceId,
    policy_result: decision.result,
    enforced: decision.enforced,
    code: decision.code,
    matched_rule_kind: decision.matchedRuleKind,
    trace_id: context.traceId,
    span_id: context.spanId,
    span_name: spanName(tool, request.method, place?.host),
    decision_ns: context.decisionNs,
  };
  if (context.parentRequestId !== null) record.parent_request_id = context.parentRequestId;
  if (context.sessionId !== null) record.session_id = context.sessionId;
  if (context.parentSpanId !== null) record.parent_span_id = context.parentSpanId;
  if (decision.matchedRule !== null) record.matched_rule = decision.matchedRule;
  if (decision.policyLayer !== undefined) record.policy_layer = decision.policyLayer;
  if (decision.shadowRules.length > 0) record.shadow_rules = shadowRules(decision.shadowRules);
  if (decision.uncertain) record.uncertain = true;
  if (context.policy !== null) {
    record.policy_mode = context.policy.mode;
    record.policy_sha256 = context.policy.sha256;
    if (context.policy.agentLabel !== null) record.policy_agent = context.policy.agentLabel;
  }
  if (tool !== null) record.tool = tool;
  if (request.method !== undefined) record.method = request.method;
  if (place !== null) {
    record.url_scheme = place.scheme;
    record.url_host = place.host;
    record.url_path =
      context.urlPath === 'raw' ? place.path : (place.scheme === 'tool' ? foldNames : foldPath)(place.path);
  }
  return record;
}

/** Whole names only: a field is cut at this many bytes, and half a name would be another rule's. */
const SHADOW_RULES_MAX_BYTES = 512;

function shadowRules(names: readonly string[]): string {
  let joined = names[0] ?? '';
  for (const name of names.slice(1)) {
    const longer = `${joined},${name}`;
    if (utf8(longer).length > SHADOW_RULES_MAX_BYTES) break;
    joined = longer;
  }
  return joined;
}

/** A name that is no claim of ours must not slip into the span's name either. */
function spanName(tool: string | null, method: string | undefined, host: string | undefined): string {
  if (tool !== null) return `execute_tool ${tool}`;
  return host === undefined ? 'HTTP' : `${method ?? 'HTTP'} ${host}`;
}

/**
 * Scheme, host (without port or userinfo) and path of a WHATWG-normalised URL; null when it has no authority.
 * Cheaper than a second parse: the text is normalised already.
 */
export function splitUrl(
  href: string,
): { readonly scheme: string; readonly host: string; readonly path: string } | null {
  const colon = href.indexOf('://');
  if (colon < 1) return null;
  const hostStart = colon + 3;
  const query = href.indexOf('?', hostStart);
  const whole = query === -1 ? href.length : query;
  const hash = href.indexOf('#', hostStart);
  const pathEnd = hash === -1 || hash > whole ? whole : hash;
  const slash = href.indexOf('/', hostStart);
  const end = slash === -1 || slash > pathEnd ? pathEnd : slash;
  const authority = href.slice(hostStart, end);
  const host = authority.slice(authority.lastIndexOf('@') + 1).replace(PORT, '');
  return { scheme: href.slice(0, colon), host, path: href.slice(end, pathEnd) || '/' };
}
