/**
 * Lines as they come, also when the file is rotated away under its name.
 *
 *   in   : a path, how often to look
 *   out  : each complete line once, from the file's beginning; what a renamed file still holds is read before its successor
 *   never: changes anything; hands over a line that is not finished; ends because a name is gone or closed to us for a while
 *
 * A file of another inode under the name, or one that became shorter, is read from its beginning. The name may be a link.
 */
import { closeSync, constants, fstatSync, openSync, type Stats, statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Fault } from '../core/fault.js';
import { errorCode } from './error-code.js';
import { readOpenLines, type TakeLine } from './read-lines.js';

export interface Follow {
  readonly path: string;
  readonly everyMs: number;
  readonly maxBytes: number;
  readonly take: TakeLine;
  /** Called once, when what was there has been handed over: synchronously, before the first wait. */
  readonly caughtUp: () => void;
  /** Why the name cannot be opened now; once for each time. */
  readonly waiting: (why: string) => void;
  /** Ends the following. */
  readonly signal: AbortSignal;
}

/**
 * Resolves when `signal` fires.
 *
 * @throws Fault `log_unreadable` when the file cannot be opened at first, or an open one cannot be read.
 */
export async function followLines({ path, everyMs, maxBytes, take, caughtUp, waiting, signal }: Follow): Promise<void> {
  let fd: number | null = open(path);
  let offset = 0;
  let first = true;
  let said = '';
  try {
    while (!signal.aborted) {
      if (fd === null) {
        const opened = openAgain(path);
        if (typeof opened === 'number') fd = opened;
        else if (opened !== said) waiting(opened);
        said = typeof opened === 'number' ? '' : opened;
      }
      if (fd !== null) {
        const opened = fstatSync(fd);
        const named = statQuietly(path);
        const renamed = named !== null && (named.ino !== opened.ino || named.dev !== opened.dev);
        // Its writer goes on in the old file until it has heard of the new one; then the new one is not empty.
        const moved = renamed && named.size > 0;
        if (opened.size < offset) offset = 0;
        // After the look at the name: what was written before the writer moved is in the file by now.
        offset = readOpenLines(fd, offset, fstatSync(fd).size, maxBytes, take).end;
        if (first) caughtUp();
        first = false;
        if (moved) {
          closeSync(fd);
          fd = null;
          offset = 0;
          continue;
        }
      }
      await sleep(everyMs, undefined, { signal }).catch(() => {});
    }
  } catch (error) {
    if (error instanceof Fault) throw error;
    throw new Fault('log_unreadable', { path, why: errorCode(error) }, { cause: error });
  } finally {
    if (fd !== null) closeSync(fd);
  }
}

function open(path: string): number {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    throw new Fault('log_unreadable', { path, why: errorCode(error) }, { cause: error });
  }
  if (fstatSync(fd).isFile()) return fd;
  closeSync(fd);
  throw new Fault('log_unreadable', { path, why: 'it is not a regular file' });
}

/** The descriptor, or why there is none: a name may be gone, or not be ours yet, while somebody rotates. */
function openAgain(path: string): number | string {
  try {
    return open(path);
  } catch (error) {
    return String(error instanceof Fault && error.cause !== undefined ? errorCode(error.cause) : 'no regular file');
  }
}

function statQuietly(path: string): Stats | null {
  try {
    return statSync(path);
  } catch {
    return null;
  }
}
