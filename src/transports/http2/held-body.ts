/**
 * The body of a request that waits for its decision.
 *
 *   in   : a stream of Node's that nobody has written to
 *   out  : copies of what is written, as far as a rule wants them; then the same bytes, handed to Node
 *   never: lets a byte through before `release`, or other bytes than were judged
 *
 * Node's stream is a Writable: while it is held its `_write` and `_final` are ours. At `release` at most one of them is
 * unanswered, so Node is never given two writes at once.
 */
import type { ClientHttp2Stream } from 'node:http2';
import type { Body } from '../../core/decide/types.js';

type Done = (error?: Error | null) => void;

export class HeldBody {
  readonly #stream: ClientHttp2Stream;
  #chunks: Buffer[] = [];
  #sizeBytes = 0;
  /** Bytes that may be taken before the writer has to wait. */
  #limitBytes = -1;
  #write: Done | null = null;
  #final: Done | null = null;
  #told: ((body: Body) => void) | null = null;

  constructor(stream: ClientHttp2Stream) {
    this.#stream = stream;
    const methods = {
      _write: (chunk: Uint8Array | string, encoding: BufferEncoding, done: Done) => {
        const bytes = typeof chunk === 'string' ? Buffer.from(chunk, encoding) : Buffer.from(chunk);
        this.#chunks.push(bytes);
        this.#sizeBytes += bytes.byteLength;
        this.#write = done;
        this.#look();
      },
      // One by one.
      _writev: null,
      _final: (done: Done) => {
        this.#final = done;
        this.#look();
      },
    };
    for (const [name, value] of Object.entries(methods)) {
      Object.defineProperty(stream, name, { configurable: true, writable: true, value });
    }
    // Node corks a stream until it may write.
    stream.uncork();
  }

  /** Bytes of the whole body; null: its end has not come. */
  get wholeBytes(): number | null {
    return this.#final === null ? null : this.#sizeBytes;
  }

  /** All of it, or that it is too large. */
  read(limitBytes: number): Promise<Body> {
    return new Promise(resolve => {
      this.#limitBytes = limitBytes;
      this.#told = resolve;
      this.#look();
    });
  }

  /** It may go out, once Node has somewhere to write to. */
  release(): void {
    const stream = this.#stream as unknown as Record<'_write' | '_writev' | '_final', unknown>;
    delete stream._write;
    delete stream._writev;
    delete stream._final;
    const { _write, _final } = this.#stream;
    const [write, final] = [this.#write, this.#final];
    const rest = (error?: Error | null): void => {
      if (write !== null) write(error);
      else if (final !== null && error) final(error);
      else if (final !== null) _final.call(this.#stream, final);
    };
    if (this.#chunks.length === 0) {
      rest();
      return;
    }
    const bytes = Buffer.concat(this.#chunks);
    this.#chunks = [];
    _write.call(this.#stream, bytes, 'buffer' as BufferEncoding, rest);
  }

  #look(): void {
    if (this.#told === null) return;
    const whole = this.#final !== null;
    if (whole || this.#sizeBytes > this.#limitBytes) {
      const told = this.#told;
      this.#told = null;
      told(whole ? this.#bytes() : { kind: 'too_large' });
      return;
    }
    // Whoever waits for its turn must go on, or the end never comes.
    const done = this.#write;
    this.#write = null;
    done?.();
  }

  #bytes(): Body {
    if (this.#sizeBytes > this.#limitBytes) return { kind: 'too_large' };
    const bytes = Buffer.concat(this.#chunks);
    this.#chunks = [bytes];
    return bytes.byteLength === 0 ? { kind: 'none' } : { kind: 'bytes', bytes };
  }
}
