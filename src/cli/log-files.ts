/**
 * Files into logs: which log a file belongs to, and in which order its files are read.
 *
 * The first records of a file say it; when they disagree the majority does, so that one line of another log does not carry
 * the file away. A file named twice (a link to the current one among its like) is read once.
 */
import { statSync } from 'node:fs';
import type { FlatRecord } from '../core/audit/canonical.js';
import { AUDIT_LINE_MAX_BYTES } from '../core/limits.js';
import { type EndAccount, endAccount } from '../core/verify/end-account.js';
import { readRecord } from '../core/verify/read-record.js';
import type { Restore } from '../core/verify/shipped.js';
import { sha256Text } from '../crypto/sha256.js';
import { BlockCutter } from '../disk/block-cutter.js';
import { readBytes } from '../disk/byte-source.js';

/** Records that vote on a file's log, and lines that may be looked at to find them. */
const VOTERS = 3;
const PEEK_LINES = 64;
/** A file's first records: what they say of the file before stands among these. */
const PEEK_RECORDS = 8;
const PEEK_BYTES = 4 * 1024 * 1024;
const LF = 0x0a;

export interface LogFile {
  readonly path: string;
  readonly first: number;
  /** What it says of the end of the file before. */
  readonly before: EndAccount | null;
}

export interface LogFiles {
  readonly origin: string;
  /** In the order of their first numbers. */
  readonly files: readonly LogFile[];
}

/**
 * @param restore Takes off what a shipper added; null: the lines are as they were written.
 * @returns One entry for each log, in the order of the files given; none when no file holds a record.
 */
export async function groupFiles(paths: readonly string[], restore: Restore | null): Promise<readonly LogFiles[]> {
  const seen = new Set<string>();
  const logs = new Map<string, LogFile[]>();
  const strays: LogFile[] = [];
  for (const path of paths) {
    const stat = statSync(path, { throwIfNoEntry: false });
    const id = stat ? `${stat.dev}:${stat.ino}` : path;
    if (seen.has(id)) continue;
    seen.add(id);
    const peeked = await peek(path, restore);
    if (peeked) logs.set(peeked.origin, [...(logs.get(peeked.origin) ?? []), peeked.file]);
    else strays.push({ path, first: 0, before: null });
  }
  const groups = [...logs].map(([origin, files]) => ({
    origin,
    files: files.sort((a, b) => a.first - b.first),
  }));
  for (const stray of strays) place(stray, groups);
  return groups;
}

/** A file without any record: before the one that speaks of so many bytes, or read as no file of the log; never unread. */
function place(stray: LogFile, groups: readonly { readonly files: LogFile[] }[]): void {
  const sizeBytes = statSync(stray.path, { throwIfNoEntry: false })?.size;
  for (const { files } of groups) {
    const at = files.findIndex(({ before }) => before !== null && before.bytes === sizeBytes);
    if (at < 0) continue;
    files.splice(at, 0, stray);
    return;
  }
  groups[0]?.files.push(stray);
}

async function peek(
  path: string,
  restore: Restore | null,
): Promise<{ readonly origin: string; readonly file: LogFile } | null> {
  const records: { readonly origin: string; readonly first: number; readonly record: FlatRecord }[] = [];
  for (const [index, bytes] of (await firstLines(path)).entries()) {
    for (const line of restore ? restore(bytes) : [bytes]) {
      const record = readRecord(sha256Text, { file: path, line: index + 1 }, line);
      if (record.kind === 'record' && records.length < PEEK_RECORDS)
        records.push({ origin: record.log, first: record.seq, record: record.record });
    }
  }
  const second = records[1];
  const agreed = second && records[VOTERS - 1]?.origin === second.origin ? second.origin : records[0]?.origin;
  const found = records.find(record => record.origin === agreed);
  if (found === undefined) return null;
  const before = endAccount(records.map(({ record }) => record));
  return { origin: found.origin, file: { path, first: found.first, before } };
}

async function firstLines(path: string): Promise<readonly Uint8Array[]> {
  const lines: Uint8Array[] = [];
  const cutter = new BlockCutter(AUDIT_LINE_MAX_BYTES, block => {
    let begin = 0;
    for (let lf = block.indexOf(LF); lf !== -1 && lines.length < PEEK_LINES; lf = block.indexOf(LF, begin)) {
      lines.push(block.subarray(begin, lf));
      begin = lf + 1;
    }
  });
  let read = 0;
  await readBytes(path, async piece => {
    await cutter.push(piece);
    read += piece.length;
    return lines.length < PEEK_LINES && read < PEEK_BYTES;
  });
  await cutter.end();
  return lines;
}
