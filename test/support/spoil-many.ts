/** A run of spoilt programs over several threads, with an eye on each: one that hangs is named by its seed and number. */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { SpoilTask } from './spoil-worker.js';
import type { Spoiled } from './spoilt-program.js';

/** A run takes microseconds; one that takes this long hangs. */
const HANGS_MS = 30_000;

/** Thread `n` runs from seed `seed + n`. Rejects with the first thing that goes wrong. */
export async function spoilMany(seed: number, runs: number, threads = availableParallelism()): Promise<Spoiled> {
  const each = Math.ceil(runs / threads);
  const parts = await Promise.all(Array.from({ length: threads }, (_, n) => spoilApart(seed + n, each)));
  return parts.reduce((sum, part) => ({ refused: sum.refused + part.refused, decided: sum.decided + part.decided }));
}

function spoilApart(seed: number, runs: number): Promise<Spoiled> {
  const progress = new SharedArrayBuffer(4);
  const at = new Int32Array(progress);
  const task: SpoilTask = { seed, runs, progress };
  const worker = new Worker(new URL('./spoil-worker.js', import.meta.url), { workerData: task });
  return new Promise<Spoiled>((resolve, reject) => {
    let last = -1;
    const watch = setInterval(() => {
      const now = Atomics.load(at, 0);
      if (now === last) reject(new Error(`a spoilt program hangs: seed ${seed}, run ${now}`));
      last = now;
    }, HANGS_MS);
    worker.once('message', (done: Spoiled) => resolve(done));
    worker.once('error', reject);
    worker.once('exit', code => reject(new Error(`seed ${seed}: the thread ended with ${code}`)));
    const end = (): void => clearInterval(watch);
    worker.once('message', end).once('error', end).once('exit', end);
  }).finally(() => worker.terminate());
}
