/**
 * Whether one policy file is signed as the trust folder asks, for these bytes, under this name, at this time.
 *
 *   in   : the file as it was read, its envelope, the trusted keys
 *   out  : what the signers said, and who they are; or the Fault that keeps the file from going live
 *   never: reads a file or a clock; knows which version came before
 */
import type { Sha256Hex } from '../core/brand.js';
import { Fault } from '../core/fault.js';
import { rfc3339Ms } from '../core/time/rfc3339.js';
import {
  ISSUED_AHEAD_MAX_MS,
  misfit,
  POLICY_PAYLOAD_TYPE,
  type PolicyStatement,
  readPolicyStatement,
} from '../core/trust/policy-payload.js';
import { admitEnvelope } from '../core/trust/signers.js';
import { ed25519Verify } from '../crypto/ed25519.js';
import type { Trust } from '../disk/trust-folder.js';

export interface SignedFile {
  readonly path: string;
  /** File name without folder. */
  readonly name: string;
  readonly sha256: Sha256Hex;
  /** Bytes of `<path>.dsse`; null: there is none. */
  readonly envelope: Uint8Array | null;
}

export interface SignedPolicy {
  readonly statement: PolicyStatement;
  readonly keyIds: readonly string[];
}

/** @throws Fault `policy_unsigned`, `policy_signature_refused`, `policy_signature_expired` */
export function signedPolicy(file: SignedFile, trust: Trust, nowMs: number): SignedPolicy {
  const { path } = file;
  if (file.envelope === null) throw new Fault('policy_unsigned', { path });
  const admitted = admitEnvelope(file.envelope, POLICY_PAYLOAD_TYPE, trust.signers, trust.threshold, ed25519Verify);
  if (!admitted.ok) throw new Fault('policy_signature_refused', { path, why: admitted.detail });
  const read = readPolicyStatement(admitted.payload);
  if (!read.ok) throw new Fault('policy_signature_refused', { path, why: read.detail });
  const { statement } = read;
  const wrong = misfit(statement, file, nowMs);
  if (wrong === 'expired') throw new Fault('policy_signature_expired', { path, expires: statement.expires ?? '' });
  if (wrong !== null)
    throw new Fault('policy_signature_refused', { path, why: MISFITS[wrong], ...soon(statement, wrong) });
  return { statement, keyIds: admitted.keyIds };
}

/** When time alone will mend it. */
function soon({ issued }: PolicyStatement, wrong: string): { readonly fromMs?: number } {
  const issuedMs = rfc3339Ms(issued);
  return wrong === 'issued_ahead' && issuedMs !== null ? { fromMs: issuedMs - ISSUED_AHEAD_MAX_MS } : {};
}

const MISFITS = {
  other_file: 'what was signed is a policy of another file name',
  other_policy: 'what was signed are other bytes than these',
  issued_ahead: 'it says it was issued more than five minutes from now',
} as const;

/** The version that was signed is the one that the document says of itself. */
export function refuseOtherVersion(path: string, { version }: PolicyStatement, own: number | null): Fault | null {
  if (own === version) return null;
  return new Fault('policy_version_differs', { path, signed: version, own: own ?? 'none' });
}
