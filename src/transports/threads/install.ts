/**
 * `node:worker_threads`: a thread of the program's is guarded as the process is, by an agent of its own with a log of its own.
 *
 *   in   : the arguments of `new Worker`
 *   out  : the thread as ever, in which the guard is preloaded
 *   never: leaves the guard out for `execArgv` or `env` that leave it out
 */
import { syncBuiltinESMExports } from 'node:module';
import workerThreads, { SHARE_ENV, Worker } from 'node:worker_threads';
import { guardedEnv } from '../inherit.js';
import type { Undo } from '../patch.js';
import type { ProcessPort } from '../port.js';

type Options = Readonly<Record<string, unknown>>;
type Construct = new (file: unknown, options: Options) => Worker;

export function install(port: ProcessPort): Undo {
  const Native = Worker;
  let active = true;
  const Guarded = new Proxy(Native, {
    construct(target, args: unknown[], newTarget): object {
      const as = (newTarget === Guarded ? target : newTarget) as Construct;
      if (!active) return Reflect.construct(target, args, as) as object;
      return start(port, target as unknown as Construct, args[0], (args[1] ?? {}) as Options, as);
    },
  });
  const before = Object.getOwnPropertyDescriptor(workerThreads, 'Worker') as PropertyDescriptor;
  Object.defineProperty(workerThreads, 'Worker', { ...before, value: Guarded });
  // Else every thread would lead back to the class as it was.
  Object.defineProperty(Native.prototype, 'constructor', { value: Guarded });
  const isOnTop = (): boolean => workerThreads.Worker === Guarded;
  port.coverage.covers('threads', 'wrapped', null, isOnTop);
  return () => {
    active = false;
    if (isOnTop()) Object.defineProperty(workerThreads, 'Worker', before);
    if (Native.prototype.constructor === Guarded)
      Object.defineProperty(Native.prototype, 'constructor', { value: Native });
    syncBuiltinESMExports();
    port.coverage.forget('threads');
  };
}

function start(port: ProcessPort, Native: Construct, file: unknown, given: Options, as: Construct): object {
  const { env, execArgv } = given;
  const own = env === undefined || env === null || env === SHARE_ENV ? env : guardedEnv({ ...env }, port.inherit);
  const preload = ['--require', port.inherit.entry];
  const run = (flags: readonly unknown[]): object =>
    Reflect.construct(
      Native,
      [file, { ...given, ...(own == null ? {} : { env: own }), execArgv: [...preload, ...flags] }],
      as,
    ) as object;
  if (Array.isArray(execArgv)) return run(execArgv);
  if (execArgv !== undefined) return Reflect.construct(Native, [file, given], as) as object;
  // As if none were given: the flags of the process, but for those that are no thread's.
  try {
    return run(process.execArgv);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_WORKER_INVALID_EXEC_ARGV') throw error;
    const { message } = error as Error;
    return run(process.execArgv.filter(flag => !message.includes(flag.split('=')[0] as string)));
  }
}
