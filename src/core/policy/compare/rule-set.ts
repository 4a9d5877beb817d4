/** The rules of a policy that decide, to be looked up by name, by meaning, and by what covers what. */
import type { CheckedRule } from '../checked.js';
import { covers } from '../lint/covers.js';
import { meaning } from '../meaning.js';

/** Pairs of rules that are compared at most; what was not looked at is not proven. */
const PAIRS_MAX = 500_000;

export class RuleSet {
  /** Without shadow rules. */
  readonly rules: readonly CheckedRule[];
  private readonly byName: ReadonlyMap<string, CheckedRule>;
  private readonly exact: ReadonlySet<string>;
  private pairsLeft = PAIRS_MAX;

  constructor(rules: readonly CheckedRule[]) {
    this.rules = rules.filter(rule => !rule.shadow);
    this.byName = new Map(this.rules.map(rule => [rule.name, rule]));
    this.exact = new Set(this.rules.map(sameness));
  }

  /** Whether whenever `narrow` fires, `wide` does. Both have the same effect. */
  static covers(narrow: CheckedRule, wide: CheckedRule): boolean {
    return covers(narrow.matcher, wide.matcher, { narrow: narrow.effect.kind, wide: wide.effect.kind });
  }

  named(name: string): CheckedRule | undefined {
    return this.byName.get(name);
  }

  /** A rule with the same effect that matches the same; a limit by its name and numbers too. */
  hasExactly(rule: CheckedRule): boolean {
    return this.exact.has(sameness(rule));
  }

  /** Whether one rule of the same effect fires whenever `rule` does. */
  coveredBy(rule: CheckedRule): boolean {
    if (this.hasExactly(rule)) return true;
    return this.some(other => other.effect.kind === rule.effect.kind && RuleSet.covers(rule, other));
  }

  some(proves: (rule: CheckedRule) => boolean): boolean {
    for (const rule of this.rules) {
      if (this.pairsLeft <= 0) return false;
      this.pairsLeft -= 1;
      if (proves(rule)) return true;
    }
    return false;
  }

  every(proves: (rule: CheckedRule) => boolean): boolean {
    return !this.some(rule => !proves(rule)) && this.pairsLeft > 0;
  }
}

const samenesses = new WeakMap<CheckedRule, string>();

/** How a pattern was spelled does not count. */
function sameness(rule: CheckedRule): string {
  let text = samenesses.get(rule);
  if (text === undefined) {
    const { url } = rule.matcher;
    const { effect } = rule;
    const counted = effect.kind === 'limit' ? rule.name : '';
    text = meaning([counted, effect, { ...rule.matcher, url: url === null ? null : { ...url, text: '' } }]);
    samenesses.set(rule, text);
  }
  return text;
}
