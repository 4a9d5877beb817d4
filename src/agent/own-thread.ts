/**
 * A thread of checkrd's own.
 *
 * The class is taken from Node when this loads: what patches it later is for the program's threads. And whatever the
 * process preloads (`checkrd/register` itself) is not for this one: it opens no agent and calls nobody.
 */
import { type Transferable, Worker, type WorkerOptions } from 'node:worker_threads';
import { Fault } from '../core/fault.js';
import { packageVersion } from './version.js';

const Thread = Worker;

/** What every such thread gets, in every version of checkrd. */
export interface Started {
  /** Of the process that started it. */
  readonly version: string;
  readonly given: unknown;
}

export function ownThread(
  file: URL,
  given: unknown,
  transferList: readonly Transferable[] = [],
  resourceLimits: WorkerOptions['resourceLimits'] = {},
): Worker {
  const workerData: Started = { version: packageVersion(), given };
  return new Thread(file, { workerData, transferList: [...transferList], execArgv: [], env: {}, resourceLimits });
}

/** The first thing that a thread posts. Rejects when it ends without. */
export function answerOf<T>(thread: Worker, name: string): Promise<T> {
  thread.unref();
  return new Promise((resolve, reject) => {
    thread.once('message', resolve);
    thread.once('error', error => reject(threadError(error)));
    thread.once('exit', code => reject(new Error(`${name} ended with code ${code} and no answer`)));
  });
}

/** What a thread has thrown, a Fault again where it was thread-given.ts that threw it. */
export function threadError(error: Error & { readonly code?: unknown; readonly facts?: Fault['facts'] }): Error {
  return error.code === 'version_on_disk_differs' ? new Fault(error.code, error.facts) : error;
}
