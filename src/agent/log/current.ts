/**
 * The file behind a log's name: what stands at the path, or, when the log turns itself over, what the link there leads to.
 *
 *   audit.jsonl → audit.120.jsonl     only names of this form, in the same folder; any other link is not followed
 */
import { lstatSync, readlinkSync, renameSync, symlinkSync, unlinkSync } from 'node:fs';
import { basename, dirname, extname, join } from 'node:path';
import { AppendFile, type Opened } from '../../disk/append.js';
import { syncFolder } from '../../disk/durable.js';
import { errno } from '../../disk/errno.js';

/** `audit.jsonl` and `x` → `audit.x.jsonl`. */
export function beside(path: string, word: string | number): string {
  const ext = extname(path);
  return join(dirname(path), `${basename(path, ext)}.${word}${ext}`);
}

/** The path itself unless a link of ours stands there. The file it names may be missing. */
export function currentFile(path: string): string {
  try {
    const target = readlinkSync(path);
    return numberOf(path, target) === null ? path : join(dirname(path), target);
  } catch {
    return path;
  }
}

/** The number in a file's name of the form `audit.<first seq>.jsonl`; null for any other name. */
export function numberOf(path: string, name: string): number | null {
  const ext = extname(path);
  const stem = basename(path, ext);
  if (!name.startsWith(`${stem}.`) || !name.endsWith(ext)) return null;
  const word = name.slice(stem.length + 1, name.length - ext.length);
  return /^(0|[1-9][0-9]{0,15})(-[1-9][0-9]{0,5})?$/.test(word) ? Number.parseInt(word, 10) : null;
}

/** Makes `audit.<first>.jsonl` and has the link at `path` lead to it. An empty file that a crash left there is taken. */
export function openNumbered(path: string, first: number): Opened {
  for (let n = 0; ; n += 1) {
    const name = beside(path, n === 0 ? first : `${first}-${n}`);
    const made = AppendFile.create(name);
    const opened = !made.ok && made.errno === 'EEXIST' ? AppendFile.existing(name) : made;
    if (!opened.ok) return opened;
    if (opened.file.size > 0) {
      opened.file.close();
      continue;
    }
    try {
      pointTo(path, basename(name));
      return opened;
    } catch (error) {
      opened.file.close();
      return { ok: false, errno: errno(error) };
    }
  }
}

/** In one step: whoever opens the path gets the old file or the new one. */
function pointTo(path: string, target: string): void {
  const temp = `${path}.tmp-${process.pid}-0`;
  try {
    if (lstatSync(temp, { throwIfNoEntry: false }) !== undefined) unlinkSync(temp);
    symlinkSync(target, temp);
    renameSync(temp, path);
  } catch (error) {
    try {
      unlinkSync(temp);
    } catch {
      // It was not made.
    }
    throw error;
  }
  syncFolder(dirname(path));
}
