/** The policy and its layers as the agent would take them, and who signed them. Puts nothing in force. */
import { accessSync, constants, lstatSync } from 'node:fs';
import type { Sha256Hex } from '../../core/brand.js';
import type { Settings } from '../../core/config/settings.js';
import type { PolicyFacts, SignatureFacts } from '../../core/doctor/facts.js';
import { Fault } from '../../core/fault.js';
import {
  misfit,
  POLICY_PAYLOAD_TYPE,
  readPolicyStatement,
  type StatementMisfit,
} from '../../core/trust/policy-payload.js';
import { admitEnvelope } from '../../core/trust/signers.js';
import { ed25519Verify } from '../../crypto/ed25519.js';
import { sha256Digest } from '../../crypto/sha256.js';
import { trustedSigner } from '../../crypto/trusted-signer.js';
import { errorCode } from '../../disk/error-code.js';
import { hashedSet, type PolicyDocument, policyPlace, readSetSync } from '../../disk/policy-set.js';
import { readTrustFolder, type Trust } from '../../disk/trust-folder.js';
import type { WriterRules } from '../../disk/who-may-write.js';
import { type Inspected, policyInspector } from '../inspect-policy.js';
import { failures } from '../policy-tests.js';

export interface PolicyLook {
  readonly policies: readonly PolicyFacts[];
  readonly signatures: SignatureFacts;
}

/** As the agent would take them: a policy whose own tests fail does not go live. */
export function lookAtPolicies(settings: Settings, rules: WriterRules, nowMs: number): PolicyLook {
  const { policy: path, inspectBytes } = settings;
  const inspector = policyInspector(inspectBytes);
  const error = errorOf(() => lstatSync(path)) ?? errorOf(() => accessSync(path, constants.R_OK));
  const none = {
    path,
    isThere: error !== 'ENOENT' && error !== 'ENOTDIR',
    error,
    problem: null,
    hint: null,
    rules: 0,
    mode: '',
  };
  const unsigned = lookAtSignatures(settings, rules, [], nowMs);
  if (error !== null) return { policies: [none], signatures: unsigned };
  try {
    const { files } = readSetSync(policyPlace(path), rules);
    const { documents } = hashedSet(files, bytes => sha256Digest(bytes) as Sha256Hex);
    return {
      policies: documents.map(at => factsOf(at.path, inspector.inspectBytes(at.bytes, at.name))),
      signatures: lookAtSignatures(settings, rules, documents, nowMs),
    };
  } catch (caught) {
    if (!(caught instanceof Fault)) throw caught;
    // Who could write what is found with the paths; here it counts whether the policy is one.
    if (caught.code === 'policy_writable_by_others')
      return { policies: [factsOf(path, inspector.inspectFile(path))], signatures: unsigned };
    return { policies: [{ ...none, problem: caught.message, hint: caught.hint }], signatures: unsigned };
  }
}

function factsOf(path: string, got: Inspected): PolicyFacts {
  const facts = { path, isThere: true, error: null, problem: null, hint: null, rules: 0, mode: '' };
  const [first] = got.ok ? failures(got.tests) : got.errors;
  if (got.ok && first === undefined) return { ...facts, rules: got.rules, mode: got.mode };
  const place = first?.line == null ? '' : ` at ${first.line}:${first.column}`;
  return { ...facts, problem: `${first?.message ?? 'it does not load'}${place}` };
}

function lookAtSignatures(
  { requireSignature: isRequired, trustDir: folder }: Settings,
  rules: WriterRules,
  documents: readonly PolicyDocument[],
  nowMs: number,
): SignatureFacts {
  if (!isRequired) return { isRequired, folder, problem: null, signers: 0, threshold: 0, refused: [] };
  try {
    const trust = readTrustFolder(folder, rules, trustedSigner);
    const refused = documents.flatMap(document => {
      const why = refusal(document, trust, nowMs);
      return why === null ? [] : [{ path: document.path, why }];
    });
    const { signers, threshold } = trust;
    return { isRequired, folder, problem: null, signers: signers.length, threshold, refused };
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    const problem = { message: error.message, hint: error.hint };
    return { isRequired, folder, problem, signers: 0, threshold: 0, refused: [] };
  }
}

/** Whether enough keys signed these bytes under this name. Versions that were seen before are known to the agent alone. */
function refusal({ envelope, name, sha256 }: PolicyDocument, trust: Trust, nowMs: number): string | null {
  if (envelope === null) return 'it is not signed';
  const admitted = admitEnvelope(envelope, POLICY_PAYLOAD_TYPE, trust.signers, trust.threshold, ed25519Verify);
  if (!admitted.ok) return admitted.detail;
  const read = readPolicyStatement(admitted.payload);
  if (!read.ok) return read.detail;
  const why = misfit(read.statement, { name, sha256 }, nowMs);
  return why === null ? null : MISFITS[why];
}

const MISFITS = {
  other_file: 'its signature is for a file of another name',
  other_policy: 'its signature is for other bytes: it was changed after it was signed',
  issued_ahead: 'its signature is from the future: see the clock',
  expired: 'its signature has expired',
} as const satisfies Record<StatementMisfit, string>;

function errorOf(look: () => unknown): string | null {
  try {
    look();
    return null;
  } catch (error) {
    return errorCode(error);
  }
}
