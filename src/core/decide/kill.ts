import { systemDenial } from './system.js';
import type { Decision } from './types.js';

/** What a denial says of the hold behind it. */
export interface HoldWords {
  /** `all`, an agent ID, or globs over agents. */
  readonly scope: string;
  /** As the operator wrote it. */
  readonly reason: string | null;
}

/** The denial for a hold. Its sentence carries the reason the operator wrote, never a path of the machine. */
export function killDecision({ scope, reason }: HoldWords): Decision {
  const why = reason === null ? '' : `: ${reason}`;
  const whom = scope === 'all' ? 'every agent' : `'${scope}'`;
  return { ...systemDenial('kill_switch', `the kill switch stops ${whom}${why}`), matchedRuleKind: 'kill_switch' };
}
