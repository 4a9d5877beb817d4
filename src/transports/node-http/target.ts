/**
 * From the parts that Node dials and sends to the URL that is judged.
 *
 *   in   : protocol, host, port, request target
 *   out  : the WHATWG URL; a target in the one form that is judged and sent
 *   never: guesses: what is no host or no target comes back null
 */
import { isIPv6 } from 'node:net';

/** What would end a host, or be read as something else than a name. */
const NO_HOST = /[\s/\\?#@:[\]%]/;
/** Node refuses these in the path it is given; its own words are the right ones. */
const UNSENDABLE = /[^\u0021-\u00ff]/;
const BASE = 'http://h';
/** Nothing that a URL escapes, resolves or cuts off: such a target is in its normal form already. */
const NORMAL = /^\/[\w\-.~!$&()*+,;=:@/%]*(?:\?[\w\-.~!$&()*+,;=:@/%?]*)?$/;
/** A dot segment, or what might be one. */
const DOTS = /\/(?:\.|%2e)/i;

/**
 * A path as it is judged: dot segments resolved, odd characters escaped, each byte above ASCII kept as that byte.
 * What is no path (`*`, `host:port`, a whole URL) is returned as it is.
 */
export function normalTarget(target: string): string {
  if (NORMAL.test(target) && !DOTS.test(target)) return target;
  if (!/^[/?]/.test(target) || UNSENDABLE.test(target)) return target;
  const bytes = target.replace(/[\u0080-\u00ff]/g, one => `%${one.charCodeAt(0).toString(16).toUpperCase()}`);
  try {
    const { href, hash } = new URL(BASE + bytes);
    return href.slice(BASE.length, href.length - hash.length).replace(/#$/, '');
  } catch {
    return target;
  }
}

/** False: the bytes on the wire would be others than these characters, a line's end among them. */
export function isSendable(target: string): boolean {
  return !UNSENDABLE.test(target);
}

/** `host:port` for a URL; null: it is none. IPv6 without brackets, as it is dialled. */
export function authorityOf(host: string, port: unknown): string | null {
  const digits = typeof port === 'number' ? String(port) : port;
  if (typeof digits !== 'string' || !/^\d{1,5}$/.test(digits)) return null;
  if (host.includes(':') && isIPv6(host)) return host.includes('%') ? null : `[${host}]:${digits}`;
  return host === '' || NO_HOST.test(host) ? null : `${host}:${digits}`;
}

/** The last address and its origin: most programs call one again and again. */
let lastAddress = '';
let lastOrigin: string | null = null;

/** The URL of a path, in its normal form, at an address. Null: no URL. */
export function urlOf(protocol: string, authority: string, target: string): string | null {
  const address = `${protocol}//${authority}`;
  if (lastOrigin === null || address !== lastAddress) {
    lastOrigin = originOf(address);
    lastAddress = address;
  }
  return lastOrigin === null ? null : lastOrigin + target;
}

function originOf(address: string): string | null {
  try {
    return new URL(`${address}/`).href.slice(0, -1);
  } catch {
    return null;
  }
}

/** The normal form of a URL that is a request target; null: it is none, or not in that form. */
export function absoluteUrl(target: string): URL | null {
  try {
    const url = new URL(target);
    return url.hash === '' && (url.href === target || url.href === `${target}/`) ? url : null;
  } catch {
    return null;
  }
}
