/** SHA-256 without Node, in the forms core asks for, and the SHA-512 of the portable Ed25519. */
import { sha256 as digest, sha512 } from '@noble/hashes/sha2.js';
import { toHex, utf8 } from '../core/bytes.js';
import type { Sha256, Sha256Digest, Sha256Text } from '../core/ports.js';
import { hashWith } from '../crypto/portable-ed25519.js';

hashWith(message => sha512(message));

/** @see Sha256 */
export const sha256: Sha256 = data => digest(data);
/** @see Sha256Text */
export const sha256Text: Sha256Text = text => toHex(digest(utf8(text)));
/** @see Sha256Digest */
export const sha256Digest: Sha256Digest = data => toHex(digest(data));

/** SHA-256 of bytes that come in pieces, hexadecimal. */
export class Sha256Pieces {
  readonly #hash = digest.create();

  add(piece: Uint8Array): void {
    this.#hash.update(piece);
  }

  hex(): string {
    return toHex(this.#hash.digest());
  }
}
