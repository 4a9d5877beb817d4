/**
 * A caller's dispatcher that does nothing but wait longer than the usual one, as SDKs bring it for slow models.
 *
 *   in   : the `dispatcher` of a call
 *   out  : the same timeouts over a dispatcher of the guard's choice; null for any other dispatcher
 *   never: gives the caller's dispatcher a call: it is shown one that leads nowhere, and what it would change is read from that
 */
import { type Dispatcher, GLOBAL_DISPATCHERS } from '../undici/global.js';

/** What a call may bring of its own: neither says where it goes. */
const TIMEOUTS = ['headersTimeout', 'bodyTimeout'] as const;
type Timeouts = Partial<Record<(typeof TIMEOUTS)[number], number>>;

/** Stands in a call's init for the caller's. */
export class OwnTimeouts implements Dispatcher {
  readonly #timeouts: Timeouts;
  readonly #usual: symbol;
  /** @param usual Which of the process's dispatchers the caller's hands on to. */
  constructor(timeouts: Timeouts, usual: symbol) {
    this.#timeouts = timeouts;
    this.#usual = usual;
  }
  dispatch(options: object, handler: object): boolean {
    return this.over(globals()[this.#usual] as Dispatcher).dispatch(options, handler);
  }
  over(base: Dispatcher): Dispatcher {
    return { dispatch: (options, handler) => base.dispatch({ ...options, ...this.#timeouts }, handler) };
  }
}

const globals = (): Record<symbol, unknown> => globalThis as unknown as Record<symbol, unknown>;

export function ownTimeouts(dispatcher: unknown): OwnTimeouts | null {
  const shown: Shown = Object.freeze({ method: 'GET', headers: Object.freeze([]) });
  const handler = Object.freeze({ onError: () => undefined, onResponseError: () => undefined });
  const seen: Seen[] = [];
  try {
    if (!isBare(dispatcher)) return null;
    watchingUsual(seen, () => dispatcher.dispatch(shown, handler));
  } catch {
    return null;
  }
  const [only, ...more] = seen;
  if (only === undefined || more.length > 0 || only.handler !== handler) return null;
  const timeouts = readTimeouts(only.options, shown);
  return timeouts === null ? null : new OwnTimeouts(timeouts, only.usual);
}

/** Without origin and path: no real dispatcher gets as far as a connection. */
type Shown = Readonly<Record<string, unknown>>;

/** What was handed on, and to which of the process's dispatchers. */
interface Seen {
  readonly usual: symbol;
  readonly options: unknown;
  readonly handler: unknown;
}

/** A plain object with this one method: no Agent, no Client, no interceptor. */
function isBare(dispatcher: unknown): dispatcher is Dispatcher {
  if (typeof dispatcher !== 'object' || dispatcher === null) return false;
  if (Object.getPrototypeOf(dispatcher) !== Object.prototype || Reflect.ownKeys(dispatcher).length !== 1) return false;
  return typeof Object.getOwnPropertyDescriptor(dispatcher, 'dispatch')?.value === 'function';
}

/** Runs `act` while what is handed to the process's dispatchers goes to `seen` and no further. */
function watchingUsual(seen: Seen[], act: () => void): void {
  const there = GLOBAL_DISPATCHERS.map(name => [name, globals()[name]] as const).filter(([, one]) => one !== undefined);
  for (const [usual] of there) {
    globals()[usual] = { dispatch: (options: unknown, handler: unknown) => seen.push({ usual, options, handler }) > 0 };
  }
  try {
    act();
  } finally {
    for (const [name, before] of there) globals()[name] = before;
  }
}

/** Null: something else was changed too. */
function readTimeouts(options: unknown, shown: Shown): Timeouts | null {
  if (typeof options !== 'object' || options === null) return null;
  const rest: Record<PropertyKey, unknown> = { ...options };
  const timeouts: Timeouts = {};
  for (const name of TIMEOUTS) {
    const value = rest[name];
    delete rest[name];
    if (value === undefined) continue;
    if (typeof value !== 'number' || !(value >= 0)) return null;
    timeouts[name] = value;
  }
  const keys = Reflect.ownKeys(rest);
  const same = keys.length === Object.keys(shown).length && keys.every(key => rest[key] === shown[key as string]);
  return same ? timeouts : null;
}
