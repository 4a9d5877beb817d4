/**
 * One writer a file: a lock that dies with its holder.
 *
 *   kernel : flock(2), taken by util-linux `flock -n 3` on our own descriptor. The lock belongs to the open file, so it
 *            stays when that program ends and is free the moment we are gone, however we go.
 *   lockfile: where there is no such program, proper-lockfile. It can be lost while the event loop is blocked, so `held`
 *            turns false for good and the writer must stop.
 *
 * The lock file is made once and never removed: removing it would let two processes lock two files of one name.
 */
import { closeSync, constants, fchmodSync, fstatSync, lstatSync, openSync } from 'node:fs';
import lockfile from 'proper-lockfile';
import { errno } from './errno.js';
import { runOwn } from './own-program.js';
import { PROGRAM_FOLDERS } from './program-folders.js';

export interface Lock {
  /** True when it was lost without our doing. Costs nothing to ask. */
  lost(): boolean;
  /** False when it was lost, or its file is no longer the one at the path: one system call. */
  held(): boolean;
  release(): void;
}

export type Locking = { readonly is: 'locked'; readonly lock: Lock } | { readonly is: 'taken' };

const { O_RDWR, O_CREAT, O_NOFOLLOW } = constants;
const STALE_MS = 10_000;

/**
 * @param program name of the `flock` program; another name only to try what happens without it.
 * @throws the system's error when the lock file cannot be made.
 */
export function takeLock(path: string, program: string): Locking {
  const fd = openSync(path, O_RDWR | O_CREAT | O_NOFOLLOW, 0o640);
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile()) throw Object.assign(new Error(`not a regular file: ${path}`), { code: 'EINVAL' });
    const run = runOwn(program, ['-n', '3'], {
      stdio: ['ignore', 'ignore', 'ignore', fd],
      env: { PATH: PROGRAM_FOLDERS },
      cwd: '/',
    });
    if (run.status === 0) return { is: 'locked', lock: kernelLock(fd, path, stat) };
    // A program that could not be started this time (no memory, no process) or was killed has not answered: to take the
    // other kind of lock then would let two writers hold two kinds of lock.
    if (run.error !== undefined && errno(run.error) !== 'ENOENT') throw run.error;
    if (run.signal !== null) throw Object.assign(new Error(`${program} was ended by ${run.signal}`), { code: 'EINTR' });
    closeSync(fd);
    // 1 is the program's word for "taken"; anything else (no program, no locks on this filesystem) is no answer.
    return run.error === undefined && run.status === 1 ? { is: 'taken' } : takeLockfile(path);
  } catch (error) {
    try {
      closeSync(fd);
    } catch {
      // closed above
    }
    throw error;
  }
}

function kernelLock(fd: number, path: string, own: { readonly dev: number; readonly ino: number }): Lock {
  if ((fstatSync(fd).mode & 0o777) !== 0o640) fchmodSync(fd, 0o640);
  let open = true;
  return {
    lost: () => false,
    held: () => open && leadsTo(path, own),
    release() {
      if (open) closeSync(fd);
      open = false;
    },
  };
}

function takeLockfile(path: string): Locking {
  let held = true;
  let lost = false;
  const own = lstatSync(path);
  try {
    const release = lockfile.lockSync(path, {
      realpath: false,
      stale: STALE_MS,
      update: STALE_MS / 4,
      onCompromised: () => {
        held = false;
        lost = true;
      },
    });
    return {
      is: 'locked',
      lock: {
        lost: () => lost,
        held: () => held && leadsTo(path, own),
        release() {
          if (!held) return;
          held = false;
          try {
            release();
          } catch {
            // Lost already; it was not ours to give back.
          }
        },
      },
    };
  } catch (error) {
    if (errno(error) === 'ELOCKED') return { is: 'taken' };
    throw error;
  }
}

function leadsTo(path: string, own: { readonly dev: number; readonly ino: number }): boolean {
  try {
    const now = lstatSync(path);
    return now.ino === own.ino && now.dev === own.dev;
  } catch {
    return false;
  }
}
