/**
 * Small files that are whole or absent, also after power loss.
 *
 *   write temp → fsync temp → rename (or link) → fsync folder
 *
 * The temp name is `<path>.tmp-<pid>-<n>`, made with O_EXCL, so that no link planted there is followed. A crash leaves at
 * most one such file behind; it is never read, and {@link forgetTemps} removes it. All throw the system's error; callers turn it into a Fault.
 */
import {
  closeSync,
  constants,
  fchmodSync,
  fsyncSync,
  linkSync,
  openSync,
  readdirSync,
  renameSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { open } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { errno } from './errno.js';

const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW, O_RDONLY, O_DIRECTORY } = constants;
const NEW_FILE = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW;
const TEMP_TRIES = 8;
let counter = 0;

/** Puts `bytes` at `path` in the place of what was there. */
export function replaceFile(path: string, bytes: Uint8Array, mode: number): void {
  const temp = writeTemp(path, bytes, mode);
  try {
    renameSync(temp, path);
  } catch (error) {
    forget(temp);
    throw error;
  }
  syncFolder(dirname(path));
}

/**
 * As {@link replaceFile}, with the waiting done off the main thread. `wanted` is asked right before the rename, so that
 * a newer replacement made meanwhile is not undone. `done` gets the errno, or null when it is durable or not wanted.
 */
export function replaceFileLater(
  path: string,
  bytes: Uint8Array,
  mode: number,
  wanted: () => boolean,
  done: (errno: string | null) => void,
): void {
  const temp = nextTemp(path);
  let made = false;
  const steps = async (): Promise<void> => {
    const file = await open(temp, NEW_FILE, mode);
    made = true;
    try {
      await file.chmod(mode);
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    if (!wanted()) return forget(temp);
    renameSync(temp, path);
    const folder = await open(dirname(path), O_RDONLY | O_DIRECTORY);
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  };
  steps().then(
    () => done(null),
    error => {
      if (made) forget(temp);
      done(errno(error));
    },
  );
}

/** Puts `bytes` at `path` unless something is there. False: something is, and stays. */
export function createFile(path: string, bytes: Uint8Array, mode: number): boolean {
  const temp = writeTemp(path, bytes, mode);
  try {
    linkSync(temp, path);
  } catch (error) {
    if (errno(error) === 'EEXIST') return false;
    throw error;
  } finally {
    forget(temp);
  }
  syncFolder(dirname(path));
  return true;
}

/** Removes what crashes left of replacing `path`. Only for whoever alone may replace it; what cannot be removed stays. */
export function forgetTemps(path: string): void {
  const begin = `${basename(path)}.tmp-`;
  for (const name of readdirSync(dirname(path))) {
    if (name.startsWith(begin) && /^\d+-\d+$/.test(name.slice(begin.length))) forget(join(dirname(path), name));
  }
}

/** Makes names that were added to or removed from `folder` survive power loss. */
export function syncFolder(folder: string): void {
  const fd = openSync(folder, O_RDONLY | O_DIRECTORY);
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

function writeTemp(path: string, bytes: Uint8Array, mode: number): string {
  const [temp, fd] = openTemp(path, mode);
  try {
    fchmodSync(fd, mode);
    let at = 0;
    while (at < bytes.length) at += writeSync(fd, bytes, at, bytes.length - at);
    fsyncSync(fd);
  } catch (error) {
    forget(temp);
    throw error;
  } finally {
    closeSync(fd);
  }
  return temp;
}

/** An earlier process with our number may have left files behind, or somebody may have planted some. */
function openTemp(path: string, mode: number): readonly [path: string, fd: number] {
  for (let tries = 1; ; tries += 1) {
    const temp = nextTemp(path);
    try {
      return [temp, openSync(temp, NEW_FILE, mode)];
    } catch (error) {
      if (errno(error) !== 'EEXIST' || tries === TEMP_TRIES) throw error;
    }
  }
}

function nextTemp(path: string): string {
  counter += 1;
  return `${path}.tmp-${process.pid}-${counter}`;
}

function forget(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // It was not there, or cannot be removed: then the next O_EXCL says so.
  }
}
