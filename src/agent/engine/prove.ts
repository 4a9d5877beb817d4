/**
 * Has a new engine proven in a worker thread.
 *
 *   in   : what there is to prove
 *   out  : the engine, compiled; or the Fault that keeps it from deciding
 *   never: runs the engine in this thread; waits for ever
 */
import {
  MessageChannel,
  type MessagePort,
  receiveMessageOnPort,
  type Transferable,
  type Worker,
} from 'node:worker_threads';
import { Fault, type FaultCode } from '../../core/fault.js';
import { ENGINE_SILENT_MAX_MS } from '../../core/limits.js';
import { compiledEngine, type EngineModule } from '../../wasm/module.js';
import { ownThread } from '../own-thread.js';
import type { Trial } from './judge.js';

/** What the worker gets. */
export interface Asked {
  readonly trial: Trial;
  /** Where the answer goes for one who stands still until it is there; null: to the parent. */
  readonly reply: { readonly port: MessagePort; readonly done: Int32Array } | null;
}

/** What it posts at the end; before that `{ is: 'alive' }`, now and then. */
export type Verdict =
  | { readonly is: 'proven'; readonly compiled: EngineModule['compiled'] }
  | { readonly is: 'refused'; readonly code: FaultCode; readonly facts: Fault['facts'] };
type Said = Verdict | { readonly is: 'alive' };

/**
 * @param silentMs  One that says nothing for so long has hung.
 * @throws Fault `engine_integrity`, `engine_unproven`, `version_on_disk_differs`
 */
export async function proveEngine(trial: Trial, silentMs = ENGINE_SILENT_MAX_MS): Promise<EngineModule> {
  const worker = start({ trial, reply: null });
  worker.unref();
  let timer: NodeJS.Timeout | undefined;
  try {
    return await new Promise<EngineModule>((resolve, reject) => {
      const wait = () => {
        clearTimeout(timer);
        timer = setTimeout(() => reject(hung(trial, silentMs)), silentMs).unref();
      };
      wait();
      worker.on('message', (said: Said) => {
        if (said.is === 'alive') wait();
        else
          try {
            resolve(engineOf(said, trial));
          } catch (error) {
            reject(error);
          }
      });
      worker.once('error', error => reject(ended(trial, error.name)));
      worker.once('exit', code => reject(ended(trial, `code ${code}`)));
    });
  } finally {
    clearTimeout(timer);
    void worker.terminate();
  }
}

/** The same for a constructor: this thread stands still until it is known. */
export function proveEngineNow(trial: Trial, timeoutMs = 2 * ENGINE_SILENT_MAX_MS): EngineModule {
  const { port1, port2 } = new MessageChannel();
  const done = new Int32Array(new SharedArrayBuffer(4));
  const worker = start({ trial, reply: { port: port2, done } }, [port2]);
  // Whatever it fails of, this thread hears of it as silence.
  worker.on('error', () => {});
  worker.unref();
  try {
    Atomics.wait(done, 0, 0, timeoutMs);
    for (let got = receiveMessageOnPort(port1); got !== undefined; got = receiveMessageOnPort(port1)) {
      const said = got.message as Said;
      if (said.is !== 'alive') return engineOf(said, trial);
    }
    throw hung(trial, timeoutMs);
  } finally {
    port1.close();
    void worker.terminate();
  }
}

function start(asked: Asked, transferList: Transferable[] = []): Worker {
  return ownThread(new URL('./judge-worker.js', import.meta.url), asked, transferList);
}

function engineOf(said: Verdict, { sha256, path }: Trial): EngineModule {
  if (said.is === 'refused') throw new Fault(said.code, said.facts);
  return compiledEngine(said.compiled, sha256, path);
}

function hung({ path }: Trial, ms: number): Fault {
  return new Fault('engine_unproven', { path, why: `it gave no answer for ${ms / 1000} s` });
}

function ended({ path }: Trial, how: string): Fault {
  return new Fault('engine_unproven', { path, why: `the thread that proved it ended (${how})` });
}
