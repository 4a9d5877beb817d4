/**
 * The answer to a request as JSON text, keys in their documented order: `checkrd decide` and the daemon give the same one.
 * `policy_layer`, `hint` and `shadow_rules` stand there only when there is something to say.
 */
import type { Decision } from './types.js';

/** Without the closing brace, so that a face may add what is its own. */
function open(d: Decision): string {
  const rule = d.matchedRule === null ? 'null' : JSON.stringify(d.matchedRule);
  const layer = d.policyLayer === undefined ? '' : `,"policy_layer":${JSON.stringify(d.policyLayer)}`;
  const hint = d.hint === undefined ? '' : `,"hint":${JSON.stringify(d.hint)}`;
  const shadows = d.shadowRules.length === 0 ? '' : `,"shadow_rules":${JSON.stringify(d.shadowRules)}`;
  return `{"result":"${d.result}","enforced":${d.enforced},"code":"${d.code}","matched_rule":${rule},"matched_rule_kind":"${d.matchedRuleKind}"${layer},"reason":${JSON.stringify(d.reason)}${hint}${shadows}`;
}

export function decisionText(decision: Decision): string {
  return `${open(decision)}}`;
}

/** The daemon's: the outcome is reported under this ID. */
export function recordedText(decision: Decision, requestId: string): string {
  return `${open(decision)},"request_id":${JSON.stringify(requestId)}}`;
}
