/** A size and root that somebody kept elsewhere, as text. */
import { fromBase64, fromHex, toHex } from '../core/bytes.js';
import type { Expectation } from '../core/verify/tree.js';
import { Misuse } from './args.js';

/** @throws Misuse */
export function expectation(text: string | null): Expectation | null {
  if (text === null) return null;
  const colon = text.indexOf(':');
  const [size, root] = [text.slice(0, colon), text.slice(colon + 1)];
  const bytes = root.length === 64 ? fromHex(root) : fromBase64(root);
  if (colon < 0 || !/^(0|[1-9][0-9]{0,14})$/.test(size) || bytes?.length !== 32) {
    throw new Misuse('--expect is SIZE:ROOT', 'SIZE is a count of records, ROOT 64 hexadecimal characters or base64');
  }
  return { size: Number(size), root: toHex(bytes) };
}
