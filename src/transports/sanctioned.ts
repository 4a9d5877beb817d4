/**
 * The process's one truth about "already decided": which address may be dialled on behalf of a call that an edge has let through.
 *
 *   in   : the address of an allowed call and the work that dials; or the options of sockets that are opened for decided calls;
 *          or a stretch of the runtime's own code
 *   out  : for the edges of raw sockets and of names: whether what begins now belongs to such a call
 *   never: outlives the dialling (a callback of the program that runs later, in the same async context, is not covered); a name
 *          that other code could guess
 *
 * A proxy that an agent of the program dials has another address; that connect is decided by itself.
 */
import { AsyncLocalStorage } from 'node:async_hooks';

export interface Address {
  /** As it is dialled: a name or an IP address without brackets; a path for a Unix socket. */
  readonly host: string;
  /** Null: a Unix socket. */
  readonly port: number | null;
}

export interface Sanction {
  run<T>(work: () => T): T;
  /** The call has its socket, or has ended. */
  close(): void;
}

class OpenSanction implements Sanction {
  #open = true;
  constructor(readonly address: Address | null) {}
  run<T>(work: () => T): T {
    return store.run(this, work);
  }
  close(): void {
    this.#open = false;
  }
  covers(to: Address): boolean {
    const { address } = this;
    return this.#open && (address === null || (same(address.host, to.host) && address.port === to.port));
  }
}

const store = new AsyncLocalStorage<OpenSanction>();

/** @param address Null: wherever this work dials (checkrd's own traffic). */
export function sanction(address: Address | null): Sanction {
  return new OpenSanction(address);
}

const same = (one: string, other: string): boolean => one.toLowerCase() === other.toLowerCase();

const MARK = Symbol('checkrd.sanction');

/** Says of an address whether decided calls go there. */
export type Permits = (to: Address) => boolean;

/** A copy of options that sockets are opened with, marked. What hangs on the mark is bound to addresses: found out, it opens no other. */
export function marked<T extends object>(options: T, permits: Permits): T {
  return Object.assign({}, options, { [MARK]: permits });
}

/** Whether a connect that begins now, with these options, is one that an edge has decided. */
export function isSanctioned(to: Address, options: object = {}): boolean {
  if (store.getStore()?.covers(to) === true) return true;
  // Own properties only: nothing inherits the right to pass.
  return Object.hasOwn(options, MARK) && (options as { readonly [MARK]: Permits })[MARK](to);
}

let depth = 0;

/** Runs what the runtime does in one turn for a decided call: the lookup of the host's name is part of that call. */
export function handOver<T>(run: () => T): T {
  depth++;
  try {
    return run();
  } finally {
    depth--;
  }
}

/** True inside `handOver`, synchronously. */
export function isHandingOver(): boolean {
  return depth > 0;
}
