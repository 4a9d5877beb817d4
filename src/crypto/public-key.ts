/** The text of a public key: one line, padded base64 of the 32 raw bytes. Portable: a browser reads it as Node does. */
import { fromBase64 } from '../core/bytes.js';
import { isSoundPublicKey, PUBLIC_KEY_BYTES } from './portable-ed25519.js';

/** Null when it is none, or a point that anybody can sign for. */
export function parsePublicKey(text: string): Uint8Array | null {
  const bytes = fromBase64(text.endsWith('\n') ? text.slice(0, -1) : text);
  return bytes?.length === PUBLIC_KEY_BYTES && isSoundPublicKey(bytes) ? bytes : null;
}
