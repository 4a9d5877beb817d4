/** A size and root that somebody kept elsewhere, as text: `SIZE:ROOT`. */
import { fromBase64, fromHex, toHex } from '../bytes.js';
import type { Expectation } from './tree.js';

export const EXPECTATION_FORM = 'SIZE is a count of records, ROOT 64 hexadecimal characters or base64';

/** Null for anything else. */
export function parseExpectation(text: string): Expectation | null {
  const colon = text.indexOf(':');
  const [size, root] = [text.slice(0, colon), text.slice(colon + 1)];
  const bytes = root.length === 64 ? fromHex(root) : fromBase64(root);
  if (colon < 0 || !/^(0|[1-9][0-9]{0,14})$/.test(size) || bytes?.length !== 32) return null;
  return { size: Number(size), root: toHex(bytes) };
}
