/**
 * Replaces a file of the state folder whole: a reader sees the old one or the new one, also after a power cut. 0600.
 */
import {
  closeSync,
  constants,
  fchownSync,
  fsyncSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { mkdir, open, rename, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Fault } from '../core/fault.js';
import { errorCode } from './error-code.js';

/** Never through what somebody else has put there, were it a link. */
const FLAGS = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
let made = 0;

function temporaryOf(path: string): string {
  return join(dirname(path), `.${process.pid}-${++made}.tmp`);
}

/** @throws Fault `policy_not_archived` */
export async function replace(path: string, bytes: Uint8Array): Promise<void> {
  const temporary = temporaryOf(path);
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await unlink(temporary).catch(() => {});
    const file = await open(temporary, FLAGS, 0o600);
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
    const folder = await open(dirname(path), constants.O_RDONLY);
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  } catch (error) {
    // It may never have been made, or have its name already.
    await unlink(temporary).catch(() => {});
    throw new Fault('policy_not_archived', { path, error: errorCode(error) }, { cause: error });
  }
}

/** What root writes into somebody's folder must stay readable there. */
function giveToOwner(fd: number, folder: string): void {
  if (process.geteuid?.() !== 0) return;
  const { uid, gid } = statSync(folder);
  if (uid !== 0) fchownSync(fd, uid, gid);
}

/** As {@link replace}, for a constructor. */
export function replaceSync(path: string, bytes: Uint8Array): void {
  const temporary = temporaryOf(path);
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    rmSync(temporary, { force: true });
    const fd = openSync(temporary, FLAGS, 0o600);
    try {
      giveToOwner(fd, dirname(path));
      for (let sent = 0; sent < bytes.length; ) sent += writeSync(fd, bytes, sent);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(temporary, path);
    const folder = openSync(dirname(path), constants.O_RDONLY);
    try {
      fsyncSync(folder);
    } finally {
      closeSync(folder);
    }
  } catch (error) {
    try {
      unlinkSync(temporary);
    } catch {
      // It was never made, or has its name already.
    }
    throw new Fault('policy_not_archived', { path, error: errorCode(error) }, { cause: error });
  }
}
