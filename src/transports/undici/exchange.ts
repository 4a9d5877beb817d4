/**
 * One dispatch from its making until undici has it: held back, decided, handed over.
 *
 *   in   : the call as it was read, the handler that is to hear of it
 *   out  : undici's own dispatch of the copy that was judged; or the denial, told to the handler
 *   never: sends what was not decided
 */
import type { CheckrdPolicyDenied } from '../../agent/errors.js';
import type { Body } from '../../core/decide/types.js';
import type { Begin, Waiting } from '../node-http/decide.js';
import { fail, watched } from './handler.js';
import type { Pool } from './pool.js';
import { asHeaders, type Dispatched } from './request.js';

export class Exchange implements Waiting {
  gone = false;
  readonly givenUp: Promise<void>;
  /** What `dispatch` answers: false, its caller had better wait for `drain`. */
  hasRoom = true;
  /** What undici threw when it was handed the call. */
  thrown: { readonly error: unknown } | null = null;
  readonly #pool: Pool;
  readonly #read: Dispatched;
  readonly #handler: object;
  #giveUp = (): void => undefined;

  constructor(pool: Pool, read: Dispatched, handler: object) {
    this.#pool = pool;
    this.#read = read;
    this.#handler = handler;
    this.givenUp = new Promise(resolve => {
      this.#giveUp = resolve;
    });
  }

  async inspect(limit: number): Promise<Body | null> {
    try {
      return await this.#read.body.inspect(limit, this.#read.lines);
    } catch (error) {
      // As undici says it of a body that fails while it is sent.
      this.failed(error);
      return null;
    }
  }

  allow(calls: readonly [Begin, ...Begin[]]): void {
    const { url, options, lines, body } = this.#read;
    this.gone = true;
    this.#pool.admit(url);
    const handler = watched(this.#handler, calls, body.sizeBytes);
    const sent = { ...options, headers: asHeaders(lines), body: body.sent };
    try {
      this.hasRoom = this.#pool.dispatcher.dispatch(sent, handler);
    } catch (error) {
      for (const { call } of calls) call.finish({ result: 'error' });
      this.thrown = { error };
    }
  }

  deny(denial: CheckrdPolicyDenied): void {
    if (this.gone) return;
    this.#read.body.abandon(denial);
    this.failed(denial);
  }

  failed(error: unknown): void {
    if (this.gone) return;
    this.gone = true;
    this.#giveUp();
    fail(this.#handler, error);
  }
}
