/**
 * The connections of decided calls: a dispatcher of the runtime's own undici that nobody else has.
 *
 *   in   : origins that a call was decided for
 *   out  : the dispatcher; its sockets are not decided a second time, if they go to such an origin
 *   never: handed to the program
 */
import { sanctioned } from '../sanctioned.js';
import { type Dispatcher, GLOBAL_DISPATCHERS } from './global.js';
import { portOf } from './request.js';

/** One that tells of its connections. */
export interface Connecting extends Dispatcher {
  on(event: string, listener: (...args: unknown[]) => unknown): unknown;
  emit(event: string, ...args: unknown[]): boolean;
}

export interface Pool {
  readonly dispatcher: Connecting;
  /** The runtime's own, which the program had; its sockets, should it open any, are decided. */
  readonly front: Connecting;
  /** The next sockets may go there. */
  admit(url: URL): void;
  /** Whether a global dispatcher is the one that decides and then sends from here. */
  isOurs: (dispatcher: unknown) => boolean;
}

/** Null where the runtime has no undici. */
export function openPool(): Pool | null {
  // The runtime loads its undici, and sets the dispatcher, when one of its classes is first asked for.
  void globalThis.Headers;
  const front = globalDispatcher() as Connecting | undefined;
  if (typeof (front as Partial<Dispatcher> | undefined)?.dispatch !== 'function') return null;
  const places = new Set<string>();
  const admit = (url: URL): void => {
    places.add(`${url.hostname}:${portOf(url)}`);
  };
  const Own = (front as Connecting).constructor as new (options: object) => Connecting;
  const isOurs = (): boolean => false;
  // Of one that goes through a proxy each connection is one to the proxy: it is kept, and its sockets are decided.
  if (Own.name !== 'Agent') return { dispatcher: front as Connecting, front: front as Connecting, admit, isOurs };
  const permits = (host: string, port: number): boolean =>
    places.has(`${host.includes(':') ? `[${host}]` : host}:${port}`);
  return { dispatcher: new Own({ connect: sanctioned({}, { permits }) }), front: front as Connecting, admit, isOurs };
}

/** What the runtime's fetch sends through. */
export function globalDispatcher(): unknown {
  return (globalThis as unknown as Record<symbol, unknown>)[GLOBAL_DISPATCHERS[0] as symbol];
}
