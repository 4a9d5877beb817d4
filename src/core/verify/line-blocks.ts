/**
 * Pieces of any length in, blocks of whole lines out: what is digested at once.
 *
 *   in   : bytes, in order
 *   out  : blocks that end with an LF; in the end, how many bytes stand after the last one
 *   never: more than a block in memory; of a line longer than a block only its beginning is kept, enough to see that it
 *          is longer than any record
 */
export const BLOCK_BYTES = 1024 * 1024;
const LF = 0x0a;

export class LineBlocks {
  readonly #keepBytes: number;
  readonly #spare: Uint8Array[];
  #buffer: Uint8Array;
  #filled = 0;
  /** Bytes passed over of a line that is longer than a block. */
  #passed = 0;

  /**
   * @param maxBytes The longest line there may be.
   * @param spare Buffers of {@link BLOCK_BYTES} that nobody needs any more: they are used again.
   */
  constructor(maxBytes: number, spare: Uint8Array[] = []) {
    this.#keepBytes = maxBytes + 1;
    this.#spare = spare;
    this.#buffer = this.#fresh();
  }

  /** Bytes after the last LF so far. */
  get torn(): number {
    return this.#passed + this.#filled;
  }

  /** The blocks that `piece` completes; all of them must be taken. */
  *push(piece: Uint8Array): Generator<Uint8Array, void> {
    for (let at = 0; at < piece.length; ) {
      if (this.#passed > 0) {
        const lf = piece.indexOf(LF, at);
        if (lf === -1) {
          this.#passed += piece.length - at;
          return;
        }
        at = lf;
        this.#passed = 0;
      }
      const count = Math.min(piece.length - at, BLOCK_BYTES - this.#filled);
      this.#buffer.set(at === 0 && count === piece.length ? piece : piece.subarray(at, at + count), this.#filled);
      this.#filled += count;
      at += count;
      if (this.#filled < BLOCK_BYTES) continue;
      const block = this.#cut();
      if (block !== null) yield block;
    }
  }

  /** The last block, null when there is none; what is left then is {@link torn}. */
  end(): Uint8Array | null {
    return this.#filled > 0 ? this.#cut() : null;
  }

  #cut(): Uint8Array | null {
    const full = this.#buffer;
    const end = full.subarray(0, this.#filled).lastIndexOf(LF) + 1;
    if (end === 0) {
      if (this.#filled < BLOCK_BYTES) return null;
      this.#passed = this.#filled - this.#keepBytes;
      this.#filled = this.#keepBytes;
      return null;
    }
    this.#buffer = this.#fresh();
    this.#buffer.set(full.subarray(end, this.#filled));
    this.#filled -= end;
    return full.subarray(0, end);
  }

  #fresh(): Uint8Array {
    return this.#spare.pop() ?? new Uint8Array(BLOCK_BYTES);
  }
}

/** Each line of a block of whole lines, without its LF. */
export function eachLine(block: Uint8Array, take: (line: Uint8Array) => void): void {
  let begin = 0;
  for (let lf = block.indexOf(LF); lf !== -1; lf = block.indexOf(LF, begin)) {
    take(block.subarray(begin, lf));
    begin = lf + 1;
  }
}
