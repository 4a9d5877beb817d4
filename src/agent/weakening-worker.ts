/** Compares large policies outside the thread that decides. */
import { parentPort } from 'node:worker_threads';
import { given, refuseOtherVersion } from './thread-given.js';
import { firstWeakening, type Replaced } from './weakening.js';

refuseOtherVersion();
parentPort?.postMessage(firstWeakening(given<readonly Replaced[]>()));
