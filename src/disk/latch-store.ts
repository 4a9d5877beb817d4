/**
 * Keeps the latch of the kill switch, and the memory of break glass: one small file each, 0600, replaced whole and synced.
 *
 *   in   : a path, bytes
 *   out  : the bytes that are there, that there are none, or that it cannot be told
 *   never: throws; knows what the bytes mean; follows a link
 */
import { constants, lstatSync, mkdirSync, renameSync } from 'node:fs';
import { dirname } from 'node:path';
import { replaceFile } from './durable.js';
import { errorCode } from './error-code.js';
import { readWhole } from './read-whole.js';

export type KeptLatch =
  | { readonly is: 'absent' }
  | { readonly is: 'unreadable'; readonly error: string }
  | { readonly is: 'present'; readonly bytes: Uint8Array };

const OTHERS_WRITE = 0o022;
const MODE = 0o600;

/** The folders that these files stand in, for the user of this process alone; one that cannot be made is told by what follows. */
export function makeLatchFolders(paths: readonly string[]): void {
  for (const path of paths) {
    try {
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    } catch {
      // The latch then says that it cannot be saved.
    }
  }
}

/** A link, or a file that others may write, is as good as unreadable. */
export function readLatch(path: string, maxBytes: number): KeptLatch {
  try {
    const stat = lstatSync(path, { throwIfNoEntry: false });
    if (stat === undefined) return { is: 'absent' };
    if ((stat.mode & constants.S_IFMT) !== constants.S_IFREG) return { is: 'unreadable', error: 'no regular file' };
    if ((stat.mode & OTHERS_WRITE) !== 0) return { is: 'unreadable', error: 'others may write it' };
  } catch (error) {
    return { is: 'unreadable', error: errorCode(error) };
  }
  const read = readWhole(path, maxBytes);
  return read.ok ? { is: 'present', bytes: read.bytes } : { is: 'unreadable', error: read.error };
}

/** Durable on return; the system's code when it is not. */
export function writeLatch(path: string, bytes: Uint8Array): string | null {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    replaceFile(path, bytes, MODE);
    return null;
  } catch (error) {
    return errorCode(error);
  }
}

/** Moves what cannot be understood out of the way, for a person to look at. False: it is still there. */
export function setAsideLatch(path: string): boolean {
  try {
    renameSync(path, `${path}.damaged`);
    return true;
  } catch {
    return false;
  }
}
