/**
 * A key's short name in records and reports: the first 16 hexadecimal characters of SHA-256 of the 32 raw bytes.
 *
 * For people and for telling keys apart; never a proof of anything.
 *
 * Worked bytes: public key d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a (RFC 8032 §7.1, test 1)
 *   → 21fe31dfa154a261
 */
import { toHex } from '../bytes.js';
import type { Sha256 } from '../ports.js';

export function keyId(sha256: Sha256, publicKey: Uint8Array): string {
  return toHex(sha256(publicKey).subarray(0, 8));
}
