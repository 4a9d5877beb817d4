/**
 * An identity's word for a log: `log_started` names the identity's key and carries its signature over
 *
 *   checkrd-endorse-v1\n<origin>\n<public key of epoch 0, padded base64>\n
 *
 * It says whose log this is. It signs no checkpoint, and what comes later in the log it does not vouch for.
 *
 * Pure; malformed records give `false`, never an exception.
 */
import { fromBase64, toBase64, utf8 } from '../bytes.js';
import type { Ed25519Sign, Ed25519Verify } from '../ports.js';
import type { FlatRecord } from './canonical.js';

/** The bytes that are signed. `publicKey`: padded base64, as in the record. */
const endorsementBytes = (origin: string, publicKey: string): Uint8Array =>
  utf8(`checkrd-endorse-v1\n${origin}\n${publicKey}\n`);

/** Value for the field `endorsement`. */
export const signEndorsement = (sign: Ed25519Sign, origin: string, publicKey: string): string =>
  toBase64(sign(endorsementBytes(origin, publicKey)));

/** Whether `identity` (32 bytes) endorsed the log that this `log_started` begins. */
export function verifyEndorsement(verify: Ed25519Verify, identity: Uint8Array, record: FlatRecord): boolean {
  const { log, public_key, endorsement } = record;
  const made = typeof endorsement === 'string' ? fromBase64(endorsement) : null;
  if (made === null || typeof log !== 'string' || typeof public_key !== 'string') return false;
  return verify(identity, endorsementBytes(log, public_key), made);
}
