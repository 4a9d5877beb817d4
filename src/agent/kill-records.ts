import type { KillFields } from '../core/audit/fields.js';
import { systemDenial } from '../core/decide/system.js';
import type { Decision } from '../core/decide/types.js';
import type { KillHold } from './types.js';

/** The denial for a hold. Its sentence carries the reason the operator wrote, never a path of the machine. */
export function killDecision(hold: KillHold): Decision {
  const why = hold.reason === null ? '' : `: ${hold.reason}`;
  const whom = hold.scope === 'all' ? 'every agent' : `'${hold.scope}'`;
  return { ...systemDenial('kill_switch', `the kill switch stops ${whom}${why}`), matchedRuleKind: 'kill_switch' };
}

export function killRecord(
  type: KillFields['type'],
  hold: KillHold,
  ended: { readonly aborted: number; readonly abortMs: number } | null,
): KillFields {
  return {
    type,
    source: hold.source,
    scope: hold.scope,
    ...(hold.reason === null ? {} : { reason: hold.reason }),
    ...(hold.ownerUid === null ? {} : { owner_uid: hold.ownerUid }),
    ...(hold.fileTimeMs === null ? {} : { file_time: new Date(hold.fileTimeMs).toISOString() }),
    ...(ended === null ? {} : { aborted: ended.aborted, abort_ms: ended.abortMs }),
  };
}
