/**
 * A stream of the caller's that must go out whole, though a little of it was read, and that can be stopped on its way.
 *
 *   in   : the caller's stream or async iterable, read by nobody else
 *   out  : its first bytes, copied; then a stream that gives those copies first and the rest after, as it comes
 *   never: reads further than asked
 */

type Step = { readonly done: true } | { readonly done: false; readonly value: Uint8Array<ArrayBuffer> };

export class Replay {
  readonly #source: Source;
  readonly #read: Uint8Array<ArrayBuffer>[] = [];
  #ended = false;
  #failure: { readonly error: unknown } | null = null;

  constructor(from: ReadableStream<unknown> | AsyncIterable<unknown>) {
    this.#source = from instanceof ReadableStream ? new StreamSource(from) : new IterableSource(from);
  }

  /**
   * Reads to the end, but hardly further than `limit`. Null: there is more than that.
   * @throws what the stream fails with; `rest` then fails with it too.
   */
  async fill(limit: number): Promise<Uint8Array<ArrayBuffer> | null> {
    let size = 0;
    while (size <= limit) {
      let step: Step;
      try {
        step = await this.#source.next(true);
      } catch (error) {
        this.#failure = { error };
        throw error;
      }
      if (step.done) {
        this.#ended = true;
        return new Uint8Array(Buffer.concat(this.#read, size));
      }
      this.#read.push(step.value);
      size += step.value.byteLength;
    }
    return null;
  }

  /** What goes out: the copies that were judged, then whatever the source still gives. Call once. */
  rest(): ReadableStream<Uint8Array> {
    const queue = this.#read;
    return new ReadableStream<Uint8Array>(
      {
        pull: async controller => {
          const head = queue.shift();
          if (head !== undefined) return controller.enqueue(head);
          this.#mayGoOn();
          const step: Step = this.#ended ? { done: true } : await this.#source.next(false);
          // Cut short, it must not look complete to whoever sends it.
          this.#mayGoOn();
          if (step.done) controller.close();
          else controller.enqueue(step.value);
        },
        cancel: reason => this.#source.cancel(reason),
      },
      { highWaterMark: 0 },
    );
  }

  #mayGoOn(): void {
    if (this.#failure !== null) throw this.#failure.error;
  }

  /** Lets go of the source, and what is still going out fails; never waits for it and never throws. */
  cancel(reason: unknown): void {
    this.#failure ??= { error: reason };
    this.#read.length = 0;
    this.#source.cancel(reason).catch(() => undefined);
  }
}

interface Source {
  /** `copy`: the caller may keep the chunk, and what is judged must be what is sent. What nobody judges goes on as it is. */
  next(copy: boolean): Promise<Step>;
  cancel(reason: unknown): Promise<void>;
}

class StreamSource implements Source {
  readonly #reader: ReadableStreamDefaultReader<unknown>;
  constructor(stream: ReadableStream<unknown>) {
    this.#reader = stream.getReader();
  }
  async next(copy: boolean): Promise<Step> {
    const step = await this.#reader.read();
    if (step.done) return { done: true };
    // The transport takes strings too.
    if (typeof step.value === 'string') return { done: false, value: new Uint8Array(Buffer.from(step.value)) };
    if (!(step.value instanceof Uint8Array)) {
      // Throws in the transport's words, which asks the same.
      Buffer.byteLength(step.value as never);
      throw new TypeError('Received non-Uint8Array chunk');
    }
    return { done: false, value: copy ? new Uint8Array(step.value) : (step.value as Uint8Array<ArrayBuffer>) };
  }
  async cancel(reason: unknown): Promise<void> {
    await this.#reader.cancel(reason);
  }
}

class IterableSource implements Source {
  readonly #iterator: AsyncIterator<unknown>;
  constructor(iterable: AsyncIterable<unknown>) {
    this.#iterator = iterable[Symbol.asyncIterator]();
  }
  async next(copy: boolean): Promise<Step> {
    const step = await this.#iterator.next();
    if (step.done === true) return { done: true };
    if (!copy && step.value instanceof Uint8Array) return { done: false, value: step.value as Uint8Array<ArrayBuffer> };
    return { done: false, value: new Uint8Array(Buffer.from(step.value as Uint8Array)) };
  }
  async cancel(_reason: unknown): Promise<void> {
    await this.#iterator.return?.();
  }
}
