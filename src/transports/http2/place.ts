/**
 * Where a session's connection will go, read from the arguments of `http2.connect` as Node reads them.
 *
 *   in   : authority and options, each read once
 *   out  : the place; null where only the socket itself can tell (one of the program's own, a Unix socket, a lookup of its own)
 *   never: judges; what Node would refuse is left for Node to refuse
 */
import { isIP } from 'node:net';
import { authorityOf } from '../node-http/target.js';

export type Options = Record<PropertyKey, unknown>;

export interface Place {
  readonly protocol: 'http:' | 'https:';
  /** As it is dialled: a name, or an address without brackets. */
  readonly host: string;
  readonly port: number;
  /** Named in the TLS handshake; null: none. */
  readonly servername: string | null;
}

/** An authority that reads the same twice. */
export type Authority = string | { protocol: unknown; hostname: unknown; host: unknown; port: unknown };

/** Null: none that Node takes. */
export function readAuthority(given: unknown): Authority | null {
  if (typeof given === 'string') return given;
  if (typeof given !== 'object' || given === null) return null;
  const { protocol, hostname, host, port } = given as Record<string, unknown>;
  return { protocol, hostname, host, port };
}

/** What makes a socket that is not simply dialled, or is dialled where a judged name does not say. */
const OWN_WAYS = ['createConnection', 'path', 'socket', 'lookup', 'fd', 'handle'];

export function placeOf(authority: Authority, options: Options): Place | null {
  if (OWN_WAYS.some(key => options[key] !== undefined && options[key] !== null)) return null;
  let url: Exclude<Authority, string>;
  try {
    url = typeof authority === 'string' ? new URL(authority) : authority;
  } catch {
    return null;
  }
  const protocol = url.protocol || options.protocol || 'https:';
  if (protocol !== 'http:' && protocol !== 'https:') return null;
  const named = url.hostname ? withoutBrackets(url.hostname) : url.host || 'localhost';
  const usual = url.port === '' ? (url.protocol === 'http:' ? 80 : 443) : url.port;
  // As Node merges them: a key that is there wins, and what is falsy means this machine.
  const host = ('host' in options ? options.host : named) || 'localhost';
  const port = 'port' in options ? options.port : usual;
  if (typeof named !== 'string' || typeof host !== 'string' || authorityOf(host, port) === null) return null;
  const number = Number(port);
  if (number > 65_535) return null;
  const asked = options.servername || (isIP(named) === 0 ? named : null);
  const servername = protocol === 'https:' && typeof asked === 'string' ? asked : null;
  return { protocol, host, port: number, servername };
}

function withoutBrackets(hostname: unknown): unknown {
  return typeof hostname === 'string' && hostname.startsWith('[') ? hostname.slice(1, -1) : hostname;
}
