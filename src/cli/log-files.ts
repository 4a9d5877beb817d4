/**
 * Files into logs, by their first records (core's file-head.ts). A file named twice (a link to the current one among its
 * like) is read once.
 */
import { statSync } from 'node:fs';
import { AUDIT_LINE_MAX_BYTES } from '../core/limits.js';
import {
  type FileHead,
  type FilesOfLog,
  fileHead,
  groupByLog,
  PEEK_BYTES,
  PEEK_LINES,
} from '../core/verify/file-head.js';
import type { Restore } from '../core/verify/shipped.js';
import { sha256Text } from '../crypto/sha256.js';
import { BlockCutter, eachLine } from '../disk/block-cutter.js';
import { readBytes } from '../disk/byte-source.js';

interface SizedFile {
  readonly path: string;
  readonly sizeBytes: number | null;
}

export type LogFiles = FilesOfLog<SizedFile>;

/**
 * @param restore Takes off what a shipper added; null: the lines are as they were written.
 * @returns One entry for each log, in the order of the files given; none when no file holds a record.
 */
export async function groupFiles(paths: readonly string[], restore: Restore | null): Promise<readonly LogFiles[]> {
  const seen = new Set<string>();
  const heads: [SizedFile, FileHead | null][] = [];
  for (const path of paths) {
    const stat = statSync(path, { throwIfNoEntry: false });
    const id = stat ? `${stat.dev}:${stat.ino}` : path;
    if (seen.has(id)) continue;
    seen.add(id);
    const lines = await firstLines(path);
    heads.push([
      { path, sizeBytes: stat?.size ?? null },
      fileHead(sha256Text, restore ? lines.flatMap(restore) : lines),
    ]);
  }
  return groupByLog(heads);
}

async function firstLines(path: string): Promise<readonly Uint8Array[]> {
  const lines: Uint8Array[] = [];
  const cutter = new BlockCutter(AUDIT_LINE_MAX_BYTES, block => {
    eachLine(block, line => {
      if (lines.length < PEEK_LINES) lines.push(line);
    });
    return undefined;
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
