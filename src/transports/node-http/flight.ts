/**
 * A request that has been let through, until its answer has been read or it has ended otherwise.
 *
 *   in   : the calls behind it, what Node tells of it
 *   out  : the outcome, once; the denial when the switch fires
 */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { CheckrdPolicyDenied } from '../../agent/errors.js';
import type { OutcomeResult } from '../../agent/types.js';
import { type UsageReader, usageReader } from '../../core/outcome/usage-reader.js';
import { killedDenial } from '../denial.js';
import type { Begin } from './decide.js';
import type { Head } from './head.js';
import type { NodeRequest } from './node-request.js';

export class HttpFlight {
  readonly #request: NodeRequest;
  readonly #calls: readonly [Begin, ...Begin[]];
  readonly #framing: Head['framing'];
  readonly #cut: (denial: CheckrdPolicyDenied) => void;
  #response: IncomingMessage | null = null;
  #tunnel: Duplex | null = null;
  #bytes = 0;
  #usage: UsageReader | null = null;
  #abandoned = false;
  #ended = false;

  /** @param cut Ends the request and its response with this denial. */
  constructor(
    request: NodeRequest,
    calls: readonly [Begin, ...Begin[]],
    framing: Head['framing'],
    cut: (denial: CheckrdPolicyDenied) => void,
  ) {
    this.#request = request;
    this.#calls = calls;
    this.#framing = framing;
    this.#cut = cut;
  }

  /** From here on the switch reaches it; it may have fired while the request was being dialled. */
  start(): void {
    for (const begin of this.#calls) begin.call.onKill(() => this.#kill(begin));
  }

  answered(response: IncomingMessage): void {
    this.#response = response;
    this.#status(response);
    this.#usage = usageReader(...describedBy(response.rawHeaders));
    const push = response.push;
    Object.defineProperty(response, 'push', {
      configurable: true,
      writable: true,
      value: (chunk: unknown, encoding?: BufferEncoding): boolean => {
        if (chunk instanceof Uint8Array) {
          this.#bytes += chunk.byteLength;
          this.#usage?.push(chunk);
        }
        return push.call(response, chunk, encoding);
      },
    });
    response.once('close', () => this.#close(response));
  }

  /** The socket is the program's now; the call lasts as long as it does. */
  upgraded(response: IncomingMessage, socket: Duplex): void {
    this.#tunnel = socket;
    this.#status(response);
    socket.once('close', () => this.#end('ok'));
  }

  /** The program has destroyed the request. */
  abandoned(): void {
    this.#abandoned = true;
  }

  /** Node is done with the request. */
  closed(response: IncomingMessage | null): void {
    if (this.#tunnel !== null) return;
    if (this.#response !== null && !this.#response.complete) return;
    if (this.#response === null && response !== null) this.#status(response);
    this.#end(this.#response !== null ? 'ok' : this.#abandoned ? 'aborted' : 'error');
  }

  #close(response: IncomingMessage): void {
    const cut = this.#abandoned || response.errored === null;
    this.#end(response.complete ? 'ok' : cut ? 'aborted' : 'error');
  }

  #status({ statusCode }: IncomingMessage): void {
    if (statusCode !== undefined) for (const { call } of this.#calls) call.answered(statusCode);
  }

  #kill(begin: Begin): void {
    if (this.#ended) return;
    const denial = killedDenial(begin.call.killed, begin.requestId);
    this.#end('killed');
    if (this.#tunnel === null) this.#cut(denial);
    else this.#tunnel.destroy(this.#tunnel.listenerCount('error') > 0 ? denial : undefined);
  }

  #end(result: OutcomeResult): void {
    if (this.#ended) return;
    this.#ended = true;
    const { res } = this.#request;
    const status = (this.#response ?? res)?.statusCode;
    const announced = this.#framing === 'chunked' ? undefined : (this.#framing ?? 0);
    const usage = this.#usage?.usage ?? null;
    for (const { call } of this.#calls) {
      call.finish({
        result,
        ...(status === undefined ? {} : { statusCode: status }),
        ...(announced === undefined ? {} : { requestBytes: announced }),
        ...(this.#response === null ? {} : { responseBytes: this.#bytes }),
        ...(usage === null ? {} : { usage }),
      });
    }
  }
}

/** Content type and coding. From the raw lines: `headers` is made when the program asks for it, and costs more than this. */
function describedBy(raw: readonly string[]): [type: string | null, coding: string | null] {
  let type: string | null = null;
  let coding: string | null = null;
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i] as string;
    if (name.length !== TYPE.length && name.length !== CODING.length) continue;
    const lower = name.toLowerCase();
    if (lower === TYPE) type ??= raw[i + 1] as string;
    else if (lower === CODING) coding = coding === null ? (raw[i + 1] as string) : `${coding}, ${raw[i + 1]}`;
  }
  return [type, coding];
}

const TYPE = 'content-type';
const CODING = 'content-encoding';
