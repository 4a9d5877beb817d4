/** What a dropped file is: a log's file, what lies beside one, or a public key. By its name where that says it, else by its content. */
import { fromUtf8 } from '../core/bytes.js';
import { parsePublicKey } from '../crypto/public-key.js';
import { at, Refused, type Slices } from './dropped.js';

export type Sorted = { readonly kind: 'log' | 'beside' } | { readonly kind: 'key'; readonly key: string };

/** Any key file fits. */
const KEY_FILE_MAX_BYTES = 4096;

/** @throws Refused */
export async function sortDropped(name: string, bytes: Slices): Promise<Sorted> {
  if (/\.(state|epochs)$/.test(name)) return { kind: 'beside' };
  if (/\.(key|pem)$/.test(name))
    throw new Refused(`${name} looks like a secret key. It belongs on its own machine only; give the .pub beside it.`);
  const text = bytes.size <= KEY_FILE_MAX_BYTES ? fromUtf8(await at(bytes, 0, bytes.size)) : null;
  if (text !== null && parsePublicKey(text) !== null) return { kind: 'key', key: text.trimEnd() };
  // A pin must not vanish silently.
  if (name.endsWith('.pub'))
    throw new Refused(`${name} holds no usable Ed25519 public key: one line, base64 of 32 bytes.`);
  return { kind: 'log' };
}
