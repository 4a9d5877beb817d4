/** A denial as the caller meets it. */
import { CheckrdPolicyDenied } from '../agent/errors.js';
import { type HoldWords, killDecision } from '../core/decide/kill.js';
import type { Decision } from '../core/decide/types.js';

export function denialOf(decision: Decision, requestId: string): CheckrdPolicyDenied {
  return new CheckrdPolicyDenied({
    code: decision.code,
    reason: decision.reason,
    requestId,
    ...(decision.hint === undefined ? {} : { hint: decision.hint }),
    ...(decision.retryAfterMs === undefined ? {} : { retryAfterMs: decision.retryAfterMs }),
  });
}

/** The switch ended a call that had been let through: in the words of a call that it refuses. */
export function killedDenial(hold: HoldWords | null, requestId: string): CheckrdPolicyDenied {
  return denialOf(killDecision(hold ?? { scope: 'all', reason: null }), requestId);
}
