/** One run on several threads: each takes its own policies of the same seed. */
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { REQUESTS, type Run, run, type Tally } from './run.js';

export async function runOn(workers: number, { seed, cases }: { seed: number; cases: number }): Promise<Tally> {
  const each = Math.ceil(cases / REQUESTS / workers);
  const tallies = await Promise.all(
    Array.from({ length: workers }, (_, i) => inWorker({ seed, cases: each * REQUESTS, first: i * each })),
  );
  const sum: Tally = {};
  for (const tally of tallies) for (const [key, n] of Object.entries(tally)) sum[key] = (sum[key] ?? 0) + n;
  return sum;
}

function inWorker(given: Run): Promise<Tally> {
  const worker = new Worker(new URL(import.meta.url), { workerData: given });
  return new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
}

if (!isMainThread && parentPort !== null) parentPort.postMessage(run(workerData as Run));
