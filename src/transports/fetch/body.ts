/**
 * The body of a call, taken over from the caller once.
 *
 *   in   : whatever `fetch` takes as a body
 *   out  : our own copy, which is judged and sent; its bytes, as far as a rule wants them
 *   never: knows a rule, sends anything
 *
 * Copies are made at the call, as plain `fetch` makes them; what the caller changes afterwards changes nothing.
 */
import { Readable } from 'node:stream';
import { types } from 'node:util';
import type { Body } from '../../core/decide/types.js';
import { Replay } from './replay.js';

/** As Node's types spell it. */
type BodyInit = NonNullable<RequestInit['body']>;

export type FixedBody = string | Uint8Array<ArrayBuffer> | Blob;

export type OwnBody =
  | { readonly kind: 'none' }
  /** Ours, with a known length; may be sent any number of times. */
  | { readonly kind: 'fixed'; readonly value: FixedBody; readonly bytes: number }
  /** Our own list of entries; serialised anew for each hop, as the standard does. */
  | { readonly kind: 'form'; readonly form: FormData }
  /** The caller's stream; can be sent once. */
  | { readonly kind: 'stream'; readonly value: ReadableStream<unknown> | AsyncIterable<unknown> };

/** A body with the content type that the standard derives from it. */
export interface TakenBody {
  readonly body: OwnBody;
  /** Null: none is implied. */
  readonly type: string | null;
}

const NONE: TakenBody = { body: { kind: 'none' }, type: null };
const encoder = new TextEncoder();

/**
 * Takes a body over. Null: a kind that only `new Request` knows how to read.
 * @see Fetch standard, "extract a body".
 */
export function takeBody(given: unknown): TakenBody | null {
  if (given === null || given === undefined) return NONE;
  if (typeof given === 'string') return fixedText(given, 'text/plain;charset=UTF-8');
  if (typeof given === 'symbol') return null;
  if (typeof given === 'symbol') return null;
  if (typeof given !== 'object') return fixedText(`${given as number}`, 'text/plain;charset=UTF-8');
  if (ArrayBuffer.isView(given)) return fixedBytes(copyOfView(given));
  if (types.isArrayBuffer(given)) return fixedBytes(new Uint8Array(given.slice(0)));
  if (given instanceof URLSearchParams) {
    return fixedText(given.toString(), 'application/x-www-form-urlencoded;charset=UTF-8');
  }
  if (given instanceof Blob) return takeBlob(given);
  if (given instanceof FormData) return { body: { kind: 'form', form: copyOfForm(given) }, type: null };
  if (given instanceof ReadableStream) return { body: { kind: 'stream', value: given }, type: null };
  if (typeof (given as Partial<AsyncIterable<unknown>>)[Symbol.asyncIterator] === 'function') {
    return { body: { kind: 'stream', value: given as AsyncIterable<unknown> }, type: null };
  }
  return null;
}

/** What can be said of a body without reading it. */
export function unreadBody(body: OwnBody): Body {
  if (body.kind === 'none' || (body.kind === 'fixed' && body.bytes === 0)) return { kind: 'none' };
  return { kind: 'unread' };
}

export function asBody(bytes: Uint8Array | null): Body {
  if (bytes === null) return { kind: 'too_large' };
  return bytes.byteLength === 0 ? { kind: 'none' } : { kind: 'bytes', bytes };
}

export function fixedBody(bytes: Uint8Array<ArrayBuffer>): OwnBody {
  return { kind: 'fixed', value: bytes, bytes: bytes.byteLength };
}

/** The bytes of a fixed body; null when there are more than `limit`. A string comes back encoded, ready to be sent. */
export async function readFixed(value: FixedBody, limit: number): Promise<Uint8Array<ArrayBuffer> | null> {
  if (typeof value === 'string') {
    if (value.length > limit) return null;
    const bytes = encoder.encode(value);
    return bytes.byteLength > limit ? null : bytes;
  }
  if (value instanceof Uint8Array) return value.byteLength > limit ? null : value;
  return value.size > limit ? null : new Uint8Array(await value.arrayBuffer());
}

/** All of a stream that nobody else reads; null, and the stream cancelled, when it is longer than `limit`. */
export async function readAll(stream: ReadableStream<unknown>, limit: number): Promise<Uint8Array<ArrayBuffer> | null> {
  const replay = new Replay(stream);
  const bytes = await replay.fill(limit);
  if (bytes === null) replay.cancel(undefined);
  return bytes;
}

/** True where plain `fetch` would refuse the stream. */
export function isSpent(value: ReadableStream<unknown> | AsyncIterable<unknown>): boolean {
  const spent = Readable.isDisturbed(value as never);
  return value instanceof ReadableStream ? value.locked || spent : spent;
}

export function nativeBody(body: Exclude<OwnBody, { kind: 'none' }>): BodyInit {
  return (body.kind === 'form' ? body.form : body.value) as BodyInit;
}

function fixedText(value: string, type: string): TakenBody {
  return { body: { kind: 'fixed', value, bytes: Buffer.byteLength(value) }, type };
}

function fixedBytes(value: Uint8Array<ArrayBuffer>): TakenBody {
  return { body: fixedBody(value), type: null };
}

function copyOfView(view: ArrayBufferView): Uint8Array<ArrayBuffer> {
  return new Uint8Array(new Uint8Array(view.buffer, view.byteOffset, view.byteLength));
}

/** A Blob's bytes never change, but a subclass may answer differently each time: a slice is a genuine Blob. */
function takeBlob(blob: Blob): TakenBody {
  const type = blob.type;
  const own = Blob.prototype.slice.call(blob, 0, undefined, type);
  return { body: { kind: 'fixed', value: own, bytes: own.size }, type: type === '' ? null : type };
}

function copyOfForm(form: FormData): FormData {
  const own = new FormData();
  for (const [name, value] of FormData.prototype.entries.call(form)) {
    if (typeof value === 'string') own.append(name, value);
    else own.append(name, value, value.name);
  }
  return own;
}
