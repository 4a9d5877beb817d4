/** Compares large policies outside the thread that decides. */
import { parentPort, workerData } from 'node:worker_threads';
import { firstWeakening, type Replaced } from './weakening.js';

parentPort?.postMessage(firstWeakening(workerData as readonly Replaced[]));
