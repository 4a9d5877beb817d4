/** Step 1 of §6, from the sentences of §3.2: what cannot be judged, and the parts of what can. */
export interface Parts {
  readonly scheme: string;
  /** Lower case, one trailing dot removed. */
  readonly host: string;
  /** Null where the scheme has none and none is written. */
  readonly port: number | null;
  /** Encoded, beginning with `/`. */
  readonly path: string;
  /** Without `?`. */
  readonly query: string;
}

const DEFAULT_PORT: Readonly<Record<string, number>> = { http: 80, ws: 80, https: 443, wss: 443 };
const SCHEMES = ['http', 'https', 'ws', 'wss', 'tool', 'tcp'];

/** Null: `request_invalid`. */
export function partsOf(method: string, url: string, headers: readonly (readonly [string, string])[]): Parts | null {
  if (!/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}$/.test(method)) return null;
  const parsed = parse(url);
  if (parsed === null) return null;
  const scheme = parsed.protocol.slice(0, -1);
  if (!SCHEMES.includes(scheme)) return null;
  if (parsed.username !== '' || parsed.password !== '') return null;
  const host = hostOf(canonical(scheme, parsed.hostname));
  if (host === null) return null;
  // §3.6 makes names of servers out of letters, digits, dots and hyphens; an address is no server's.
  if (scheme === 'tool' && !/^[a-z0-9._-]+$/.test(host)) return null;
  const path = parsed.pathname === '' ? '/' : parsed.pathname;
  // The parser of Node 20 leaves dot segments behind a segment that begins with a dot; what has them was not resolved.
  if (path.split('/').some(segment => /^(\.|%2e){1,2}$/i.test(segment))) return null;
  parsed.hash = '';
  if (parsed.href.length > 16 * 1024) return null;
  if (path.replace(/^\//, '').replace(/\/$/, '').split('/').length > 256) return null;
  const port = parsed.port === '' ? (DEFAULT_PORT[scheme] ?? null) : Number(parsed.port);
  for (const [name, value] of headers) {
    if (name.toLowerCase() !== 'host') continue;
    const named = authority(value.trim(), scheme);
    if (named === null || named.host !== host || named.port !== port) return null;
  }
  return { scheme, host, port, path, query: parsed.search.replace(/^\?/, '') };
}

/** Null: not a URL. `URL.canParse` is wrong about Latin-1 text in an optimised Node 20. */
function parse(url: string): URL | null {
  try {
    return new URL(url);
  } catch {
    return null;
  }
}

/** WHATWG parsing leaves the hosts of other schemes as they are; a raw socket's is a name or address like any. */
function canonical(scheme: string, hostname: string): string {
  return scheme === 'tcp' ? (parse(`http://${hostname}/`)?.hostname ?? '') : hostname;
}

function hostOf(hostname: string): string | null {
  const host = hostname.toLowerCase().replace(/\.$/, '');
  return host === '' || (!host.startsWith('[') && host.split('.').includes('')) ? null : host;
}

function authority(text: string, scheme: string): { host: string; port: number | null } | null {
  const match = /^(\[[0-9A-Fa-f:.]+\]|[^\s:/?#@\\[\]]+)(?::([0-9]*))?$/.exec(text);
  const host = match === null ? null : hostOf(parse(`http://${match[1]}/`)?.hostname ?? '');
  if (match === null || host === null) return null;
  const port = match[2] === undefined || match[2] === '' ? (DEFAULT_PORT[scheme] ?? null) : Number(match[2]);
  return port !== null && port > 65_535 ? null : { host, port };
}
