/**
 * What an explanation is made of, and why of several rules that fired one is named. The verdicts come from the engine.
 */
import type { Decision } from '../decide/types.js';
import type { Effect } from '../policy/checked.js';

/**
 * `mixed`: some reading matches and not every one, which is not enough for an `allow`.
 * `unread`: the body is over the inspection limit.
 */
export type Verdict = 'true' | 'unknown' | 'mixed' | 'unread' | 'false';

export interface ReadingReport {
  readonly what: string;
  /** Null where the engine cannot be asked about it alone. */
  readonly verdict: Verdict | null;
}

export interface MatcherReport {
  readonly key: string;
  /** As a policy writes it. */
  readonly words: string;
  readonly verdict: Verdict;
  readonly readings: readonly ReadingReport[];
}

export interface RuleReport {
  readonly name: string;
  /** Place in the file, from 0. */
  readonly index: number;
  readonly effect: Effect;
  /** It is recorded when it would have fired, and never decides. */
  readonly shadow: boolean;
  readonly line: number | null;
  /** The least of its matchers; `true` where it has none. */
  readonly verdict: Verdict;
  readonly fired: boolean;
  /** Segments of path and tool, and labels, without `*`. */
  readonly specificity: number;
  readonly matchers: readonly MatcherReport[];
}

export interface Explanation {
  readonly decision: Decision;
  /** In the order of the decision: `deny`, `allow`, `limit`; within each in that of the file. */
  readonly rules: readonly RuleReport[];
  /** Rules left out because their `url` or `tool` does not match. */
  readonly elsewhere: number;
}

const LEAST_FIRST: readonly Verdict[] = ['false', 'unread', 'mixed', 'unknown', 'true'];

/** AND is the minimum. */
export function least(verdicts: readonly Verdict[]): Verdict {
  return LEAST_FIRST.find(verdict => verdicts.includes(verdict)) ?? 'true';
}

/** An `allow` fires when it is sure, the others unless they are ruled out. */
export function fires(kind: Effect['kind'], verdict: Verdict): boolean {
  return verdict === 'true' || (kind !== 'allow' && verdict === 'unknown');
}

/** Sentences, the first about the decision itself. */
export function whyWords(explanation: Explanation, defaultResult: 'allow' | 'deny'): readonly string[] {
  const { shadowRules } = explanation.decision;
  const why = bindingWords(explanation, defaultResult);
  if (shadowRules.length === 0) return why;
  return [...why, `recorded, and without a part in it: ${shadowRules.map(name => `'${name}'`).join(', ')}`];
}

function bindingWords({ decision, rules }: Explanation, defaultResult: 'allow' | 'deny'): readonly string[] {
  const of = (kind: Effect['kind']): readonly RuleReport[] =>
    rules.filter(r => r.effect.kind === kind && r.fired && !r.shadow);
  switch (decision.code) {
    case 'rule_denied':
      return ['a `deny` fired, and nothing outweighs a `deny`', ...winnerWords(decision, of('deny'))];
    case 'rule_allowed':
      return ['no `deny` fired, and an `allow` did', ...winnerWords(decision, of('allow')), ...limitWords(of('limit'))];
    case 'default_allowed':
    case 'default_denied':
      return [
        `no \`deny\` and no \`allow\` fired, so \`default: ${defaultResult}\` decides`,
        ...(decision.code === 'default_allowed' ? limitWords(of('limit')) : []),
      ];
    case 'rate_limited':
    case 'limit_keys_exhausted':
      return ['everything else lets the call through, and a `limit` does not'];
    case 'body_too_large':
      return ['a rule that may apply looks into the body, and the body is longer than what is inspected'];
    case 'no_policy_for_agent':
      return ['`agents` does not name this agent, so no rule is asked'];
    default:
      return ['the request is refused before any rule is asked'];
  }
}

function winnerWords({ matchedRule }: Decision, fired: readonly RuleReport[]): readonly string[] {
  const winner = fired.find(rule => rule.name === matchedRule);
  if (winner === undefined) return [];
  return fired
    .filter(rule => rule !== winner)
    .map(rule => `'${winner.name}' is named and not '${rule.name}': ${advantage(winner, rule)}`);
}

function advantage(winner: RuleReport, other: RuleReport): string {
  if (winner.verdict !== other.verdict) return 'it is true, the other could not be judged';
  if (winner.specificity !== other.specificity) {
    return `it is more specific (${winner.specificity} parts without \`*\`, the other ${other.specificity})`;
  }
  return 'it stands earlier in the file';
}

function limitWords(applied: readonly RuleReport[]): readonly string[] {
  return applied.flatMap(({ name, effect }) =>
    effect.kind !== 'limit'
      ? []
      : [
          `limit '${name}' is charged: 1 of ${effect.calls} in ${effect.windowMs} ms, per ${effect.per}; counters begin empty here`,
        ],
  );
}
