/**
 * The connections of decided calls: a dispatcher of the runtime's own undici that nobody else has.
 *
 *   in   : origins that a call was decided for
 *   out  : the dispatcher; its sockets are not decided a second time, if they go to such an origin
 *   never: handed to the program
 */
import { sanctioned } from '../sanctioned.js';
import { type Dispatcher, GLOBAL_DISPATCHERS } from './global.js';

export interface Pool {
  readonly dispatcher: Dispatcher;
  /** The next sockets may go there. */
  admit(url: URL): void;
}

const DEFAULT_PORTS: Readonly<Record<string, number>> = { 'http:': 80, 'https:': 443 };

/** Null where the runtime has no undici. */
export function openPool(): Pool | null {
  // The runtime loads its undici, and sets the dispatcher, when one of its classes is first asked for.
  void globalThis.Headers;
  const current = (globalThis as unknown as Record<symbol, unknown>)[GLOBAL_DISPATCHERS[0] as symbol];
  if (typeof (current as Partial<Dispatcher> | undefined)?.dispatch !== 'function') return null;
  const places = new Set<string>();
  const admit = (url: URL): void => {
    places.add(`${url.hostname}:${url.port === '' ? DEFAULT_PORTS[url.protocol] : url.port}`);
  };
  const Own = (current as Dispatcher).constructor as new (options: object) => Dispatcher;
  // Of one that goes through a proxy each connection is one to the proxy: it is kept, and its sockets are decided.
  if (Own.name !== 'Agent') return { dispatcher: current as Dispatcher, admit };
  const permits = (host: string, port: number): boolean =>
    places.has(`${host.includes(':') ? `[${host}]` : host}:${port}`);
  return { dispatcher: new Own({ connect: sanctioned({}, { permits }) }), admit };
}
