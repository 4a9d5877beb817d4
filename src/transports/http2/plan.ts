/**
 * What has to be decided about one request of a session before its head is sent.
 *
 *   in   : the headers as Node will send them, where the session's connection goes
 *   out  : the steps, each of which must be allowed; the last one is the request itself
 *   never: decides, guesses: what cannot be said to be judged as it is sent is refused
 *
 * A request that names another authority than the place its session goes to is two steps: `CONNECT tcp://place/`, as through
 * a proxy, and the request by its own URL.
 */
import type { Body, HttpRequest } from '../../core/decide/types.js';
import type { Plan } from '../node-http/plan.js';
import { authorityOf } from '../node-http/target.js';
import type { Place } from './place.js';

export type SentHeaders = Readonly<Record<string, unknown>>;

/** Node writes text as Latin-1 with NUL between: anything else would be read as other headers than were judged. */
const UNSENDABLE = /[^\t -\u00ff]/;
const VISIBLE = /^[\u0021-\u007e]+$/;
const AUTHORITY = /^[^\s/\\?#@]+$/;

export function planOf(sent: SentHeaders, place: Place | null, body: Body): Plan {
  const method = String(sent[':method']);
  const refuse = (reason: string, url?: string): Plan => {
    return { kind: 'refuse', reason, request: { method, ...(url === undefined ? {} : { url }) } };
  };
  const lines: (readonly [string, string])[] = [];
  const pseudo: Record<string, string> = {};
  for (const [key, value] of Object.entries(sent)) {
    if (value === undefined || key === '') continue;
    const name = key.toLowerCase();
    for (const one of Array.isArray(value) ? (value as readonly unknown[]) : [value]) {
      const text = String(one);
      if (UNSENDABLE.test(text) || UNSENDABLE.test(name)) return refuse('a header holds what no header can');
      if (!name.startsWith(':')) lines.push([name, text]);
      else if (name in pseudo || !VISIBLE.test(text)) return refuse(`a request has one ${name}, without blanks`);
      else pseudo[name] = text;
    }
  }
  const { ':scheme': scheme, ':path': path, ':protocol': protocol } = pseudo;
  const authority = pseudo[':authority'] ?? lines.find(([name]) => name === 'host')?.[1];
  if (authority === undefined || !AUTHORITY.test(authority)) return refuse('the authority is none that can be judged');
  const there = place === null ? null : connect(`tcp://${authorityOf(place.host, place.port)}/`);

  if (method === 'CONNECT' && protocol === undefined) {
    if (!/^(\[[^[\]]+\]|[^:]+):\d{1,5}$/.test(authority)) return refuse('the target of CONNECT is no host and port');
    const request = { ...connect(`tcp://${authority}/`), headers: lines.filter(([name]) => name !== 'host') };
    return { kind: 'steps', before: there, request };
  }
  if (scheme !== 'http' && scheme !== 'https') return refuse('the scheme is none of http and https');
  if (place !== null && place.protocol !== `${scheme}:`) return refuse('the scheme is not that of the connection');
  const target = path === '*' && method === 'OPTIONS' ? '/' : path;
  let url: URL;
  try {
    url = new URL(`${scheme}://${authority}${target}`);
  } catch {
    return refuse('the authority or the path is none that can be judged');
  }
  if (`${url.pathname}${url.search}` !== target) return refuse('the path is not in its normal form', url.href);
  const here = place === null ? url.origin : originOf(place);
  if (place !== null && place.servername !== null && !isOneOf(place.servername, place.host, url.hostname)) {
    return refuse('the TLS server name names another host', url.href);
  }
  const before = here === url.origin ? null : there;
  if (protocol !== 'websocket')
    return { kind: 'steps', before, request: { method, url: url.href, headers: lines, body } };
  // The same call as over HTTP/1.1, where it is a GET (RFC 8441); frames that follow are no body of it.
  const socket = `ws${url.href.slice('http'.length)}`;
  return { kind: 'steps', before, request: { method: 'GET', url: socket, headers: lines, body: { kind: 'none' } } };
}

/** The connection of a session, as raw ones are judged. */
export function connectionOf({ host, port }: Place): HttpRequest {
  return connect(`tcp://${authorityOf(host, port)}/`);
}

function connect(url: string): HttpRequest {
  return { method: 'CONNECT', url, headers: [], body: { kind: 'none' } };
}

function originOf({ protocol, host, port }: Place): string | null {
  try {
    return new URL(`${protocol}//${authorityOf(host, port)}/`).origin;
  } catch {
    return null;
  }
}

function isOneOf(servername: string, ...hosts: readonly string[]): boolean {
  const plain = (name: string): string => name.toLowerCase().replace(/\.$/, '');
  return hosts.some(host => plain(host) === plain(servername));
}
