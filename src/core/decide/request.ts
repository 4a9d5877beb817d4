/**
 * Step 1 of every decision: is this a request that can be judged at all (policy language, §3.2 and §6)?
 *
 *   in   : method, URL and header lines as an edge was given them
 *   out  : the URL as it will be judged and sent, or a sentence why not
 *   never: softened by any mode
 */
import { METHOD_MAX_BYTES, URL_MAX_BYTES, URL_MAX_SEGMENTS } from '../limits.js';
import type { Scheme } from '../policy/checked.js';
import type { HeaderLines } from './types.js';

export type CheckedRequest =
  | {
      readonly ok: true;
      /** WHATWG-normalised, without fragment. */
      readonly url: string;
      readonly scheme: Scheme;
      /** As matched: lower-case, without the one trailing dot; IPv6 in brackets. */
      readonly host: string;
      /** Still percent-encoded; begins with `/`. */
      readonly path: string;
    }
  | { readonly ok: false; readonly reason: string };

const SCHEMES: ReadonlyMap<string, Scheme> = new Map([
  ['http:', 'http'],
  ['https:', 'https'],
  ['ws:', 'ws'],
  ['wss:', 'wss'],
  ['tool:', 'tool'],
  ['tcp:', 'tcp'],
]);

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const TOOL_HOST = /^[a-z0-9_-]+(\.[a-z0-9_-]+)*$/;
/** What may stand in an authority without userinfo. */
const AUTHORITY = /^[^\s/\\?#@]+$/;
/** Far more than 16 KiB can shrink to less; nobody sends that. */
const INPUT_MAX_CHARS = 4 * URL_MAX_BYTES;

const no = (reason: string): Refused => ({ ok: false, reason });

/** Checks a request. Pure; a reason quotes nothing of the request. */
export function checkRequest(method: string, url: string, headers: HeaderLines): CheckedRequest {
  if (method.length > METHOD_MAX_BYTES || !TOKEN.test(method)) return no('the method is not a token');
  const checked = checkUrl(url);
  if (!('answer' in checked)) return checked;
  const { answer, authority } = checked;
  for (const [name, value] of headers) {
    if (name.length === 4 && name.toLowerCase() === 'host' && !namesSameHost(value, answer.scheme, authority)) {
      return no('a Host header names another host or port');
    }
  }
  return answer;
}

type Refused = Extract<CheckedRequest, { ok: false }>;
interface CheckedUrl {
  readonly answer: Extract<CheckedRequest, { ok: true }>;
  readonly authority: Authority;
}

/** The last URL and what was said of it: most programs call one address again and again, and hops are asked twice. */
let lastUrl = '';
let lastChecked: CheckedUrl | null = null;

function checkUrl(url: string): CheckedUrl | Refused {
  if (lastChecked !== null && url === lastUrl) return lastChecked;
  const checked = parseUrl(url);
  if ('answer' in checked) {
    lastUrl = url;
    lastChecked = checked;
  }
  return checked;
}

function parseUrl(url: string): CheckedUrl | Refused {
  if (url.length > INPUT_MAX_CHARS) return no('the URL is too long');
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch {
    return no('the URL is relative or cannot be parsed');
  }
  const scheme = SCHEMES.get(parsed.protocol);
  if (scheme === undefined) return no('the URL has a scheme that is not judged');
  if (parsed.username !== '' || parsed.password !== '') return no('the URL has a user name or a password');
  const authority = canonicalAuthority(scheme, parsed.hostname, parsed.port);
  if (authority === null) return no('the URL has no host that can be judged');

  const path = parsed.pathname === '' ? '/' : parsed.pathname;
  const normal = `${scheme}://${authority.text}${path}${parsed.search}`;
  if (normal.length > URL_MAX_BYTES) return no('the URL is too long');
  if (segmentsOf(path) > URL_MAX_SEGMENTS) return no('the URL has too many segments');
  // Frozen, since more than one caller may be given it.
  return { answer: Object.freeze({ ok: true, url: normal, scheme, host: authority.host, path }), authority };
}

interface Authority {
  /** As it stands in the URL. */
  readonly text: string;
  /** Without the one trailing dot. */
  readonly host: string;
  /** Empty where it is the scheme's default. */
  readonly port: string;
}

/** Null: no host, an empty label, or what is no host. WHATWG leaves hosts of `tool` and `tcp` as they are, so this does not. */
function canonicalAuthority(scheme: Scheme, hostname: string, port: string): Authority | null {
  let name = hostname;
  if (scheme === 'tool') {
    name = hostname.toLowerCase();
    if (!TOOL_HOST.test(name.replace(/\.$/, ''))) return null;
  } else if (scheme === 'tcp') {
    if (!AUTHORITY.test(hostname)) return null;
    try {
      name = new URL(`http://${hostname}/`).hostname;
    } catch {
      return null;
    }
  }
  const host = name.endsWith('.') ? name.slice(0, -1) : name;
  if (host === '' || (!host.startsWith('[') && hasEmptyLabel(host))) return null;
  return { text: port === '' ? name : `${name}:${port}`, host, port };
}

const hasEmptyLabel = (host: string): boolean => host.startsWith('.') || host.endsWith('.') || host.includes('..');

function namesSameHost(value: string, scheme: Scheme, url: Authority): boolean {
  const text = value.trim();
  if (!AUTHORITY.test(text)) return false;
  // ws and wss have the default ports of http and https; the others have none, which no special scheme can say.
  const base = scheme === 'ws' ? 'http' : scheme === 'wss' ? 'https' : scheme;
  try {
    const parsed = new URL(`${base}://${text}/`);
    const named = canonicalAuthority(scheme, parsed.hostname, parsed.port);
    return named !== null && named.host === url.host && named.port === url.port;
  } catch {
    return false;
  }
}

/** Segments of a path, the one trailing slash not counted. */
function segmentsOf(path: string): number {
  let parts = 0;
  for (let at = path.indexOf('/'); at !== -1; at = path.indexOf('/', at + 1)) parts += 1;
  return path.endsWith('/') ? parts - 1 : parts;
}
