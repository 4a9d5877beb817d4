/**
 * Records that went by between two looks at a log's name: a file may be opened, filled and turned over within one.
 *
 *   in   : the log's path, its name, the numbers missed
 *   out  : the lines of those records, from the files beside it, in order; how far they reach
 *   never: reads compressed files, or files of another log
 */
import { readdirSync, realpathSync } from 'node:fs';
import { basename, dirname, extname, join } from 'node:path';
import { type FlatRecord, parseLine } from '../core/audit/canonical.js';
import { fromUtf8 } from '../core/bytes.js';
import { AUDIT_LINE_MAX_BYTES } from '../core/limits.js';
import { readLines } from '../disk/read-lines.js';

/** @returns the number after the last one found: `to` when nothing is missing. */
export function readMissed(
  path: string,
  log: string,
  from: number,
  to: number,
  take: (bytes: Uint8Array, record: FlatRecord) => void,
): number {
  const files = beside(path)
    .map(file => ({ file, first: firstOf(file, log) }))
    .filter(({ first }) => first !== null && first < to)
    .sort((a, b) => (a.first as number) - (b.first as number));
  let next = from;
  for (const [index, { file }] of files.entries()) {
    const following = files[index + 1]?.first ?? to;
    if (following <= next) continue;
    each(file, (record, bytes) => {
      if (record?.log === log && record.seq === next && next < to) {
        take(bytes, record);
        next++;
      }
      return next < to;
    });
  }
  return next;
}

/** Files of that name in its folder, and in that of the file which a link leads to. */
function beside(path: string): readonly string[] {
  const stem = basename(path, extname(path));
  const folders = new Set([dirname(path), ...attempted(() => [dirname(realpathSync(path))])]);
  return [...folders].flatMap(folder =>
    attempted(() => readdirSync(folder))
      .filter(name => name.startsWith(`${stem}.`))
      .map(name => join(folder, name)),
  );
}

function firstOf(file: string, log: string): number | null {
  let first: number | null = null;
  each(file, record => {
    if (record?.log === log && typeof record.seq === 'number') first = record.seq;
    return false;
  });
  return first;
}

/** What cannot be read is passed over: whoever asked says what is missing. */
function each(file: string, take: (record: FlatRecord | null, bytes: Uint8Array) => boolean): void {
  attempted(() => {
    readLines(file, AUDIT_LINE_MAX_BYTES, bytes => {
      const text = fromUtf8(bytes);
      const parsed = text === null ? null : parseLine(text);
      return take(parsed?.ok ? parsed.record : null, bytes);
    });
    return [];
  });
}

function attempted(act: () => string[]): string[] {
  try {
    return act();
  } catch {
    return [];
  }
}
