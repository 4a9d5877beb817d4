/**
 * The lines of a file, plain or compressed (byte-source.ts), once through, in constant memory.
 *
 *   in   : a path
 *   out  : each line without its LF, as readLines gives them; whether the end was whole
 *   never: changes anything, writes what it unpacks
 */
import { openedAs, readBytes } from './byte-source.js';
import { readLines, type TakeLine } from './read-lines.js';

const LF = 0x0a;

/**
 * Of a line over the bound only the first `maxBytes`+1 bytes are handed over.
 *
 * @returns false: what is compressed stops before its end or is spoiled; the lines before that were handed over
 * @throws Fault `log_unreadable`
 */
export async function readUnpackedLines(path: string, maxBytes: number, take: TakeLine): Promise<boolean> {
  if (openedAs(path).packing === 'plain') {
    readLines(path, maxBytes, take);
    return true;
  }
  const lines = new LineCutter(maxBytes, take);
  const ending = await readBytes(path, piece => lines.push(piece));
  return ending.kind === 'whole';
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
