import { randomFillSync } from 'node:crypto';
import { uuidV7 } from '../core/decide/request-id.js';

/** Fresh IDs from a pool of random bytes: one system call per some hundred IDs. */
export class Ids {
  readonly #pool = Buffer.alloc(4096);
  #used = this.#pool.length;

  #take(bytes: number): Buffer {
    if (this.#used + bytes > this.#pool.length) {
      randomFillSync(this.#pool);
      this.#used = 0;
    }
    const taken = this.#pool.subarray(this.#used, this.#used + bytes);
    this.#used += bytes;
    return taken;
  }

  /** UUIDv7 of `unixMs`. */
  request(unixMs: number): string {
    return uuidV7(unixMs, this.#take(10));
  }

  /** 16 random bytes as 32 hexadecimal characters; never all zero in practice (2^-128). */
  trace(): string {
    return this.#take(16).toString('hex');
  }

  /** 8 random bytes as 16 hexadecimal characters. */
  span(): string {
    return this.#take(8).toString('hex');
  }
}
