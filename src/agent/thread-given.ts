/**
 * In a thread of checkrd's own: what it was started with.
 *
 * The file of a thread is read when it starts, and an upgrade may have replaced it since the process read its own files.
 */
import { workerData } from 'node:worker_threads';
import { Fault } from '../core/fault.js';
import type { Started } from './own-thread.js';
import { packageVersion } from './version.js';

const started = workerData as Started;

/** Taken on trust: in another version it may be something else. */
export function given<T>(): T {
  return started.given as T;
}

/** @throws Fault `version_on_disk_differs` */
export function refuseOtherVersion(): void {
  const found = packageVersion();
  if (started.version !== found) throw new Fault('version_on_disk_differs', { found, runs: started.version });
}
