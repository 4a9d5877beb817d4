/**
 * `key_rotated`: the key of one epoch certifies that of the next.
 *
 *   signature   Ed25519 of the old key over
 *                 checkrd-key-v1\n<origin>\n<its seq>\n<its prev>\n<new public key, padded base64>\n
 *   sig         of the old key over the whole record (record-signature)
 *
 * By `seq` and `prev` the certificate holds at one place of one log only. `<log>.epochs` keeps copies of these lines.
 *
 * Pure; malformed records give null, never an exception.
 */
import { fromBase64, toBase64, utf8 } from '../bytes.js';
import type { Ed25519Sign, Ed25519Verify, Sha256 } from '../ports.js';
import type { FlatRecord } from './canonical.js';
import { keyId } from './key-id.js';
import { verifyRecordSignature } from './record-signature.js';

const PUBLIC_KEY_BYTES = 32;

/** Where the rotation stands, and the key that follows. */
export interface Succession {
  readonly origin: string;
  readonly seq: number;
  readonly prev: string;
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
}

/** The bytes that `signature` signs. */
function successionBytes({ origin, seq, prev, publicKey }: Succession): Uint8Array {
  return utf8(`checkrd-key-v1\n${origin}\n${seq}\n${prev}\n${toBase64(publicKey)}\n`);
}

/** Value for the field `signature`, by the key whose epoch ends. */
export function signSuccession(sign: Ed25519Sign, succession: Succession): string {
  return toBase64(sign(successionBytes(succession)));
}

/** The key that a record names by `public_key` and `key_id`; null when they are none, or disagree. */
export function namedKey(sha256: Sha256, record: FlatRecord): { readonly id: string; readonly key: Uint8Array } | null {
  const key = typeof record.public_key === 'string' ? fromBase64(record.public_key) : null;
  if (key?.length !== PUBLIC_KEY_BYTES) return null;
  const id = keyId(sha256, key);
  return id === record.key_id ? { id, key } : null;
}

/** Whether `oldKey` made both signatures of this `key_rotated` record. */
export function verifySuccession(verify: Ed25519Verify, oldKey: Uint8Array, record: FlatRecord): boolean {
  const { log, seq, prev, public_key, signature } = record;
  if (typeof log !== 'string' || typeof seq !== 'number' || typeof prev !== 'string') return false;
  const publicKey = typeof public_key === 'string' ? fromBase64(public_key) : null;
  const made = typeof signature === 'string' ? fromBase64(signature) : null;
  if (publicKey === null || made === null) return false;
  const message = successionBytes({ origin: log, seq, prev, publicKey });
  return verify(oldKey, message, made) && verifyRecordSignature(verify, oldKey, record);
}
