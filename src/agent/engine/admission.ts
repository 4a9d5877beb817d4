/**
 * Whose engine may be run: the one that this version was built with, or one that enough trusted keys signed.
 *
 *   in   : the file as it was read, its envelope, the keys in `engine/` of the trust folder, the clock
 *   out  : the bytes and why they may be run, or the Fault that keeps them from it
 *   never: believes a key that is trusted to sign policies: rules are one power, the code that judges by them another
 */
import { join } from 'node:path';
import type { Sha256Hex } from '../../core/brand.js';
import { Fault } from '../../core/fault.js';
import { rfc3339Ms } from '../../core/time/rfc3339.js';
import { ENGINE_PAYLOAD_TYPE, engineMisfit, readEngineStatement } from '../../core/trust/engine-payload.js';
import { admitEnvelope } from '../../core/trust/signers.js';
import { ed25519Verify } from '../../crypto/ed25519.js';
import { sha256Digest } from '../../crypto/sha256.js';
import { trustedSigner } from '../../crypto/trusted-signer.js';
import { lookAtTrustFolder, readTrustFolder } from '../../disk/trust-folder.js';
import type { WriterRules } from '../../disk/who-may-write.js';
import { ENGINE_ABI, isPinned } from '../../wasm/module.js';

/** Why an engine may be run. */
export type EngineStanding =
  | { readonly from: 'pinned' }
  | {
      readonly from: 'signed';
      /** IDs of the trusted keys. */
      readonly keyIds: readonly string[];
      /** RFC 3339. */
      readonly issued: string;
    };

export interface EngineTrust {
  /** The trust folder; the keys of engines stand in `engine/` below it. */
  readonly trustDir: string;
  readonly rules: WriterRules;
  readonly wallMs: () => number;
}

export function engineDigest(bytes: Uint8Array): Sha256Hex {
  return sha256Digest(bytes) as Sha256Hex;
}

/** A text that is another whenever trust in the same bytes may have come to another answer. */
export function lookAtEngineTrust({ trustDir }: EngineTrust): string {
  return lookAtTrustFolder(join(trustDir, 'engine'));
}

/**
 * @param live  Why the engine in force may be run; null: none is.
 * @throws Fault `engine_untrusted`, `trust_unusable`, `policy_writable_by_others`
 */
export function admitEngine(
  file: { readonly path: string; readonly sha256: string; readonly envelope: Uint8Array | null },
  live: EngineStanding | null,
  { trustDir, rules, wallMs }: EngineTrust,
): EngineStanding {
  const { path, sha256, envelope } = file;
  if (isPinned(sha256)) return { from: 'pinned' };
  const refuse = (why: string) => new Fault('engine_untrusted', { path, why });
  if (envelope === null) throw refuse('nobody signed it: there is no `.dsse` beside it');
  const trust = readTrustFolder(join(trustDir, 'engine'), rules, trustedSigner);
  const admitted = admitEnvelope(envelope, ENGINE_PAYLOAD_TYPE, trust.signers, trust.threshold, ed25519Verify);
  if (!admitted.ok) throw refuse(`its signature does not count: ${admitted.detail}`);
  const read = readEngineStatement(admitted.payload);
  if (!read.ok) throw refuse(`its signature does not count: ${read.detail}`);
  const { statement } = read;
  const wrong = engineMisfit(statement, { sha256, abi: ENGINE_ABI }, wallMs());
  if (wrong !== null) throw refuse(`its signature does not count: ${wrong}`);
  const { issued } = statement;
  if (live?.from === 'signed' && (rfc3339Ms(issued) ?? 0) < (rfc3339Ms(live.issued) ?? 0)) {
    throw refuse('it was signed before the engine in force; sign it again if it is meant');
  }
  return { from: 'signed', keyIds: admitted.keyIds, issued };
}
