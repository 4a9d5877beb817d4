/**
 * From the engine's numbers to a decision with a name and a sentence.
 *
 * The engine numbers its codes; ENGINE_CODES is their order. What does not fit the table is an engine that cannot be trusted:
 * a denial that no mode softens.
 */
import { systemDenial } from './system.js';
import {
  type Decision,
  type DecisionCode,
  type MatchedRuleKind,
  POLICY_CODES,
  type PolicyMode,
  SOFT_CODES,
} from './types.js';

/** By the engine's number; 0 is a program or an engine that broke. */
export const ENGINE_CODES = [null, ...POLICY_CODES] as const;

export const ENGINE_BROKEN = 0;
export const ENGINE_REQUEST_INVALID = 3;
export const ENGINE_NO_POLICY_FOR_AGENT = 4;
export const ENGINE_RATE_LIMITED = 8;

const NONE: readonly string[] = [];

/** What the engine said, numbers only. */
export interface EngineAnswer {
  readonly needBody: boolean;
  readonly code: number;
  /** -1: none. */
  readonly ruleIndex: number;
  readonly uncertain: boolean;
  /** 0 unless rate limited. */
  readonly retryAfterMs: number;
  /** Shadow rules that would have fired, in file order; at most eight. */
  readonly shadowRules: readonly number[];
}

/** A list of which one is wanted now and then: an array, or what makes the one asked for. */
export interface Listed<T> {
  readonly length: number;
  at(index: number): T | undefined;
}

/** Names and kinds of the document's rules, by index. */
export interface RuleNames {
  readonly ruleNames: Listed<string>;
  readonly ruleKinds: Listed<'allow' | 'deny' | 'limit'>;
  readonly ruleHints: Listed<string | null>;
}

interface How {
  readonly mode: PolicyMode;
  /** `enforce: false` of the library: every document counts as `dry_run`. */
  readonly forceDryRun: boolean;
}

const KIND_OF_RULE: Partial<Record<DecisionCode, 'allow' | 'deny' | 'limit'>> = {
  rule_allowed: 'allow',
  rule_denied: 'deny',
  rate_limited: 'limit',
  limit_keys_exhausted: 'limit',
};

/** The decision. Never throws: an answer that makes no sense comes back denied as `request_invalid`. */
export function toDecision(answer: EngineAnswer, rules: RuleNames, how: How): Decision {
  const code = answer.needBody ? null : (ENGINE_CODES[answer.code] ?? null);
  if (code === null) return systemDenial('request_invalid', 'the engine could not judge this request');
  const wanted = KIND_OF_RULE[code];
  const rule = wanted === undefined ? null : of(rules.ruleNames, answer.ruleIndex);
  if (wanted !== undefined && (rule === null || of(rules.ruleKinds, answer.ruleIndex) !== wanted))
    return systemDenial('request_invalid', 'the engine could not judge this request');

  const result = code === 'rule_allowed' || code === 'default_allowed' ? 'allow' : 'deny';
  const soft = result === 'deny' && SOFT_CODES.has(code) && (how.mode === 'dry_run' || how.forceDryRun);
  const hint = result === 'deny' && rule !== null ? of(rules.ruleHints, answer.ruleIndex) : null;
  const decision = {
    result,
    enforced: !soft,
    code,
    matchedRule: rule,
    matchedRuleKind: kindOf(code),
    reason: sentence(code, rule ?? '', answer),
    uncertain: answer.uncertain,
    shadowRules: answer.shadowRules.length === 0 ? NONE : answer.shadowRules.map(i => of(rules.ruleNames, i) ?? ''),
    ...(hint === null ? {} : { hint }),
  } as const;
  return code === 'rate_limited' ? { ...decision, retryAfterMs: answer.retryAfterMs } : decision;
}

/** An array counts what is below zero from its end; here that is none. */
function of<T>(list: Listed<T>, index: number): T | null {
  return index < 0 ? null : (list.at(index) ?? null);
}

function kindOf(code: DecisionCode): MatchedRuleKind {
  if (code === 'default_allowed' || code === 'default_denied') return 'default';
  return KIND_OF_RULE[code] ?? 'system';
}

function sentence(code: DecisionCode, rule: string, answer: EngineAnswer): string {
  switch (code) {
    case 'rule_allowed':
      return `allowed by rule '${rule}'`;
    case 'default_allowed':
      return 'allowed by default';
    case 'rule_denied':
      return answer.uncertain ? `could not be judged against rule '${rule}'` : `denied by rule '${rule}'`;
    case 'default_denied':
      return 'denied by default';
    case 'no_policy_for_agent':
      return 'the policy does not speak for this agent';
    case 'body_too_large':
      return 'the body is longer than what is inspected, and a rule looks into it';
    case 'rate_limited':
      return `rate limited by rule '${rule}', would pass in ${answer.retryAfterMs} ms`;
    case 'limit_keys_exhausted':
      return `rule '${rule}' counts as many keys as it can hold`;
    default:
      return 'the request cannot be judged';
  }
}
