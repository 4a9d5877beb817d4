/**
 * Files into logs: which log a file belongs to, and in which order its files are read.
 *
 * The first records of a file say it; when they disagree the majority does, so that one line of another log does not carry
 * the file away. A file named twice (a link to the current one among its like) is read once. The end of a file given with
 * others counts as an end only if it is the last one's. What a later file says of a damaged end is compared with that end,
 * and when it fits, the end is not read as lines.
 */
import { statSync } from 'node:fs';
import type { FlatRecord } from '../core/audit/canonical.js';
import { AUDIT_LINE_MAX_BYTES } from '../core/limits.js';
import { type EndAccount, endAccount } from '../core/verify/end-account.js';
import type { Report } from '../core/verify/findings.js';
import { readRecord } from '../core/verify/read-record.js';
import { LogVerifier, type VerifyOptions } from '../core/verify/verify-log.js';
import { ed25519Verify } from '../crypto/ed25519.js';
import { sha256, sha256Text } from '../crypto/sha256.js';
import { readLines } from '../disk/read-lines.js';
import { leftAt } from './left-at.js';

const PORTS = { sha256, sha256Text, verify: ed25519Verify };
/** Records that vote on a file's log, and lines that may be looked at to find them. */
const VOTERS = 3;
const PEEK_LINES = 64;
/** A file's first records: what they say of the file before stands among these. */
const PEEK_RECORDS = 8;

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

/** @returns One entry for each log, in the order of the files given; none when no file holds a record. */
export function groupFiles(paths: readonly string[]): readonly LogFiles[] {
  const seen = new Set<string>();
  const logs = new Map<string, LogFile[]>();
  const strays: LogFile[] = [];
  for (const path of paths) {
    const stat = statSync(path, { throwIfNoEntry: false });
    const id = stat ? `${stat.dev}:${stat.ino}` : path;
    if (seen.has(id)) continue;
    seen.add(id);
    const peeked = peek(path);
    if (peeked) logs.set(peeked.origin, [...(logs.get(peeked.origin) ?? []), peeked.file]);
    else strays.push({ path, first: 0, before: null });
  }
  const groups = [...logs].map(([origin, files]) => ({
    origin,
    files: files.sort((a, b) => a.first - b.first),
  }));
  // A file without any record is no file of a log; it must not go unread all the same.
  groups[0]?.files.push(...strays);
  return groups;
}

function peek(path: string): { readonly origin: string; readonly file: LogFile } | null {
  const records: { readonly origin: string; readonly first: number; readonly record: FlatRecord }[] = [];
  readLines(path, AUDIT_LINE_MAX_BYTES, (bytes, line) => {
    const record = readRecord(sha256Text, { file: path, line }, bytes);
    if (record.kind === 'record') records.push({ origin: record.log, first: record.seq, record: record.record });
    return records.length < PEEK_RECORDS && line < PEEK_LINES;
  });
  const second = records[1];
  const agreed = second && records[VOTERS - 1]?.origin === second.origin ? second.origin : records[0]?.origin;
  const found = records.find(record => record.origin === agreed);
  if (found === undefined) return null;
  const before = endAccount(records.map(({ record }) => record));
  return { origin: found.origin, file: { path, first: found.first, before } };
}

/**
 * @param also Gets each line too, in order: what is judged and what is used are then the same bytes. Valid during the call.
 * @throws Fault `log_unreadable`
 */
export function verifyFiles(
  log: LogFiles,
  options: Omit<VerifyOptions, 'origin'>,
  also?: (bytes: Uint8Array) => void,
): Report {
  const verifier = new LogVerifier(PORTS, { ...options, origin: log.origin });
  for (const [index, { path: file }] of log.files.entries()) {
    const account = log.files[index + 1]?.before ?? null;
    const left = account && leftAt(file, account);
    const take = (bytes: Uint8Array, line: number): true => {
      verifier.line({ file, line }, bytes);
      also?.(bytes);
      return true;
    };
    const { lines, torn } = readLines(file, AUDIT_LINE_MAX_BYTES, take, 0, left ?? Infinity);
    const end = { file, line: lines + 1 };
    if (torn > 0) verifier.torn(end, torn);
    if (account !== null && left !== null) verifier.accounted(end, account);
  }
  return verifier.finish();
}
