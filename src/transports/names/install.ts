/**
 * `node:dns`: a lookup of a name tells servers of that name, so it can carry data out; each is decided as the tool `node:dns`.
 *
 *   in   : the name, and what is asked of it
 *   out  : the lookup as ever, or CheckrdPolicyDenied as that function reports errors
 *   never: decides the lookup that belongs to a connection which was decided
 */
import dns from 'node:dns';
import { isIP } from 'node:net';
import type { CheckrdPolicyDenied } from '../../agent/errors.js';
import type { OutcomeResult } from '../../agent/types.js';
import { killedDenial } from '../denial.js';
import { type AnyFunction, allOnTop, type Patch, patchMethod, type Undo, undoAll } from '../patch.js';
import { type Answer, asTool, type ProcessPort, restricted, watchedAs } from '../port.js';
import { handOver, isHandingOver } from '../sanctioned.js';

const DNS_TOOL = 'node:dns';

const RESOLVES = ['', '4', '6', 'Any', 'Caa', 'Cname', 'Mx', 'Naptr', 'Ns', 'Ptr', 'Soa', 'Srv', 'Tlsa', 'Txt'];
const METHODS = ['lookup', 'lookupService', 'reverse', ...RESOLVES.map(type => `resolve${type}`)];

export function install(port: ProcessPort): Undo {
  const rule = port.egress.names;
  const patches: (Patch | null)[] = [];
  for (const method of METHODS) {
    const called = (native: AnyFunction): AnyFunction => withCallback(port, method, native);
    const promised = (native: AnyFunction): AnyFunction => withPromise(port, method, native);
    patches.push(patchMethod(dns, method, called), patchMethod(dns.Resolver.prototype, method, called));
    patches.push(patchMethod(Object.getPrototypeOf(dns.Resolver.prototype) as object, method, called));
    patches.push(
      patchMethod(dns.promises, method, promised),
      patchMethod(dns.promises.Resolver.prototype, method, promised),
    );
    patches.push(patchMethod(Object.getPrototypeOf(dns.promises.Resolver.prototype) as object, method, promised));
  }
  port.coverage.covers('names', watchedAs(rule), null, allOnTop(patches));
  const undo = undoAll(patches);
  return () => {
    undo();
    port.coverage.forget('names');
  };
}

/** Null: nothing is asked of anybody, or it passes undecided. */
function ask(port: ProcessPort, method: string, args: readonly unknown[]): Answer | null {
  const [name] = args;
  // What is no name is for the function itself to refuse; an address is its own answer.
  if (isHandingOver() || typeof name !== 'string' || name === '') return null;
  if (method === 'lookup' && isIP(name) !== 0) return null;
  const type = method === 'resolve' && typeof args[1] === 'string' ? `resolve${args[1]}` : method;
  return restricted(port, 'names', port.egress.names, asTool(DNS_TOOL, { name, type }), 'a lookup by node:dns');
}

function withCallback(port: ProcessPort, method: string, native: AnyFunction): AnyFunction {
  return function (...args) {
    const answer = typeof args.at(-1) === 'function' ? ask(port, method, args) : null;
    const run = (): unknown => handOver(() => Reflect.apply(native, this, args));
    if (answer === null) return run();
    const tell = args.at(-1) as (error: unknown, ...found: unknown[]) => void;
    if (answer.kind === 'denied') {
      process.nextTick(tell, answer.denial);
      return {};
    }
    const { finish, killed } = ending(answer);
    args[args.length - 1] = function (this: unknown, error: unknown, ...found: unknown[]): void {
      finish(error === null || error === undefined ? 'ok' : 'error');
      const denial = killed();
      if (denial === null) Reflect.apply(tell, this, [error, ...found]);
      else Reflect.apply(tell, this, [denial]);
    };
    return attempted(run, finish);
  };
}

function withPromise(port: ProcessPort, method: string, native: AnyFunction): AnyFunction {
  return function (...args) {
    const answer = ask(port, method, args);
    const run = (): unknown => handOver(() => Reflect.apply(native, this, args));
    if (answer === null) return run();
    if (answer.kind === 'denied') return Promise.reject(answer.denial);
    const { finish, killed } = ending(answer);
    return (attempted(run, finish) as Promise<unknown>).then(
      found => {
        finish('ok');
        const denial = killed();
        if (denial !== null) throw denial;
        return found;
      },
      error => {
        finish('error');
        throw killed() ?? error;
      },
    );
  };
}

function attempted(run: () => unknown, finish: (result: OutcomeResult) => void): unknown {
  try {
    return run();
  } catch (error) {
    finish('error');
    throw error;
  }
}

function ending({ call, requestId }: Extract<Answer, { kind: 'go' }>): {
  finish(result: OutcomeResult): void;
  killed(): CheckrdPolicyDenied | null;
} {
  call.onKill(() => call.finish({ result: 'killed_late' }));
  return {
    finish: result => call.finish({ result }),
    killed: () => (call.killed === null ? null : killedDenial(call.killed, requestId)),
  };
}
