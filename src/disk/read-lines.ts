/**
 * A file's lines as bytes, once through, in constant memory.
 *
 *   in   : a path; where to begin and to end
 *   out  : each line without its LF; what stands after the last LF; never more than was there when it was opened
 *   never: decodes, changes anything, waits for a writer
 *
 * NULs and broken UTF-8 are bytes like any other: whoever takes the line judges them. Of a line over the bound only the
 * first `maxBytes`+1 bytes are handed over, so that its taker sees that it is too long.
 */
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { Fault } from '../core/fault.js';
import { errorCode } from './error-code.js';

const CHUNK_BYTES = 256 * 1024;
const LF = 0x0a;

export interface LinesRead {
  /** Complete lines handed over. */
  readonly lines: number;
  /** Offset just after the last complete line. */
  readonly end: number;
  /** Bytes after it. */
  readonly torn: number;
}

/** The bytes are valid during the call only. `number` counts from 1. False ends the reading. */
export type TakeLine = (line: Uint8Array, number: number) => boolean | undefined;

/** @throws Fault `log_unreadable` for what cannot be opened or read, or is no regular file. */
export function readLines(path: string, maxBytes: number, take: TakeLine, from = 0, to = Infinity): LinesRead {
  let fd: number | null = null;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const stat = fstatSync(fd);
    if (!stat.isFile()) throw new Fault('log_unreadable', { path, why: 'it is not a regular file' });
    return readOpenLines(fd, from, Math.min(stat.size, to), maxBytes, take);
  } catch (error) {
    if (error instanceof Fault) throw error;
    throw new Fault('log_unreadable', { path, why: errorCode(error) }, { cause: error });
  } finally {
    if (fd !== null) closeSync(fd);
  }
}

/** {@link readLines} of an open descriptor, from offset `from` up to offset `size`. */
export function readOpenLines(fd: number, from: number, size: number, maxBytes: number, take: TakeLine): LinesRead {
  const keep = maxBytes + 1;
  const buffer = new Uint8Array(CHUNK_BYTES + keep);
  let held = 0; // bytes at the front of `buffer` that belong to the line in progress
  let offset = from;
  let end = from;
  let lines = 0;
  while (offset < size) {
    const read = readSync(fd, buffer, held, Math.min(CHUNK_BYTES, size - offset), offset);
    if (read === 0) break;
    const filled = held + read;
    let begin = 0;
    for (let lf = indexOfLf(buffer, held, filled); lf !== -1; lf = indexOfLf(buffer, begin, filled)) {
      lines++;
      end = offset + (lf + 1 - held);
      if (take(buffer.subarray(begin, Math.min(lf, begin + keep)), lines) === false) return { lines, end, torn: 0 };
      begin = lf + 1;
    }
    offset += read;
    // Of an endless line only as much is kept as shows that it is one.
    held = Math.min(filled - begin, keep);
    buffer.copyWithin(0, begin, begin + held);
  }
  return { lines, end, torn: offset - end };
}

function indexOfLf(buffer: Uint8Array, from: number, to: number): number {
  const at = buffer.subarray(from, to).indexOf(LF);
  return at === -1 ? -1 : from + at;
}
