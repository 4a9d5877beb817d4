import type { Decision, DecisionCode } from './types.js';

/** A denial that no rule spoke: the request, the machine or an operator's act stands in the way. */
export function systemDenial(code: DecisionCode, reason: string, enforced = true): Decision {
  return spoken('deny', code, reason, enforced);
}

/** A call that goes on without a rule. */
export function systemAllowance(code: DecisionCode, reason: string): Decision {
  return spoken('allow', code, reason, true);
}

function spoken(result: Decision['result'], code: DecisionCode, reason: string, enforced: boolean): Decision {
  return {
    result,
    enforced,
    code,
    matchedRule: null,
    matchedRuleKind: 'system',
    reason,
    uncertain: false,
    shadowRules: [],
  };
}
