/**
 * The response the caller gets: the transport's own object, whose body ends when the switch fires.
 *
 *   in   : a genuine Response, the flight it belongs to
 *   out  : the same object (its headers, URL and brand are the transport's) with the reading methods watched
 *   never: builds a stream unless `.body` is asked for
 *
 * The prototype is exchanged for one that inherits from the old: `instanceof`, `constructor` and the name stay.
 */
import { Readable } from 'node:stream';
import { endDropped } from './dropped.js';
import type { Flight } from './flight.js';
import { type Guard, guardedStream, type Trail } from './guarded-stream.js';

const guards = new WeakMap<Response, Guard>();
/** Apart from Guard: the stream holds its response, and whoever waits for the response's collection holds Guard. */
const streams = new WeakMap<Response, ReadableStream>();
const prototypes = new WeakMap<object, object>();
const dropped = new FinalizationRegistry<Guard>(endDropped);
const decoder = new TextDecoder();

/** Watches the body of `response` and books its end. `trail`: the hops that came before it. */
export function guardResponse(response: Response, flight: Flight, trail: Trail): Response {
  if (!(response instanceof Response)) {
    flight.branch().end('read');
    return response;
  }
  const branch = flight.branch(response.headers.get('content-type'));
  const empty = response.body === null || response.headers.get('content-length') === '0';
  if (empty) branch.end('read', 0);
  if (empty && !trail.redirected) return response;
  return watch(response, { branch, trail, reader: null }, !empty);
}

function watch(response: Response, guard: Guard, open: boolean): Response {
  const parent: object = Object.getPrototypeOf(response);
  let own = prototypes.get(parent);
  if (own === undefined) {
    own = guardedPrototype(parent as Response);
    prototypes.set(parent, own);
  }
  Object.setPrototypeOf(response, own);
  guards.set(response, guard);
  if (open) dropped.register(response, guard);
  return response;
}

/** The methods of `parent`, each with the watch in front. */
function guardedPrototype(parent: Response): object {
  const native = <T>(response: Response, key: keyof Response): T => Reflect.get(parent, key, response) as T;

  function isUsed(response: Response): boolean {
    const stream = streams.get(response);
    return native<boolean>(response, 'bodyUsed') || (stream !== undefined && Readable.isDisturbed(stream as never));
  }

  function bodyOf(response: Response): ReadableStream | null {
    const made = streams.get(response);
    if (made !== undefined) return made;
    const raw = native<ReadableStream<Uint8Array> | null>(response, 'body');
    const guard = guards.get(response);
    // A locked one is being read by a method of this response, or was.
    if (raw === null || raw.locked || guard === undefined || native<boolean>(response, 'bodyUsed')) return raw;
    const stream = guardedStream(response, raw, guards);
    streams.set(response, stream);
    return stream;
  }

  /** Gives an unread stream of ours back, so that the transport's own methods can be used. False: it is in use. */
  function release(response: Response, guard: Guard): boolean {
    const stream = streams.get(response);
    if (stream === undefined) return !native<boolean>(response, 'bodyUsed');
    if (stream.locked || Readable.isDisturbed(stream as never) || guard.reader === null) return false;
    stream.getReader();
    guard.reader.releaseLock();
    guard.reader = null;
    return true;
  }

  async function consume(response: Response, method: 'arrayBuffer' | 'text'): Promise<ArrayBuffer> {
    const guard = guards.get(response);
    const read = native<() => Promise<ArrayBuffer>>(response, method === 'text' ? 'text' : 'arrayBuffer');
    // In use, or not ours: the transport's own method knows what to say.
    if (guard === undefined || !release(response, guard)) return read.call(response);
    const work = native<() => Promise<ArrayBuffer>>(response, 'arrayBuffer').call(response);
    try {
      const bytes = await guard.branch.flight.race(work);
      guard.branch.saw(new Uint8Array(bytes));
      guard.branch.end('read', bytes.byteLength);
      return bytes;
    } catch (error) {
      guard.branch.end('failed');
      throw error;
    }
  }

  /** For what only a Response can make of bytes and a content type. */
  function typed(response: Response, bytes: ArrayBuffer): Response {
    const type = response.headers.get('content-type');
    return new Response(bytes, type === null ? {} : { headers: { 'content-type': type } });
  }

  const methods = {
    get body(): ReadableStream | null {
      return bodyOf(this as unknown as Response);
    },
    get bodyUsed(): boolean {
      return isUsed(this as unknown as Response);
    },
    get redirected(): boolean {
      const response = this as unknown as Response;
      return guards.get(response)?.trail.redirected === true || native<boolean>(response, 'redirected');
    },
    get type(): string {
      const response = this as unknown as Response;
      return guards.get(response)?.trail.crossed === true ? 'cors' : native<string>(response, 'type');
    },
    async arrayBuffer(this: Response): Promise<ArrayBuffer> {
      return await consume(this, 'arrayBuffer');
    },
    async bytes(this: Response): Promise<Uint8Array> {
      return new Uint8Array(await consume(this, 'arrayBuffer'));
    },
    async text(this: Response): Promise<string> {
      return decoder.decode(await consume(this, 'text'));
    },
    async json(this: Response): Promise<unknown> {
      return JSON.parse(decoder.decode(await consume(this, 'text')));
    },
    async blob(this: Response): Promise<Blob> {
      return await typed(this, await consume(this, 'arrayBuffer')).blob();
    },
    async formData(this: Response): Promise<FormData> {
      return await typed(this, await consume(this, 'arrayBuffer')).formData();
    },
    clone(this: Response): Response {
      const guard = guards.get(this);
      const copy = native<() => Response>(this, 'clone');
      if (guard === undefined || !release(this, guard)) return copy.call(this);
      const open = native<unknown>(this, 'body') !== null;
      const other = copy.call(this);
      streams.delete(this);
      const branch = open ? guard.branch.flight.branch(other.headers.get('content-type')) : guard.branch;
      return watch(other, { branch, trail: guard.trail, reader: null }, open);
    },
  };
  const own = Object.getOwnPropertyDescriptors(methods) as Record<string, PropertyDescriptor>;
  if (!('bytes' in parent)) delete own.bytes;
  return Object.create(parent, own);
}
