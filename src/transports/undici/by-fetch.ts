/**
 * A call that the guarded `fetch` has decided, on its way through a dispatcher that the program has set for all: it may end in
 * the guarded one, and is not decided again there.
 *
 *   in   : the call as it was judged; what a dispatcher of the program's makes of it
 *   out  : the call to send, once, if it is still the same one
 *   never: waves through what was changed on the way, or sent again: that is decided
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { isDeepStrictEqual } from 'node:util';
import { asHeaders, type Dispatched, readDispatch } from './request.js';

interface Judged {
  readonly url: string;
  readonly method: string;
  readonly headers: Headers;
  /** Null: none. */
  readonly body: string | Uint8Array | Blob | null;
  used: boolean;
}

const inside = new AsyncLocalStorage<Judged>();

/** What `fetch` adds to a call by itself. */
const FETCHS_OWN =
  /^(accept|accept-encoding|accept-language|cache-control|connection|content-length|content-type|host|pragma|sec-fetch-mode|user-agent)$/;

interface Handed {
  readonly method: string | undefined;
  readonly headers: RequestInit['headers'];
  readonly body: unknown;
}

/** Runs the hand-over of a decided call. */
export function handedOn<T>(url: string, call: Handed, run: () => T): T {
  const { method = 'GET', headers, body = null } = call;
  const isFixed = body === null || typeof body === 'string' || body instanceof Uint8Array || body instanceof Blob;
  // A stream cannot be known again: it is decided there once more.
  if (!isFixed) return run();
  return inside.run({ url, method, headers: new Headers(headers), body, used: false }, run);
}

/** Null: it has to be decided. */
export function judgedByFetch(given: object): Pick<Dispatched, 'url' | 'options'> | null {
  const judged = inside.getStore();
  if (judged === undefined || judged.used) return null;
  const { plan, url, options, lines } = readDispatch(given);
  if (plan.kind === 'refuse' || plan.before !== null || plan.request.url !== new URL(judged.url).href.split('#', 1)[0])
    return null;
  if (plan.request.method !== judged.method.toUpperCase() && plan.request.method !== judged.method) return null;
  if ((plan.request.body.kind === 'none') !== (judged.body === null)) return null;
  const found = new Headers(lines.filter(([name]) => !FETCHS_OWN.test(name.toLowerCase()) || judged.headers.has(name)));
  if (!isDeepStrictEqual([...found], [...judged.headers])) return null;
  judged.used = true;
  const body =
    typeof judged.body === 'string' || judged.body instanceof Uint8Array ? Buffer.from(judged.body) : judged.body;
  return { url, options: { ...options, headers: asHeaders(lines), body } };
}
