/** Values of a body section as the engine sees them: bytes, hash, order. Mirrors of engine/body/hash.ts, decimal.ts and check.ts. */
import type { Decimal } from '../checked.js';

/**
 * UTF-8, and for a surrogate without its partner the three bytes of WTF-8: never U+FFFD, which a body could hold
 * for another reason.
 */
export function bytesOf(text: string): Uint8Array {
  if (text.isWellFormed()) return new TextEncoder().encode(text);
  const out: number[] = [];
  for (const char of text) {
    const code = char.codePointAt(0)!;
    if (code >= 0xd800 && code <= 0xdfff) out.push(0xe0 | (code >> 12), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63));
    else out.push(...new TextEncoder().encode(char));
  }
  return Uint8Array.from(out);
}

/** The engine's hash: four bytes at a time, the last ones padded with zeros. */
export function hashOf(bytes: Uint8Array): number {
  let hash = 0x9e3779b9;
  for (let i = 0; i < bytes.length; i += 4) {
    const word = bytes[i]! | ((bytes[i + 1] ?? 0) << 8) | ((bytes[i + 2] ?? 0) << 16) | ((bytes[i + 3] ?? 0) << 24);
    const mixed = hash ^ Math.imul(word, 0x85ebca6b);
    hash = Math.imul((mixed << 13) | (mixed >>> 19), 0xc2b2ae35);
  }
  hash = Math.imul(hash ^ bytes.length, 0x27d4eb2f);
  hash = Math.imul(hash ^ (hash >>> 15), 0x165667b1);
  return (hash ^ (hash >>> 13)) >>> 0;
}

/** By hash, then bytes, a prefix first. */
export function compareStrings(
  a: { readonly bytes: Uint8Array; readonly hash: number },
  b: { readonly bytes: Uint8Array; readonly hash: number },
): number {
  if (a.hash !== b.hash) return a.hash - b.hash;
  const shared = Math.min(a.bytes.length, b.bytes.length);
  for (let i = 0; i < shared; i++) if (a.bytes[i] !== b.bytes[i]) return a.bytes[i]! - b.bytes[i]!;
  return a.bytes.length - b.bytes.length;
}

/** By value. */
export function compareDecimals(a: Decimal, b: Decimal): number {
  const signs = signOf(a) - signOf(b);
  if (signs !== 0) return signs;
  const sign = signOf(a);
  if (a.pointExponent !== b.pointExponent) return sign * (a.pointExponent - b.pointExponent);
  return a.digits === b.digits ? 0 : a.digits > b.digits ? sign : -sign;
}

function signOf(value: Decimal): number {
  return value.digits === '' ? 0 : value.negative ? -1 : 1;
}

/** Whether some server would read the string as a number. */
export function looksNumeric(text: string): boolean {
  return /^[ \t\r\n]*[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?[ \t\r\n]*$/.test(text);
}
