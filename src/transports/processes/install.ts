/**
 * `node:child_process` (with it `node:cluster`) and `process.execve`. A child that is Node is guarded as this process is. Any
 * other is beyond us: it is decided as the tool `node:child_process`, denied, or reported, as the settings say.
 *
 *   in   : program, arguments and environment as they are about to be started
 *   out  : the child as ever; or the error CheckrdPolicyDenied as that function reports errors, and no program started
 *   never: starts anything but the copy that was judged
 */
import childProcess, { ChildProcess } from 'node:child_process';
import type { CheckrdPolicyDenied } from '../../agent/errors.js';
import { guardedEnv } from '../inherit.js';
import { type AnyFunction, allOnTop, patchMethod, type Undo, undoAll } from '../patch.js';
import { type Answer, asTool, type ProcessPort, restricted, watchedAs } from '../port.js';
import { inherits } from './program.js';
import { type Given, readExec, readFile } from './sync-arguments.js';

const PROCESS_TOOL = 'node:child_process';

export function install(port: ProcessPort): Undo {
  const patches = [
    patchMethod(ChildProcess.prototype, 'spawn', native => spawned(port, native)),
    patchMethod(childProcess, 'spawnSync', native => sync(port, native, readFile, failed)),
    patchMethod(childProcess, 'execFileSync', native => sync(port, native, readFile, thrown)),
    patchMethod(childProcess, 'execSync', native => sync(port, native, readExec, thrown)),
    patchMethod(process, 'execve', native => replaced(port, native)),
  ];
  const rule = port.egress.processes;
  port.coverage.covers('processes', watchedAs(rule), null, allOnTop(patches));
  const undo = undoAll(patches);
  return () => {
    undo();
    port.coverage.forget('processes');
  };
}

/** Null: it is guarded itself, or passes undecided. */
function ask(port: ProcessPort, file: string, args: readonly string[]): Answer | null {
  if (inherits(file, args)) return null;
  return restricted(port, 'processes', port.egress.processes, asTool(PROCESS_TOOL, { file, args }), `started ${file}`);
}

/** What all of Node's asynchronous ways to start a child end in. */
interface SpawnOptions {
  file: string;
  args?: readonly unknown[];
  envPairs?: readonly unknown[];
  uid?: unknown;
  gid?: unknown;
}

function spawned(port: ProcessPort, native: AnyFunction): AnyFunction {
  return function (given) {
    const child = this as ChildProcess;
    const options = { ...(given as SpawnOptions) };
    // Node says what is wrong with these, and starts nothing.
    if (typeof options.file !== 'string') return Reflect.apply(native, child, [given]);
    const args = (options.args ?? []).map(String);
    if (options.args !== undefined) options.args = args;
    options.envPairs = pairs(guardedEnv(unpaired(options.envPairs), port.inherit));
    // The first argument is the name that the program is given.
    const answer = ask(port, options.file, args.slice(1));
    if (answer === null) return Reflect.apply(native, child, [options]);
    if (answer.kind === 'denied') return fail(child, native, options, answer.denial);
    const { call } = answer;
    call.onKill(() => call.finish({ result: 'killed_late' }));
    try {
      const result = Reflect.apply(native, child, [options]);
      child.once('exit', () => call.finish({ result: 'ok' }));
      child.once('error', () => call.finish({ result: 'error' }));
      return result;
    } catch (error) {
      call.finish({ result: 'error' });
      throw error;
    }
  };
}

/** No program stands there, nor can one be put there. */
const NO_PROGRAM = '/proc/self/checkrd/denied';

/** As a program that cannot be started: pipes and events as for one, with the denial as the error. */
function fail(child: ChildProcess, native: AnyFunction, options: SpawnOptions, denial: CheckrdPolicyDenied): unknown {
  const { file } = options;
  const emit = child.emit;
  Object.defineProperty(child, 'emit', {
    configurable: true,
    writable: true,
    value(this: ChildProcess, name: string, ...told: unknown[]): boolean {
      if (name !== 'error') return Reflect.apply(emit, this, [name, ...told]) as boolean;
      delete (child as unknown as Record<string, unknown>).emit;
      return Reflect.apply(emit, this, ['error', denial]) as boolean;
    },
  });
  // Another user could not even be tried for.
  const { uid: _uid, gid: _gid, ...rest } = options;
  const result = Reflect.apply(native, child, [{ ...rest, file: NO_PROGRAM, args: [NO_PROGRAM] }]);
  Object.assign(child, { spawnfile: file, spawnargs: options.args ?? [] });
  return result;
}

function sync(
  port: ProcessPort,
  native: AnyFunction,
  read: (args: readonly unknown[]) => Given | null,
  deny: (denial: CheckrdPolicyDenied) => unknown,
): AnyFunction {
  return function (...args) {
    const given = read(args);
    if (given === null) return Reflect.apply(native, this, args);
    const answer = ask(port, given.file, given.args);
    if (answer?.kind === 'denied') return deny(answer.denial);
    const env = guardedEnv((given.options.env ?? process.env) as Record<string, string>, port.inherit);
    const call = answer?.call;
    try {
      const result = Reflect.apply(native, this, given.again({ ...given.options, env }));
      call?.finish({ result: 'ok' });
      return result;
    } catch (error) {
      call?.finish({ result: 'error' });
      throw error;
    }
  };
}

function failed(error: CheckrdPolicyDenied): unknown {
  return { error, status: null, signal: null, output: null, pid: 0, stdout: null, stderr: null };
}

function thrown(denial: CheckrdPolicyDenied): never {
  throw denial;
}

function replaced(port: ProcessPort, native: AnyFunction): AnyFunction {
  return function (file, args = [], env = process.env) {
    if (typeof file !== 'string' || !Array.isArray(args)) return Reflect.apply(native, this, [file, args, env]);
    const copied = args.map(String);
    const answer = ask(port, file, copied.slice(1));
    if (answer?.kind === 'denied') throw answer.denial;
    answer?.call.finish({ result: 'ok' });
    return Reflect.apply(native, this, [file, copied, guardedEnv(env as Record<string, string>, port.inherit)]);
  };
}

function unpaired(given: readonly unknown[] | undefined): Record<string, string | undefined> {
  if (given === undefined) return process.env;
  const env: Record<string, string> = {};
  for (const pair of given.map(String)) {
    const at = pair.indexOf('=', 1);
    if (at > 0) env[pair.slice(0, at)] = pair.slice(at + 1);
  }
  return env;
}

function pairs(env: Readonly<Record<string, string>>): string[] {
  return Object.entries(env).map(([name, value]) => `${name}=${value}`);
}
