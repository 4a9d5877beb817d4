/**
 * The records of files, for a report: each log's files in the order of their first numbers, plain or compressed.
 *
 *   in   : paths; what takes off what a shipper added, null: the lines are as they were written
 *   out  : every record, and how much was none
 *   never: verifies
 */
import { statSync } from 'node:fs';
import { type FlatRecord, parseLine } from '../core/audit/canonical.js';
import { fromUtf8 } from '../core/bytes.js';
import { AUDIT_LINE_MAX_BYTES } from '../core/limits.js';
import type { Restore } from '../core/verify/shipped.js';
import { readUnpackedLines } from '../disk/unpacked-lines.js';
import { COPY_LINE_MAX_BYTES } from './restore-from.js';

export interface FilesRead {
  readonly files: number;
  /** Lines that are no record. */
  readonly notRecords: number;
  /** Files whose compressed data stops before its end, or is spoiled. */
  readonly cutShort: readonly string[];
}

/** False from `line` ends the reading. */
type ReadLines = (path: string, line: (bytes: Uint8Array) => boolean) => Promise<boolean>;

/** @throws Fault `log_unreadable` */
export async function readRecords(
  paths: readonly string[],
  restore: Restore | null,
  take: (record: FlatRecord) => void,
): Promise<FilesRead> {
  const maxBytes = restore ? COPY_LINE_MAX_BYTES : AUDIT_LINE_MAX_BYTES;
  const read = (path: string, line: (bytes: Uint8Array) => boolean): Promise<boolean> =>
    readUnpackedLines(path, maxBytes, bytes => (restore ? restore(bytes).every(line) : line(bytes)));
  const files = await inOrder(paths, read);
  const cutShort: string[] = [];
  let notRecords = 0;
  for (const path of files) {
    const whole = await read(path, bytes => {
      const record = recordOf(bytes);
      if (record === null) notRecords++;
      else take(record);
      return true;
    });
    if (!whole) cutShort.push(path);
  }
  return { files: files.length, notRecords, cutShort };
}

/** A file named twice (a link to the current one among its like) is read once. */
async function inOrder(paths: readonly string[], read: ReadLines): Promise<readonly string[]> {
  const seen = new Set<string>();
  const found: { path: string; log: string; first: number }[] = [];
  for (const path of paths) {
    const stat = statSync(path, { throwIfNoEntry: false });
    const id = stat ? `${stat.dev}:${stat.ino}` : path;
    if (seen.has(id)) continue;
    seen.add(id);
    let begin = { log: '', first: 0 };
    await read(path, bytes => {
      const record = recordOf(bytes);
      if (typeof record?.log !== 'string' || typeof record.seq !== 'number') return true;
      begin = { log: record.log, first: record.seq };
      return false;
    });
    found.push({ path, ...begin });
  }
  found.sort((a, b) => (a.log < b.log ? -1 : a.log > b.log ? 1 : a.first - b.first));
  return found.map(({ path }) => path);
}

function recordOf(bytes: Uint8Array): FlatRecord | null {
  const text = fromUtf8(bytes);
  const parsed = text === null ? null : parseLine(text);
  return parsed?.ok ? parsed.record : null;
}
