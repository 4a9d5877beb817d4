/**
 * Files into logs: which log a file belongs to, and in which order its files are read.
 *
 * The first records of a file say it; when they disagree the majority does, so that one line of another log does not carry
 * the file away. A file named twice (a link to the current one among its like) is read once. The end of a file given with
 * others counts as an end only if it is the last one's.
 */
import { statSync } from 'node:fs';
import { AUDIT_LINE_MAX_BYTES } from '../core/limits.js';
import type { Report } from '../core/verify/findings.js';
import { readRecord } from '../core/verify/read-record.js';
import { LogVerifier, type VerifyOptions } from '../core/verify/verify-log.js';
import { ed25519Verify } from '../crypto/ed25519.js';
import { sha256, sha256Text } from '../crypto/sha256.js';
import { readLines } from '../disk/read-lines.js';

const PORTS = { sha256, sha256Text, verify: ed25519Verify };
/** Records that vote on a file's log, and lines that may be looked at to find them. */
const VOTERS = 3;
const PEEK_LINES = 64;

export interface LogFiles {
  readonly origin: string;
  /** In the order of their first numbers. */
  readonly files: readonly string[];
}

/** @returns One entry for each log, in the order of the files given; none when no file holds a record. */
export function groupFiles(paths: readonly string[]): readonly LogFiles[] {
  const seen = new Set<string>();
  const logs = new Map<string, { path: string; first: number }[]>();
  const strays: string[] = [];
  for (const path of paths) {
    const stat = statSync(path, { throwIfNoEntry: false });
    const id = stat ? `${stat.dev}:${stat.ino}` : path;
    if (seen.has(id)) continue;
    seen.add(id);
    const peeked = peek(path);
    if (peeked) logs.set(peeked.origin, [...(logs.get(peeked.origin) ?? []), { path, first: peeked.first }]);
    else strays.push(path);
  }
  const groups = [...logs].map(([origin, files]) => ({
    origin,
    files: files.sort((a, b) => a.first - b.first).map(file => file.path),
  }));
  // A file without any record is no file of a log; it must not go unread all the same.
  groups[0]?.files.push(...strays);
  return groups;
}

function peek(path: string): { readonly origin: string; readonly first: number } | null {
  const records: { origin: string; first: number }[] = [];
  readLines(path, AUDIT_LINE_MAX_BYTES, (bytes, line) => {
    const record = readRecord(sha256, { file: path, line }, bytes);
    if (record.kind === 'record') records.push({ origin: record.log, first: record.seq });
    return records.length < VOTERS && line < PEEK_LINES;
  });
  const second = records[1];
  const agreed = second && records[2]?.origin === second.origin ? second.origin : records[0]?.origin;
  return records.find(record => record.origin === agreed) ?? null;
}

/** @throws Fault `log_unreadable` */
export function verifyFiles(log: LogFiles, options: Omit<VerifyOptions, 'origin'>): Report {
  const verifier = new LogVerifier(PORTS, { ...options, origin: log.origin });
  for (const file of log.files) {
    const { lines, torn } = readLines(file, AUDIT_LINE_MAX_BYTES, (bytes, line) => {
      verifier.line({ file, line }, bytes);
      return true;
    });
    if (torn > 0) verifier.torn({ file, line: lines + 1 }, torn);
  }
  return verifier.finish();
}
