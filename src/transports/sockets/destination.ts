/**
 * Where a socket is about to be connected, read from the arguments of `connect` as Node reads them.
 *
 *   in   : the arguments of net.Socket.prototype.connect
 *   out  : host and port, or a path; `shifty` where a second look might see something else; null where Node will throw
 *   never: calls code of the program's
 */
import net from 'node:net';
import { isProxy } from 'node:util/types';

export type Destination =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number; readonly options: object }
  | { readonly kind: 'unix'; readonly path: string; readonly options: object }
  | { readonly kind: 'shifty' };

const NO_OPTIONS = Object.freeze({});
/** On the arrays in which net.connect and tls.connect hand over what they have normalised: [options, callback]. */
const NORMALISED = Object.getOwnPropertySymbols(
  (net as unknown as { _normalizeArgs(args: unknown[]): object })._normalizeArgs([]),
)[0];

export function destinationOf(args: readonly unknown[]): Destination | null {
  const first = normalised(args[0]);
  if (typeof first === 'object' && first !== null) return fromOptions(first);
  if (typeof first === 'string' && !(Number(first) >= 0)) return { kind: 'unix', path: first, options: NO_OPTIONS };
  const port = toPort(first);
  if (port === null) return null;
  const host = typeof args[1] === 'string' && args[1] !== '' ? args[1] : 'localhost';
  return { kind: 'tcp', host, port, options: NO_OPTIONS };
}

function normalised(first: unknown): unknown {
  if (!Array.isArray(first) || NORMALISED === undefined || isProxy(first) || !(NORMALISED in first)) return first;
  const options = plain(first, '0');
  // What Node would read there is a program's own code: its options are looked at, and are as shifty.
  return options === SHIFTY ? new Proxy({}, {}) : options;
}

function fromOptions(options: object): Destination | null {
  const path = plain(options, 'path');
  const host = plain(options, 'host');
  const port = plain(options, 'port');
  if (path === SHIFTY || host === SHIFTY || port === SHIFTY) return { kind: 'shifty' };
  if (path !== undefined && path !== null && path !== '') {
    return typeof path === 'string' ? { kind: 'unix', path, options } : null;
  }
  const number = toPort(port);
  if (number === null) return null;
  // As Node has it: whatever is falsy means this machine.
  if (!host) return { kind: 'tcp', host: 'localhost', port: number, options };
  return typeof host === 'string' ? { kind: 'tcp', host, port: number, options } : { kind: 'shifty' };
}

const SHIFTY = Symbol('shifty');

/** A property that will be the same when Node reads it: plain data, wherever on the chain it stands. */
function plain(options: object, key: string): unknown {
  for (let at: object | null = options; at !== null; at = Object.getPrototypeOf(at) as object | null) {
    if (isProxy(at)) return SHIFTY;
    const found = Object.getOwnPropertyDescriptor(at, key);
    if (found !== undefined) return 'value' in found ? (found.value as unknown) : SHIFTY;
  }
  return undefined;
}

/** As Node's own check of a port: a number, or a string that is one. Null: it throws. */
function toPort(value: unknown): number | null {
  if (typeof value === 'string' ? value.trim() === '' : typeof value !== 'number') return null;
  const port = Number(value);
  return port === port >>> 0 && port <= 65_535 ? port : null;
}

/** The URL under which a policy sees a raw connection; it may turn out not to be one. */
export function tcpUrl(host: string, port: number): string {
  return `tcp://${host.includes(':') ? `[${host}]` : host}:${port}/`;
}
