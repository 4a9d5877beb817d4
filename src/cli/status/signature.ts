/** The signatures of the policy, for `status`. */
import { inspectSignature } from '../../agent/inspect-signature.js';
import type { Settings } from '../../core/config/settings.js';
import { Fault } from '../../core/fault.js';
import { groupId } from '../../disk/group-id.js';

/** Null where signatures are not asked for. */
export function signatureOf({ requireSignature, policy, trustDir, operatorsGroup, weakeningGuard }: Settings) {
  if (!requireSignature) return null;
  try {
    const rules = { operatorsGid: operatorsGroup === null ? null : groupId(operatorsGroup) };
    const { statement, keyIds, threshold, trusted } = inspectSignature(policy, trustDir, rules, Date.now());
    const { version, expires } = statement;
    return { problem: null, version, expires, signed_by: keyIds, threshold, trusted, weakening_guard: weakeningGuard };
  } catch (error) {
    if (error instanceof Fault) return { problem: error.message };
    throw error;
  }
}

export function signatureText(signed: Exclude<ReturnType<typeof signatureOf>, null | { problem: string }>): string {
  const { version, expires, signed_by: keyIds, threshold, trusted } = signed;
  const needed = `${threshold} of ${trusted} trusted keys needed`;
  return `version ${version} by ${keyIds.join(', ')} (${needed}), expires ${expires ?? 'never'}`;
}
