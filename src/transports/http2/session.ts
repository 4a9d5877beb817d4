/**
 * A session as the guard knows it: where it goes, and whether it has been let go.
 *
 *   in   : a session of Node's whose socket waits, or one on a socket that somebody else has decided
 *   out  : the connection, with the first request that is allowed; or as `CONNECT tcp://host:port/` where no request was made
 *          in the turn of `connect`, since the program waits for the connection
 *   never: opens anything before one of these was allowed
 */
import type { ClientHttp2Session, ClientHttp2Stream } from 'node:http2';
import type { CheckrdPolicyDenied } from '../../agent/errors.js';
import { killedDenial } from '../denial.js';
import { type Begin, decide, type Waiting } from '../node-http/decide.js';
import type { HttpPort } from '../node-http/port.js';
import { endStream } from './flight.js';
import type { HeldSocket } from './held-socket.js';
import type { Place } from './place.js';
import { connectionOf } from './plan.js';

const sessions = new WeakMap<object, Session>();

/** Null: one that was made past `http2.connect`. */
export function sessionOf(session: object): Session | null {
  return sessions.get(session) ?? null;
}

export class Session implements Waiting {
  /** Null: only its socket knows. */
  readonly place: Place | null;
  readonly #session: ClientHttp2Session;
  #held: HeldSocket | null;
  #used = false;
  /** Answers nobody asked for, which come with others. */
  readonly #pushed = new Set<ClientHttp2Stream>();
  readonly givenUp: Promise<void>;
  #ended: (result: 'ok' | 'error') => void = () => undefined;
  #failed = false;

  /** @param connected Told before the program is. */
  constructor(
    port: HttpPort,
    session: ClientHttp2Session,
    place: Place | null,
    held: HeldSocket | null,
    connected: () => void,
  ) {
    this.place = place;
    this.#session = session;
    this.#held = held;
    sessions.set(session, this);
    let closed = (): void => undefined;
    this.givenUp = new Promise(resolve => {
      closed = resolve;
    });
    const { emit } = session;
    const value = (event: string | symbol, ...args: unknown[]): boolean => {
      if (event === 'stream') this.#keep(args[0] as ClientHttp2Stream);
      else if (event === 'connect') connected();
      else if (event === 'error') this.#failed = true;
      else if (event === 'close') {
        this.#ended(this.#failed ? 'error' : 'ok');
        closed();
      }
      return Reflect.apply(emit, session, [event, ...args]);
    };
    Object.defineProperty(session, 'emit', { configurable: true, writable: true, value });
    if (held === null) return;
    this.#endWithoutDialling();
    setImmediate(() => this.#unlessUsed(port));
  }

  /** A request was made, whatever becomes of it. */
  used(): void {
    this.#used = true;
  }

  /** Something on it was allowed. */
  dial(): void {
    this.#take()?.dial();
  }

  endPushed(denial: CheckrdPolicyDenied): void {
    for (const stream of this.#pushed) endStream(stream, denial);
  }

  /** Once: what becomes of the socket is settled then. */
  #take(): HeldSocket | null {
    const held = this.#held;
    this.#held = null;
    return held;
  }

  /** Node lets a socket that is being opened come so far before it ends it. This one never would. */
  #endWithoutDialling(): void {
    const session = this.#session;
    const { destroy } = session;
    const value = (...args: Parameters<typeof destroy>): void => {
      Reflect.deleteProperty(session, 'destroy');
      destroy.apply(session, args);
      this.#take()?.fail(new Error('the session was ended before it was opened'));
    };
    Object.defineProperty(session, 'destroy', { configurable: true, writable: true, value });
  }

  #keep(stream: ClientHttp2Stream): void {
    this.#pushed.add(stream);
    stream.once('close', () => this.#pushed.delete(stream));
  }

  #unlessUsed(port: HttpPort): void {
    if (this.#used || this.gone || this.place === null) return;
    decide(port, { kind: 'steps', before: null, request: connectionOf(this.place) }, this).catch(error =>
      this.#session.destroy(error as Error),
    );
  }

  // ---- Waiting: the connection as a call of its own, which lasts as long as the session

  get gone(): boolean {
    return this.#session.destroyed;
  }

  inspect(): Promise<null> {
    return Promise.resolve(null);
  }

  allow(calls: readonly [Begin, ...Begin[]]): void {
    this.#ended = result => {
      for (const { call } of calls) call.finish({ result });
    };
    for (const { call, requestId } of calls) {
      call.onKill(() => {
        call.finish({ result: 'killed' });
        this.deny(killedDenial(call.killed, requestId));
      });
    }
    if (!this.gone) this.dial();
  }

  deny(denial: CheckrdPolicyDenied): void {
    const held = this.#take();
    if (held === null) this.#session.destroy(denial);
    else held.fail(denial);
  }
}
