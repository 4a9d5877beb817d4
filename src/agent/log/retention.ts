/**
 * Which files of a log may go: the oldest first, never the current one, and none while there is a legal hold.
 *
 * `segment_removed` says so, on disk, before a file is deleted: its name, and the size and head of the log up to its end, which
 * are those that the next file begins with. What remains begins with `segment_opened` and its frontier, and verifies from
 * there; `.epochs` leads from the anchor to its key. Only files that the log itself turned over are touched.
 */
import { lstatSync, readdirSync, unlinkSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { SegmentRemovedFields } from '../../core/audit/fields.js';
import { LineFile } from '../../disk/lines.js';
import { currentFile, numberOf } from './current.js';
import { beginningOf } from './left-behind.js';
import { exists } from './place.js';

export interface Retention {
  /** Files, with the current one; null: any number. */
  readonly keepFiles: number | null;
  /** Days since a file's last record; null: for ever. */
  readonly keepDays: number | null;
  /** Of all files together; null: any. */
  readonly keepBytes: number | null;
  /** Legal hold; so is a file `hold` in the log's folder. */
  readonly hold: boolean;
}

const DAY_MS = 86_400_000;

interface Kept {
  readonly path: string;
  readonly sizeBytes: number;
  readonly changedMs: number;
  /** Where the log stood before its first record. */
  readonly size: number;
  readonly head: string;
}

export interface Removable {
  readonly path: string;
  readonly record: SegmentRemovedFields;
}

const holdName = (path: string): string => join(dirname(path), 'hold');

/** What is to go now, the oldest first. @throws the system's error */
export function removable(path: string, log: string, retention: Retention, nowMs: number): readonly Removable[] {
  const { keepFiles, keepDays, keepBytes, hold } = retention;
  if (keepFiles === null && keepDays === null && keepBytes === null) return [];
  // Whatever stands there, or cannot be looked at, holds.
  if (hold || exists(holdName(path))) return [];
  const files = filesOf(path, log);
  let bytes = files.reduce((sum, file) => sum + file.sizeBytes, 0);
  const gone: Removable[] = [];
  for (const [index, file] of files.slice(0, -1).entries()) {
    const next = files[index + 1] as Kept;
    const many = keepFiles !== null && files.length - index > keepFiles;
    const old = keepDays !== null && nowMs - file.changedMs > keepDays * DAY_MS;
    const large = keepBytes !== null && bytes > keepBytes;
    if (!many && !old && !large) break;
    bytes -= file.sizeBytes;
    const record = { type: 'segment_removed', name: basename(file.path), size: next.size, head: next.head } as const;
    gone.push({ path: file.path, record });
  }
  return gone;
}

export function remove({ path }: Removable): void {
  unlinkSync(path);
}

/** The numbered files of `log`, in its order; the last is the current one. */
function filesOf(path: string, log: string): readonly Kept[] {
  const folder = dirname(path);
  const current = currentFile(path);
  const files: Kept[] = [];
  for (const name of readdirSync(folder)) {
    if (numberOf(path, name) === null) continue;
    const file = LineFile.open(join(folder, name));
    try {
      const beginning = beginningOf(file);
      if (beginning?.log !== log) continue;
      const { mtimeMs } = lstatSync(join(folder, name));
      const { size, head } = beginning.before;
      files.push({ path: join(folder, name), sizeBytes: file.size, changedMs: mtimeMs, size, head });
    } finally {
      file.close();
    }
  }
  files.sort((a, b) => a.size - b.size);
  // Were the current one not the last, this would not be the log that is being written.
  return files.at(-1)?.path === current ? files : [];
}
