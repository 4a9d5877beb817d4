/**
 * What the first records of a file say about the end of the file before it.
 *
 * A writer that finds the end of its file damaged (NULs after a power loss), or could not cut back a failed write, leaves
 * that file as it is and goes on in the next one, whose first records give length and digest of what was left. An end of
 * exactly that length and digest is accounted for: it was there when the writer went on, and nobody has touched it since.
 */
import type { FlatRecord } from '../audit/canonical.js';

export interface EndAccount {
  readonly cause: 'tail_damaged' | 'write_failed';
  readonly bytes: number;
  /** Hexadecimal. */
  readonly sha256: string;
}

/** @param records The first records of a file, in order. Null when they account for nothing. */
export function endAccount(records: readonly FlatRecord[]): EndAccount | null {
  const [opened, ...rest] = records;
  if (opened?.type !== 'segment_opened' || opened.reason !== 'recovered') return null;
  for (const { type, cause, bytes, sha256 } of rest) {
    if (type !== 'recovered') return null;
    if (cause !== 'tail_damaged' && cause !== 'write_failed') continue;
    if (typeof bytes === 'number' && bytes > 0 && typeof sha256 === 'string') return { cause, bytes, sha256 };
  }
  return null;
}
