/**
 * Puts the edge in front of `node:http` and `node:https` of this process.
 *
 *   in   : whose calls are decided, and by whom
 *   out  : the undo; idempotent. Where somebody patched over us, ours stays below as a pass-through
 *   never: at import
 *
 * Reached: `request`, `get`, `new ClientRequest`, from either module, by `require` and by named import.
 */
import http, { type Agent, type ClientRequest } from 'node:http';
import https from 'node:https';
import { syncBuiltinESMExports } from 'node:module';
import { type Given, type GivenOptions, readHttp, readHttps } from './arguments.js';
import { guardRequest } from './guard-request.js';
import { hold } from './hold.js';
import type { HttpPort } from './port.js';

type AnyFunction = (...args: never[]) => unknown;
type Build = (options: GivenOptions, callback: Given['callback']) => ClientRequest;
type Replaced = { readonly owner: object; readonly key: string; readonly before: unknown; readonly ours: unknown };

let installed: { readonly port: HttpPort; readonly undo: () => void } | null = null;

/** @throws TypeError when it stands in for another port already: one process, one guard. */
export function install(port: HttpPort): () => void {
  if (installed !== null) {
    if (installed.port === port) return installed.undo;
    throw new TypeError('node:http is guarded already');
  }
  const undo = patch(port);
  installed = {
    port,
    undo: () => {
      installed = null;
      undo();
    },
  };
  return installed.undo;
}

function patch(port: HttpPort): () => void {
  let on = true;
  const guarded = (given: Given, fallback: Agent, make: (options: GivenOptions) => ClientRequest): ClientRequest =>
    guardRequest(port, hold(given.options, fallback, make));

  const entry = (native: AnyFunction, secure: boolean, ends: boolean): AnyFunction =>
    new Proxy(native, {
      apply(target, self, args: unknown[]) {
        if (!on) return Reflect.apply(target, self, args);
        const given = secure ? readHttps(args) : readHttp(args);
        // `get` is `request` and its end; Node's own would end it before it is ours.
        const call = ends ? natives[secure ? 'https' : 'http'] : target;
        const request = guarded(
          given,
          secure ? https.globalAgent : http.globalAgent,
          options => Reflect.apply(call, self, [options, given.callback] as never) as ClientRequest,
        );
        if (ends) request.end();
        return request;
      },
    });
  const natives: Record<'http' | 'https', AnyFunction> = { http: http.request, https: https.request };

  const made = (build: Build, args: unknown[]): object => {
    const given = readHttp(args);
    return guarded(given, http.globalAgent, options => build(options, given.callback));
  };
  const Native = http.ClientRequest as unknown as new (...args: unknown[]) => ClientRequest;
  const Request = new Proxy(Native, {
    construct(target, args, newTarget) {
      if (!on) return Reflect.construct(target, args, newTarget);
      return made((options, callback) => Reflect.construct(target, [options, callback], newTarget), args);
    },
    // Classes of the old kind call it on themselves.
    apply(target, self: ClientRequest, args) {
      const call = target as unknown as AnyFunction;
      if (!on) return Reflect.apply(call, self, args as never);
      const build: Build = (options, callback) => {
        Reflect.apply(call, self, [options, callback] as never);
        return self;
      };
      made(build, args);
      return undefined;
    },
  });

  const replaced: Replaced[] = [
    replace(http, 'request', native => entry(native, false, false)),
    replace(http, 'get', native => entry(native, false, true)),
    replace(https, 'request', native => entry(native, true, false)),
    replace(https, 'get', native => entry(native, true, true)),
    replace(http, 'ClientRequest', () => Request as never),
    replace(Native.prototype, 'constructor', () => Request as never),
  ];
  syncBuiltinESMExports();
  return () => {
    if (!on) return;
    on = false;
    for (const { owner, key, before, ours } of replaced) {
      const now = Object.getOwnPropertyDescriptor(owner, key);
      if (now?.value === ours) Object.defineProperty(owner, key, { ...now, value: before });
    }
    syncBuiltinESMExports();
  };
}

function replace(owner: object, key: string, make: (native: AnyFunction) => AnyFunction): Replaced {
  const descriptor = Object.getOwnPropertyDescriptor(owner, key);
  const before = descriptor?.value as AnyFunction;
  const ours = make(before);
  Object.defineProperty(owner, key, { ...descriptor, value: ours });
  return { owner, key, before, ours };
}
