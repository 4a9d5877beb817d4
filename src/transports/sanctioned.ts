/**
 * The one truth about "already decided": which address may be dialled on behalf of a call that an edge has let through.
 *
 *   in   : the address of an allowed call, the work that dials
 *   out  : for the edge of the raw sockets: whether a connect belongs to such a call
 *   never: outlives the dialling (a callback of the program that runs later, in the same async context, is not covered)
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

/** Whether a connect that begins now is one that an edge has decided. */
export function isSanctioned(to: Address): boolean {
  return store.getStore()?.covers(to) === true;
}

const same = (one: string, other: string): boolean => one.toLowerCase() === other.toLowerCase();
