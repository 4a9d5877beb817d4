/**
 * What can be wrong with a policy. Issues are values: stages collect them, faces render them.
 */

/** One thing wrong. `line` and `column` (1-based) are null when the policy came as an object. */
export interface PolicyIssue {
  readonly code: PolicyIssueCode;
  /** A sentence without the place; it names keys, never quotes values at length. */
  readonly message: string;
  readonly line: number | null;
  readonly column: number | null;
  /** How to mend it, as a sentence. */
  readonly suggestion: string | null;
}

/** One row per code: what it means, for the documentation. */
export const POLICY_ISSUES = {
  alias_invalid: 'a YAML alias that names no finished anchor, or stands where a key must be',
  body_matcher_invalid: 'operators of a body matcher that do not go together',
  bound_exceeded: 'larger than a bound of the language; the message has its name and value',
  byte_order_mark: 'the file begins with a byte order mark',
  duplicate_key: 'the same key twice in one mapping',
  duplicate_name: 'two rules with one name',
  effect_count: 'a rule has exactly one of `allow`, `deny` and `limit`',
  empty_list: 'an empty list where something must be listed',
  empty_value: 'an empty name, pattern, path or method',
  field_matcher_invalid: 'operators or a name of a query or header matcher that cannot be',
  final_newline: 'the file does not end in a newline, so it may have been cut',
  json_syntax: 'the file is not JSON',
  jsonpath_invalid: 'a JSON path that is not one this language has',
  key_not_string: 'a mapping key that is not a string',
  limit_invalid: 'the parts of a limit do not go together',
  matcher_twice: 'the same matcher inside the effect and beside it',
  merge_key: 'a YAML merge key (`<<`)',
  method_invalid: 'not an HTTP method',
  missing_key: 'a required key is missing',
  multiple_documents: 'more than one YAML document in the file',
  name_invalid: 'a rule name with a control character or a comma',
  not_supported: 'a feature of the language that this version does not have',
  not_text: 'the file holds NUL bytes',
  not_unicode: 'text with half of a surrogate pair',
  not_utf8: 'the file is not UTF-8',
  null_value: 'nothing where a value must be',
  number_invalid: 'a number in a form, size or range that is not allowed',
  policy_empty: 'the file holds no policy',
  regex_invalid: 'a regular expression that is not in the syntax of RE2, or that no text matches',
  time_invalid: 'not a time window, or a time zone that does not exist',
  time_zone_alone: 'a time zone without a window or days',
  time_zone_missing: "a time zone that exists and is not in this Node's zone data",
  too_deep: 'nested too deeply',
  unknown_key: 'a key this version does not know',
  unknown_value: 'a value that is none of the possible ones',
  url_pattern_invalid: 'a URL pattern that cannot mean anything',
  wrong_type: 'a value of the wrong type',
  yaml_syntax: 'the file is not YAML 1.2',
  yaml_tag: 'a YAML tag other than those of the core schema',
} as const satisfies Record<string, string>;

export type PolicyIssueCode = keyof typeof POLICY_ISSUES;

/** `path:line:column: sentence; suggestion [code]`, on one line; the place only where there is one. */
export function describeIssue(path: string, issue: PolicyIssue): string {
  const place = issue.line === null ? path : `${path}:${issue.line}:${issue.column ?? 1}`;
  const mend = issue.suggestion === null ? '' : `; ${issue.suggestion}`;
  return `${place}: ${issue.message}${mend} [${issue.code}]`;
}
