/**
 * Earlier files of a log, wherever a rotation in its folder has put them: `audit.jsonl.1`, `audit.120.jsonl`.
 *
 * Only plain files of the log's own name; a file with a lock of its own is another log. Compressed ones are not read: what
 * was compressed was closed, or its tail is lost to us.
 */
import { readdirSync } from 'node:fs';
import { basename, dirname, extname, join } from 'node:path';
import { LineFile } from '../../disk/lines.js';
import { currentFile } from './current.js';

/** Calls `wanted` with each until it says true; that one is returned open, the others are closed. */
export function findSibling(
  path: string,
  wanted: (file: LineFile) => boolean,
): { path: string; file: LineFile } | null {
  const current = new Set([basename(path), basename(currentFile(path))]);
  const stem = basename(path, extname(path));
  const names = readdirSync(dirname(path));
  const all = new Set(names);
  for (const name of names.sort()) {
    if (current.has(name) || !name.startsWith(`${stem}.`)) continue;
    if (/\.(lock|state|epochs|reserve|handed)$|\.torn-|\.tmp-/.test(name) || all.has(`${name}.lock`)) continue;
    const found = open(join(dirname(path), name));
    if (found === null) continue;
    let kept = false;
    try {
      kept = wanted(found);
    } finally {
      if (!kept) found.close();
    }
    if (kept) return { path: join(dirname(path), name), file: found };
  }
  return null;
}

function open(path: string): LineFile | null {
  try {
    return LineFile.open(path);
  } catch {
    return null;
  }
}
