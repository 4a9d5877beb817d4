/**
 * What a decision is made of. Types only: the engine decides, the agent records, the edges translate.
 */

export type Result = 'allow' | 'deny';

/** Those with which a policy answers. */
export const POLICY_CODES = [
  'rule_allowed',
  'default_allowed',
  'request_invalid',
  'no_policy_for_agent',
  'body_too_large',
  'rule_denied',
  'default_denied',
  'rate_limited',
  'limit_keys_exhausted',
] as const satisfies readonly DecisionCode[];

/** Every code a decision record may carry (design, "The audit log"). */
export const DECISION_CODES = [
  'rule_allowed',
  'default_allowed',
  'hook_skipped',
  'request_invalid',
  'kill_switch',
  'no_policy_for_agent',
  'body_too_large',
  'rule_denied',
  'default_denied',
  'rate_limited',
  'limit_keys_exhausted',
  'policy_missing',
  'audit_unavailable',
  'daemon_unavailable',
  'hook_refused',
  'redirect_refused',
  'break_glass',
  'not_covered',
] as const;
export type DecisionCode = (typeof DECISION_CODES)[number];

/** Steps 3 to 7 of a decision: what `dry_run` lets pass. Everything else binds in every mode. */
export const SOFT_CODES: ReadonlySet<DecisionCode> = new Set<DecisionCode>([
  'no_policy_for_agent',
  'body_too_large',
  'rule_denied',
  'default_denied',
  'rate_limited',
  'limit_keys_exhausted',
]);

export type MatchedRuleKind = 'allow' | 'deny' | 'limit' | 'default' | 'kill_switch' | 'system';
export type PolicyMode = 'enforce' | 'dry_run';

/** Header lines in order, as they will be sent. Names in any case. */
export type HeaderLines = readonly (readonly [name: string, value: string])[];

/**
 * The body as far as it is known.
 * `unread`: there is one, nobody has looked yet; the decision asks for it only if a rule that may still apply reads bodies.
 * `too_large`: longer than the inspection limit.
 */
export type Body =
  | { readonly kind: 'none' }
  | { readonly kind: 'unread' }
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'too_large' };

/** One HTTP call as it will be sent. `url` is WHATWG-normalised (`new URL(x).href`), scheme one of ours. */
export interface HttpRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: HeaderLines;
  readonly body: Body;
}

/**
 * Arguments of a tool call, as JSON.
 * `lost`: they do not survive JSON as they are, so no matcher can judge them. `too_large`: longer than the inspection limit.
 */
export type ToolArgs =
  | { readonly kind: 'none' }
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'lost' }
  | { readonly kind: 'too_large' };

/** One call of a tool: `tool` is its name, `args` the copy that it will be given. */
export interface ToolRequest {
  readonly tool: string;
  readonly args: ToolArgs;
  readonly method: string;
  /** Scheme `tool`, normalised as an HttpRequest's; null: it has none. */
  readonly url: string | null;
}

/** Whatever is decided: one action, one decision. */
export type ActionRequest = HttpRequest | ToolRequest;

/** What the policy said. `reason` holds no header or body values. */
export interface Decision {
  readonly result: Result;
  /** False only where a denial is let through (`dry_run`, `enforce: false`, permissive). */
  readonly enforced: boolean;
  readonly code: DecisionCode;
  readonly matchedRule: string | null;
  readonly matchedRuleKind: MatchedRuleKind;
  /** The layer that denied; absent: the main document, or none. */
  readonly policyLayer?: string;
  readonly reason: string;
  /** A deny that fired on UNKNOWN only, or a permissive guess about a body nobody read. */
  readonly uncertain: boolean;
  /** Shadow rules that would have fired, in file order; at most eight. */
  readonly shadowRules: readonly string[];
  /** With a denial by a rule that has one: what the caller may do instead. */
  readonly hint?: string;
  /** With `rate_limited`: milliseconds until the call would pass. */
  readonly retryAfterMs?: number;
}

/** True where the call must not proceed. */
export function blocks(decision: Pick<Decision, 'result' | 'enforced'>): boolean {
  return decision.result === 'deny' && decision.enforced;
}
