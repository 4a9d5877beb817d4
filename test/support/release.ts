/** Releases of a latched kill, signed by keys of the test's own. */
import { renameSync } from 'node:fs';
import { toBase64 } from '#src/core/bytes.js';
import { envelopeText, signedBytes } from '#src/core/trust/dsse.js';
import { RELEASE_TYPE, releasePayload } from '#src/core/trust/release.js';
import { generateSeed, signerFromSeed } from '#src/crypto/ed25519.js';
import { trustedSigner } from '#src/crypto/trusted-signer.js';
import type { Home } from './home.js';

const key = () => {
  const signer = signerFromSeed(generateSeed());
  const line = `${toBase64(signer.publicKey)}\n`;
  return { signer, line, id: trustedSigner(line)?.keyId ?? '' };
};
export const OPERATOR = key();
export const SECOND = key();
export const STRANGER = key();

export interface ReleaseOf {
  readonly id: string;
  readonly log: string;
}

export function releaseText({ id, log }: ReleaseOf, by = [OPERATOR], type = RELEASE_TYPE, more = {}): string {
  const issued = '2026-01-01T00:00:00Z';
  const plain = releasePayload({ id, log, issued });
  const payload =
    Object.keys(more).length === 0 ? plain : new TextEncoder().encode(JSON.stringify({ id, log, issued, ...more }));
  const message = signedBytes(type, payload);
  const signatures = by.map(({ signer, id: keyId }) => ({ keyId, signature: signer.sign(message) }));
  return envelopeText({ payloadType: type, payload, signatures });
}

/** As an operator puts it there: whole. */
export function putRelease(home: Home, text: string): void {
  home.write('approvals/.new', text);
  renameSync(home.path('approvals', '.new'), home.path('approvals', 'release.dsse'));
}
