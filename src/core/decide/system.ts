import type { Decision, DecisionCode } from './types.js';

/** A denial that no rule spoke: the request, the machine or an operator's act stands in the way. */
export function systemDenial(code: DecisionCode, reason: string, enforced = true): Decision {
  return {
    result: 'deny',
    enforced,
    code,
    matchedRule: null,
    matchedRuleKind: 'system',
    reason,
    uncertain: false,
    shadowRules: [],
  };
}
