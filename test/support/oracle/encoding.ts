/** `Content-Encoding`, §3.4: one of gzip, deflate (zlib) or br is decoded, capped at the limit. */
import { isUtf8 } from 'node:buffer';
import { brotliDecompressSync, gunzipSync, inflateSync } from 'node:zlib';
import type { Lines } from './fields.js';

/** Bytes to be read; too many; or what cannot be read. */
export type Decoded = Uint8Array | 'too_large' | 'unreadable';

/** What the header lines name, in order. */
function encodingsOf(headers: Lines): readonly string[] {
  return headers
    .filter(([name]) => name.toLowerCase() === 'content-encoding')
    .flatMap(([, value]) => value.split(','))
    .map(member => member.replace(/^[ \t]+|[ \t]+$/g, '').toLowerCase())
    .filter(member => member !== '');
}

export function decodeBody(bytes: Uint8Array, headers: Lines, inspectBytes: number): Decoded {
  const encodings = encodingsOf(headers);
  if (bytes.length > inspectBytes) return 'too_large';
  if (encodings.every(name => name === 'identity')) return bytes;
  // Who overlooks the header reads encoded bytes that are text as they are.
  if (isUtf8(bytes)) return 'unreadable';
  const decode = encodings.length === 1 ? DECODERS[encodings[0]!] : undefined;
  if (decode === undefined) return 'unreadable';
  try {
    // `info` tells how much was consumed: what stands behind the end is not ignored.
    const { buffer, engine } = decode(bytes, { maxOutputLength: inspectBytes, info: true }) as unknown as Inflated;
    return engine.bytesWritten === bytes.length ? new Uint8Array(buffer) : 'unreadable';
  } catch (error) {
    return (error as { code?: string }).code === 'ERR_BUFFER_TOO_LARGE' ? 'too_large' : 'unreadable';
  }
}

interface Inflated {
  readonly buffer: Buffer;
  readonly engine: { readonly bytesWritten: number };
}
type Decode = (bytes: Uint8Array, options: { maxOutputLength: number; info: boolean }) => Buffer;
const DECODERS: Readonly<Record<string, Decode>> = {
  gzip: gunzipSync,
  'x-gzip': gunzipSync,
  deflate: inflateSync,
  br: brotliDecompressSync,
};
