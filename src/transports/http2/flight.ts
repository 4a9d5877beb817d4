/**
 * A request that has been let through, until its stream has closed.
 *
 *   in   : the calls behind it, what Node tells of its stream
 *   out  : the outcome, once; the denial when the switch fires
 */
import http2, { type ClientHttp2Stream } from 'node:http2';
import type { CheckrdPolicyDenied } from '../../agent/errors.js';
import type { OutcomeResult } from '../../agent/types.js';
import { type UsageReader, usageReader } from '../../core/outcome/usage-reader.js';
import { killedDenial } from '../denial.js';
import type { Begin } from '../node-http/decide.js';

export class StreamFlight {
  readonly #stream: ClientHttp2Stream;
  readonly #calls: readonly Begin[];
  readonly #requestBytes: number | null;
  readonly #killed: (denial: CheckrdPolicyDenied) => void;
  #status: number | null = null;
  #bytes = 0;
  #complete = false;
  #usage: UsageReader | null = null;
  #ended = false;

  /** @param killed Told after the stream has been ended. */
  constructor(
    stream: ClientHttp2Stream,
    calls: readonly Begin[],
    requestBytes: number | null,
    killed: (denial: CheckrdPolicyDenied) => void,
  ) {
    this.#stream = stream;
    this.#calls = calls;
    this.#requestBytes = requestBytes;
    this.#killed = killed;
  }

  /** From here on the switch reaches it; it may have fired already. */
  start(): void {
    for (const begin of this.#calls) begin.call.onKill(() => this.#kill(begin));
  }

  answered(headers: Readonly<Record<string, unknown>>): void {
    const { ':status': status, 'content-type': type, 'content-encoding': coding } = headers;
    if (typeof status === 'number') {
      this.#status = status;
      for (const { call } of this.#calls) call.answered(status);
    }
    this.#usage = usageReader(text(type), text(coding));
  }

  /** A part of the answer, or its end; Node ends what it destroys as well. */
  pushed(chunk: unknown): void {
    if (chunk === null) this.#complete ||= !this.#stream.destroyed;
    else if (chunk instanceof Uint8Array) {
      this.#bytes += chunk.byteLength;
      this.#usage?.push(chunk);
    }
  }

  closed(): void {
    const { errored } = this.#stream;
    const cut = errored === null || errored.name === 'AbortError';
    this.#end(this.#complete ? 'ok' : cut ? 'aborted' : 'error');
  }

  #kill(begin: Begin): void {
    if (this.#ended) return;
    const denial = killedDenial(begin.call.killed, begin.requestId);
    this.#end('killed');
    endStream(this.#stream, denial);
    this.#killed(denial);
  }

  #end(result: OutcomeResult): void {
    if (this.#ended) return;
    this.#ended = true;
    const usage = this.#usage?.usage ?? null;
    for (const { call } of this.#calls) {
      call.finish({
        result,
        ...(this.#status === null ? {} : { statusCode: this.#status, responseBytes: this.#bytes }),
        ...(this.#requestBytes === null ? {} : { requestBytes: this.#requestBytes }),
        ...(usage === null ? {} : { usage }),
      });
    }
  }
}

/** The server is told that the stream is cancelled, the program meets the denial, and what had arrived is not handed out. */
export function endStream(stream: ClientHttp2Stream, denial: CheckrdPolicyDenied): void {
  if (stream.destroyed) return;
  stream.close(http2.constants.NGHTTP2_CANCEL);
  stream.destroy(denial);
  while (stream.read() !== null);
}

function text(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}
