/**
 * One hop, ready to be judged and then sent: both see the same copies.
 *
 *   in   : URL, method, headers and body, all ours
 *   out  : the header lines as they will be sent; the bytes, when a rule wants them; the transport's answer
 *   never: decides
 */
import type { Body, HeaderLines } from '../../core/decide/types.js';
import { BODY_INSPECT_DEFAULT_BYTES } from '../../core/limits.js';
import { asBody, fixedBody, isSpent, nativeBody, type OwnBody, readAll, readFixed, unreadBody } from './body.js';
import type { HttpCall, RedirectMode, Rest } from './init.js';
import type { HopHead } from './redirect.js';
import { Replay } from './replay.js';

type CallBody = HttpCall['body'];

/** A Request's body is kept for a redirect that sends it again, up to here. */
const REPLAY_MAX_BYTES = BODY_INSPECT_DEFAULT_BYTES;

export class Outgoing {
  readonly head: HopHead;
  readonly #rest: Rest;
  #body: CallBody;
  /** What the transport is given instead of an init: for bodies that only Request can carry unchanged. */
  #request: Request | null = null;
  /** The caller's stream, once it is ours: read for judgement, or on its way. */
  #replay: Replay | null = null;
  #again: Promise<Uint8Array<ArrayBuffer> | null> | null = null;

  constructor(head: HopHead, body: CallBody, rest: Rest) {
    this.head = head;
    this.#body = body;
    this.#rest = rest;
    if (body.kind === 'request') this.#request = body.request;
    if (body.kind === 'form') this.#request = this.#formRequest(body.form);
  }

  /** In order, as they will be sent; recomputed when reading the body changed them (a form's boundary). */
  get lines(): HeaderLines {
    return [...(this.#request?.headers ?? this.head.headers)];
  }

  get traceparent(): string | null {
    return this.head.headers.get('traceparent');
  }

  get unread(): Body {
    return this.#body.kind === 'request' ? { kind: 'unread' } : unreadBody(this.#body);
  }

  /** Undefined where only sending tells. */
  get bytes(): number | undefined {
    return this.#body.kind === 'none' ? 0 : this.#body.kind === 'fixed' ? this.#body.bytes : undefined;
  }

  /**
   * Reads the body for judgement, hardly further than `limit`.
   * @throws TypeError as the transport would, for a body it would refuse or one that fails while it is read.
   */
  async inspect(limit: number): Promise<Body> {
    const body = this.#body;
    switch (body.kind) {
      case 'none':
        return { kind: 'none' };
      case 'fixed': {
        const bytes = await readFixed(body.value, limit);
        if (bytes !== null) this.#body = fixedBody(bytes);
        return asBody(bytes);
      }
      case 'form':
      case 'request': {
        const request = this.#request!;
        // The clone keeps the length that the transport announces; only a body read whole is replaced by its bytes.
        const bytes = await failing(readAll(request.clone().body!, limit));
        if (bytes !== null) this.#settle(bytes, request.headers);
        return asBody(bytes);
      }
      case 'stream': {
        if (isSpent(body.value) || this.#rest.duplex === undefined) {
          new Request(this.head.url, {
            ...this.#rest,
            method: this.head.method,
            body: nativeBody(body),
          } as RequestInit);
          throw new TypeError('Response body object should not be disturbed or locked');
        }
        this.#replay = new Replay(body.value);
        return asBody(await failing(this.#replay.fill(limit)));
      }
    }
  }

  /** Hands the hop over. `follows`: a redirect may want the body again. */
  send(base: typeof fetch, signal: AbortSignal, redirect: RedirectMode, follows: boolean): Promise<Response> {
    if (this.#request !== null) {
      if (follows && this.#body.kind === 'request') {
        this.#again = readAll(this.#request.clone().body!, REPLAY_MAX_BYTES);
        this.#again.catch(() => undefined);
      }
      const { dispatcher } = this.#rest;
      return base(this.#request, {
        redirect,
        signal,
        ...(dispatcher === undefined ? {} : { dispatcher }),
      } as RequestInit);
    }
    const body = this.#body;
    // What plain fetch would refuse is left to the transport, which knows the words.
    if (body.kind === 'stream' && this.#rest.duplex !== undefined && !isSpent(body.value)) {
      this.#replay ??= new Replay(body.value);
    }
    const init: Rest = { ...this.#rest, method: this.head.method, headers: this.head.headers, redirect, signal };
    if (this.#replay !== null) init.body = this.#replay.rest();
    else if (body.kind !== 'none') init.body = nativeBody(body as Exclude<OwnBody, { kind: 'none' }>);
    return base(this.head.url, init as RequestInit);
  }

  /** The body for the next hop; null: it is gone and cannot be sent again. */
  async again(): Promise<OwnBody | null> {
    const body = this.#body;
    if (body.kind === 'stream') return null;
    if (body.kind !== 'request') return body;
    const bytes = await this.#again;
    return bytes === null ? null : fixedBody(bytes);
  }

  /** Nothing will be sent, or nothing more: a caller's stream is told so, as the transport would. */
  abandon(reason: unknown): void {
    const body = this.#body;
    if (this.#replay !== null) this.#replay.cancel(reason);
    else if (body.kind === 'stream' && body.value instanceof ReadableStream && !body.value.locked) {
      body.value.cancel(reason).catch(() => undefined);
    } else if (body.kind === 'request') body.request.body?.cancel(reason).catch(() => undefined);
  }

  /** From here on the body is these bytes, with the content type that the Request gave it. */
  #settle(bytes: Uint8Array<ArrayBuffer>, headers: Headers): void {
    const type = headers.get('content-type');
    if (type !== null) this.head.headers.set('content-type', type);
    this.#body = fixedBody(bytes);
    this.#request = null;
  }

  #formRequest(form: FormData): Request {
    const { method, headers } = this.head;
    return new Request(this.head.url, { ...this.#rest, method, headers, body: form } as RequestInit);
  }
}

/** A body that fails while it is read fails the call as it does in the transport. */
async function failing<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (cause) {
    throw new TypeError('fetch failed', { cause });
  }
}
