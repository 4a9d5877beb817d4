/** One thread of a long run of spoilt programs: says how far it is in shared memory, so that its parent sees one that hangs. */
import { parentPort, workerData } from 'node:worker_threads';
import { spoil } from './spoilt-program.js';

export interface SpoilTask {
  readonly seed: number;
  readonly runs: number;
  readonly progress: SharedArrayBuffer;
}

const { seed, runs, progress } = workerData as SpoilTask;
const at = new Int32Array(progress);
parentPort?.postMessage(spoil(seed, runs, run => Atomics.store(at, 0, run)));
