/**
 * SHA-256 by node:crypto, in the two forms core asks for. `crypto.hash` (Node ≥ 20.12) takes 60 % of `createHash`'s time.
 */
import * as crypto from 'node:crypto';
import type { Sha256, Sha256Digest, Sha256Text } from '../core/ports.js';

const oneShot: typeof crypto.hash | undefined = crypto.hash;

/** @see Sha256 */
export const sha256: Sha256 = oneShot
  ? data => fresh(oneShot('sha256', data, 'buffer'))
  : data => fresh(crypto.createHash('sha256').update(data).digest());

/** @see Sha256Text */
export const sha256Text: Sha256Text = oneShot
  ? text => oneShot('sha256', text, 'hex')
  : text => crypto.createHash('sha256').update(text, 'utf8').digest('hex');

/** @see Sha256Digest */
export const sha256Digest: Sha256Digest = oneShot
  ? data => oneShot('sha256', data, 'hex')
  : data => crypto.createHash('sha256').update(data).digest('hex');

/** SHA-256 of bytes that come in pieces, hexadecimal. */
export class Sha256Pieces {
  readonly #hash = crypto.createHash('sha256');

  add(piece: Uint8Array): void {
    this.#hash.update(piece);
  }

  hex(): string {
    return this.#hash.digest('hex');
  }
}

/** A plain array of its own bytes: a Buffer may be a view of a pool. */
function fresh(digest: Buffer): Uint8Array {
  return new Uint8Array(digest);
}
