/**
 * Files into logs: which log a file belongs to, and in which order its files are read.
 *
 * The first records of a file say it; when they disagree the majority does, so that one line of another log does not carry
 * the file away. Pure.
 */
import type { FlatRecord } from '../audit/canonical.js';
import type { Sha256Text } from '../ports.js';
import { type EndAccount, endAccount } from './end-account.js';
import { readRecord } from './read-record.js';

/** Lines that may be looked at, and bytes, to find a file's first records. */
export const PEEK_LINES = 64;
export const PEEK_BYTES = 4 * 1024 * 1024;
/** Records that vote on a file's log. */
const VOTERS = 3;
/** A file's first records: what they say of the file before stands among these. */
const PEEK_RECORDS = 8;

export interface FileHead {
  readonly origin: string;
  /** Number of its first record. */
  readonly first: number;
  /** What it says of the end of the file before. */
  readonly before: EndAccount | null;
}

/** @param lines The first lines of the file, without newlines. Null when none is a record. */
export function fileHead(sha256Text: Sha256Text, lines: Iterable<Uint8Array>): FileHead | null {
  const records: { readonly origin: string; readonly first: number; readonly record: FlatRecord }[] = [];
  for (const bytes of lines) {
    const line = readRecord(sha256Text, { file: '', line: 0 }, bytes);
    if (line.kind !== 'record') continue;
    records.push({ origin: line.log, first: line.seq, record: line.record });
    if (records.length === PEEK_RECORDS) break;
  }
  const second = records[1];
  const agreed = second && records[VOTERS - 1]?.origin === second.origin ? second.origin : records[0]?.origin;
  const found = records.find(record => record.origin === agreed);
  if (found === undefined) return null;
  return { origin: found.origin, first: found.first, before: endAccount(records.map(({ record }) => record)) };
}

/** What a file without any record is known by. */
interface Sized {
  /** Null: not known. */
  readonly sizeBytes: number | null;
}

type Placed<F> = F & Pick<FileHead, 'first' | 'before'>;

export interface FilesOfLog<F> {
  readonly origin: string;
  /** In the order of their first numbers. */
  readonly files: readonly Placed<F>[];
}

/** One entry for each log, in the order of the files given; none when no file holds a record. */
export function groupByLog<F extends Sized>(
  files: readonly (readonly [F, FileHead | null])[],
): readonly FilesOfLog<F>[] {
  const logs = new Map<string, Placed<F>[]>();
  const strays: Placed<F>[] = [];
  for (const [file, head] of files) {
    if (head === null) strays.push({ ...file, first: 0, before: null });
    else {
      const { origin, first, before } = head;
      logs.set(origin, [...(logs.get(origin) ?? []), { ...file, first, before }]);
    }
  }
  const groups = [...logs].map(([origin, own]) => ({ origin, files: own.sort((a, b) => a.first - b.first) }));
  for (const stray of strays) place(stray, groups);
  return groups;
}

/** A file without any record: before the one that speaks of so many bytes, or read as no file of the log; never unread. */
function place<F extends Sized>(stray: Placed<F>, groups: readonly { readonly files: Placed<F>[] }[]): void {
  for (const { files } of groups) {
    const at = files.findIndex(({ before }) => before !== null && before.bytes === stray.sizeBytes);
    if (at < 0) continue;
    files.splice(at, 0, stray);
    return;
  }
  groups[0]?.files.push(stray);
}
