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
import { HEADER_MAX_BYTES, headerLength, isGzip, TRAILER_BYTES, trailerProblem } from '../core/verify/gzip-frame.js';
import type { TakePiece } from './byte-source.js';

const PIECE_BYTES = 256 * 1024;
const PACKED_BYTES = 64 * 1024;

export async function readGzip(fd: number, size: number, take: TakePiece): Promise<Ending> {
  let at = 0;
  while (at < size) {
    const header = bytesAt(fd, at, Math.min(HEADER_MAX_BYTES, size - at));
    if (at > 0 && !isGzip(header)) return { kind: 'trailing', bytes: size - at };
    const length = headerLength(header, crc32);
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
  const wrong = trailerProblem(trailer, sum, length);
  if (wrong !== null) return wrong;
  return end + TRAILER_BYTES;
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
