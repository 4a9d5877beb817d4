/**
 * One call between the hand-over to the transport and its end.
 *
 *   in   : the agent's Call, the caller's signal
 *   out  : the one signal the transport gets; the outcome, written once
 *   never: holds the Response (its collection is how an unread one is noticed)
 */

import type { CheckrdPolicyDenied } from '../../agent/errors.js';
import type { Call, OutcomeResult } from '../../agent/types.js';
import type { Usage } from '../../core/outcome/usage.js';
import { type UsageReader, usageReader } from '../../core/outcome/usage-reader.js';
import { killedDenial } from '../denial.js';
import { listen } from './caller-signal.js';

export type BranchEnd = 'read' | 'failed' | 'cancelled' | 'dropped';

/** One body of a flight; what happens to it first is what counts. */
export class Branch {
  #open = true;
  #readBytes = 0;
  readonly #reader: UsageReader | null;
  constructor(
    readonly flight: Flight,
    contentType: string | null,
  ) {
    this.#reader = usageReader(contentType);
  }
  get readBytes(): number {
    return this.#readBytes;
  }
  get usage(): Usage | null {
    return this.#reader?.usage ?? null;
  }
  /** A part of the body, on its way to whoever reads it. */
  saw(bytes: Uint8Array): void {
    if (this.#reader === null || !this.#open) return;
    this.#readBytes += bytes.byteLength;
    this.#reader.push(bytes);
    this.flight.read(this);
  }
  end(how: BranchEnd, bytes?: number): void {
    if (!this.#open) return;
    this.#open = false;
    // Some SDKs stop reading at the last event, and do not wait for the body's end.
    const isRead = how === 'cancelled' && this.#reader?.isWhole === true;
    this.flight.branchEnded(isRead ? 'read' : how, isRead ? this.#readBytes : bytes);
  }
}

/** What a flight sends. */
export interface Sent {
  /** Undefined where only sending tells. */
  readonly bytes: number | undefined;
  /** Nothing more of it goes out. */
  abandon(reason: unknown): void;
}

export class Flight {
  /** What the transport gets: fires for the caller, with the caller's reason, and for the switch. */
  readonly signal: AbortSignal;
  readonly #controller = new AbortController();
  readonly #call: Call;
  readonly #requestId: string;
  #sent: Sent | null;
  readonly #requestBytes: number | undefined;
  readonly #caller: AbortSignal | null;
  readonly #waiting = new Set<(error: unknown) => void>();
  /** What the caller's signal needs to reach us; nobody reads it. */
  keep: unknown;
  #status: number | undefined;
  #denial: CheckrdPolicyDenied | null = null;
  #ended = false;
  /** The body that was read furthest. */
  #furthest: Branch | null = null;
  /** Bodies still open: the response's, and one for each clone. */
  #branches = 0;

  readonly #onCaller = (): void => {
    this.#controller.abort(this.#caller?.reason);
    this.#end('aborted');
  };
  readonly #onKill = (): void => {
    const denial = this.#kill();
    this.#controller.abort(denial);
    this.#sent?.abandon(denial);
    this.#end('killed');
    for (const fail of this.#waiting) fail(denial);
    this.#waiting.clear();
  };

  /** @param keep Held until the call has ended: what the caller's signal needs to reach us. */
  constructor(call: Call, requestId: string, caller: AbortSignal | null, sent: Sent, keep: unknown) {
    this.keep = keep;
    this.#call = call;
    this.#requestId = requestId;
    this.#sent = sent;
    this.#requestBytes = sent.bytes;
    this.#caller = caller;
    this.signal = this.#controller.signal;
    call.onKill(this.#onKill);
    if (caller?.aborted === true) this.#onCaller();
    else if (caller !== null) listen(caller, this.#onCaller);
  }

  /** As `work`, but fails with the denial as soon as the switch fires, whatever the transport does about the signal. */
  race<T>(work: Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.#denial !== null) {
        work.catch(() => undefined);
        reject(this.#denial);
        return;
      }
      const fail = (error: unknown): void => reject(error);
      this.#waiting.add(fail);
      work.then(
        value => {
          this.#waiting.delete(fail);
          resolve(value);
        },
        error => {
          this.#waiting.delete(fail);
          reject(this.#denial ?? error);
        },
      );
    });
  }

  /** The head of the response is here. */
  answered(status: number): void {
    this.#status = status;
    this.#call.answered(status);
  }

  /** The transport failed before there was a response. Returns what the caller is told. */
  failed(error: unknown): unknown {
    if (this.#denial === null) this.#end('error');
    return this.#denial ?? error;
  }

  /** A body of this flight: the response's own, or a clone's. */
  branch(contentType: string | null = null): Branch {
    this.#branches++;
    return new Branch(this, contentType);
  }

  /** Called by Branch alone. */
  read(branch: Branch): void {
    if (this.#furthest === null || branch.readBytes > this.#furthest.readBytes) this.#furthest = branch;
  }

  /** Called by Branch alone, once for each. */
  branchEnded(how: BranchEnd, bytes: number | undefined): void {
    this.#branches--;
    // Whoever read to the end has seen all there is; a failure ends every branch. The others count together.
    if (how === 'read') this.#end('ok', bytes);
    else if (how === 'failed') this.#end('error');
    else if (this.#branches === 0) this.#end(how === 'cancelled' ? 'aborted' : 'ok');
  }

  #kill(): CheckrdPolicyDenied {
    this.#denial ??= killedDenial(this.#call.killed, this.#requestId);
    return this.#denial;
  }

  #end(result: OutcomeResult, responseBytes?: number): void {
    if (this.#ended) return;
    this.#ended = true;
    this.keep = null;
    this.#sent = null;
    this.#caller?.removeEventListener('abort', this.#onCaller);
    const usage = this.#furthest?.usage ?? null;
    this.#furthest = null;
    this.#call.finish({
      result,
      ...(this.#status === undefined ? {} : { statusCode: this.#status }),
      ...(this.#requestBytes === undefined ? {} : { requestBytes: this.#requestBytes }),
      ...(responseBytes === undefined ? {} : { responseBytes }),
      ...(usage === null ? {} : { usage }),
    });
  }
}
