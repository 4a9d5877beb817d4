/**
 * The lines of a file, plain or compressed (gzip, Zstandard: known by its first bytes), once through, in constant memory.
 *
 *   in   : a path
 *   out  : each line without its LF, as readLines gives them; whether the end was whole
 *   never: changes anything, writes what it unpacks
 */
import { closeSync, createReadStream, openSync, readSync } from 'node:fs';
import type { Transform } from 'node:stream';
import * as zlib from 'node:zlib';
import { Fault } from '../core/fault.js';
import { errorCode } from './error-code.js';
import { readLines, type TakeLine } from './read-lines.js';

const GZIP = [0x1f, 0x8b];
const ZSTD = [0x28, 0xb5, 0x2f, 0xfd];
const LF = 0x0a;

/**
 * Of a line over the bound only the first `maxBytes`+1 bytes are handed over.
 *
 * @returns false: what is compressed stops before its end or is spoiled; the lines before that were handed over
 * @throws Fault `log_unreadable`
 */
export async function readUnpackedLines(path: string, maxBytes: number, take: TakeLine): Promise<boolean> {
  const unpack = unpackerOf(path);
  if (unpack === null) {
    readLines(path, maxBytes, take);
    return true;
  }
  const file = createReadStream(path);
  file.on('error', error => unpack.destroy(new Fault('log_unreadable', { path, why: errorCode(error) })));
  const lines = new LineCutter(maxBytes, take);
  try {
    for await (const piece of file.pipe(unpack)) if (!lines.push(piece as Uint8Array)) return true;
    return true;
  } catch (error) {
    if (error instanceof Fault) throw error;
    return false;
  } finally {
    file.destroy();
    unpack.destroy();
  }
}

/** Null: the file is plain. */
function unpackerOf(path: string): Transform | null {
  const head = headOf(path);
  const begins = (magic: readonly number[]): boolean => magic.every((byte, i) => head[i] === byte);
  if (begins(GZIP)) return zlib.createGunzip();
  if (!begins(ZSTD)) return null;
  // Node.js has it from 22.15 on.
  const { createZstdDecompress: create } = zlib as { readonly createZstdDecompress?: () => Transform };
  if (create !== undefined) return create();
  throw new Fault('log_unreadable', {
    path,
    why: 'it is compressed with Zstandard, which this Node.js cannot unpack (`zstd -d` does)',
  });
}

function headOf(path: string): Uint8Array {
  const head = new Uint8Array(ZSTD.length);
  let fd: number | null = null;
  try {
    fd = openSync(path, 'r');
    readSync(fd, head, 0, head.length, 0);
  } catch (error) {
    throw new Fault('log_unreadable', { path, why: errorCode(error) }, { cause: error });
  } finally {
    if (fd !== null) closeSync(fd);
  }
  return head;
}

class LineCutter {
  readonly #take: TakeLine;
  readonly #line: Uint8Array;
  #held = 0;
  #number = 0;

  constructor(maxBytes: number, take: TakeLine) {
    this.#take = take;
    this.#line = new Uint8Array(maxBytes + 1);
  }

  /** False: the taker has had enough. */
  push(piece: Uint8Array): boolean {
    let begin = 0;
    for (let lf = piece.indexOf(LF); lf !== -1; lf = piece.indexOf(LF, begin)) {
      this.#hold(piece.subarray(begin, lf));
      this.#number++;
      if (this.#take(this.#line.subarray(0, this.#held), this.#number) === false) return false;
      this.#held = 0;
      begin = lf + 1;
    }
    this.#hold(piece.subarray(begin));
    return true;
  }

  #hold(part: Uint8Array): void {
    const count = Math.min(part.length, this.#line.length - this.#held);
    this.#line.set(part.subarray(0, count), this.#held);
    this.#held += count;
  }
}
