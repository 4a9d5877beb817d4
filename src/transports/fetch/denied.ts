/** A denial as the caller meets it: an error, or an answer that SDKs do not retry. */
import { CheckrdPolicyDenied } from '../../agent/errors.js';
import type { KillHold } from '../../agent/types.js';
import type { Decision } from '../../core/decide/types.js';

/** `throw`: the promise rejects. `response`: a 403 that tells SDKs not to try again. */
export type OnDenied = 'throw' | 'response';

export function denialOf(decision: Decision, requestId: string): CheckrdPolicyDenied {
  return new CheckrdPolicyDenied({
    code: decision.code,
    reason: decision.reason,
    requestId,
    ...(decision.retryAfterMs === undefined ? {} : { retryAfterMs: decision.retryAfterMs }),
  });
}

/** The switch ended a call that had been let through. */
export function killedDenial(hold: KillHold | null, requestId: string): CheckrdPolicyDenied {
  const reason = hold?.reason ? `stopped by the kill switch: ${hold.reason}` : 'stopped by the kill switch';
  return new CheckrdPolicyDenied({ code: 'kill_switch', reason, requestId });
}

export function deniedResponse(denial: CheckrdPolicyDenied): Response {
  const error = {
    message: denial.reason,
    type: 'checkrd_policy_denied',
    code: denial.code,
    request_id: denial.requestId,
  };
  return new Response(JSON.stringify({ error }), {
    status: 403,
    statusText: 'Forbidden',
    headers: { 'content-type': 'application/json', 'x-should-retry': 'false' },
  });
}
