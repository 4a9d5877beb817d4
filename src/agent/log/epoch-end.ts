/**
 * The end of an epoch, in this order, so that no crash leaves a log without the key that signs it, or two:
 *
 *   1 the next key is made and synced              prepare
 *   2 (a file's end, by the writer)
 *   3 `key_rotated`, signed by the old key         say
 *   4 log and `.epochs` synced                     advance, then the state by the new key
 *   5 the old key overwritten, unlinked, synced    destroyOld
 *   6 a checkpoint by the new key                  (the writer)
 *
 * Until 4 is done nothing else is written: a crash before it deletes the new key and this starts again.
 */
import { EPOCH_MAX_MS, POLL_EVERY_MS } from '../../core/limits.js';
import type { AppendFile, WriteFailure } from '../../disk/append.js';
import type { EpochsFile } from './epochs-file.js';
import type { LogKeys } from './keys.js';
import type { LineWriter } from './line-writer.js';

export class EpochEnd {
  /**
   * `due`: the epoch is over. `said`: `key_rotated` is in the file, and nothing may follow it before the new key is in
   * force. `left`: it is, and the old one is still there.
   */
  #state: 'none' | 'due' | 'said' | 'left' = 'none';
  #line = '';
  #triedMs = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly keys: LogKeys,
    private readonly lines: LineWriter,
    private readonly epochs: EpochsFile,
  ) {
    if (keys.endedBadly) this.#state = 'due';
  }

  get said(): boolean {
    return this.#state === 'said';
  }

  /** A file begins: with it ends the epoch. A rotation that stands half done in the file before is given up. */
  fileBegins(): void {
    if (this.#state === 'said') this.keys.giveUp();
    this.#state = 'due';
    this.#triedMs = Number.NEGATIVE_INFINITY;
  }

  /** Asked before each record: whether an epoch is to end now. After a failure to make a key, once a second. */
  due(now: number): boolean {
    if (this.#state === 'none' && now - this.keys.sinceMs >= EPOCH_MAX_MS) this.#state = 'due';
    if (this.#state === 'none') return false;
    return this.#state === 'said' || Math.abs(now - this.#triedMs) >= POLL_EVERY_MS;
  }

  /** Makes the next key. @throws Fault `key_file_…`: the old one serves on. */
  prepare(now: number): void {
    this.#triedMs = now;
    if (this.#state !== 'left') this.keys.prepare();
  }

  /** Writes `key_rotated`, unless it is there. Null: it is in the kernel. */
  say(file: AppendFile, now: number): WriteFailure | null {
    if (this.#state === 'said' || this.#state === 'left') return null;
    const written = this.lines.writeRotation(file, this.keys.epoch + 1, this.keys.prepare(), now);
    if (typeof written !== 'string') return written;
    this.#line = written;
    this.#state = 'said';
    return null;
  }

  /** With the log synced: the new key comes into force. The errno of `.epochs` when it does not; it may be asked again. */
  advance(now: number): string | null {
    if (this.#state !== 'said') return null;
    const failed = this.epochs.append(this.#line);
    if (failed !== null) return failed;
    this.keys.advance(now);
    this.#state = 'left';
    return null;
  }

  /** With the state signed by the new key. @throws Fault `key_file_unwritable`; it may be asked again */
  destroyOld(): void {
    this.keys.destroyOld();
    this.#state = 'none';
  }
}
