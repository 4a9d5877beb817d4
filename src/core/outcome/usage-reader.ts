/**
 * Model and tokens of an answer, read in passing.
 *
 *   in   : the content type, then the body's bytes (after any content coding) as they flow
 *   out  : what has been said so far, at any time
 *   never: holds the body, changes or delays it; throws
 */
import { EventLines } from './event-lines.js';
import { JsonScan } from './json-scan.js';
import { type Found, PLACES, type Usage, usageOf } from './usage.js';

export interface UsageReader {
  push(bytes: Uint8Array): void;
  /** Null: no model's answer so far. */
  readonly usage: Usage | null;
  /** The answer has said that it is at its end: whoever stops reading here has read it. */
  readonly isWhole: boolean;
}

const EVENTS = /^text\/event-stream$/;
const JSON_TYPE =
  /^(?:application\/(?:[a-z0-9.!#$&^_-]+\+)?json|application\/(?:x-)?(?:ndjson|jsonl|jsonlines|json-seq)|text\/json)$/;
const IDENTITY = /^(?:identity)?$/i;
/** The last event of chat completions, as OpenAI began and many do since. */
const END = [...'[DONE]'].map(c => c.charCodeAt(0));
const SPACE = 0x20;
const CHARSET = /;\s*charset\s*=\s*"?([^\s";]+)/i;

/**
 * Null: a body of this type says nothing of a model, or cannot be read.
 *
 * @param contentEncoding Of the bytes as they will be given; null where they have been unpacked.
 */
export function usageReader(contentType: string | null, contentEncoding: string | null = null): UsageReader | null {
  if (contentType === null || (contentEncoding !== null && !IDENTITY.test(contentEncoding))) return null;
  const type = (contentType.split(';', 1)[0] as string).trim().toLowerCase();
  const charset = CHARSET.exec(contentType)?.[1]?.toLowerCase();
  if (charset !== undefined && charset !== 'utf-8' && charset !== 'utf8' && charset !== 'us-ascii') return null;
  if (EVENTS.test(type)) return new EventReader();
  return JSON_TYPE.test(type) ? new JsonReader() : null;
}

/** What several documents of one answer say: the last word on each place counts. */
class Said {
  #found: Found = {};
  readonly add = (found: Found): void => {
    this.#found = { ...this.#found, ...found };
  };
  get usage(): Usage | null {
    return usageOf(this.#found);
  }
}

class JsonReader implements UsageReader {
  readonly #said = new Said();
  readonly #scan = new JsonScan(PLACES, this.#said.add);
  /** A document ends where its body does. */
  readonly isWhole = false;
  push(bytes: Uint8Array): void {
    this.#scan.push(bytes);
  }
  get usage(): Usage | null {
    return this.#said.usage;
  }
}

class EventReader implements UsageReader {
  readonly #said = new Said();
  readonly #scan = new JsonScan(PLACES, this.#said.add);
  /** Bytes of the end's mark that the event's data has begun with; -1: it is another event. */
  #ofEnd = 0;
  #isWhole = false;
  readonly #lines = new EventLines({
    push: (bytes, from, to) => {
      this.#matchEnd(bytes, from, to);
      this.#scan.push(bytes, from, to);
    },
    eventEnds: () => {
      this.#isWhole ||= this.#ofEnd === END.length;
      this.#ofEnd = 0;
      this.#scan.restart();
    },
  });
  push(bytes: Uint8Array): void {
    this.#lines.push(bytes);
  }
  get usage(): Usage | null {
    return this.#said.usage;
  }
  get isWhole(): boolean {
    return this.#isWhole || this.#ofEnd === END.length;
  }

  #matchEnd(bytes: Uint8Array, from: number, to: number): void {
    for (let i = from; i < to && this.#ofEnd >= 0; i++) {
      const byte = bytes[i] as number;
      if (byte === SPACE && this.#ofEnd % END.length === 0) continue;
      this.#ofEnd = byte === END[this.#ofEnd] ? this.#ofEnd + 1 : -1;
    }
  }
}
