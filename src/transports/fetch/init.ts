/**
 * The arguments of a call, read once.
 *
 *   in   : what the caller gave `fetch`: any object, with getters that may answer differently each time
 *   out  : our own copy of method, URL, headers and body, and the settings that only the transport needs
 *   never: looks at the caller's objects again
 *
 * No Request is built for a string or a URL: it would cost more than everything else together.
 */
import { METHOD_MAX_BYTES } from '../../core/limits.js';
import { nativeBody, type OwnBody, takeBody } from './body.js';

export type RedirectMode = 'follow' | 'manual' | 'error';

/** Settings that reach the transport as they are, on every hop. */
export type Rest = Record<string, unknown>;

export interface HttpCall {
  readonly kind: 'http';
  /** WHATWG-normalised. */
  readonly url: string;
  readonly method: string;
  /** Ours: judged and sent. Holds the content type that the body implies, but for a form's, which has a boundary. */
  readonly headers: Headers;
  /** `request`: the caller gave a Request (or a body only Request can read); ours is a genuine copy of it. */
  readonly body: OwnBody | { readonly kind: 'request'; readonly request: Request };
  readonly rest: Rest;
  readonly redirect: RedirectMode;
  /** Where redirects are followed by us, the digest that the last answer must have; else empty. */
  readonly integrity: string;
  readonly signal: AbortSignal | null;
  /** Requests whose signals forward the caller's only while they live; to be kept until the call has ended. */
  readonly keep: readonly Request[];
}

export type GivenCall =
  | HttpCall
  /** Leaves no machine (`data:`, `blob:`): not judged. `send` hands it to the transport. */
  | { readonly kind: 'local'; readonly input: string | Request; readonly init: Rest }
  | { readonly kind: 'unparsable'; readonly method: string };

/** What the Fetch standard and Node's transport read from an init. */
const REST_KEYS = [
  'cache',
  'credentials',
  'dispatcher',
  'duplex',
  'integrity',
  'keepalive',
  'mode',
  'priority',
  'referrer',
  'referrerPolicy',
  'window',
] as const;

const KEYS_TO_FOLLOW = REST_KEYS.filter(key => key !== 'integrity');

/** What a Request carries beyond the parts we copy; none of it changes where a call goes. */
const REQUEST_KEYS = ['cache', 'credentials', 'integrity', 'keepalive', 'mode', 'referrer', 'referrerPolicy'] as const;

/** Upper-cased whatever their spelling; any other method is sent as it is written. @see Fetch, "normalize a method". */
const NORMALISED = /^(?:delete|get|head|options|post|put)$/i;

/**
 * @param strict A dispatcher that hides in a Request is set aside; one in the init is left for the caller to refuse.
 * @throws TypeError as plain `fetch` does, for what is no call at all.
 */
export function readCall(input: unknown, init: unknown, strict: boolean): GivenCall {
  const given = readInit(init);
  if (input instanceof Request) {
    const usual = strict && given.dispatcher === undefined ? usualDispatcher() : undefined;
    return fromRequest(input, given, usual === undefined ? given : { ...given, dispatcher: usual });
  }

  const text = typeof input === 'string' ? input : `${input as string}`;
  const href = normalise(text);
  if (href === null) return { kind: 'unparsable', method: methodName(given.method) };
  if (isLocal(href)) return { kind: 'local', input: href, init: given };

  const taken = takeBody(given.body);
  if (taken === null) return fromRequest(href, given);
  if (isPlain(given)) {
    const headers = new Headers(given.headers as RequestInit['headers']);
    if (taken.type !== null && !headers.has('content-type')) headers.append('content-type', taken.type);
    const redirect = (given.redirect as RedirectMode | undefined) ?? 'follow';
    const integrity = redirect === 'follow' && given.integrity !== undefined ? `${given.integrity as string}` : '';
    return {
      kind: 'http',
      url: href,
      method: methodName(given.method),
      headers,
      body: taken.body,
      rest: restOf(given, integrity === '' ? REST_KEYS : KEYS_TO_FOLLOW),
      redirect,
      integrity,
      signal: (given.signal as AbortSignal | null | undefined) ?? null,
      keep: [],
    };
  }
  // A signal or a redirect mode that is none: Request says so in the transport's own words.
  return fromRequest(href, given);
}

/** A call with no own body left to read: for the errors and the side effects that only Request has. */
export function nativeRequest(call: HttpCall): Request {
  if (call.body.kind === 'request') return call.body.request;
  return new Request(call.url, {
    ...call.rest,
    method: call.method,
    headers: call.headers,
    signal: call.signal,
    ...(call.body.kind === 'none' ? {} : { body: nativeBody(call.body) }),
  } as RequestInit);
}

/** Reads each property once, in the order in which dictionaries are read. */
function readInit(init: unknown): Rest {
  if (init === undefined || init === null) return {};
  if (typeof init !== 'object' && typeof init !== 'function') {
    new Request('http://localhost/', init as RequestInit);
    throw new TypeError('init is not an object');
  }
  const read: Rest = {};
  const from = init as Rest;
  for (const key of INIT_KEYS) {
    const value = from[key];
    if (value !== undefined) read[key] = value;
  }
  return read;
}

const INIT_KEYS = [...REST_KEYS, 'body', 'headers', 'method', 'redirect', 'signal'].sort();

/** What the transport uses by itself; it is there as soon as anybody has touched Request. */
function usualDispatcher(): unknown {
  const names = globalThis as unknown as Record<symbol, unknown>;
  return names[Symbol.for('undici.globalDispatcher.2')] ?? names[Symbol.for('undici.globalDispatcher.1')];
}

function fromRequest(input: Request | string, given: Rest, init: Rest = given): GivenCall {
  const whole = new Request(input, init as RequestInit);
  const follows = whole.redirect === 'follow' && whole.integrity !== '';
  const request = follows ? new Request(whole, { integrity: '' }) : whole;
  if (isLocal(request.url)) return { kind: 'local', input: request, init: {} };
  const rest = restOf(request as unknown as Rest, REQUEST_KEYS);
  if (given.dispatcher !== undefined) rest.dispatcher = given.dispatcher;
  return {
    kind: 'http',
    url: request.url,
    method: request.method,
    headers: request.headers,
    body: request.body === null ? { kind: 'none' } : { kind: 'request', request },
    rest,
    redirect: request.redirect,
    integrity: follows ? whole.integrity : '',
    signal: request.signal,
    keep: [whole, request, ...(input instanceof Request ? [input] : [])],
  };
}

function restOf(from: Rest, keys: readonly string[]): Rest {
  const rest: Rest = {};
  for (const key of keys) {
    const value = from[key];
    if (value !== undefined) rest[key] = value;
  }
  return rest;
}

function isPlain(given: Rest): boolean {
  const { signal, redirect } = given;
  return (
    (signal === undefined || signal === null || signal instanceof AbortSignal) &&
    (redirect === undefined || redirect === 'follow' || redirect === 'manual' || redirect === 'error')
  );
}

function methodName(given: unknown): string {
  if (given === undefined) return 'GET';
  // The transport's own words.
  if (typeof given === 'symbol') return new Request('http://localhost/', { method: given as never }).method;
  // The transport's own words.
  if (typeof given === 'symbol') return new Request('http://localhost/', { method: given as never }).method;
  const method = `${given as string}`;
  return method.length <= METHOD_MAX_BYTES && NORMALISED.test(method) ? method.toUpperCase() : method;
}

function isLocal(href: string): boolean {
  return href.startsWith('data:') || href.startsWith('blob:');
}

/** The last text that was a URL, and that URL: most programs call one address again and again. */
let lastText = '';
let lastHref: string | null = null;

/** As WHATWG writes it; null: relative, or no URL at all. */
function normalise(text: string): string | null {
  if (lastHref !== null && text === lastText) return lastHref;
  try {
    const { href } = new URL(text);
    // A `data:` URL may be megabytes long; nothing calls one twice in a row.
    if (!isLocal(href)) {
      lastText = text;
      lastHref = href;
    }
    return href;
  } catch {
    return null;
  }
}
