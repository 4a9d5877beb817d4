/**
 * A histogram of fixed buckets: to observe one value costs a short search and no memory.
 *
 *   in   : values, in the unit of the bounds
 *   out  : counts up to and including each bound, their sum and number, since the start
 *   never: forgets, adapts its bounds
 */

export interface BucketReading {
  /** Ascending, without the last one, which is infinite. */
  readonly bounds: readonly number[];
  /** Values at most as large as the bound of that place. */
  readonly upTo: readonly number[];
  readonly sum: number;
  readonly count: number;
}

/** Seconds. A decision takes microseconds; one that waits for a disk, milliseconds. */
export const DECISION_SECONDS: readonly number[] = [
  0.00001, 0.00002, 0.00005, 0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.05, 0.25, 1,
];
/** Seconds that the event loop comes late. */
export const LAG_SECONDS: readonly number[] = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10];

export class Buckets {
  readonly #bounds: readonly number[];
  /** One more than bounds: the last is for what is above them all. */
  readonly #counts: number[];
  #sum = 0;

  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.#counts = Array.from({ length: bounds.length + 1 }, () => 0);
  }

  observe(value: number): void {
    let at = 0;
    while (at < this.#bounds.length && value > (this.#bounds[at] as number)) at++;
    this.#counts[at] = (this.#counts[at] as number) + 1;
    this.#sum += value;
  }

  read(): BucketReading {
    let count = 0;
    const upTo = this.#counts.map(n => {
      count += n;
      return count;
    });
    return { bounds: this.#bounds, upTo: upTo.slice(0, -1), sum: this.#sum, count };
  }
}
