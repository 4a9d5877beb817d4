/** Comparing the end of a file with what the next one says of it. */
import { realpathSync } from 'node:fs';
import { AUDIT_LINE_MAX_BYTES } from '../core/limits.js';
import type { EndAccount } from '../core/verify/end-account.js';
import { Sha256Pieces } from '../crypto/sha256.js';
import { LineFile } from '../disk/lines.js';

/**
 * The offset where the end that `account` speaks of begins; null when the file does not end in that.
 *
 * A damaged end must hold a NUL, which no line has and a power loss leaves: lines that somebody changed are not excused by
 * the writer having seen them, they are read and named.
 */
export function leftAt(path: string, { cause, bytes, sha256 }: EndAccount): number | null {
  if (cause === 'write_failed' && bytes > AUDIT_LINE_MAX_BYTES + 1) return null;
  let file: LineFile | null = null;
  try {
    file = LineFile.open(realpathSync(path));
    const from = file.size - bytes;
    if (from < 0) return null;
    const digest = new Sha256Pieces();
    let holdsNul = false;
    file.pieces(from, bytes, piece => {
      digest.add(piece);
      holdsNul ||= piece.includes(0);
    });
    return digest.hex() === sha256 && (cause === 'write_failed' || holdsNul) ? from : null;
  } catch {
    return null; // reading its lines says what is wrong with it
  } finally {
    file?.close();
  }
}
