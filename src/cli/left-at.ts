/** Comparing the end of a file with what the next one says of it. */
import { AUDIT_LINE_MAX_BYTES } from '../core/limits.js';
import type { EndAccount } from '../core/verify/end-account.js';
import { Sha256Pieces } from '../crypto/sha256.js';
import { openedAs, readBytes } from '../disk/byte-source.js';
import { readEnd } from '../disk/read-lines.js';

/**
 * The offset where the end that `account` speaks of begins; null when the file does not end in that.
 *
 * A damaged end must hold a NUL, which no line has and a power loss leaves: lines that somebody changed are not excused by
 * the writer having seen them, they are read and named.
 */
export async function leftAt(path: string, { cause, bytes, sha256 }: EndAccount): Promise<number | null> {
  if (cause === 'write_failed' && bytes > AUDIT_LINE_MAX_BYTES + 1) return null;
  const digest = new Sha256Pieces();
  let holdsNul = false;
  const take = (piece: Uint8Array): void => {
    digest.add(piece);
    holdsNul ||= piece.includes(0);
  };
  try {
    const packed = openedAs(path).packing !== 'plain';
    const from = packed ? await readPackedEnd(path, bytes, take) : readEnd(path, bytes, take);
    return digest.hex() === sha256 && (cause === 'write_failed' || holdsNul) ? from : null;
  } catch {
    return null; // reading its lines says what is wrong with it
  }
}

/** As {@link readEnd}. A compressed file has no end to begin at: once to measure, once to read. */
async function readPackedEnd(path: string, bytes: number, take: (piece: Uint8Array) => void): Promise<number | null> {
  let size = 0;
  await readBytes(path, piece => {
    size += piece.length;
    return true;
  });
  const from = size - bytes;
  if (from < 0) return null;
  let at = 0;
  await readBytes(path, piece => {
    if (at + piece.length > from) take(piece.subarray(Math.max(0, from - at)));
    at += piece.length;
    return true;
  });
  return from;
}
