/** What this process takes of the machine, and how late its event loop comes. */
import { readdir, readFile } from 'node:fs/promises';
import { Buckets, LAG_SECONDS } from '../core/metrics/buckets.js';
import type { ProcessFacts } from '../core/metrics/facts.js';

const LOOK_EVERY_MS = 250;

export class ProcessWatch {
  readonly #lag = new Buckets(LAG_SECONDS);
  readonly #timer: NodeJS.Timeout;
  #maxFds: number | null | undefined;

  constructor(monotonicMs: () => number) {
    let dueMs = monotonicMs() + LOOK_EVERY_MS;
    this.#timer = setInterval(() => {
      const now = monotonicMs();
      this.#lag.observe(Math.max(0, now - dueMs) / 1000);
      dueMs = now + LOOK_EVERY_MS;
    }, LOOK_EVERY_MS);
    this.#timer.unref();
  }

  async read(nowMs: number): Promise<ProcessFacts> {
    const { user, system } = process.cpuUsage();
    const { rss, heapUsed } = process.memoryUsage();
    // It does not change while we run.
    if (this.#maxFds === undefined) this.#maxFds = await maxFds();
    return {
      cpuSeconds: (user + system) / 1e6,
      residentBytes: rss,
      heapBytes: heapUsed,
      openFds: await openFds(),
      maxFds: this.#maxFds,
      startedMs: nowMs - process.uptime() * 1000,
      lagSeconds: this.#lag.read(),
    };
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}

async function openFds(): Promise<number | null> {
  try {
    // One of them is the folder itself.
    return (await readdir('/proc/self/fd')).length - 1;
  } catch {
    return null;
  }
}

async function maxFds(): Promise<number | null> {
  try {
    const soft = /^Max open files\s+(\S+)/m.exec(await readFile('/proc/self/limits', 'utf8'))?.[1] ?? '';
    return soft === 'unlimited' ? Number.POSITIVE_INFINITY : /^\d+$/.test(soft) ? Number(soft) : null;
  } catch {
    return null;
  }
}
