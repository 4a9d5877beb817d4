/**
 * Ed25519 in plain JavaScript (`@noble/ed25519`): the second opinion on node:crypto, and what a browser uses.
 *
 * Ten times slower; nothing on the decision path calls it. Verification follows RFC 8032 §5.1.7 strictly
 * (non-canonical points and keys of small order are refused).
 */
import * as noble from '@noble/ed25519';
import type { Ed25519Sign, Ed25519Verify } from '../core/ports.js';

export const PUBLIC_KEY_BYTES = 32;

/** The SHA-512 of the host, 64 fresh bytes. Without one nothing is signed and no signature is good. */
export function hashWith(sha512: (message: Uint8Array) => Uint8Array<ArrayBuffer>): void {
  noble.hashes.sha512 = sha512;
}

export const portableVerify: Ed25519Verify = (publicKey, message, signature) => {
  try {
    return noble.verify(signature, message, publicKey, { zip215: false });
  } catch {
    return false;
  }
};

/** The signer of a 32-byte seed. */
export function portableSigner(seed: Uint8Array): { readonly publicKey: Uint8Array; readonly sign: Ed25519Sign } {
  const secret = Uint8Array.from(seed);
  return { publicKey: noble.getPublicKey(secret), sign: message => noble.sign(Uint8Array.from(message), secret) };
}

/** Whether `bytes` are a point that only one secret key can sign for: on the curve, canonical, not of small order. */
export function isSoundPublicKey(bytes: Uint8Array): boolean {
  try {
    return !noble.Point.fromBytes(bytes, false).isSmallOrder();
  } catch {
    return false;
  }
}
