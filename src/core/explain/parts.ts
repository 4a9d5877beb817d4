/**
 * The matchers of a rule, one by one: all of them must hold.
 *
 *   in   : the matcher of a checked rule
 *   out  : for each thing that must hold a matcher with only that, so that the engine can be asked about it alone
 *   never: judges; knows one key from another
 */
import type { CheckedPolicy, CheckedRule, Matcher } from '../policy/checked.js';
import { readPolicyObject } from '../policy/read.js';

export type MatcherKey = keyof Matcher;

export interface Part {
  readonly key: MatcherKey;
  /** The value under `key`; of a list that is ANDed, one item. */
  readonly value: unknown;
  readonly matcher: Matcher;
}

/** A policy of one rule that says nothing, as the reader makes it: whatever keys the language has, it has them empty. */
export const EMPTY_POLICY: CheckedPolicy = emptyPolicy();
export const EMPTY_RULE: CheckedRule = firstRule(EMPTY_POLICY);
/** Every request. */
export const EMPTY_MATCHER: Matcher = EMPTY_RULE.matcher;

function emptyPolicy(): CheckedPolicy {
  const read = readPolicyObject('{"default":"deny","rules":[{"name":"empty","allow":{}}]}');
  if (!read.ok) throw new Error('an empty rule loads');
  return read.policy;
}

function firstRule({ rules }: CheckedPolicy): CheckedRule {
  const [rule] = rules;
  if (rule === undefined) throw new Error('a policy of one rule has one');
  return rule;
}

/** A key whose empty form is a list holds matchers that are ANDed; every other key is one matcher. */
export function partsOf(matcher: Matcher): readonly Part[] {
  const parts: Part[] = [];
  for (const key of Object.keys(EMPTY_MATCHER) as MatcherKey[]) {
    const value: unknown = matcher[key];
    if (value === null || value === undefined) continue;
    if (!Array.isArray(EMPTY_MATCHER[key])) parts.push({ key, value, matcher: { ...EMPTY_MATCHER, [key]: value } });
    else for (const item of value as readonly unknown[]) parts.push(part(key, item));
  }
  return parts;
}

/** One item of a list that is ANDed, alone. */
export function part(key: MatcherKey, item: unknown): Part {
  return { key, value: item, matcher: { ...EMPTY_MATCHER, [key]: [item] } };
}
