/**
 * What stands below a session: the handle that makes requests. It can be had past `session.request`, and then none was decided.
 *
 *   in   : a session that has connected
 *   out  : an error code of nghttp2 for a request that this edge does not send
 *   never: decides
 */
import type { ClientHttp2Session } from 'node:http2';
import type { HttpPort } from '../node-http/port.js';
import { type AnyFunction, type Patch, patchMethod } from '../patch.js';

/** NGHTTP2_ERR_INVALID_STATE. */
const REFUSED = -519;

let depth = 0;

/** Runs what Node does to send a request that was let through. */
export function sending(run: () => void): void {
  depth++;
  try {
    run();
  } finally {
    depth--;
  }
}

/** Null where the session has no handle that could make one. */
export function patchHandle(port: HttpPort, session: ClientHttp2Session): Patch | null {
  const own = session as unknown as Record<symbol, unknown>;
  const handle = Object.getOwnPropertySymbols(session)
    .map(name => own[name])
    .find(value => typeof (value as { request?: unknown } | undefined)?.request === 'function');
  if (handle === undefined) return null;
  return patchMethod(
    Object.getPrototypeOf(handle) as object,
    'request',
    (native: AnyFunction) =>
      function (this: unknown, ...args: unknown[]): unknown {
        if (depth > 0) return Reflect.apply(native, this, args);
        port.agent.refuse('not_covered', 'a request was made below node:http2', {}, { agent: port.agentId });
        return REFUSED;
      },
  );
}
