/**
 * The names around a log, and how its path is made free for the next file.
 *
 *   audit.jsonl               the file being written, or a link to it (current.ts)
 *   audit.jsonl.lock .state   its lock and its state
 *   audit.jsonl.epochs        its `key_rotated` lines, kept for good
 *   audit.jsonl.reserve       room for when the disk is full
 *   audit.jsonl.handed        a daemon writes this agent's records (ran-before.ts)
 *   hold                      a legal hold: retention removes nothing
 *   audit.jsonl.torn-<seq>    half a line that a crash left
 *   audit.<first seq>.jsonl   a file of a log that turns itself over; else an earlier file that was still at the path
 *                             (truncated, foreign bytes, damaged tail)
 *   audit.replaced-<seq>.jsonl  what somebody else put at the path
 *   audit.<pid>-<8 hex>.jsonl a second writer's log
 *
 * Nothing is ever removed or written over, but for links of ours, and what retention.ts is told to.
 */
import { accessSync, constants, lstatSync, mkdirSync, renameSync, statSync, unlinkSync } from 'node:fs';
import { dirname } from 'node:path';
import { toHex } from '../../core/bytes.js';
import { Fault } from '../../core/fault.js';
import { AppendFile, type Opened } from '../../disk/append.js';
import { errno } from '../../disk/errno.js';
import { type FileId, sameFile } from '../../disk/file-id.js';
import { beside, currentFile, openNumbered } from './current.js';

export const lockName = (path: string): string => `${path}.lock`;
export const stateName = (path: string): string => `${path}.state`;
export const epochsName = (path: string): string => `${path}.epochs`;
export const tornName = (path: string, seq: number): string => `${path}.torn-${seq}`;
export const fileText = (id: FileId): string => `${id.dev}:${id.ino}`;

export const ownName = (path: string, random: (bytes: number) => Uint8Array): string =>
  beside(path, `${process.pid}-${toHex(random(4))}`);

/**
 * Makes sure that the log's folder is there and takes new files.
 *
 * @param make `all`: with its parents (the library's own default path); `last`: only the folder itself, so that a
 *   misspelt setting does not grow a tree.
 * @throws Fault `log_dir_missing`, `log_dir_unwritable`
 */
export function readyFolder(path: string, make: 'all' | 'last'): void {
  const folder = dirname(path);
  try {
    mkdirSync(folder, { recursive: make === 'all', mode: 0o750 });
  } catch (error) {
    if (errno(error) === 'ENOENT') throw new Fault('log_dir_missing', { path: folder }, { cause: error });
    if (errno(error) !== 'EEXIST') throw unwritable(folder, errno(error), error);
  }
  try {
    if (!statSync(folder).isDirectory()) throw unwritable(folder, 'ENOTDIR', null);
    accessSync(folder, constants.W_OK | constants.X_OK);
  } catch (error) {
    throw error instanceof Fault ? error : unwritable(folder, errno(error), error);
  }
}

const unwritable = (path: string, cause: string, error: unknown): Fault =>
  new Fault('log_dir_unwritable', { path, cause }, { cause: error });

/** Whether the file at `path` is `id` now; an errno when that cannot be said. */
export function standsAt(path: string, id: FileId): 'yes' | 'no' | { readonly errno: string } {
  try {
    return sameFile(lstatSync(currentFile(path)), id) ? 'yes' : 'no';
  } catch (error) {
    return errno(error) === 'ENOENT' ? 'no' : { errno: errno(error) };
  }
}

/** What stands at the path, as far as the next file cares. */
export interface Standing {
  /** Whether the file there is one of this log. */
  readonly own: (there: FileId) => boolean;
  /** The first `seq` in that file, when it is. */
  readonly first: number;
}

/**
 * Opens the file that the next segment goes to. At the path an empty regular file is taken as it is (logrotate's `create`);
 * a file with content is moved aside by name; a link that is not ours, a folder or a FIFO is refused.
 *
 * @param next the first `seq` of the new file
 * @param numbered whether it is `audit.<next>.jsonl` with a link at the path
 */
export function openNext(path: string, { own, first }: Standing, next: number, numbered: boolean): Opened {
  try {
    const there = lstatSync(path);
    if (there.isSymbolicLink()) {
      const current = currentFile(path);
      if (current === path) return { ok: false, errno: 'ELOOP' };
      if (!numbered) unlinkSync(path);
      // Made for a next file whose first record never came.
      else if (lstatSync(current, { throwIfNoEntry: false })?.size === 0) return empty(AppendFile.existing(current));
    } else {
      if (!there.isFile()) return { ok: false, errno: 'EINVAL' };
      if (there.size > 0) moveAside(path, own(there) ? `${first}` : `replaced-${next}`);
      else if (!numbered) return empty(AppendFile.existing(path));
    }
  } catch (error) {
    if (errno(error) !== 'ENOENT') return { ok: false, errno: errno(error) };
  }
  return numbered ? openNumbered(path, next) : AppendFile.create(path);
}

function empty(opened: Opened): Opened {
  if (!opened.ok || opened.file.size === 0) return opened;
  opened.file.close();
  return { ok: false, errno: 'EEXIST' };
}

function moveAside(path: string, word: string): void {
  let target = beside(path, word);
  for (let n = 1; exists(target); n += 1) target = beside(path, `${word}-${n}`);
  renameSync(path, target);
}

export function exists(path: string): boolean {
  try {
    lstatSync(path);
    return true;
  } catch (error) {
    return errno(error) !== 'ENOENT';
  }
}
