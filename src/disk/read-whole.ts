import { type BigIntStats, closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { errorCode } from './error-code.js';

export type WholeFile =
  | {
      readonly ok: true;
      readonly bytes: Uint8Array /** Of the descriptor that was read. */;
      readonly stat: BigIntStats;
    }
  | {
      readonly ok: false;
      readonly why: 'not_regular' | 'too_large' | 'system' /** The system's code. */;
      readonly error: string;
    };

/** A regular file of at most `maxBytes`, read through one descriptor. Never throws, never hangs on a FIFO. */
export function readWhole(path: string, maxBytes: number): WholeFile {
  let fd: number | null = null;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const stat = fstatSync(fd, { bigint: true });
    if (!stat.isFile()) return { ok: false, why: 'not_regular', error: stat.isDirectory() ? 'EISDIR' : 'EINVAL' };
    if (stat.size > maxBytes) return { ok: false, why: 'too_large', error: 'EFBIG' };
    // One byte more than it had: it may grow while it is read.
    const buffer = new Uint8Array(Number(stat.size) + 1);
    let length = 0;
    for (;;) {
      const read = readSync(fd, buffer, length, buffer.length - length, null);
      length += read;
      if (read === 0 || length === buffer.length) break;
    }
    return length === buffer.length
      ? { ok: false, why: 'system', error: 'EAGAIN' }
      : { ok: true, bytes: buffer.subarray(0, length), stat };
  } catch (error) {
    return { ok: false, why: 'system', error: errorCode(error) };
  } finally {
    if (fd !== null) closeSync(fd);
  }
}
