/**
 * Replaces a file that people edit, whole: mode and owner stay as they are, and whoever watches the folder sees one change.
 *
 * The temp name begins with a dot, which is no policy to anybody (core/policy/layers.ts), and nothing touches the file
 * after its rename: it would have to stand still for longer before it is read.
 */
import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { syncFolder } from './durable.js';

const FLAGS = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;

/** Mode 0644 where nothing was. Throws the system's error; the old file stands then. */
export function putBack(path: string, bytes: Uint8Array): void {
  const folder = dirname(path);
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  const old = lstatSync(path, { throwIfNoEntry: false });
  const temp = join(folder, `.${basename(path)}.${process.pid}.tmp`);
  rmSync(temp, { force: true });
  const fd = openSync(temp, FLAGS, 0o600);
  try {
    try {
      for (let sent = 0; sent < bytes.length; ) sent += writeSync(fd, bytes, sent);
      if (old !== undefined && process.geteuid?.() === 0) fchownSync(fd, old.uid, old.gid);
      fchmodSync(fd, old === undefined ? 0o644 : old.mode & 0o777);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(temp, path);
  } catch (error) {
    rmSync(temp, { force: true });
    throw error;
  }
  syncFolder(folder);
}
