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

/** One row per code: what it means and how to mend it, for the documentation. */
export const POLICY_ISSUES = {
  policy_empty: 'the file holds no policy',
  unknown_key: 'a key this version does not know',
} as const satisfies Record<string, string>;

export type PolicyIssueCode = keyof typeof POLICY_ISSUES;
