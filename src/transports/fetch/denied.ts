/** A denial as the caller of a fetch may want it: an answer that SDKs do not retry. */
import type { CheckrdPolicyDenied } from '../../agent/errors.js';

/** `throw`: the promise rejects. `response`: a 403 that tells SDKs not to try again. */
export type OnDenied = 'throw' | 'response';

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
