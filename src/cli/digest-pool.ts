/**
 * Blocks of lines to digests, on as many threads as are given; with none, here and now.
 *
 * Each thread answers in the order it was asked. A block is handed over and not copied, and comes back to be filled again:
 * whoever asks must not look at it any more.
 */
import type { Worker } from 'node:worker_threads';
import { ownThread, threadError } from '../agent/own-thread.js';
import { type BlockDigest, digestBlock } from '../core/verify/digest.js';
import { sha256, sha256Digest, sha256Text } from '../crypto/sha256.js';
import { BLOCK_BYTES } from '../disk/block-cutter.js';

const PORTS = { sha256, sha256Text, sha256Digest };

/** A block, its digest and what is made on the way fit many times. */
const HEAP = { maxOldGenerationSizeMb: 48, maxYoungGenerationSizeMb: 4 };

interface Waiting {
  readonly resolve: (digest: BlockDigest) => void;
  readonly reject: (error: Error) => void;
}

interface Thread {
  readonly worker: Worker;
  readonly waiting: Waiting[];
  /** Why it answers no more. */
  ended: Error | null;
}

export class DigestPool {
  /** For the cutter to fill again. */
  readonly spare: Uint8Array[] = [];
  readonly #threads: readonly Thread[];
  #next = 0;

  constructor(threads: number) {
    this.#threads = Array.from({ length: threads }, () => this.#start());
  }

  /** Blocks that may be under way at once: enough that no thread waits, few enough to stay small. */
  get room(): number {
    return this.#threads.length * 2;
  }

  digest(block: Uint8Array): BlockDigest | Promise<BlockDigest> {
    const thread = this.#threads[this.#next];
    if (thread === undefined) {
      const digest = digestBlock(PORTS, block);
      this.#back(block);
      return digest;
    }
    this.#next = (this.#next + 1) % this.#threads.length;
    const { promise, resolve, reject } = deferred();
    if (thread.ended !== null) reject(thread.ended);
    else {
      thread.waiting.push({ resolve, reject });
      thread.worker.postMessage(block, [block.buffer as ArrayBuffer]);
    }
    return promise;
  }

  async close(): Promise<void> {
    await Promise.all(this.#threads.map(({ worker }) => worker.terminate()));
  }

  #start(): Thread {
    const worker = ownThread(new URL('./digest-worker.js', import.meta.url), null, [], HEAP);
    const thread: Thread = { worker, waiting: [], ended: null };
    const { waiting } = thread;
    worker.on('message', ({ digest, block }: { readonly digest: BlockDigest; readonly block: Uint8Array }) => {
      this.#back(block);
      waiting.shift()?.resolve(digest);
    });
    const fail = (error: Error): void => {
      thread.ended ??= error;
      for (const { reject } of waiting.splice(0)) reject(thread.ended);
    };
    worker.on('error', error => fail(threadError(error)));
    worker.on('exit', code => fail(new Error(`a thread ended with ${code}`)));
    return thread;
  }

  #back({ buffer }: Uint8Array): void {
    if (buffer.byteLength === BLOCK_BYTES) this.spare.push(new Uint8Array(buffer));
  }
}

function deferred(): { readonly promise: Promise<BlockDigest> } & Waiting {
  let settle: Waiting | null = null;
  const promise = new Promise<BlockDigest>((resolve, reject) => {
    settle = { resolve, reject };
  });
  // Whoever asked may have failed elsewhere meanwhile; the promise itself still tells whoever awaits it.
  promise.catch(() => {});
  return { promise, ...(settle as unknown as Waiting) };
}
