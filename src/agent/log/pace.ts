/** The timer behind checkpoints: counts records and calls when one is due. Never keeps the process alive. */
import { checkpointDelay, wantsCheckpointSoon } from '../../core/audit/checkpoint-schedule.js';
import type { RecordFields } from '../../core/audit/fields.js';
import { CHECKPOINT_EVERY_MS, CHECKPOINT_EVERY_RECORDS } from '../../core/limits.js';

export class Pace {
  /** Records that no checkpoint covers yet, checkpoints not counted. */
  fresh = 0;
  last: { readonly checkpointSize: number; readonly lastCheckpointMs: number | null } = {
    checkpointSize: 0,
    lastCheckpointMs: null,
  };
  #soon = false;
  /** While a sync is on its way nothing is due; {@link after} goes on. */
  #busy = false;
  #stopped = false;
  #timer: NodeJS.Timeout | null = null;
  #lastMs = Number.NEGATIVE_INFINITY;

  constructor(private readonly due: () => void) {}

  /** One more record. Only a change of pace touches the timer. */
  count(record: RecordFields, now: number): void {
    this.fresh += 1;
    const soon = !this.#soon && wantsCheckpointSoon(record);
    if (soon) this.#soon = true;
    if (soon || this.#timer === null || this.fresh === CHECKPOINT_EVERY_RECORDS) this.arm(now);
  }

  arm(now: number): void {
    if (this.#busy) return;
    this.#set(checkpointDelay(this.fresh, this.#soon, now - this.#lastMs));
  }

  /** A checkpoint over all there is has begun; gives how many records that are. */
  begin(): number {
    const taken = this.fresh;
    this.fresh = 0;
    this.#soon = false;
    this.#busy = true;
    return taken;
  }

  /** It is over: written at `now`, or not, and then what it would have covered counts again. */
  after(written: boolean, taken: number, now: number): void {
    this.#busy = false;
    if (written) this.#lastMs = now;
    else this.fresh += taken;
    if (written) this.arm(now);
    else if (this.fresh > 0) this.#set(CHECKPOINT_EVERY_MS);
  }

  get idle(): boolean {
    return this.#timer === null && !this.#busy;
  }

  /** A checkpoint over `size` lines was written. */
  said(size: number, now: number): void {
    this.last = { checkpointSize: size, lastCheckpointMs: now };
  }

  /** As {@link said}, and all that was written is covered. */
  covered(size: number, now: number): void {
    this.said(size, now);
    this.fresh = 0;
    this.#soon = false;
    this.#lastMs = now;
  }

  /** For good. */
  stop(): void {
    this.#set(null);
    this.#stopped = true;
  }

  #set(delay: number | null): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    if (delay === null || this.#stopped) return;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.due();
    }, delay);
    this.#timer.unref();
  }
}
