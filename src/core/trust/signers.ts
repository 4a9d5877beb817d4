/**
 * Whether enough trusted keys signed an envelope.
 *
 *   in   : the bytes of an envelope, the payload type that is wanted here, the trusted keys, how many of them must sign
 *   out  : the payload and who signed it, or why it is not to be believed
 *   never: counts a key twice, however often it signs or whatever names it goes by; looks at the payload
 *
 * A signature of a key that is not trusted counts nothing. One that names a trusted key and does not verify spoils the
 * envelope, since then somebody changed it.
 */
import { toBase64 } from '../bytes.js';
import type { Ed25519Verify } from '../ports.js';
import { readEnvelope, signedBytes } from './dsse.js';

export interface TrustedSigner {
  /** Key ID (audit/key-id.ts). */
  readonly keyId: string;
  /** 32 raw bytes. */
  readonly publicKey: Uint8Array;
}

export const THRESHOLD_MAX = 64;

export type EnvelopeRefusal = 'malformed' | 'wrong_type' | 'no_signers' | 'bad_signature' | 'threshold_not_met';

export type AdmittedEnvelope =
  | {
      readonly ok: true;
      readonly payload: Uint8Array;
      /** IDs of the trusted keys whose signatures are good, in the envelope's order; one a key. */
      readonly keyIds: readonly string[];
    }
  | {
      readonly ok: false;
      readonly why: EnvelopeRefusal;
      /** A clause for a person, without anything read from the envelope but key IDs. */
      readonly detail: string;
    };

/** Fails closed: a threshold that is no whole number of at least 1 is never met. Never throws. */
export function admitEnvelope(
  bytes: Uint8Array,
  payloadType: string,
  signers: readonly TrustedSigner[],
  threshold: number,
  verify: Ed25519Verify,
): AdmittedEnvelope {
  const read = readEnvelope(bytes);
  if (!read.ok) return refused('malformed', read.detail);
  const { envelope } = read;
  if (envelope.payloadType !== payloadType) return refused('wrong_type', `its payload type is not \`${payloadType}\``);
  if (signers.length === 0) return refused('no_signers', 'no key is trusted to sign');
  const message = signedBytes(payloadType, envelope.payload);
  // By the key itself: two keys can be made to share an ID.
  const good = new Map<string, string>();
  for (const { keyId, signature } of envelope.signatures) {
    const named = signers.filter(signer => signer.keyId === keyId);
    if (named.length === 0) continue;
    const signer = named.find(({ publicKey }) => verify(publicKey, message, signature));
    if (signer === undefined) return refused('bad_signature', `the signature of the trusted key ${keyId} is not right`);
    good.set(toBase64(signer.publicKey), keyId);
  }
  if (!(Number.isInteger(threshold) && threshold >= 1 && good.size >= threshold)) {
    const asked = `${good.size} of the ${threshold} trusted signatures that are needed`;
    return refused('threshold_not_met', `it has ${asked}`);
  }
  return { ok: true, payload: envelope.payload, keyIds: [...good.values()] };
}

function refused(why: EnvelopeRefusal, detail: string): AdmittedEnvelope {
  return { ok: false, why, detail };
}
