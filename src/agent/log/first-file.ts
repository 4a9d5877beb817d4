/** What a writer begins with: the file it goes on in, or what the next file must begin with; and what it owes. */
import type { RecordFields } from '../../core/audit/fields.js';
import { Fault } from '../../core/fault.js';
import { AppendFile } from '../../disk/append.js';
import { currentFile } from './current.js';
import { type Endorser, logStarted, type Next } from './first-records.js';
import type { LogKeys } from './keys.js';
import type { Start } from './start.js';

export interface FirstFile {
  readonly file: AppendFile | null;
  readonly next: Next | null;
  readonly owed: RecordFields[];
  /** When the file was begun, milliseconds since 1970. */
  readonly begunMs: number;
}

/** @throws Fault `log_unusable` */
export function firstFile(
  path: string,
  start: Start,
  keys: LogKeys,
  endorser: Endorser | null,
  nowMs: number,
): FirstFile {
  if (start.go === 'begin') {
    const owed = [logStarted(keys.log, keys.current, start.previousLog, endorser)];
    return { file: null, next: { reason: 'recovered', recovered: [] }, owed, begunMs: nowMs };
  }
  const { recovered } = start;
  if (start.go === 'next_file') {
    return { file: null, next: { reason: start.reason, recovered }, owed: [], begunMs: nowMs };
  }
  const opened = AppendFile.existing(currentFile(path));
  if (!opened.ok) throw new Fault('log_unusable', { path, cause: opened.errno });
  const { file } = opened;
  // Bytes that came since it was read are not ours.
  const next: Next | null = file.size === start.offset ? null : { reason: 'foreign_bytes', recovered: [] };
  return { file, next, owed: [...recovered], begunMs: Date.parse(start.firstTime) };
}
