/**
 * A file that only takes up room, so that there is some when a disk is full.
 *
 * Its bytes are random: a filesystem that compresses or leaves holes would keep nothing for zeros.
 */
import { randomFillSync } from 'node:crypto';
import { closeSync, constants, fsyncSync, lstatSync, openSync, statfsSync, unlinkSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { errno } from './errno.js';

const PIECE_BYTES = 1024 * 1024;
const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;

/** Makes `path` of `sizeBytes`, synced, unless it is there in that size. Null, or the errno; then nothing is left of it. */
export function makeReserve(path: string, sizeBytes: number): string | null {
  let fd = -1;
  try {
    const there = lstatSync(path, { throwIfNoEntry: false });
    if (there?.isFile() && there.size === sizeBytes) return null;
    if (there !== undefined) unlinkSync(path);
    fd = openSync(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
    const piece = randomFillSync(new Uint8Array(Math.min(PIECE_BYTES, sizeBytes)));
    for (let left = sizeBytes; left > 0; ) left -= writeSync(fd, piece, 0, Math.min(left, piece.length));
    fsyncSync(fd);
    return null;
  } catch (error) {
    if (fd >= 0) freeReserve(path);
    return errno(error);
  } finally {
    if (fd >= 0) closeSync(fd);
  }
}

/** False when there was none, or it cannot be removed. */
export function freeReserve(path: string): boolean {
  try {
    unlinkSync(path);
    return true;
  } catch {
    return false;
  }
}

/** Bytes that may still be written beside `path`; 0 when that cannot be said. */
export function roomBeside(path: string): number {
  try {
    const { bavail, bsize } = statfsSync(dirname(path));
    return bavail * bsize;
  } catch {
    return 0;
  }
}
