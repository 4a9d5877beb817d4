/**
 * A call as undici's `dispatch` is given it: read once, judged and sent as that copy.
 *
 *   in   : the options of a dispatch
 *   out  : the request to judge and the options to send; or why it cannot be judged
 *   never: leaves anything in the options that was not looked at and says where the call goes
 */
import { stringify } from 'node:querystring';
import type { Body, HttpRequest } from '../../core/decide/types.js';

export type Dispatched =
  | {
      readonly kind: 'judge';
      readonly url: URL;
      readonly request: HttpRequest;
      readonly options: Record<string, unknown>;
    }
  | { readonly kind: 'refuse'; readonly code: 'request_invalid' | 'redirect_refused'; readonly reason: string };

const no = (reason: string): Dispatched => ({ kind: 'refuse', code: 'request_invalid', reason });

export function readDispatch(given: object): Dispatched {
  // Left out, not deleted: an object with a hole in it is slow to copy, and undici copies it.
  const { query, maxRedirections, ...options } = given as Record<string, unknown>;
  const { origin, path, method, upgrade } = options;
  if (typeof maxRedirections === 'number' && maxRedirections > 0) {
    return { kind: 'refuse', code: 'redirect_refused', reason: 'undici would follow redirects without asking' };
  }
  if (typeof method !== 'string') return no('the method is not a token');
  if (typeof path !== 'string' || !path.startsWith('/')) return no('the path of the call is not one');
  const base = originOf(origin);
  if (base === null) return no('the origin of the call is not one of http or https');
  const search = query === undefined || query === null ? '' : `?${stringify(query as Record<string, string>)}`;
  let url: URL;
  try {
    url = new URL(`${base}${path}${search}`);
  } catch {
    return no('the URL is relative or cannot be parsed');
  }
  const headers = readHeaders(options.headers);
  if (headers === null) return no('the headers of the call cannot be read');
  const sent = readBody(options.body);
  Object.assign(options, { origin: url.origin, path: `${url.pathname}${url.search}`, method, headers: headers.flat() });
  options.body = sent.body;
  // `http` and `https` become `ws` and `wss`.
  const judged = upgrade === 'websocket' ? url.href.replace(/^http/, 'ws') : url.href;
  const request: HttpRequest = { method, url: judged, headers, body: sent.judged };
  return { kind: 'judge', url, request, options };
}

function originOf(origin: unknown): string | null {
  try {
    const url = new URL(String(origin));
    const isPlain = url.username === '' && url.password === '' && url.pathname === '/' && url.search === '';
    return isPlain && /^https?:$/.test(url.protocol) ? url.origin : null;
  } catch {
    return null;
  }
}

/** Flat array, object, or pairs; lists of values are lines of their own. */
function readHeaders(given: unknown): [string, string][] | null {
  const lines: [string, string][] = [];
  const add = (name: unknown, value: unknown): void => {
    if (value === null || value === undefined) return;
    for (const one of Array.isArray(value) ? value : [value]) lines.push([String(name), headerText(one)]);
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

function headerText(value: unknown): string {
  return value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : String(value);
}

const encoder = new TextEncoder();

function readBody(body: unknown): { readonly body: unknown; readonly judged: Body } {
  if (body === null || body === undefined) return { body, judged: { kind: 'none' } };
  if (typeof body === 'string') return { body, judged: { kind: 'bytes', bytes: encoder.encode(body) } };
  if (ArrayBuffer.isView(body) || body instanceof ArrayBuffer) {
    const bytes = ArrayBuffer.isView(body)
      ? new Uint8Array(body.buffer, body.byteOffset, body.byteLength).slice()
      : new Uint8Array(body).slice();
    return { body: Buffer.from(bytes.buffer), judged: { kind: 'bytes', bytes } };
  }
  return { body, judged: { kind: 'unread' } };
}

/** Reads a body up to `max` bytes. What was read is what is sent, and then the rest. Null: nobody can read it here. */
export async function inspect(body: unknown, max: number): Promise<{ body: unknown; judged: Body } | null> {
  const open = (body as Partial<AsyncIterable<unknown>>)[Symbol.asyncIterator] ?? null;
  if (open === null) return null;
  const reader = open.call(body) as AsyncIterator<unknown>;
  const read: Uint8Array[] = [];
  let size = 0;
  while (size <= max) {
    const { done, value } = await reader.next();
    if (done === true) {
      const bytes = Buffer.concat(read);
      return { body: one(bytes), judged: { kind: 'bytes', bytes: new Uint8Array(bytes) } };
    }
    const chunk =
      typeof value === 'string' ? encoder.encode(value) : value instanceof Uint8Array ? value.slice() : null;
    if (chunk === null) return null;
    read.push(chunk);
    size += chunk.length;
  }
  return { body: rest(read, reader), judged: { kind: 'too_large' } };
}

// As it came: a body that is read while it is sent.
async function* one(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  if (bytes.length > 0) yield bytes;
}

async function* rest(read: readonly Uint8Array[], reader: AsyncIterator<unknown>): AsyncGenerator<unknown> {
  try {
    yield* read;
    for (;;) {
      const { done, value } = await reader.next();
      if (done === true) return;
      yield value;
    }
  } finally {
    await reader.return?.();
  }
}
