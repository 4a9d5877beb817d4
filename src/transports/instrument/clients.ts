/**
 * Clients that were made before: the fetch that each keeps is exchanged for a guarded one, and given back.
 *
 *   in   : clients of SDKs that keep their fetch in a property
 *   out  : the same clients, guarded
 *   never: guards one twice
 */
import { CheckrdInitError } from '../../agent/errors.js';
import { Fault } from '../../core/fault.js';
import { isGuardedBy } from '../fetch/guarded.js';
import { processGuardedBy } from '../one-guard.js';
import type { FetchGuard } from './process-fetch.js';
import { VENDORS, type Vendor } from './vendors.js';

interface Client {
  fetch: typeof fetch;
}

interface Exchanged {
  readonly vendor: Vendor;
  readonly client: WeakRef<Client>;
  readonly plain: typeof fetch;
  readonly guarded: typeof fetch;
}

const exchanged = new Set<Exchanged>();

/** @throws CheckrdInitError `client_not_guardable` */
export function guardClients(guard: FetchGuard, vendor: Vendor, clients: readonly unknown[]): void {
  // All or none: a mistake in the second must not leave the first half done.
  const keeping = clients.filter(client => keepsFetch(client, vendor));
  // Whatever they send is decided on its way out.
  if (processGuardedBy() !== null) return;
  for (const client of keeping as Client[]) {
    const plain = client.fetch;
    if (isGuardedBy(plain, guard.agent)) continue;
    const guarded = guard.wrap(plain);
    client.fetch = guarded;
    exchanged.add({ vendor, client: new WeakRef(client), plain, guarded });
  }
}

/** Gives each client its own fetch back, unless it has got yet another one since. */
export function releaseClients(vendors: readonly Vendor[]): void {
  for (const one of exchanged) {
    const client = one.client.deref();
    if (client !== undefined && !vendors.includes(one.vendor)) continue;
    if (client?.fetch === one.guarded) client.fetch = one.plain;
    exchanged.delete(one);
  }
}

function keepsFetch(client: unknown, vendor: Vendor): boolean {
  const isObject = typeof client === 'object' && client !== null;
  // It asks for the process's fetch at each call, and that is guarded. A `fetch` that it has is a method of its own (cohere-ai).
  if (isObject && !VENDORS[vendor].keepsFetch) return false;
  if (isObject && typeof (client as Partial<Client>).fetch === 'function') return true;
  const fault = new Fault('client_not_guardable', { package: VENDORS[vendor].package });
  throw new CheckrdInitError(fault.code, fault.message, fault.hint);
}
