/**
 * The global dispatcher of undici: whatever any copy of undici, WebSocket or EventSource sends through it is decided.
 *
 *   in   : calls as `dispatch` is given them
 *   out  : the runtime's own dispatcher in front of which a decision stands
 *   never: decides what the guarded `fetch` has decided; lets anybody have the connections of decided calls
 */
import { decide } from '../node-http/decide.js';
import type { AnyFunction, Undo } from '../patch.js';
import type { ProcessPort } from '../port.js';
import { judgedByFetch } from './by-fetch.js';
import { Exchange } from './exchange.js';
import { GLOBAL_DISPATCHERS } from './global.js';
import { fail } from './handler.js';
import type { Connecting, Pool } from './pool.js';
import { readDispatch } from './request.js';

/** What a dispatcher tells of its connections: where, and through whom. */
const TOLD = ['connect', 'disconnect', 'connectionError', 'drain'];

export function install(port: ProcessPort, pool: Pool): Undo {
  let on = true;
  const { front } = pool;
  const dispatch = (options: object, handler: object): boolean =>
    on ? start(port, pool, options, handler) : front.dispatch(options, handler);
  const ours: Connecting = new Proxy(front, {
    get(target, key, receiver): unknown {
      if (key === 'dispatch') return dispatch;
      const value = Reflect.get(target, key, receiver) as unknown;
      if ((key !== 'close' && key !== 'destroy') || pool.dispatcher === front) return value;
      // Both end; the word is that of the one that has the connections.
      return (...args: unknown[]) => {
        Reflect.apply(value as AnyFunction, target, [() => undefined]);
        return Reflect.apply(Reflect.get(pool.dispatcher, key) as AnyFunction, pool.dispatcher, args);
      };
    },
  });
  if (pool.dispatcher !== front) {
    for (const event of TOLD) {
      const tell = (origin: unknown, _through: unknown, ...rest: unknown[]): unknown =>
        front.emit(event, origin, [ours], ...rest);
      pool.dispatcher.on(event, tell);
    }
  }
  const globals = globalThis as unknown as Record<symbol, unknown>;
  const before = GLOBAL_DISPATCHERS.map(name => globals[name]);
  GLOBAL_DISPATCHERS.forEach((name, at) => {
    if (before[at] !== undefined) globals[name] = ours;
  });
  pool.isOurs = dispatcher => on && dispatcher === ours;
  const isOnTop = (): boolean =>
    GLOBAL_DISPATCHERS.every((name, at) => before[at] === undefined || globals[name] === ours);
  port.coverage.covers('undici', 'wrapped', null, isOnTop);
  return () => {
    if (!on) return;
    on = false;
    port.coverage.forget('undici');
    GLOBAL_DISPATCHERS.forEach((name, at) => {
      if (globals[name] === ours) globals[name] = before[at];
    });
  };
}

/** @throws what undici throws. */
function start(port: ProcessPort, pool: Pool, given: object, handler: object): boolean {
  // Undici refuses these by itself, in its own words, before it looks at the call.
  if (typeof handler !== 'object' || handler === null) return pool.front.dispatch(given, handler);
  const judged = judgedByFetch(given);
  if (judged !== null) {
    pool.admit(judged.url);
    return pool.dispatcher.dispatch(judged.options, handler);
  }
  const read = readDispatch(given);
  const exchange = new Exchange(pool, read, handler);
  let isLater = false;
  decide(port, read.plan, exchange).then(
    () => {
      if (isLater && exchange.thrown !== null) fail(handler, exchange.thrown.error);
    },
    error => exchange.failed(error),
  );
  if (exchange.thrown !== null) throw exchange.thrown.error;
  isLater = true;
  return exchange.hasRoom;
}
