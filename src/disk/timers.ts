/** Time for those who wait, injected so that tests need not. */
export interface Timers {
  /** Milliseconds of a clock that never runs backwards. */
  now(): number;
  /** Runs `act` once after `ms`; the answer takes it back. */
  after(ms: number, act: () => void): () => void;
  /** Runs `act` every `ms`; the answer ends it. */
  every(ms: number, act: () => void): () => void;
}

/** Real time. No timer keeps the process alive: watching is no reason to stay. */
export const SYSTEM_TIMERS: Timers = {
  now: () => performance.now(),
  after(ms, act) {
    const timer = setTimeout(act, ms);
    timer.unref();
    return () => clearTimeout(timer);
  },
  every(ms, act) {
    const timer = setInterval(act, ms);
    timer.unref();
    return () => clearInterval(timer);
  },
};
