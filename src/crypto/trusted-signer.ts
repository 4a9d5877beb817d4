import { keyId } from '../core/audit/key-id.js';
import type { TrustedSigner } from '../core/trust/signers.js';
import { parsePublicKey } from './read-keys.js';
import { sha256 } from './sha256.js';

/** The signer that a `.pub` file's text names; null when it holds no usable key. */
export function trustedSigner(text: string): TrustedSigner | null {
  const publicKey = parsePublicKey(text);
  return publicKey && { keyId: keyId(sha256, publicKey), publicKey };
}
