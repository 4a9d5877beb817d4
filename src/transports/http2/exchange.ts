/**
 * One request of a session from its making to its end: held back, decided, sent, watched.
 *
 *   in   : a held request; what Node does with its stream
 *   out  : the decision, in the turn of `request` where nothing has to be waited for; the outcome, once
 *   never: adds listeners, or properties that show
 */
import type { CheckrdPolicyDenied } from '../../agent/errors.js';
import type { Body } from '../../core/decide/types.js';
import { type Begin, decide, type Waiting } from '../node-http/decide.js';
import type { HttpPort } from '../node-http/port.js';
import { StreamFlight } from './flight.js';
import { HeldBody } from './held-body.js';
import type { HeldRequest } from './hold-request.js';
import { planOf, type SentHeaders } from './plan.js';
import type { Session } from './session.js';

/** Null: a session that was made past `http2.connect`. */
export function guardRequest(port: HttpPort, session: Session | null, held: HeldRequest, send: () => void): void {
  const exchange = new Exchange(session, held, send);
  watch(held, exchange);
  exchange.begin(port);
}

class Exchange implements Waiting {
  readonly #session: Session | null;
  readonly #held: HeldRequest;
  readonly #send: () => void;
  #state: 'deciding' | 'sent' | 'over' = 'deciding';
  #body: HeldBody | null = null;
  #flight: StreamFlight | null = null;
  #onGivenUp: (() => void) | null = null;
  #givenUp: Promise<void> | null = null;

  constructor(session: Session | null, held: HeldRequest, send: () => void) {
    this.#session = session;
    this.#held = held;
    this.#send = send;
  }

  begin(port: HttpPort): void {
    const { stream } = this.#held;
    this.#session?.used();
    if (stream.destroyed) {
      this.#state = 'over';
      return;
    }
    const body: Body = { kind: stream.writableEnded ? 'none' : 'unread' };
    const plan = planOf(stream.sentHeaders as SentHeaders, this.#session?.place ?? null, body);
    decide(port, plan, this).catch(error => {
      // Nothing here is meant to fail; should it, nothing goes out.
      if (this.#state !== 'deciding') return;
      this.#state = 'over';
      stream.destroy(error as Error);
    });
    // Before the program writes.
    if (this.#state === 'deciding') this.#body ??= new HeldBody(stream);
  }

  // ---- what Node tells

  seen(event: string | symbol, first: unknown): void {
    if (event === 'response') this.#flight?.answered(first as Record<string, unknown>);
    else if (event === 'close') {
      this.#flight?.closed();
      this.#held.forget();
      if (this.#state === 'deciding') this.#state = 'over';
      this.#onGivenUp?.();
    }
  }

  pushed(chunk: unknown): void {
    this.#flight?.pushed(chunk);
  }

  // ---- Waiting

  get gone(): boolean {
    return this.#state === 'over' || this.#held.stream.destroyed;
  }

  get givenUp(): Promise<void> {
    this.#givenUp ??= new Promise(resolve => {
      this.#onGivenUp = resolve;
      if (this.gone) resolve();
    });
    return this.#givenUp;
  }

  inspect(limit: number): Promise<Body | null> {
    this.#body ??= new HeldBody(this.#held.stream);
    return Promise.race([this.#body.read(limit), this.givenUp.then(() => null)]);
  }

  allow(calls: readonly [Begin, ...Begin[]]): void {
    const { stream } = this.#held;
    this.#state = 'sent';
    this.#flight = new StreamFlight(stream, calls, this.#announced(), denial => this.#session?.endPushed(denial));
    this.#flight.start();
    if (stream.destroyed) return;
    this.#session?.dial();
    this.#send();
    this.#body?.release();
  }

  deny(denial: CheckrdPolicyDenied): void {
    if (this.gone) return;
    this.#state = 'over';
    this.#held.stream.destroy(denial);
  }

  /** Bytes of the body where they are known beforehand. */
  #announced(): number | null {
    const { stream } = this.#held;
    const whole = this.#body?.wholeBytes ?? null;
    if (whole !== null) return whole;
    if (this.#body === null && stream.writableEnded) return 0;
    const said = Number(stream.sentHeaders['content-length'] ?? Number.NaN);
    return Number.isSafeInteger(said) && said >= 0 ? said : null;
  }
}

/** Sees what a stream says and is given, as properties of its own that nobody lists. */
function watch({ stream }: HeldRequest, exchange: Exchange): void {
  const { emit, push } = stream;
  const methods = {
    emit(event: string | symbol, ...args: unknown[]): boolean {
      exchange.seen(event, args[0]);
      return Reflect.apply(emit, stream, [event, ...args]);
    },
    push(chunk: unknown, encoding?: BufferEncoding): boolean {
      exchange.pushed(chunk);
      return push.call(stream, chunk, encoding);
    },
  };
  for (const [name, value] of Object.entries(methods)) {
    Object.defineProperty(stream, name, { configurable: true, writable: true, value });
  }
}
