/**
 * What loads and is most likely not meant (the language, section 8). Lints are values like issues; `--strict` makes them
 * errors.
 */
import type { CheckedRule, Position } from './checked.js';
import { quoted } from './issue-list.js';

/** One row per code: what it means, for the documentation. */
export const LINTS = {
  allow_everything: 'an `allow` that no call fails to match',
  body_on_bodyless_method: 'a `body` matcher on methods that are sent without a body',
  default_allow: '`default: allow`: what no rule names passes',
  empty_matcher: 'an `allow` with an empty matcher, which matches every call',
  glob_in_domain:
    'an `allow` with a `*` inside one of the last three labels of a host, so that a stranger can register a match',
  glob_over_public_suffix: 'an `allow` with a `*` right over a suffix under which anybody can have a host',
  hidden_character: 'a line with a character that does not show, or that turns the line around',
  host_without_dot: 'an `allow` for a host without a dot and without a scheme: a tool server of that name matches too',
  limit_never_reached: 'a `limit` that can never refuse a call',
  min_over_max: 'a `min` above the `max` beside it',
  no_tests: 'the policy carries no tests of its own',
  plain_http: 'an `allow` over plain `http` or `ws`: anybody on the way reads and changes the call',
  rule_never_fires: 'a rule that can never fire or never decide',
  rule_repeated: 'a rule that matches exactly what an earlier one of the same effect matches',
} as const satisfies Record<string, string>;

export type LintCode = keyof typeof LINTS;

/** One thing most likely not meant. `line` and `column` (1-based) are null when the policy came as an object. */
export interface Lint {
  readonly code: LintCode;
  /** A sentence without the place. */
  readonly message: string;
  readonly line: number | null;
  readonly column: number | null;
  readonly suggestion: string;
}

/** What a rule's lint says, before anybody knows which rule it is. */
export interface Remark {
  readonly code: LintCode;
  readonly message: string;
  readonly suggestion: string;
}

export function lintAt(at: Position | null, remark: Remark): Lint {
  const { code, message, suggestion } = remark;
  return { code, message, line: at?.line ?? null, column: at?.column ?? null, suggestion };
}

/** A remark on a rule: the sentence names it. */
export function lintRule(rule: Pick<CheckedRule, 'name' | 'at'>, { code, message, suggestion }: Remark): Lint {
  return lintAt(rule.at, { code, message: `the rule ${quoted(rule.name)}: ${message}`, suggestion });
}
