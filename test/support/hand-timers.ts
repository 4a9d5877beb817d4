import type { Timers } from '#src/disk/timers.js';

/** A clock that moves only when it is told to. */
export class HandTimers implements Timers {
  #now = 0;
  readonly #waiting = new Set<{ at: number; readonly act: () => void; readonly everyMs: number | null }>();

  now(): number {
    return this.#now;
  }

  after(ms: number, act: () => void): () => void {
    return this.#add(ms, act, null);
  }

  every(ms: number, act: () => void): () => void {
    return this.#add(ms, act, ms);
  }

  /** Runs what is due on the way, in order. */
  pass(ms: number): void {
    const end = this.#now + ms;
    for (;;) {
      const [next] = [...this.#waiting].sort((a, b) => a.at - b.at);
      if (next === undefined || next.at > end) break;
      this.#now = next.at;
      if (next.everyMs === null) this.#waiting.delete(next);
      else next.at += next.everyMs;
      next.act();
    }
    this.#now = end;
  }

  #add(ms: number, act: () => void, everyMs: number | null): () => void {
    const waiting = { at: this.#now + ms, act, everyMs };
    this.#waiting.add(waiting);
    return () => void this.#waiting.delete(waiting);
  }
}
