/**
 * Puts the edge in front of `node:http2` of this process: each request of a client's session is decided as the call it is.
 *
 *   in   : whose calls are decided, and by whom
 *   out  : the undo; idempotent. Where somebody patched over us, ours stays below as a pass-through
 *   never: at import; touches servers
 *
 * Reached: `connect` by `require`, by named import and by `util.promisify`; `request` of every session, however it was made.
 */
import dns from 'node:dns';
import http2, { type ClientHttp2Session } from 'node:http2';
import { syncBuiltinESMExports } from 'node:module';
import { promisify } from 'node:util';
import type { HttpPort } from '../node-http/port.js';
import { type AnyFunction, dressAs, type Patch, patchMethod } from '../patch.js';
import { guardRequest } from './exchange.js';
import { patchHandle } from './handles.js';
import { type HeldSocket, holdSocket } from './held-socket.js';
import { holdRequest } from './hold-request.js';
import { type Options, placeOf, readAuthority } from './place.js';
import { Session, sessionOf } from './session.js';

interface Installed {
  readonly port: HttpPort;
  readonly undo: () => void;
}

let installed: Installed | null = null;

/** @throws TypeError when it stands in for another port already: one process, one guard. */
export function install(port: HttpPort): () => void {
  if (installed !== null) {
    if (installed.port === port) return installed.undo;
    throw new TypeError('node:http2 is guarded already');
  }
  const takeOut = patch(port);
  const undo = (): void => {
    if (installed?.undo !== undo) return;
    installed = null;
    takeOut();
  };
  installed = { port, undo };
  return undo;
}

function patch(port: HttpPort): () => void {
  const before = Object.getOwnPropertyDescriptor(http2, 'connect') as PropertyDescriptor;
  const native = before.value as AnyFunction;
  const { lookup } = dns;
  /** The class of sessions is had from the first of them. */
  let requests: Patch | null = null;
  let handles: Patch | null = null;
  let on = true;

  const connect = function (this: unknown, ...args: unknown[]): unknown {
    if (!on) return Reflect.apply(native, this, args);
    const [authority] = args;
    const [options, listener] = typeof args[1] === 'function' ? [undefined, args[1]] : args.slice(1);
    const own = typeof options === 'object' && options !== null ? ({ ...options } as Options) : (options as undefined);
    const given: Options | null = own === undefined || own === null ? {} : typeof own === 'object' ? own : null;
    const where = readAuthority(authority);
    const place = where === null || given === null || dns.lookup !== lookup ? null : placeOf(where, given);
    let held: HeldSocket | null = null;
    let session: ClientHttp2Session;
    if (place === null || where === null || given === null) {
      session = Reflect.apply(native, this, [authority, own, listener]) as ClientHttp2Session;
    } else {
      held = holdSocket(given, place, lookup);
      try {
        session = Reflect.apply(native, this, [where, held.options, listener]) as ClientHttp2Session;
      } finally {
        held.made();
      }
    }
    requests ??= patchRequest(port, session);
    new Session(port, session, place, held, () => {
      handles ??= patchHandle(port, session);
    });
    return session;
  };
  dress(connect, native);
  Object.defineProperty(http2, 'connect', { ...before, value: connect });
  syncBuiltinESMExports();
  return () => {
    on = false;
    requests?.undo();
    handles?.undo();
    if (http2.connect === (connect as unknown)) Object.defineProperty(http2, 'connect', before);
    syncBuiltinESMExports();
  };
}

function patchRequest(port: HttpPort, session: ClientHttp2Session): Patch {
  const patched = patchMethod(
    Object.getPrototypeOf(session) as object,
    'request',
    native =>
      function (this: unknown, ...args: unknown[]): unknown {
        const held = holdRequest(native, this as ClientHttp2Session, args);
        if (held.send !== null) guardRequest(port, sessionOf(this as object), held, held.send);
        return held.stream;
      },
  );
  if (patched === null) throw new TypeError('sessions of node:http2 cannot be guarded');
  return patched;
}

/** As the native function, but what `util.promisify` makes of it connects by ours. */
function dress(ours: AnyFunction, native: AnyFunction): void {
  const promised = (authority: unknown, options: unknown): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const session = ours.call(http2, authority, options, () => {
        session.removeListener('error', reject);
        resolve(session);
      }) as ClientHttp2Session;
      session.once('error', reject);
    });
  const custom = Object.getOwnPropertyDescriptor(native, promisify.custom);
  if (custom !== undefined) Object.defineProperty(ours, promisify.custom, { ...custom, value: promised });
  dressAs(ours, Object.defineProperties({}, without(Object.getOwnPropertyDescriptors(native), promisify.custom)));
}

function without(descriptors: object, key: symbol): PropertyDescriptorMap {
  const { [key]: _, ...rest } = descriptors as Record<PropertyKey, PropertyDescriptor>;
  return rest;
}
