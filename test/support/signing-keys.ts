/** Keys for tests that sign things, and envelopes made with them. */
import { toBase64, utf8 } from '#src/core/bytes.js';
import { envelopeText, signedBytes } from '#src/core/trust/dsse.js';
import type { TrustedSigner } from '#src/core/trust/signers.js';
import { type Signer, signerFromSeed } from '#src/crypto/ed25519.js';
import { trustedSigner } from '#src/crypto/trusted-signer.js';

export interface TestKey extends Signer, TrustedSigner {
  /** The text of its `.pub` file. */
  readonly pub: string;
  /** The text of its secret key file. */
  readonly secret: string;
}

/** The same key for the same `number` (0 to 255). */
export function testKey(number: number): TestKey {
  const seed = new Uint8Array(32).fill(number);
  const signer = signerFromSeed(seed);
  const pub = `${toBase64(signer.publicKey)}\n`;
  const trusted = trustedSigner(pub);
  if (trusted === null) throw new Error('an unsound key');
  return { ...signer, ...trusted, pub, secret: `${toBase64(seed)}\n` };
}

export function envelopeBy(keys: readonly TestKey[], payloadType: string, payload: string): string {
  const bytes = utf8(payload);
  const message = signedBytes(payloadType, bytes);
  const signatures = keys.map(({ keyId, sign }) => ({ keyId, signature: sign(message) }));
  return envelopeText({ payloadType, payload: bytes, signatures });
}
