/**
 * A thread of checkrd's own.
 *
 * The class is taken from Node when this loads: what patches it later is for the program's threads. And whatever the
 * process preloads (`checkrd/register` itself) is not for this one: it opens no agent and calls nobody.
 */
import { Worker } from 'node:worker_threads';

const Thread = Worker;

export function ownThread(file: URL, workerData: unknown): Worker {
  return new Thread(file, { workerData, execArgv: [], env: {} });
}
