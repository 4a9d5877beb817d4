/**
 * The connections of decided calls: a dispatcher of the runtime's own undici that nobody else has.
 *
 *   in   : origins that a call was decided for
 *   out  : the dispatcher; its sockets are not decided a second time, if they go to such an origin
 *   never: handed to the program
 */
import { sanctioned } from '../sanctioned.js';
import { portOf } from './request.js';

/** As much of undici's Dispatcher as is used here. */
export interface Dispatcher {
  dispatch(options: object, handler: object): boolean;
  on(event: string, listener: (...args: unknown[]) => unknown): unknown;
  emit(event: string, ...args: unknown[]): boolean;
}

export interface Pool {
  readonly dispatcher: Dispatcher;
  /** The runtime's own, which the program had; its sockets, should it open any, are decided. */
  readonly front: Dispatcher;
  /** The next sockets may go there. */
  admit(url: URL): void;
  /** Whether a global dispatcher is the one that decides and then sends from here. */
  isOurs: (dispatcher: unknown) => boolean;
}

/** Where undici keeps the dispatcher that all copies of it share; from undici 8 on also under the second name. */
export const GLOBAL_DISPATCHERS: readonly symbol[] = [
  Symbol.for('undici.globalDispatcher.1'),
  Symbol.for('undici.globalDispatcher.2'),
];

/** Null where the runtime has no undici. */
export function openPool(): Pool | null {
  // The runtime loads its undici, and sets the dispatcher, when one of its classes is first asked for.
  void globalThis.Headers;
  const front = globalDispatcher() as Dispatcher | undefined;
  if (typeof (front as Partial<Dispatcher> | undefined)?.dispatch !== 'function') return null;
  const places = new Set<string>();
  const admit = (url: URL): void => {
    places.add(`${url.hostname}:${portOf(url)}`);
  };
  const Own = (front as Dispatcher).constructor as new (options: object) => Dispatcher;
  const isOurs = (): boolean => false;
  // Of one that goes through a proxy each connection is one to the proxy: it is kept, and its sockets are decided.
  if (Own.name !== 'Agent') return { dispatcher: front as Dispatcher, front: front as Dispatcher, admit, isOurs };
  const permits = (host: string, port: number): boolean =>
    places.has(`${host.includes(':') ? `[${host}]` : host}:${port}`);
  return { dispatcher: new Own({ connect: sanctioned({}, { permits }) }), front: front as Dispatcher, admit, isOurs };
}

/** What the runtime's fetch sends through. */
export function globalDispatcher(): unknown {
  return (globalThis as unknown as Record<symbol, unknown>)[GLOBAL_DISPATCHERS[0] as symbol];
}
