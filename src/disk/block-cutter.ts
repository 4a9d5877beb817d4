/** Blocks of whole lines (core's line-blocks.ts) for a taker that may have to be waited for. */
import { LineBlocks } from '../core/verify/line-blocks.js';

export { BLOCK_BYTES, eachLine } from '../core/verify/line-blocks.js';

export type TakeBlock = (block: Uint8Array) => undefined | Promise<void>;

export class BlockCutter {
  readonly #blocks: LineBlocks;
  readonly #take: TakeBlock;

  /** @see LineBlocks */
  constructor(maxBytes: number, take: TakeBlock, spare: Uint8Array[] = []) {
    this.#blocks = new LineBlocks(maxBytes, spare);
    this.#take = take;
  }

  /** Bytes after the last LF so far. */
  get torn(): number {
    return this.#blocks.torn;
  }

  async push(piece: Uint8Array): Promise<void> {
    for (const block of this.#blocks.push(piece)) await this.#take(block);
  }

  /** @returns bytes after the last LF */
  async end(): Promise<number> {
    const block = this.#blocks.end();
    if (block !== null) await this.#take(block);
    return this.torn;
  }
}
