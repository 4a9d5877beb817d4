/** What stands around the packed data of a gzip member (RFC 1952 §2.3): where the data begins, and whether its end agrees. Pure. */
import type { Ending } from './ending.js';

export type Crc32 = (bytes: Uint8Array) => number;

/** Names and comments of a header may be long; nobody's are longer. */
export const HEADER_MAX_BYTES = 64 * 1024;
export const TRAILER_BYTES = 8;
const FIXED_HEADER_BYTES = 10;
const MAGIC = [0x1f, 0x8b];
const DEFLATE = 8;
const FLAG = { headerCrc: 2, extra: 4, name: 8, comment: 16, reserved: 0xe0 };
const CRC16 = 2 ** 16;

export const isGzip = (bytes: Uint8Array): boolean => MAGIC.every((byte, i) => bytes[i] === byte);

/** @param bytes The first {@link HEADER_MAX_BYTES} of the member, or all there are. Null for what is no header. */
export function headerLength(bytes: Uint8Array, crc32: Crc32): number | 'cut_short' | null {
  if (bytes.length < FIXED_HEADER_BYTES) return 'cut_short';
  const flags = bytes[3] as number;
  if (bytes[2] !== DEFLATE || (flags & FLAG.reserved) !== 0) return null;
  let at = FIXED_HEADER_BYTES;
  if ((flags & FLAG.extra) !== 0) at += 2 + (bytes[at] ?? 0) + 256 * (bytes[at + 1] ?? 0);
  for (const text of [FLAG.name, FLAG.comment]) {
    if ((flags & text) === 0) continue;
    const end = bytes.indexOf(0, at);
    if (end === -1) return bytes.length < HEADER_MAX_BYTES ? 'cut_short' : null;
    at = end + 1;
  }
  if ((flags & FLAG.headerCrc) !== 0) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    if (at + 2 <= bytes.length && view.getUint16(at, true) !== crc32(bytes.subarray(0, at)) % CRC16) return null;
    at += 2;
  }
  return at <= bytes.length ? at : 'cut_short';
}

/**
 * @param trailer The bytes after the packed data, at most {@link TRAILER_BYTES}.
 * @param sum CRC-32 of what was unpacked.
 * @param length Of what was unpacked, in bytes.
 */
export function trailerProblem(trailer: Uint8Array, sum: number, length: number): Ending | null {
  if (trailer.length < TRAILER_BYTES) return { kind: 'cut_short' };
  const view = new DataView(trailer.buffer, trailer.byteOffset, trailer.length);
  if (view.getUint32(0, true) !== sum) return { kind: 'spoiled', why: 'its check sum is another' };
  if (view.getUint32(4, true) !== length % 2 ** 32) return { kind: 'spoiled', why: 'its length is another' };
  return null;
}
