/** How long answers took, by what was asked, in buckets of a twelfth of a power of two: millions fit. */

const STEPS = 12;
const LEAST_MS = 0.01;

export class Times {
  readonly #of = new Map<string, { count: number; largestMs: number; readonly buckets: number[] }>();

  add(what: string, ms: number): void {
    let one = this.#of.get(what);
    if (one === undefined) {
      one = { count: 0, largestMs: 0, buckets: [] };
      this.#of.set(what, one);
    }
    const bucket = Math.max(0, Math.ceil(Math.log2(ms / LEAST_MS) * STEPS));
    one.buckets[bucket] = (one.buckets[bucket] ?? 0) + 1;
    one.count += 1;
    one.largestMs = Math.max(one.largestMs, ms);
  }

  count(what: string): number {
    return this.#of.get(what)?.count ?? 0;
  }

  /** Of each: count, p50, p99 and the largest in milliseconds. */
  lines(): string[] {
    return [...this.#of].map(([what, { count, largestMs, buckets }]) => {
      const at = (q: number): string => {
        let seen = 0;
        const found = buckets.findIndex(many => {
          seen += many ?? 0;
          return seen >= q * count;
        });
        return (LEAST_MS * 2 ** (found / STEPS)).toFixed(1);
      };
      return `${what}: ${count}, p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, largest ${largestMs.toFixed(0)} ms`;
    });
  }
}
