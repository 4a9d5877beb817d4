/** Rows of the one table of failures (fault.ts): signatures, versions, and what trusted keys may do. */
import type { FaultRow } from './fault.js';

export const TRUST_FAULTS = {
  archive_damaged: {
    say: f => `\`${f.path}\` is not the policy that was kept: ${f.why}`,
    fix: 'restore it from a backup, or choose another (`checkrd policy list`)',
  },
  break_glass_refused: {
    say: f => `break glass would count for nothing: ${f.why}`,
    fix: 'docs/break-glass.md says who may sign it, and where',
  },
  policy_signature_expired: {
    say: f => `the signatures of \`${f.path}\` ended at ${f.expires}`,
    fix: 'sign the policy again (`checkrd sign`), with a later --expires',
  },
  policy_signature_refused: {
    say: f => `the signatures of \`${f.path}\` do not admit it: ${f.why}`,
    fix: 'sign these very bytes with trusted keys (`checkrd sign`), and roll out policy and envelope together',
  },
  policy_unsigned: {
    say: f => `the policy \`${f.path}\` has no envelope beside it, and \`require_signature\` is set`,
    fix: 'sign it with `checkrd sign`, and put the `.dsse` file beside it',
  },
  policy_version_differs: {
    say: f => `version ${f.signed} of \`${f.path}\` was signed, and the document says ${f.own}`,
    fix: 'write `version:` into the policy, raise it with each change, and sign it again',
  },
  policy_version_reused: {
    say: f => `version ${f.got} of \`${f.path}\` was another text before`,
    fix: 'raise `version:` in the policy and sign it again',
  },
  policy_version_rolled_back: {
    say: f => `\`${f.path}\` has version ${f.got}, and ${f.last} was in force before`,
    fix: 'raise `version:` and sign again; to allow an old one, as root: `checkrd policy reset-version`',
  },
  policy_version_step: {
    say: f => `\`${f.path}\` goes from version ${f.last} to ${f.got}, a step over 1,000,000`,
    fix: 'write a version that is nearer and sign it again',
  },
  trust_unusable: {
    say: f => `what the trust folder says cannot be used: \`${f.path}\`: ${f.why}`,
    fix: 'mend the file named; until then no signature counts and the policy in force stays',
  },
  version_reset_refused: {
    say: f => `the request to forget a version cannot be followed: \`${f.path}\`: ${f.why}`,
    fix: 'remove that file and run `checkrd policy reset-version` again',
  },
  versions_lost: {
    say: f => `the versions that were in force cannot be told: \`${f.path}\`: ${f.why}`,
    fix: 'restore that file from a copy; or, as root and sure of the policy there: `checkrd policy reset-version`',
  },
} as const satisfies Record<string, FaultRow>;
