/** A denial as the caller meets it: an error, or an answer that SDKs do not retry. */
import { CheckrdPolicyDenied } from '../../agent/errors.js';
import { type HoldWords, killDecision } from '../../core/decide/kill.js';
import type { Decision } from '../../core/decide/types.js';

/** `throw`: the promise rejects. `response`: a 403 that tells SDKs not to try again. */
export type OnDenied = 'throw' | 'response';

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

export function deniedResponse(denial: CheckrdPolicyDenied): Response {
  const error = {
    message: denial.reason,
    type: 'checkrd_policy_denied',
    code: denial.code,
    request_id: denial.requestId,
    ...(denial.hint === null ? {} : { hint: denial.hint }),
  };
  return new Response(JSON.stringify({ error }), {
    status: 403,
    statusText: 'Forbidden',
    headers: { 'content-type': 'application/json', 'x-should-retry': 'false' },
  });
}
