/**
 * A connection that Node has begun and that goes nowhere yet: it waits for the answer to its lookup.
 *
 *   in   : the options of a session, the place it goes to
 *   out  : options with which Node's own `http2.connect` makes that session; `dial`, which lets it go
 *   never: looks a name up, or opens anything, before `dial`; lets another socket use what it may
 */
import type dns from 'node:dns';
import { isIP } from 'node:net';
import tls from 'node:tls';
import { handOver, sanctioned } from '../sanctioned.js';
import type { Options, Place } from './place.js';

export type Lookup = typeof dns.lookup;
type Done = (error: Error | null, address: unknown, family?: number) => void;
type Identity = (hostname: string, cert: unknown) => Error | undefined;

export interface HeldSocket {
  readonly options: Options;
  /** Node has made its socket: nobody else's passes as this one from now on. */
  made(): void;
  dial(): void;
  /** It will not be dialled: as a name that cannot be looked up. */
  fail(why: Error): void;
}

/** An address is not looked up; under this name it is. Nobody resolves it (RFC 6761). */
const HELD_NAME = 'held.invalid';

/** @param lookup What names are looked up with. */
export function holdSocket(given: Options, place: Place, lookup: Lookup): HeldSocket {
  const { host, port } = place;
  const family = isIP(host);
  const dialled = family === 0 ? host : HELD_NAME;
  let open = true;
  let answer: Done | null = null;
  let go: (() => void) | null = null;
  let letThrough = (): void => undefined;
  const wait = (name: string, how: { readonly all?: boolean }, done: Done): void => {
    if (answer !== null) return;
    answer = done;
    go = () => {
      if (family === 0) handOver(() => lookup(name, how as never, done as never));
      else if (how.all === true) done(null, [{ address: host, family }]);
      else done(null, host, family);
    };
  };
  const options: Options = { ...given, host: dialled, lookup: wait };
  const check = 'checkServerIdentity' in given ? given.checkServerIdentity : tls.checkServerIdentity;
  if (family !== 0 && typeof check === 'function') {
    options.checkServerIdentity = (hostname: string, cert: unknown) =>
      (check as Identity)(hostname === HELD_NAME ? host : hostname, cert);
  }
  const sanction = {
    permits: (to: string, at: number) => open && to === dialled && at === port,
    holds: (pass: () => void) => {
      letThrough = pass;
    },
  };
  return {
    options: sanctioned(options, sanction),
    made: () => {
      open = false;
    },
    dial: () => {
      letThrough();
      go?.();
    },
    fail: why => answer?.(why, undefined),
  };
}
