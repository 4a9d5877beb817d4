/**
 * A thread of checkrd's own.
 *
 * The class is taken from Node when this loads: what patches it later is for the program's threads. And whatever the
 * process preloads (`checkrd/register` itself) is not for this one: it opens no agent and calls nobody.
 */
import { type Transferable, Worker } from 'node:worker_threads';

const Thread = Worker;

export function ownThread(file: URL, workerData: unknown, transferList: readonly Transferable[] = []): Worker {
  return new Thread(file, { workerData, transferList: [...transferList], execArgv: [], env: {} });
}
