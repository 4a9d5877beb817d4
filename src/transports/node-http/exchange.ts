/**
 * One request from its making to its end: held back, decided, dialled, watched.
 *
 *   in   : a held request; what Node does with it (`queued`, `destroying`, `seen`)
 *   out  : the decision asked for once the head is final; the outcome, once
 *   never: adds listeners to the request that Node counts (`response`, `upgrade`, `error`)
 */
import { AsyncResource } from 'node:async_hooks';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { CheckrdPolicyDenied } from '../../agent/errors.js';
import type { Body } from '../../core/decide/types.js';
import { denialOf } from '../denial.js';
import { type Begin, decide, type Waiting } from './decide.js';
import { HttpFlight } from './flight.js';
import { type Head, readHead } from './head.js';
import type { Held } from './hold.js';
import type { NodeRequest } from './node-request.js';
import { type Plan, planOf } from './plan.js';
import type { HttpPort } from './port.js';
import { headBytes, isOver, queuedBytes, takeOver, takeQueued } from './queued-body.js';

export class Exchange implements Waiting {
  readonly #port: HttpPort;
  readonly #held: Held;
  /** The caller's async context: what the answer's listeners run in, as in plain Node. */
  readonly #scope = new AsyncResource('CheckrdRequest');
  readonly #destroy: (error?: Error) => unknown;
  #state: 'open' | 'deciding' | 'sent' | 'over' = 'open';
  #flight: HttpFlight | null = null;
  /** Bytes of body that may still be written; null: the framing says it itself. */
  #left: number | null = null;
  #more: (() => void) | null = null;
  #onGivenUp: (() => void) | null = null;
  #givenUp: Promise<void> | null = null;
  #closed = false;
  #head: Head = NO_HEAD;
  /** In the queue, in front of the body. */
  #headBytes = 0;
  /** `told`: we have said `continue` to have the body for judgement; the server's own is not said again. */
  #expects: 'no' | 'asked' | 'told' = 'no';

  /** @param destroy Node's own, past our watch. */
  constructor(port: HttpPort, held: Held, destroy: (error?: Error) => unknown) {
    this.#port = port;
    this.#held = held;
    this.#destroy = destroy;
  }

  get request(): NodeRequest {
    return this.#held.request;
  }

  /** Node's constructor is through: it may have made the head already, or a signal may have fired. */
  begin(): void {
    if (this.request.destroyed) this.#giveUp();
    else this.queued();
  }

  /** Something was written. The head is final with the first bytes. */
  queued(): void {
    if (this.#state === 'open' && this.request._headerSent) {
      this.#state = 'deciding';
      // Later in this turn: with `end(body)` all of it is there by then.
      process.nextTick(() => this.#scope.runInAsyncScope(() => void this.#ask()));
    } else this.#more?.();
  }

  /** Before Node writes. False: the body is longer than the head says; nothing more goes out. */
  mayWrite(bytes: number): boolean {
    if (this.#state !== 'sent' || this.#left === null) return true;
    this.#left -= bytes;
    if (this.#left >= 0) return true;
    const { requestId, decision } = this.#port.agent.refuse(
      'request_invalid',
      LONGER,
      { method: this.request.method },
      { agent: this.#port.agentId },
    );
    this.#left = null;
    this.#cut(denialOf(decision, requestId));
    return false;
  }

  /** The program destroys the request; Node has done so already. */
  destroying(): void {
    this.#flight?.abandoned();
    if (this.#state === 'open' || this.#state === 'deciding') this.#giveUp();
  }

  /** An event is about to be emitted. False: the program has had it already. */
  seen(event: string | symbol, args: readonly unknown[]): boolean {
    switch (event) {
      case 'response':
        if (args[0] === this.request.res) this.#flight?.answered(args[0] as IncomingMessage);
        break;
      case 'upgrade':
      case 'connect':
        this.#flight?.upgraded(args[0] as IncomingMessage, args[1] as Duplex);
        break;
      case 'continue':
        return this.#state !== 'sent' || this.#expects !== 'told';
      case 'error':
        return !this.#closed;
      case 'close':
        if (this.#closed) return false;
        this.#closed = true;
        this.#flight?.closed(this.request.res);
        break;
    }
    return true;
  }

  // ---- Waiting

  get gone(): boolean {
    return this.#state === 'over';
  }

  get givenUp(): Promise<void> {
    this.#givenUp ??= new Promise(resolve => {
      this.#onGivenUp = resolve;
    });
    return this.#givenUp;
  }

  inspect(limit: number): Promise<Body | null> {
    const { request } = this;
    const head = this.#headBytes;
    let taken = 0;
    return new Promise(resolve => {
      const look = (): void => {
        if (this.#more === null) return;
        const whole = request.writableEnded;
        if (whole || this.gone || isOver(request, head, limit)) {
          this.#more = null;
          resolve(this.gone ? null : whole ? takeQueued(request, head, limit) : { kind: 'too_large' });
          return;
        }
        // Whoever waits for room, for a callback or for the word of the server must go on, or the body never comes.
        taken = takeOver(request, taken);
        if (request.writableNeedDrain) request.emit('drain');
        if (this.#expects === 'asked') {
          this.#expects = 'told';
          request.emit('continue');
        }
      };
      this.#more = () => process.nextTick(look);
      look();
    });
  }

  allow(calls: readonly [Begin, ...Begin[]]): void {
    const { request } = this;
    this.#state = 'sent';
    this.#flight = new HttpFlight(request, calls, this.#head.framing, denial => this.#cut(denial));
    this.#left =
      this.#head.framing === 'chunked' ? null : (this.#head.framing ?? 0) - queuedBytes(request, this.#headBytes);
    try {
      this.#held.dial();
    } catch (error) {
      request.onSocket(null, error);
    }
    this.#flight.start();
  }

  deny(denial: CheckrdPolicyDenied): void {
    if (this.gone) return;
    this.#state = 'over';
    // In a later turn, as the network would say it: its caller may await something before it listens.
    setImmediate(() => this.request.onSocket(null, denial));
  }

  async #ask(): Promise<void> {
    if (this.gone) return;
    const plan = this.#plan();
    try {
      await decide(this.#port, plan, this);
    } catch (error) {
      // Nothing here is meant to fail; should it, nothing goes out.
      if (this.#state === 'deciding') {
        this.#state = 'over';
        this.request.onSocket(null, error);
      }
    }
  }

  #plan(): Plan {
    const { request } = this;
    const head = readHead(request._header ?? '');
    if (head === null) {
      const reason = 'the head of the request cannot be judged';
      return { kind: 'refuse', reason, request: { method: request.method } };
    }
    this.#head = head;
    const ended = request.writableEnded;
    this.#headBytes = headBytes(request);
    const queued = queuedBytes(request, this.#headBytes);
    if (head.lines.some(([name, value]) => /^expect$/i.test(name) && /^100-continue$/i.test(value)))
      this.#expects = 'asked';
    const empty = ended && (queued === 0 || head.framing === 0);
    const plan = planOf(request.protocol, head, this.#held.to, { kind: empty ? 'none' : 'unread' });
    if (plan.kind === 'refuse' || head.framing === 'chunked' || queued <= (head.framing ?? 0)) return plan;
    return { kind: 'refuse', reason: LONGER, request: plan.request };
  }

  #giveUp(): void {
    this.#state = 'over';
    this.#more?.();
    this.#onGivenUp?.();
    // As when a socket comes to a request that was destroyed: the error of the destroyer or "socket hang up", then `close`.
    this.request.onSocket(null);
  }

  /** Ends what is under way; the program meets `denial` wherever it is. */
  #cut(denial: CheckrdPolicyDenied): void {
    const { request } = this;
    const { res, socket } = request;
    if (res !== null) {
      // The socket first and without a word: an error of its own would be the request's, which nobody watches any more.
      socket?.destroy();
      // Who hears errors is to hear this one, and not before it a bare `aborted` that has no room for a reason.
      if (res.listenerCount('error') > 0) res.removeAllListeners('aborted');
      res.destroy(denial);
      while (res.read() !== null);
      return;
    }
    this.#destroy(denial);
    if (!socket) request.onSocket(null, denial);
  }
}

const NO_HEAD: Head = { method: '', target: '', lines: [], framing: 0 };
const LONGER = 'the body is longer than the head says (set Content-Length, or Transfer-Encoding: chunked)';
