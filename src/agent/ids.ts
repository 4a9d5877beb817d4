import { randomFillSync } from 'node:crypto';
import { uuidV7 } from '../core/decide/request-id.js';

const POOL_BYTES = 4096;

/** Fresh IDs from a pool of random bytes: one system call per some hundred IDs. */
export class Ids {
  readonly #bytes = Buffer.alloc(POOL_BYTES);
  /** The same bytes as hexadecimal, which is what every ID is made of. */
  #pool = '';
  #used = 0;

  /** Hexadecimal of `bytes` random bytes, given out once. */
  #take(bytes: number): string {
    const from = this.#used;
    const to = from + 2 * bytes;
    if (to > this.#pool.length) {
      this.#pool = randomFillSync(this.#bytes).toString('hex');
      this.#used = 0;
      return this.#take(bytes);
    }
    this.#used = to;
    return this.#pool.slice(from, to);
  }

  /** UUIDv7 of `unixMs`. */
  request(unixMs: number): string {
    return uuidV7(unixMs, this.#take(10));
  }

  /** 16 random bytes as 32 hexadecimal characters; never all zero in practice (2^-128). */
  trace(): string {
    return this.#take(16);
  }

  /** 8 random bytes as 16 hexadecimal characters. */
  span(): string {
    return this.#take(8);
  }
}
