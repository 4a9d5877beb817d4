/**
 * The body of a dispatch, taken over from the caller once.
 *
 *   in   : whatever undici takes as a body
 *   out  : our own copy, or what is read of it: judged, and then the same is sent
 *   never: reads more than a rule wants before the call is let through
 */
import type { Body } from '../../core/decide/types.js';

type Line = readonly [name: string, value: string];
type Bytes = Uint8Array<ArrayBuffer>;

const encoder = new TextEncoder();

export class DispatchBody {
  /** As undici is to be given it. */
  sent: unknown;
  /** What can be said of it unread. */
  readonly judged: Body = { kind: 'unread' };
  #reader: AsyncIterator<unknown> | Iterator<unknown> | null = null;

  constructor(given: unknown) {
    this.sent = given;
    if (given === null || given === undefined) this.judged = { kind: 'none' };
    else if (typeof given === 'string') this.judged = { kind: 'bytes', bytes: encoder.encode(given) };
    else if (ArrayBuffer.isView(given) || given instanceof ArrayBuffer) {
      const bytes = copyOf(given);
      this.sent = Buffer.from(bytes.buffer);
      this.judged = { kind: 'bytes', bytes };
    } else if (given instanceof Blob) this.sent = Blob.prototype.slice.call(given, 0, undefined, given.type);
    else if (isForm(given)) this.sent = copyOfForm(given);
  }

  /** Bytes, where they are known; absent: they are counted while they are sent, or not at all. */
  get sizeBytes(): number | undefined {
    if (this.judged.kind === 'none') return 0;
    return this.judged.kind === 'bytes'
      ? this.judged.bytes.length
      : this.sent instanceof Blob
        ? this.sent.size
        : undefined;
  }

  /**
   * Reads up to `max` bytes. Null: nobody can read it here.
   *
   * @param lines Gets the content type that undici would have derived. @throws what reading it throws.
   */
  async inspect(max: number, lines: Line[]): Promise<Body | null> {
    const { sent } = this;
    if (sent instanceof Blob) {
      if (sent.size > max) return { kind: 'too_large' };
      return { kind: 'bytes', bytes: new Uint8Array(await sent.arrayBuffer()) };
    }
    if (sent instanceof FormData) return this.#inspectForm(sent, max, lines);
    this.#reader = readerOf(sent);
    return this.#reader === null ? null : this.#read(this.#reader, max, true);
  }

  /** It is not sent. */
  abandon(why: Error): void {
    const { destroy, on } = Object(this.sent) as { destroy?: unknown; on?: unknown };
    if (typeof destroy === 'function' && typeof on === 'function') {
      Reflect.apply(on, this.sent, ['error', () => undefined]);
      Reflect.apply(destroy, this.sent, [why]);
    }
    Promise.resolve(this.#reader?.return?.()).catch(() => undefined);
  }

  async #inspectForm(form: FormData, max: number, lines: Line[]): Promise<Body | null> {
    const { body, headers } = new Response(form);
    this.#reader = readerOf(body);
    if (this.#reader === null) return null;
    const found = await this.#read(this.#reader, max, false);
    if (found?.kind !== 'bytes') {
      // A form is made into bytes anew each time, of parts that do not change.
      this.sent = form;
      await this.#reader.return?.();
      return found;
    }
    this.sent = Buffer.from(found.bytes);
    if (!lines.some(([name]) => name.toLowerCase() === 'content-type'))
      lines.push(['content-type', headers.get('content-type') ?? '']);
    return found;
  }

  async #read(reader: AsyncIterator<unknown> | Iterator<unknown>, max: number, streams: boolean): Promise<Body | null> {
    const read: Uint8Array[] = [];
    let size = 0;
    while (size <= max) {
      const { done, value } = await reader.next();
      if (done === true) {
        const bytes = Buffer.concat(read);
        // As it came: a body that is read while it is sent.
        if (streams) this.sent = one(bytes);
        return { kind: 'bytes', bytes: new Uint8Array(bytes) };
      }
      const chunk =
        typeof value === 'string' ? encoder.encode(value) : value instanceof Uint8Array ? value.slice() : null;
      if (chunk === null) return null;
      read.push(chunk);
      size += chunk.length;
    }
    if (streams) this.sent = rest(read, reader);
    return { kind: 'too_large' };
  }
}

function readerOf(body: unknown): AsyncIterator<unknown> | Iterator<unknown> | null {
  const from = body as Partial<AsyncIterable<unknown> & Iterable<unknown>>;
  const open = from[Symbol.asyncIterator] ?? from[Symbol.iterator];
  return open === undefined ? null : (Reflect.apply(open, body, []) as AsyncIterator<unknown>);
}

function copyOf(given: ArrayBufferView | ArrayBuffer): Bytes {
  return ArrayBuffer.isView(given)
    ? new Uint8Array(new Uint8Array(given.buffer, given.byteOffset, given.byteLength))
    : new Uint8Array(given.slice(0));
}

/** Of any copy of undici. */
function isForm(given: unknown): given is Iterable<readonly [unknown, unknown]> {
  const { append, getAll, [Symbol.toStringTag]: tag } = Object(given) as Record<PropertyKey, unknown>;
  return tag === 'FormData' && typeof append === 'function' && typeof getAll === 'function';
}

/** @throws TypeError for a part that is neither text nor a Blob */
function copyOfForm(given: Iterable<readonly [unknown, unknown]>): FormData {
  const own = new FormData();
  for (const [name, value] of given) {
    if (typeof value === 'string') own.append(String(name), value);
    else own.append(String(name), value as Blob, (value as File).name);
  }
  return own;
}

async function* one(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  if (bytes.length > 0) yield bytes;
}

async function* rest(
  read: readonly Uint8Array[],
  reader: AsyncIterator<unknown> | Iterator<unknown>,
): AsyncGenerator<unknown> {
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
