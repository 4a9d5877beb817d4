/**
 * The data of server-sent events, as they come.
 *
 *   in   : bytes of a `text/event-stream`, cut anywhere
 *   out  : the bytes after `data:`, and the end of each event
 *   never: holds a line
 *
 * @see HTML, "Interpreting an event stream": lines end with LF, CR or both; an empty line ends an event.
 */

const LF = 0x0a;
const CR = 0x0d;
const FIELD = [...'data:'].map(c => c.charCodeAt(0));

export interface EventData {
  push(bytes: Uint8Array, from: number, to: number): void;
  eventEnds(): void;
}

export class EventLines {
  readonly #data: EventData;
  /** Bytes of `data:` that the line has begun with. -1: another line. */
  #matched = 0;
  #isEmpty = true;
  #wasCr = false;

  constructor(data: EventData) {
    this.#data = data;
  }

  push(bytes: Uint8Array): void {
    let cr = bytes.indexOf(CR);
    let i = 0;
    while (i < bytes.length) {
      const wasCr = this.#wasCr;
      this.#wasCr = false;
      if (wasCr && bytes[i] === LF) {
        i++;
        continue;
      }
      const lf = bytes.indexOf(LF, i);
      if (cr !== -1 && cr < i) cr = bytes.indexOf(CR, i);
      const end = first(lf, cr, bytes.length);
      this.#part(bytes, i, end);
      if (end === bytes.length) return;
      this.#wasCr = bytes[end] === CR;
      this.#lineEnds();
      i = end + 1;
    }
  }

  #part(bytes: Uint8Array, from: number, to: number): void {
    let i = from;
    if (i < to) this.#isEmpty = false;
    while (i < to && this.#matched >= 0 && this.#matched < FIELD.length) {
      this.#matched = bytes[i++] === FIELD[this.#matched] ? this.#matched + 1 : -1;
    }
    if (this.#matched === FIELD.length && i < to) this.#data.push(bytes, i, to);
  }

  #lineEnds(): void {
    if (this.#isEmpty) this.#data.eventEnds();
    this.#matched = 0;
    this.#isEmpty = true;
  }
}

function first(a: number, b: number, otherwise: number): number {
  if (a === -1) return b === -1 ? otherwise : b;
  return b === -1 ? a : Math.min(a, b);
}
