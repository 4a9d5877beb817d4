/** The policy that a record was decided or put in force under; null for a record that names none. A rejected one was never kept. */
import type { FlatRecord } from '../audit/canonical.js';

const SHA256 = /^[0-9a-f]{64}$/;

export function namedPolicy(record: FlatRecord): string | null {
  const { type, policy_sha256: sha256 } = record;
  return type !== 'policy_rejected' && typeof sha256 === 'string' && SHA256.test(sha256) ? sha256 : null;
}
