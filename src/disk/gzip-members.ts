/**
 * A gzip file member by member (RFC 1952), so that it is known where its data ends and what comes after.
 *
 *   in   : an open descriptor and how much of it to read
 *   out  : the unpacked bytes in pieces; how they ended
 *   never: more in memory than a few pieces; takes a member for good whose check sum or length disagrees
 */
import { readSync } from 'node:fs';
import { Readable } from 'node:stream';
import { crc32, createInflateRaw } from 'node:zlib';
import type { Ending } from '../core/verify/ending.js';
import type { TakePiece } from './byte-source.js';

const PIECE_BYTES = 256 * 1024;
const PACKED_BYTES = 64 * 1024;
const FIXED_HEADER_BYTES = 10;
const TRAILER_BYTES = 8;
/** Names and comments of a header may be long; nobody's are longer. */
const HEADER_MAX_BYTES = 64 * 1024;
const MAGIC = [0x1f, 0x8b];
const DEFLATE = 8;
const FLAG = { headerCrc: 2, extra: 4, name: 8, comment: 16, reserved: 0xe0 };

export async function readGzip(fd: number, size: number, take: TakePiece): Promise<Ending> {
  let at = 0;
  while (at < size) {
    const header = bytesAt(fd, at, Math.min(HEADER_MAX_BYTES, size - at));
    if (at > 0 && !MAGIC.every((byte, i) => header[i] === byte)) return { kind: 'trailing', bytes: size - at };
    const length = headerLength(header);
    if (length === 'cut_short') return { kind: 'cut_short' };
    if (length === null) return { kind: 'spoiled', why: 'a gzip header that is none' };
    const member = await inflate(fd, at + length, size, take);
    if (typeof member !== 'number') return member ?? { kind: 'whole' };
    at = member;
  }
  return { kind: 'whole' };
}

/** @returns the offset after the member; null when the taker stopped */
async function inflate(fd: number, from: number, size: number, take: TakePiece): Promise<number | Ending | null> {
  const unpack = createInflateRaw({ chunkSize: PIECE_BYTES });
  const input = Readable.from(packedPieces(fd, from, size), { highWaterMark: 1 });
  let failed: unknown = null;
  input.on('error', error => {
    failed = error;
    unpack.destroy(error);
  });
  let sum = 0;
  let length = 0;
  try {
    for await (const piece of input.pipe(unpack)) {
      sum = crc32(piece as Buffer, sum);
      length += (piece as Buffer).length;
      if (!(await take(piece as Buffer))) return null;
    }
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    if (failed !== null || !code?.startsWith('Z_')) throw error;
    return code === 'Z_BUF_ERROR' ? { kind: 'cut_short' } : { kind: 'spoiled', why: message };
  } finally {
    unpack.destroy();
    input.destroy();
  }
  const end = from + unpack.bytesWritten;
  const trailer = bytesAt(fd, end, Math.min(TRAILER_BYTES, size - end));
  if (trailer.length < TRAILER_BYTES) return { kind: 'cut_short' };
  const view = new DataView(trailer.buffer);
  if (view.getUint32(0, true) !== sum) return { kind: 'spoiled', why: 'its check sum is another' };
  if (view.getUint32(4, true) !== length % 2 ** 32) return { kind: 'spoiled', why: 'its length is another' };
  return end + TRAILER_BYTES;
}

/** Where the packed data begins; null for what is no header. */
function headerLength(bytes: Uint8Array): number | 'cut_short' | null {
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
    if (at + 2 <= bytes.length && view.getUint16(at, true) !== crc32(bytes.subarray(0, at)) % 2 ** 16) return null;
    at += 2;
  }
  return at <= bytes.length ? at : 'cut_short';
}

/** Read in one go each, so that nobody reads the descriptor after its owner has closed it. */
export function* packedPieces(fd: number, from: number, size: number): Generator<Uint8Array> {
  for (let at = from; at < size; ) {
    const piece = bytesAt(fd, at, Math.min(PACKED_BYTES, size - at));
    if (piece.length === 0) return;
    at += piece.length;
    yield piece;
  }
}

/** Fewer than `length` at the end of the file. */
function bytesAt(fd: number, at: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  return bytes.slice(0, readSync(fd, bytes, 0, length, at));
}
