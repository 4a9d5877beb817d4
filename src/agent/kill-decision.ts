import { systemDenial } from '../core/decide/system.js';
import type { Decision } from '../core/decide/types.js';
import type { KillHold } from './types.js';

/** The denial for a hold. Its sentence carries the reason the operator wrote, never a path of the machine. */
export function killDecision(hold: Pick<KillHold, 'scope' | 'reason'>): Decision {
  const why = hold.reason === null ? '' : `: ${hold.reason}`;
  const whom = hold.scope === 'all' ? 'every agent' : `'${hold.scope}'`;
  return { ...systemDenial('kill_switch', `the kill switch stops ${whom}${why}`), matchedRuleKind: 'kill_switch' };
}
