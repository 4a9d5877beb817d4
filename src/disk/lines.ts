/**
 * Reading a file of lines from any place, in constant memory.
 *
 *   in   : a path, a byte offset where a line begins
 *   out  : each line's bytes (without LF), and where the last accepted one ends
 *   never: changes a file, follows a link, parses
 */
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import type { FileId } from './file-id.js';

const CHUNK = 256 * 1024;
const LF = 0x0a;
const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;

export interface LineScan {
  /** Offset just after the LF of the last line accepted; where the scan began when there was none. */
  readonly end: number;
  /** Bytes between `end` and the end of the file. */
  readonly rest: number;
  /** `end`: no LF after `end`. `refused`: `take` said no. `too_long`: a line over the bound. */
  readonly why: 'end' | 'refused' | 'too_long';
}

export class LineFile {
  readonly id: FileId;
  /** Bytes when it was opened. */
  readonly size: number;
  readonly #fd: number;

  private constructor(fd: number, id: FileId, size: number) {
    this.#fd = fd;
    this.id = id;
    this.size = size;
  }

  /**
   * Opens a regular file for reading.
   * @throws the system's error; `EINVAL` for what is no regular file, `ELOOP` for a link.
   */
  static open(path: string): LineFile {
    const fd = openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    try {
      const stat = fstatSync(fd);
      if (!stat.isFile()) throw Object.assign(new Error(`not a regular file: ${path}`), { code: 'EINVAL' });
      return new LineFile(fd, { dev: stat.dev, ino: stat.ino }, stat.size);
    } catch (error) {
      closeSync(fd);
      throw error;
    }
  }

  /** Hands each complete line from `from` on to `take` until it says false. The bytes are valid only during the call. */
  scan(from: number, maxLine: number, take: (line: Uint8Array) => boolean): LineScan {
    const buffer = new Uint8Array(Math.max(CHUNK, 2 * maxLine));
    let end = from; // of the last accepted line
    let held = 0; // bytes of `buffer` that belong to the line in progress
    for (;;) {
      const read = readSync(this.#fd, buffer, held, buffer.length - held, end + held);
      const filled = held + read;
      let begin = 0;
      for (let lf = buffer.indexOf(LF, held); lf !== -1 && lf < filled; lf = buffer.indexOf(LF, begin)) {
        if (lf - begin > maxLine) return this.#scanned(end, 'too_long');
        if (!take(buffer.subarray(begin, lf))) return this.#scanned(end, 'refused');
        end += lf + 1 - begin;
        begin = lf + 1;
      }
      if (read === 0) return this.#scanned(end, 'end');
      held = filled - begin;
      if (held > maxLine) return this.#scanned(end, 'too_long');
      buffer.copyWithin(0, begin, filled);
    }
  }

  /** The line whose LF is the byte before `offset`; null when there is none of at most `maxLine` bytes. */
  lineBefore(offset: number, maxLine: number): Uint8Array | null {
    if (offset < 1 || offset > this.size) return null;
    const from = Math.max(0, offset - maxLine - 2);
    const bytes = this.read(from, offset - from);
    const last = bytes.length - 1;
    if (bytes[last] !== LF) return null;
    const before = last === 0 ? -1 : bytes.lastIndexOf(LF, last - 1);
    if (before === -1 && from > 0) return null;
    return bytes.subarray(before + 1, last);
  }

  /** At most `length` bytes from `from`. */
  read(from: number, length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    let at = 0;
    while (at < length) {
      const read = readSync(this.#fd, bytes, at, length - at, from + at);
      if (read === 0) break;
      at += read;
    }
    return bytes.subarray(0, at);
  }

  /** Hands `length` bytes from `from` on to `take`, piece by piece. */
  pieces(from: number, length: number, take: (piece: Uint8Array) => void): void {
    for (let at = 0; at < length; ) {
      const piece = this.read(from + at, Math.min(CHUNK, length - at));
      if (piece.length === 0) return;
      take(piece);
      at += piece.length;
    }
  }

  close(): void {
    closeSync(this.#fd);
  }

  #scanned(end: number, why: LineScan['why']): LineScan {
    return { end, rest: Math.max(0, fstatSync(this.#fd).size - end), why };
  }
}
