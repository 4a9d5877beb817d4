/**
 * The body as a stream that the switch can end.
 *
 *   in   : the transport's stream, locked by us from here on
 *   out  : a stream that pulls one chunk when asked for one; nothing is queued that a kill would have to take back
 */
import type { Branch } from './flight.js';

/** What plain fetch would say of the way that led to a response. */
export interface Trail {
  readonly redirected: boolean;
  /** A hop has left the first origin: `type` is `cors`, also after a way back. */
  readonly crossed: boolean;
}

export const NO_TRAIL: Trail = { redirected: false, crossed: false };

/** What is known of one guarded body. Must not lead to its Response. */
export interface Guard {
  readonly branch: Branch;
  readonly trail: Trail;
  /** Ours on the transport's stream, once `.body` was asked for. */
  reader: ReadableStreamDefaultReader<Uint8Array> | null;
}

type Controller = ReadableByteStreamController | ReadableStreamDefaultController<Uint8Array>;

/** `owner` is found through `guards` on each pull: whoever holds the stream keeps the response from being collected. */
export function guardedStream(
  owner: Response,
  raw: ReadableStream<Uint8Array>,
  guards: WeakMap<Response, Guard>,
): ReadableStream<Uint8Array> {
  const byob = isByteStream(raw);
  const reader = raw.getReader();
  const first = guards.get(owner);
  if (first !== undefined) first.reader = reader;
  let size = 0;

  const pull = async (controller: Controller): Promise<void> => {
    const { branch } = guards.get(owner)!;
    for (;;) {
      let step: Awaited<ReturnType<typeof reader.read>>;
      try {
        step = await branch.flight.race(reader.read());
      } catch (error) {
        branch.end('failed');
        throw error;
      }
      if (step.done) {
        branch.end('read', size);
        controller.close();
        if ('byobRequest' in controller) controller.byobRequest?.respond(0);
        return;
      }
      const chunk: Uint8Array = step.value;
      // A byte stream takes no empty chunk; it would end a waiting read with nothing.
      if (byob && chunk.byteLength === 0) continue;
      size += chunk.byteLength ?? 0;
      // Before it is handed on: a byte stream takes the buffer away.
      if (chunk instanceof Uint8Array) branch.saw(chunk);
      controller.enqueue(chunk as Uint8Array<ArrayBuffer>);
      return;
    }
  };
  const cancel = (reason: unknown): Promise<void> => {
    guards.get(owner)?.branch.end('cancelled');
    return reader.cancel(reason);
  };
  return byob
    ? new ReadableStream({ type: 'bytes', pull, cancel })
    : new ReadableStream<Uint8Array>({ pull, cancel }, { highWaterMark: 0 });
}

/** A transport of the caller's own may answer with any kind of stream. */
function isByteStream(stream: ReadableStream): boolean {
  try {
    stream.getReader({ mode: 'byob' }).releaseLock();
    return true;
  } catch {
    return false;
  }
}
