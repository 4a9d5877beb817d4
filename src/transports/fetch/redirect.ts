/**
 * The Fetch standard's redirect rules, as Node's transport follows them.
 *
 *   in   : one response's status and Location, the hop that led to it
 *   out  : the next hop, or why there is none
 *   never: sends or judges; each hop is decided before it is followed
 *
 * @see Fetch standard, "HTTP-redirect fetch".
 */

export interface HopHead {
  readonly url: string;
  readonly method: string;
  readonly headers: Headers;
}

export type Redirect =
  /** No redirect at all: the response is the answer. */
  | { readonly kind: 'none' }
  /** `Location` is no URL: plain `fetch` fails with this cause. */
  | { readonly kind: 'invalid'; readonly cause: unknown }
  /** A scheme that is not followed. */
  | { readonly kind: 'scheme' }
  | { readonly kind: 'follow'; readonly head: HopHead; readonly keepsBody: boolean };

const STATUSES: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
/** What describes a body goes with it. @see Fetch, "request-body-header name". */
const BODY_HEADERS = ['content-encoding', 'content-language', 'content-location', 'content-type', 'content-length'];
/** What was meant for one origin only. */
const ORIGIN_HEADERS = ['authorization', 'proxy-authorization', 'cookie', 'host'];

export function isRedirect(status: number): boolean {
  return STATUSES.has(status);
}

/** Two addresses of different origin. */
export function isCross(one: string, other: string): boolean {
  return new URL(one).origin !== new URL(other).origin;
}

export function nextHop(from: HopHead, status: number, location: string | null): Redirect {
  if (!isRedirect(status) || location === null) return { kind: 'none' };
  const before = new URL(from.url);
  let to: URL;
  try {
    to = new URL(asText(location), before.href.slice(0, before.href.length - before.hash.length));
  } catch (cause) {
    return { kind: 'invalid', cause };
  }
  if (to.hash === '') to.hash = before.hash;
  if (to.protocol !== 'http:' && to.protocol !== 'https:') return { kind: 'scheme' };

  const becomesGet =
    ((status === 301 || status === 302) && from.method === 'POST') ||
    (status === 303 && from.method !== 'GET' && from.method !== 'HEAD');
  const headers = new Headers(from.headers);
  if (becomesGet) for (const name of BODY_HEADERS) headers.delete(name);
  if (to.origin !== before.origin) for (const name of ORIGIN_HEADERS) headers.delete(name);
  return {
    kind: 'follow',
    head: { url: to.href, method: becomesGet ? 'GET' : from.method, headers },
    keepsBody: !becomesGet,
  };
}

/** Header values arrive as bytes, one a character; servers that write no ASCII mean UTF-8. */
function asText(location: string): string {
  for (let i = 0; i < location.length; i++) {
    const code = location.charCodeAt(i);
    if (code > 0x7e || code < 0x20) return Buffer.from(location, 'latin1').toString('utf8');
  }
  return location;
}
