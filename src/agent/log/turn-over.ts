/**
 * When a log that turns itself over begins its next file: at a size, or with the first record of a day (UTC).
 *
 * pino-roll is not used for this: it rolls when its stream drains and not between two records, numbers files by what else
 * lies in the folder, and deletes the head of a chain without a word in it.
 */
import { POLL_EVERY_MS } from '../../core/limits.js';
import type { AppendFile } from '../../disk/append.js';
import type { Rotation } from './settings.js';

const DAY_MS = 86_400_000;

export class TurnOver {
  /** Days since 1970 when the file was begun. */
  #day: number;
  #triedMs = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly rotation: Rotation,
    begunMs: number,
  ) {
    this.#day = Math.floor(begunMs / DAY_MS);
  }

  begun(now: number): void {
    this.#day = Math.floor(now / DAY_MS);
    this.#triedMs = Number.NEGATIVE_INFINITY;
  }

  /** Asked before each record. After an answer it says null for a second, so that a failure costs one call and not each. */
  due(file: AppendFile, now: number): 'size' | 'day' | null {
    const { maxBytes, daily } = this.rotation;
    const full = maxBytes !== null && file.size >= maxBytes;
    // A clock set back does not begin yesterday again.
    const later = daily && Math.floor(now / DAY_MS) > this.#day;
    if (!full && !later) return null;
    if (Math.abs(now - this.#triedMs) < POLL_EVERY_MS) return null;
    this.#triedMs = now;
    return later ? 'day' : 'size';
  }
}
