/** One policy, its requests, and every field of every answer from the product and from the oracle. */
import type { Decision } from '#src/core/decide/types.js';
import { Oracle, type OracleOptions, type Said } from './oracle.js';
import type { Doc } from './policies.js';
import { textOf } from './pools.js';
import { productOf } from './product.js';
import type { Timed } from './requests.js';

export interface Case {
  readonly policy: Doc;
  readonly startMs: number;
  readonly asked: readonly Timed[];
  readonly options: OracleOptions;
}

export interface Difference {
  /** Place of the request that was answered differently; -1: the policy does not load. */
  readonly index: number;
  readonly product: string;
  readonly oracle: string;
}

/** The first difference; `seen` hears of every answer. */
export function differenceIn(of: Case, seen?: (said: Said, asked: Timed) => void): Difference | null {
  const text = textOf(of.policy);
  const decide = productOf([text], of.options);
  if (decide === null) return { index: -1, product: 'does not load', oracle: 'loads' };
  const oracle = new Oracle(text, of.options);
  let nowMs = of.startMs;
  for (const [index, timed] of of.asked.entries()) {
    nowMs += timed.later;
    const said = oracle.decide(timed.asked, timed.agent, nowMs);
    const wanted = shown(said, isSaidOf(said));
    const decision = decide(timed.asked, timed.agent, nowMs);
    const answered = shownDecision(decision);
    if (wanted !== answered) return { index, product: answered, oracle: wanted };
    seen?.(said, timed);
  }
  return null;
}

export const shown = (said: Said, sentence: string): string =>
  `${said.result} ${said.enforced ? 'enforced' : 'let pass'} ${said.code} ${said.kind} ${said.rule ?? '-'}${said.uncertain ? ' uncertain' : ''} ` +
  `wait=${said.waitMs} shadow=${said.shadowRules.join(',')} hint=${said.hint ?? '-'} "${sentence}"`;

/** §7: the sentence names the rule, and says so where it could not be judged. Other sentences are the product's own. */
export function isSaidOf({ code, rule, uncertain, waitMs }: Said): string {
  switch (code) {
    case 'rule_denied':
      return uncertain ? `could not be judged against rule '${rule}'` : `denied by rule '${rule}'`;
    case 'rule_allowed':
      return `allowed by rule '${rule}'`;
    case 'rate_limited':
      return `rate limited by rule '${rule}', would pass in ${waitMs} ms`;
    case 'default_allowed':
      return 'allowed by default';
    case 'default_denied':
      return 'denied by default';
    default:
      return '…';
  }
}

export function shownDecision(d: Decision): string {
  const later = d as Decision & { readonly shadowRules?: readonly string[]; readonly hint?: string | null };
  const said: Said = {
    result: d.result,
    enforced: d.enforced,
    code: d.code,
    rule: d.matchedRule,
    kind: d.matchedRuleKind,
    uncertain: d.uncertain,
    waitMs: d.retryAfterMs ?? 0,
    shadowRules: later.shadowRules ?? [],
    hint: later.hint ?? null,
  };
  return shown(said, isSaidOf(said) === '…' ? '…' : d.reason);
}
