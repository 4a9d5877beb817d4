/** Worker thread: proves one engine and ends. */
import { parentPort } from 'node:worker_threads';
import { Fault } from '../../core/fault.js';
import { given, refuseOtherVersion } from '../thread-given.js';
import { judgeEngine } from './judge.js';
import type { Asked, Verdict } from './prove.js';

const { trial, reply } = given<Asked>();
const port = reply?.port ?? parentPort;

function verdict(): Verdict {
  try {
    refuseOtherVersion();
    return { is: 'proven', compiled: judgeEngine(trial, () => port?.postMessage({ is: 'alive' })).compiled };
  } catch (error) {
    if (error instanceof Fault) return { is: 'refused', code: error.code, facts: error.facts };
    return { is: 'refused', code: 'engine_unproven', facts: { path: trial.path, why: 'the proof failed' } };
  }
}

port?.postMessage(verdict());
if (reply !== null) {
  Atomics.store(reply.done, 0, 1);
  Atomics.notify(reply.done, 0);
}
