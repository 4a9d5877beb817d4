/**
 * Lines as they come, also when the file is rotated away under its name.
 *
 *   in   : a path, an offset, how often to look
 *   out  : each complete line once; what a renamed file still holds is read before its successor
 *   never: changes anything; hands over a line that is not finished
 *
 * A file of another inode under the name, or one that became shorter, is read from its beginning.
 */
import { closeSync, constants, fstatSync, openSync, statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { errorCode } from './error-code.js';
import { readOpenLines, type TakeLine } from './read-lines.js';

export interface Follow {
  readonly path: string;
  /** Offset in the file that has the name now. */
  readonly from: number;
  readonly everyMs: number;
  readonly maxBytes: number;
  readonly take: TakeLine;
  /** Ends the following. */
  readonly signal: AbortSignal;
}

/** Resolves when `signal` fires. A name that is gone for a while is waited for. */
export async function followLines({ path, from, everyMs, maxBytes, take, signal }: Follow): Promise<void> {
  let fd: number | null = null;
  let offset = from;
  try {
    while (!signal.aborted) {
      fd ??= openQuietly(path);
      if (fd !== null) {
        const opened = fstatSync(fd);
        const named = statSync(path, { throwIfNoEntry: false });
        const renamed = named !== undefined && (named.ino !== opened.ino || named.dev !== opened.dev);
        if (opened.size < offset) offset = 0;
        // After the look at the name: what was written before the rename is in the file by now.
        offset = readOpenLines(fd, offset, fstatSync(fd).size, maxBytes, take).end;
        if (renamed) {
          closeSync(fd);
          fd = null;
          offset = 0;
          continue;
        }
      }
      await sleep(everyMs, undefined, { signal }).catch(() => {});
    }
  } finally {
    if (fd !== null) closeSync(fd);
  }
}

/** Null while nothing readable has the name. */
function openQuietly(path: string): number | null {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return null;
    throw error;
  }
}
