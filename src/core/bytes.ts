/**
 * Bytes as text and back, each with one spelling only: what decodes here encodes to the same text again.
 *
 * In: text or bytes. Out: bytes or text, or null for anything that is not the one spelling. Never throws.
 *
 *   hex      lower case, two characters a byte          0x00 0xff        ↔ `00ff`
 *   base64   RFC 4648 §4, padded, unused bits zero      0x66 0x6f        ↔ `Zm8=`   (`Zm8`, `Zm9=`, `Zm8=\n` are refused)
 *   UTF-8    well-formed (RFC 3629), a BOM is a character like any other
 */
export type Bytes = Uint8Array;

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

const HEX = '0123456789abcdef';
const BASE64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const HEX_PAIRS = Array.from({ length: 256 }, (_, byte) => HEX.charAt(byte >> 4) + HEX.charAt(byte & 15));
const HEX_VALUE = inverse(HEX);
const BASE64_VALUE = inverse(BASE64);

function inverse(alphabet: string): Int8Array {
  const table = new Int8Array(128).fill(-1);
  for (let i = 0; i < alphabet.length; i++) table[alphabet.charCodeAt(i)] = i;
  return table;
}

/** Value of the character at `at`, −1 for a character outside the alphabet or past the end. */
function valueAt(table: Int8Array, text: string, at: number): number {
  const unit = text.charCodeAt(at);
  return unit < 128 ? (table[unit] ?? -1) : -1;
}

/** UTF-8 of `text`; a lone surrogate becomes U+FFFD. */
export function utf8(text: string): Uint8Array {
  return encoder.encode(text);
}

/** The text whose UTF-8 is `bytes`; null when they are not well-formed UTF-8. */
export function fromUtf8(bytes: Uint8Array): string | null {
  try {
    return decoder.decode(bytes);
  } catch {
    return null;
  }
}

/** Lower-case hexadecimal. */
export function toHex(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += HEX_PAIRS[byte];
  return text;
}

/** The inverse of {@link toHex}: null for an odd length, upper case, or any other character. */
export function fromHex(text: string): Uint8Array | null {
  if (text.length % 2 !== 0) return null;
  const bytes = new Uint8Array(text.length / 2);
  for (let i = 0; i < bytes.length; i++) {
    const high = valueAt(HEX_VALUE, text, 2 * i);
    const low = valueAt(HEX_VALUE, text, 2 * i + 1);
    if (high < 0 || low < 0) return null;
    bytes[i] = (high << 4) | low;
  }
  return bytes;
}

/** Padded base64 of the standard alphabet (RFC 4648 §4). */
export function toBase64(bytes: Uint8Array): string {
  let text = '';
  for (let i = 0; i < bytes.length; i += 3) {
    const left = bytes.length - i;
    const group = ((bytes[i] ?? 0) << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
    text += BASE64.charAt(group >> 18) + BASE64.charAt((group >> 12) & 63);
    text += left > 1 ? BASE64.charAt((group >> 6) & 63) : '=';
    text += left > 2 ? BASE64.charAt(group & 63) : '=';
  }
  return text;
}

/** The inverse of {@link toBase64}: null when padding is absent, unused bits are set, or any other character occurs. */
export function fromBase64(text: string): Uint8Array | null {
  if (text.length % 4 !== 0) return null;
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  const bytes = new Uint8Array((text.length / 4) * 3 - padding);
  const digits = text.length - padding;
  let bits = 0;
  let held = 0;
  let out = 0;
  for (let i = 0; i < digits; i++) {
    const value = valueAt(BASE64_VALUE, text, i);
    if (value < 0) return null;
    held = ((held << 6) | value) & 0xffff;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes[out++] = (held >> bits) & 0xff;
    }
  }
  return (held & ((1 << bits) - 1)) === 0 ? bytes : null;
}

/** All `parts` in order, as one fresh array. */
export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const joined = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

/** True when both hold the same bytes. Not for secrets: it stops at the first difference. */
export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
