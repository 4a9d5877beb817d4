/** Those who look on meanwhile: health, readiness, metrics, `checkrd status`, and the kernel's word on the process. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { nobody } from '../nobody.js';
import { scrape } from '../scrape.js';
import { ask } from '../unix-http.js';
import { SPOILT_SAYS } from './policies.js';
import { type Sample, sampleOf } from './process-samples.js';
import type { Times } from './times.js';

const LOOK_EVERY_MS = 1000;
/** One of so many looks also starts the program. */
const STATUS_EVERY = 10;
/** `checkrd status`: something to know. */
const NOTABLE = 1;

export class Watchers {
  readonly samples: Sample[] = [];
  #going = true;

  constructor(
    private readonly folder: string,
    private readonly pid: number,
    private readonly times: Times,
  ) {}

  async run(): Promise<void> {
    const main = join(this.folder, 'checkrd.sock');
    let decided = 0;
    for (let n = 0; this.#going; n++) {
      const healthy = await this.#timed('/healthz', () => ask(main, '/healthz'));
      assert.equal(healthy.status, 200, healthy.text);
      assert.notEqual(healthy.body.status, 'failing', healthy.text);
      const ready = await this.#timed('/readyz', () => ask(main, '/readyz'));
      assert.equal(ready.status, 200, ready.text);
      const metrics = await this.#timed('/metrics', () => scrape(main));
      assert.equal(metrics.status, 200, metrics.text);
      const now = decisionsOf(metrics.text);
      assert.ok(now >= decided, `${decided} decisions, then ${now}`);
      decided = now;
      if (n % STATUS_EVERY === 0) await this.#timed('checkrd status', () => this.#status());
      this.samples.push(sampleOf(this.pid));
      await sleep(LOOK_EVERY_MS);
    }
  }

  stop(): void {
    this.#going = false;
  }

  async #timed<T>(what: string, act: () => Promise<T>): Promise<T> {
    const startMs = performance.now();
    const got = await act();
    this.times.add(what, performance.now() - startMs);
    return got;
  }

  #status(): Promise<void> {
    const args = ['dist/cli/main.js', 'status', '--json', '--config', join(this.folder, 'checkrd.yaml')];
    return new Promise((resolve, reject) => {
      execFile(process.execPath, args, nobody, (error, out, err) => {
        if (error === null || error.code === NOTABLE || isExplained(out)) resolve();
        else reject(new Error(`status ended with ${error.code}: ${out}${err}`));
      });
    });
  }
}

/**
 * While the file is spoilt, `checkrd status` says so and nothing else is wrong; and on a machine with much else to do the
 * daemon may not come to its answer within the three seconds that the program gives it.
 */
function isExplained(out: string): boolean {
  const { wrong } = JSON.parse(out) as { wrong?: readonly string[] };
  return wrong?.every(what => what.includes(SPOILT_SAYS) || what.includes('(ETIMEDOUT)')) ?? false;
}

function decisionsOf(metrics: string): number {
  const lines = metrics.split('\n').filter(line => line.startsWith('checkrd_decisions_total'));
  assert.ok(lines.length > 0, metrics);
  return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}
