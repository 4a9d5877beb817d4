/**
 * A call as undici's `dispatch` is given it: read once, judged and sent as that copy.
 *
 *   in   : the options of a dispatch
 *   out  : what has to be decided, and the options to send
 *   never: leaves anything in the options that was not looked at and says where the call goes
 */
import { stringify } from 'node:querystring';
import type { HttpRequest } from '../../core/decide/types.js';
import type { Plan } from '../node-http/plan.js';
import { DispatchBody } from './body.js';

export interface Dispatched {
  readonly plan: Plan;
  /** Where it is dialled. */
  readonly url: URL;
  /** All but headers and body. */
  readonly options: Record<string, unknown>;
  /** Judged, and sent as they are then. */
  readonly lines: [string, string][];
  readonly body: DispatchBody;
}

const NOWHERE = new URL('http://invalid./');

export function readDispatch(given: object): Dispatched {
  // Left out, not deleted: an object with a hole in it is slow to copy, and undici copies it.
  const { query, maxRedirections, headers, body: sent, ...options } = given as Record<string, unknown>;
  const { origin, path, method, upgrade } = options;
  const empty = { url: NOWHERE, options, lines: [], body: new DispatchBody(null) };
  const no = (reason: string, request: Partial<HttpRequest> = {}): Dispatched => {
    return { ...empty, plan: { kind: 'refuse', reason, request } };
  };
  if (typeof method !== 'string') return no('the method is not a token');
  const base = originOf(origin);
  if (base === null) return no('the origin of the call is not one of http or https', { method });
  const lines = readHeaders(headers);
  if (lines === null) return no('the headers of the call cannot be read', { method });
  if (typeof maxRedirections === 'number' && maxRedirections > 0) {
    const reason = 'undici would follow redirects without asking';
    return {
      ...empty,
      plan: { kind: 'refuse', code: 'redirect_refused', reason, request: { method, url: base.href } },
    };
  }
  if (method === 'CONNECT') {
    const aim = /^([^/?#@\s]+):(\d{1,5})$/.exec(String(path));
    if (aim === null) return no('the target of CONNECT is no host and port', { method, url: base.href });
    const dialling = connect(`tcp://${base.hostname}:${portOf(base)}/`, []);
    // Its Host header names the proxy or the target; neither is where the tunnel's bytes end.
    const told = lines.filter(([name]) => name.toLowerCase() !== 'host');
    Object.assign(options, { origin: base.origin, method });
    const plan: Plan = { kind: 'steps', before: dialling, request: connect(`tcp://${path as string}/`, told) };
    return { plan, url: base, options, lines, body: new DispatchBody(null) };
  }
  if (typeof path !== 'string' || !path.startsWith('/')) {
    return no('the path of the call is not one', { method, url: base.href });
  }
  const search = query === undefined || query === null ? '' : `?${stringify(query as Record<string, string>)}`;
  let url: URL;
  let body: DispatchBody;
  try {
    url = new URL(`${base.origin}${path}${search}`);
    body = new DispatchBody(sent);
  } catch {
    return no('the URL cannot be parsed, or the body cannot be read', { method, url: base.href });
  }
  Object.assign(options, { origin: url.origin, path: `${url.pathname}${url.search}`, method });
  const toWebSocket = String(upgrade).toLowerCase() === 'websocket';
  const judged = toWebSocket ? url.href.replace(/^http/, 'ws') : url.href;
  const request: HttpRequest = { method, url: judged, headers: lines, body: body.judged };
  return { plan: { kind: 'steps', before: null, request }, url, options, lines, body };
}

const DEFAULT_PORTS: Readonly<Record<string, string>> = { 'http:': '80', 'https:': '443' };

export function portOf(url: URL): string {
  return url.port === '' ? (DEFAULT_PORTS[url.protocol] as string) : url.port;
}

function connect(url: string, headers: [string, string][]): HttpRequest {
  return { method: 'CONNECT', url, headers, body: { kind: 'none' } };
}

function originOf(origin: unknown): URL | null {
  try {
    const url = new URL(String(origin));
    const isPlain = url.username === '' && url.password === '' && url.pathname === '/' && url.search === '';
    return isPlain && /^https?:$/.test(url.protocol) ? url : null;
  } catch {
    return null;
  }
}

/** Flat array, object, or pairs; lists of values are lines of their own. */
function readHeaders(given: unknown): [string, string][] | null {
  const lines: [string, string][] = [];
  const add = (name: unknown, value: unknown): void => {
    if (value === undefined) return;
    for (const one of Array.isArray(value) ? value : [value]) lines.push([String(name), headerText(one ?? '')]);
  };
  try {
    if (given === null || given === undefined) return lines;
    if (Array.isArray(given) && !Array.isArray(given[0])) {
      if (given.length % 2 !== 0) return null;
      for (let at = 0; at < given.length; at += 2) add(headerText(given[at]), given[at + 1]);
    } else if (typeof (given as Partial<Iterable<unknown>>)[Symbol.iterator] === 'function') {
      for (const [name, value] of given as Iterable<readonly [unknown, unknown]>) add(name, value);
    } else if (typeof given === 'object') {
      for (const [name, value] of Object.entries(given)) add(name, value);
    } else return null;
    return lines;
  } catch {
    return null;
  }
}

/** Lines as undici takes them; flat, its proxies would drop all but the last of a name. */
export function asHeaders(lines: readonly (readonly [string, string])[]): object {
  const all = new Map<string, [string, string[]]>();
  for (const [name, value] of lines) {
    const known = all.get(name.toLowerCase());
    if (known === undefined) all.set(name.toLowerCase(), [name, [value]]);
    else known[1].push(value);
  }
  const headers = Object.create(null) as Record<string, string | string[]>;
  for (const [name, values] of all.values()) headers[name] = values.length === 1 ? (values[0] as string) : values;
  return headers;
}

function headerText(value: unknown): string {
  return value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : String(value);
}
