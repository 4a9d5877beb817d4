/**
 * What stands below `node:net`: the handles that connect. They can be had past it (`server._handle.constructor`), and then no
 * socket has been decided.
 *
 *   in   : the arguments with which a handle is connected, the sockets that were let through
 *   out  : EACCES for a handle that belongs to none of them
 *   never: decides: nothing here says for whom, or to which name
 */
import { type AnyFunction, type Patch, patchMethod } from '../patch.js';
import type { ProcessPort } from '../port.js';
import { refuseNow } from '../port.js';
import { quietly } from '../quiet.js';
import { tcpUrl } from './destination.js';

/** As libuv says that it may not. */
const UV_EACCES = -13;

interface Handles {
  readonly TCP?: { readonly prototype: object };
  readonly Pipe?: { readonly prototype: object };
}

/** @param letThrough The sockets that may connect. */
export function patchHandles(port: ProcessPort, letThrough: WeakSet<object>): (Patch | null)[] {
  const { TCP } = binding('tcp_wrap');
  const { Pipe } = binding('pipe_wrap');
  const guarded = (native: AnyFunction): AnyFunction =>
    function (this: unknown, ...args: unknown[]): unknown {
      return belongs(this as object, letThrough) || !refused(port, args)
        ? Reflect.apply(native, this, args)
        : UV_EACCES;
    };
  return [
    TCP === undefined ? null : patchMethod(TCP.prototype, 'connect', guarded),
    TCP === undefined ? null : patchMethod(TCP.prototype, 'connect6', guarded),
    Pipe === undefined ? null : patchMethod(Pipe.prototype, 'connect', guarded),
  ];
}

function binding(name: string): Handles {
  try {
    const { binding: load } = process as unknown as { binding(of: string): Handles };
    return quietly(() => load.call(process, name));
  } catch {
    // Not there, or not for us (--permission): then it is for nobody.
    return {};
  }
}

/** Node hangs the socket on its handle, under a symbol of its own. */
function belongs(handle: object, letThrough: WeakSet<object>): boolean {
  for (const name of Object.getOwnPropertySymbols(handle)) {
    const owner = (handle as Record<symbol, unknown>)[name];
    if (typeof owner !== 'object' || owner === null || !letThrough.has(owner)) continue;
    // Hung on another's handle it opens nothing.
    if ((owner as { readonly _handle?: unknown })._handle === handle) return true;
  }
  return false;
}

function refused(port: ProcessPort, [, address, number]: readonly unknown[]): boolean {
  const reason = 'a handle was connected below node:net';
  if (port.egress.coverage !== 'strict') {
    port.coverage.passed('sockets', reason);
    return false;
  }
  const isTcp = typeof address === 'string' && typeof number === 'number';
  refuseNow(port, 'not_covered', reason, isTcp ? { method: 'CONNECT', url: tcpUrl(address, number) } : {});
  return true;
}
