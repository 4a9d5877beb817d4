/**
 * The signatures of a policy file, looked at without putting it in force: what `check` and `status` need.
 *
 *   in   : a file, the trust folder
 *   out  : what trusted keys said of it, or the Fault that would keep it from going live
 *   never: judges the version against earlier ones; that is for who remembers them
 */
import { basename } from 'node:path';
import { type Sha256Hex, sha256Hex } from '../core/brand.js';
import { toHex } from '../core/bytes.js';
import { Fault } from '../core/fault.js';
import { ENVELOPE_MAX_BYTES } from '../core/limits.js';
import { ENVELOPE_SUFFIX } from '../core/policy/layers.js';
import { sha256 } from '../crypto/sha256.js';
import { trustedSigner } from '../crypto/trusted-signer.js';
import { readWhole } from '../disk/read-whole.js';
import { readTrustFolder } from '../disk/trust-folder.js';
import type { WriterRules } from '../disk/who-may-write.js';
import { readPolicyBytes, readPolicyFile } from './offline.js';
import { refuseOtherVersion, type SignedPolicy, signedPolicy } from './policy-signature.js';

export interface SignatureFacts extends SignedPolicy {
  /** How many keys are trusted, and how many of them must sign. */
  readonly trusted: number;
  readonly threshold: number;
}

/** @throws Fault those of `signedPolicy`, `trust_unusable`, `policy_version_differs`, and of reading the file. */
export function inspectSignature(path: string, trustDir: string, rules: WriterRules, nowMs: number): SignatureFacts {
  const file = readPolicyBytes(path);
  if (!file.ok) throw file.fault;
  const trust = readTrustFolder(trustDir, rules, trustedSigner);
  const signed = signedPolicy(
    { path, name: basename(path), sha256: hashOf(file.bytes), envelope: envelopeOf(path) },
    trust,
    nowMs,
  );
  const read = readPolicyFile(path);
  const differs = refuseOtherVersion(path, signed.statement, read.ok ? read.policy.version : null);
  if (differs !== null) throw differs;
  return { ...signed, trusted: trust.signers.length, threshold: trust.threshold };
}

function envelopeOf(path: string): Uint8Array | null {
  const envelope = readWhole(`${path}${ENVELOPE_SUFFIX}`, ENVELOPE_MAX_BYTES);
  if (envelope.ok) return envelope.bytes;
  if (envelope.error === 'ENOENT') return null;
  throw new Fault('input_unreadable', { path: `${path}${ENVELOPE_SUFFIX}`, why: envelope.error });
}

function hashOf(bytes: Uint8Array): Sha256Hex {
  const hash = sha256Hex(toHex(sha256(bytes)));
  if (hash === null) throw new Fault('internal', { what: 'a digest that is none' });
  return hash;
}
