/**
 * The files of one log through the verifier: blocks of whole lines to however many threads, their digests back in order.
 *
 * The end of a file given with others counts as an end only if it is the last one's. What a later file says of a damaged
 * end is compared with that end, and when it fits, the end is not read as lines. Only what is under way is in memory.
 */
import { AUDIT_LINE_MAX_BYTES } from '../core/limits.js';
import { type BlockDigest, expand } from '../core/verify/digest.js';
import { ENDLESS, PACKED_LINE_MAX_BYTES, tellEnding } from '../core/verify/ending.js';
import type { Report } from '../core/verify/findings.js';
import type { Restore } from '../core/verify/shipped.js';
import { LogVerifier, type VerifyOptions } from '../core/verify/verify-log.js';
import { ed25519Verify } from '../crypto/ed25519.js';
import { sha256, sha256Text } from '../crypto/sha256.js';
import { BlockCutter, eachLine } from '../disk/block-cutter.js';
import { openedAs, readBytes } from '../disk/byte-source.js';
import type { DigestPool } from './digest-pool.js';
import { leftAt } from './left-at.js';
import type { LogFiles } from './log-files.js';
import { restoredBlock } from './restored-block.js';

const PORTS = { sha256, sha256Text, verify: ed25519Verify };

export interface VerifyRun {
  readonly pool: DigestPool;
  /** Takes off what a shipper added; null: the lines are as they were written. */
  readonly restore: Restore | null;
  /** Hears of every piece, unpacked. */
  readonly read: (bytes: number) => void;
  /** Gets each line too, in order: what is judged and what is used are then the same bytes. Valid during the call. */
  readonly line?: (bytes: Uint8Array) => void;
}

/** @throws Fault `log_unreadable` */
export async function verifyFiles(
  log: LogFiles,
  options: Omit<VerifyOptions, 'origin'>,
  run: VerifyRun,
): Promise<Report> {
  const verifier = new LogVerifier(PORTS, { ...options, origin: log.origin });
  const queue = new InOrder(run.pool.room);
  for (const [index, { path: file }] of log.files.entries()) {
    const account = log.files[index + 1]?.before ?? null;
    const left = account && run.restore === null ? await leftAt(file, account) : null;
    let line = 1;
    const feed = (digest: BlockDigest): void => {
      verifier.offer(digest);
      expand(digest, file, line, one => verifier.take(one));
      line += digest.count;
    };
    const digested = (block: Uint8Array) => {
      const lines = run.restore ? restoredBlock(run.restore, block) : block;
      if (run.line) eachLine(lines, run.line);
      return queue.push(run.pool.digest(lines), feed);
    };
    const cutter = new BlockCutter(AUDIT_LINE_MAX_BYTES, digested, run.pool.spare);
    const packed = openedAs(file).packing !== 'plain';
    let room = left ?? Infinity;
    let endless = false;
    const ending = await readBytes(file, async piece => {
      run.read(piece.length);
      await cutter.push(piece.length > room ? piece.subarray(0, room) : piece);
      room -= Math.min(room, piece.length);
      endless = packed && cutter.torn > PACKED_LINE_MAX_BYTES;
      return room > 0 && !endless;
    });
    const torn = await cutter.end();
    await queue.drain();
    const end = { file, line };
    tellEnding(verifier, end, endless ? ENDLESS : ending, torn);
    if (account !== null && left !== null) verifier.accounted(end, account);
  }
  return verifier.finish();
}

/** Answers in the order of the questions, at most `room` of them under way. */
class InOrder {
  readonly #room: number;
  readonly #queue: { readonly digest: Promise<BlockDigest>; readonly feed: (digest: BlockDigest) => void }[] = [];

  constructor(room: number) {
    this.#room = room;
  }

  push(digest: BlockDigest | Promise<BlockDigest>, feed: (digest: BlockDigest) => void): undefined | Promise<void> {
    if (!(digest instanceof Promise)) {
      feed(digest);
      return;
    }
    this.#queue.push({ digest, feed });
    return this.#shrinkTo(this.#room - 1);
  }

  drain(): Promise<void> {
    return this.#shrinkTo(0);
  }

  async #shrinkTo(count: number): Promise<void> {
    while (this.#queue.length > count) {
      const next = this.#queue.shift();
      if (next) next.feed(await next.digest);
    }
  }
}
