/**
 * Undoes the one `Content-Encoding` that the language knows how to undo, for judging only: what is sent stays as it is.
 *
 *   in   : header lines, the body as it will be sent, the longest body that is looked into
 *   out  : the decoded bytes; `too_large` past that length; the body itself where it cannot be judged
 *   never: holds more than that length of decoded bytes, believes a part of a body
 */
import { isUtf8 } from 'node:buffer';
import { brotliDecompressSync, gunzipSync, inflateSync, type ZlibOptions } from 'node:zlib';
import type { Body, HeaderLines } from '../core/decide/types.js';
import type { JudgedBody } from '../wasm/engine.js';

type Bytes = Extract<Body, { kind: 'bytes' }>;
type Decode = (bytes: Uint8Array, options: ZlibOptions) => unknown;

const HEADER = 'content-encoding';
const DECODERS: Readonly<Record<string, Decode>> = {
  gzip: gunzipSync,
  'x-gzip': gunzipSync,
  deflate: inflateSync,
  br: brotliDecompressSync,
};

/** Whether the header lines say that the body is encoded at all. */
export function saysEncoded(headers: HeaderLines): boolean {
  return headers.some(([name]) => name.length === HEADER.length && name.toLowerCase() === HEADER);
}

/**
 * The body to judge. Several encodings, an unknown one, data that is cut, broken or followed by anything give `body` back,
 * which the engine cannot judge while the header stands. So do encoded bytes that are text as they are: no honest encoder
 * writes such, and a server that overlooks the header would read them.
 */
export function undoEncoding(headers: HeaderLines, body: Bytes, inspectBytes: number): JudgedBody {
  const decode = decoderOf(headers);
  if (decode === null || body.bytes.length > inspectBytes || isUtf8(body.bytes)) return body;
  try {
    const { buffer, engine } = decode(body.bytes, { info: true, maxOutputLength: Math.max(1, inspectBytes) }) as {
      readonly buffer: Uint8Array;
      readonly engine: { readonly bytesWritten: number };
    };
    if (engine.bytesWritten !== body.bytes.length) return body;
    return buffer.length > inspectBytes ? { kind: 'too_large' } : { kind: 'decoded', bytes: buffer };
  } catch (error) {
    return isOverflow(error) ? { kind: 'too_large' } : body;
  }
}

/** Null where the header lines name none, several, or one that is not known here. */
function decoderOf(headers: HeaderLines): Decode | null {
  const named = headers
    .filter(([name]) => name.toLowerCase() === HEADER)
    .flatMap(([, value]) => value.split(','))
    .map(member => member.replace(/^[ \t]+|[ \t]+$/g, '').toLowerCase())
    .filter(member => member !== '');
  const [only = ''] = named;
  return named.length === 1 && Object.hasOwn(DECODERS, only) ? DECODERS[only]! : null;
}

function isOverflow(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE';
}
