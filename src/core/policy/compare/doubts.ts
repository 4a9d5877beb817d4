/**
 * Rules that look into bodies make others doubt: a body that is too long for them is denied, and names given twice where one
 * of them looks make every rule on that body UNKNOWN, which denies. So a rule that is taken away, an `allow` too, can let
 * pass what was only denied because it was there.
 *
 *   in   : an old rule, the new rules
 *   out  : true where it is proven that nothing passes for want of the old rule's doubts
 */
import type { Result } from '../../decide/types.js';
import type { BodyMatcher, CheckedRule, JsonPath, Matcher } from '../checked.js';
import { covers, disjoint, isOfTools } from '../lint/covers.js';
import type { RuleSet } from './rule-set.js';

export function doubtKept(was: CheckedRule, after: RuleSet, defaultResult: Result): boolean {
  if (!looksIn(was) && !looksAtForms(was)) return true;
  if (after.hasExactly(was)) return true;
  if (defaultResult === 'deny' && after.every(rule => rule.effect.kind !== 'allow' || cannotPass(was, rule)))
    return true;
  return after.some(rule => doubtsAsMuch(was, rule) || deniesAnyway(was, rule));
}

/** Into bodies or arguments. */
function looksIn({ matcher, effect }: CheckedRule): boolean {
  return matcher.body.length > 0 || matcher.args.length > 0 || fieldOf(effect) !== null;
}

/** A form may carry a method of its own, which `*` wants to be readable too. */
function looksAtForms({ matcher: { methods } }: CheckedRule): boolean {
  return methods !== null;
}

/** What `allow` lets pass was never looked into by `was`, or `allow` looks at it as `was` did. */
function cannotPass(was: CheckedRule, allow: CheckedRule): boolean {
  if (disjoint(allow.matcher, was.matcher)) return true;
  return !looksIn(was) && (looksAtForms(allow) || allow.matcher.body.length > 0);
}

/** `rule` looks wherever `was` did, along the same paths at least. */
function doubtsAsMuch(was: CheckedRule, rule: CheckedRule): boolean {
  if (isOfTools(rule.matcher) && !isOfTools(was.matcher)) return false;
  if (was.matcher.body.length > 0 && rule.matcher.body.length === 0) return false;
  if (was.matcher.args.length > 0 && rule.matcher.args.length === 0) return false;
  if (looksAtForms(was) && !looksAtForms(rule) && rule.matcher.body.length === 0) return false;
  const inBody = pathsOf(rule.matcher.body, fieldOf(rule.effect));
  const inArgs = pathsOf(rule.matcher.args, null);
  const same =
    [...pathsOf(was.matcher.body, fieldOf(was.effect))].every(path => inBody.has(path)) &&
    [...pathsOf(was.matcher.args, null)].every(path => inArgs.has(path));
  return same && coversBesides(was, rule);
}

/** A `deny` without a look into the body, wherever `was` looked. */
function deniesAnyway(was: CheckedRule, rule: CheckedRule): boolean {
  const { matcher, effect } = rule;
  return effect.kind === 'deny' && matcher.body.length === 0 && matcher.args.length === 0 && coversBesides(was, rule);
}

function coversBesides(was: CheckedRule, rule: CheckedRule): boolean {
  const sides = { narrow: was.effect.kind, wide: rule.effect.kind };
  // A rule on arguments is one on tools, whatever else is left of it.
  const left = (matcher: Matcher): Matcher => ({ ...matcher, body: [], args: [] });
  return covers(left(was.matcher), left(rule.matcher), sides);
}

function pathsOf(tests: readonly BodyMatcher[], field: JsonPath | null): ReadonlySet<string> {
  const paths = tests.map(({ path }) => JSON.stringify(path));
  return new Set(field === null ? paths : [...paths, JSON.stringify(field)]);
}

function fieldOf(effect: CheckedRule['effect']): JsonPath | null {
  return effect.kind === 'limit' ? effect.field : null;
}
