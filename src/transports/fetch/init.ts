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
  readonly signal: AbortSignal | null;
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

/** What a Request carries beyond the parts we copy; none of it changes where a call goes. */
const REQUEST_KEYS = ['cache', 'credentials', 'integrity', 'keepalive', 'mode', 'referrer', 'referrerPolicy'] as const;

/** Upper-cased whatever their spelling; any other method is sent as it is written. @see Fetch, "normalize a method". */
const NORMALISED = /^(?:delete|get|head|options|post|put)$/i;

/** @throws TypeError as plain `fetch` does, for what is no call at all. */
export function readCall(input: unknown, init: unknown): GivenCall {
  const given = readInit(init);
  if (input instanceof Request) return fromRequest(input, given);

  const text = typeof input === 'string' ? input : `${input as string}`;
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    return { kind: 'unparsable', method: methodName(given.method) };
  }
  if (isLocal(url.protocol)) return { kind: 'local', input: url.href, init: given };

  const taken = takeBody(given.body);
  if (taken === null) return fromRequest(url.href, given);
  if (isPlain(given)) {
    const headers = new Headers(given.headers as RequestInit['headers']);
    if (taken.type !== null && !headers.has('content-type')) headers.append('content-type', taken.type);
    return {
      kind: 'http',
      url: url.href,
      method: methodName(given.method),
      headers,
      body: taken.body,
      rest: restOf(given, REST_KEYS),
      redirect: (given.redirect as RedirectMode | undefined) ?? 'follow',
      signal: (given.signal as AbortSignal | null | undefined) ?? null,
    };
  }
  // A signal or a redirect mode that is none: Request says so in the transport's own words.
  return fromRequest(url.href, given);
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

function fromRequest(input: Request | string, given: Rest): GivenCall {
  const request = new Request(input, given as RequestInit);
  if (isLocal(request.url.slice(0, request.url.indexOf(':') + 1))) return { kind: 'local', input: request, init: {} };
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
    signal: request.signal,
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
  const method = `${given as string}`;
  return method.length <= METHOD_MAX_BYTES && NORMALISED.test(method) ? method.toUpperCase() : method;
}

function isLocal(protocol: string): boolean {
  return protocol === 'data:' || protocol === 'blob:';
}
