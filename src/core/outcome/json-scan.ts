/**
 * Finds values at known places of JSON that comes in pieces.
 *
 *   in   : bytes, cut anywhere: one document, or several one after the other
 *   out  : for each object that has come whole, what stood at the known places (an array around them is looked through)
 *   never: holds the document: a key or value is kept up to a bound, a longer one is not what is looked for
 *
 * It does not validate. What a parser would refuse may be found here or not; nothing is found inside a string or an array.
 */
import type { Found, Places, Slot } from './usage.js';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
/** A model's name that is longer is no claim a record would take. */
const TEXT_MAX_BYTES = 1024;
const NUMBER_MAX_BYTES = 16;
/** Needs neither unescaping nor decoding. */
const PLAIN = /^[ !#-[\]-~]*$/;
const COUNT = /^(?:0|[1-9][0-9]{0,15})$/;
/** What stands for a text that is too long, or no text: no record takes it for a name. */
const UNFIT = '?';

/** What the string under way is. */
type Reading = 'passed over' | 'key' | 'value';

export class JsonScan {
  readonly #root: Places;
  readonly #whole: (found: Found) => void;
  readonly #decoder = new TextDecoder();
  /** Levels that are open. */
  #depth = 0;
  /** The known places of each level from the object looked at on; empty: outside of one. */
  #known: Places[] = [];
  /** Level of the innermost of them. */
  #knownDepth = 0;
  /** 1 within an array that stands around the documents. */
  #around = 0;
  #found: Found = {};
  /** Where the value that comes next belongs. */
  #at: Slot | Places | null = null;
  #isKeyNext = false;
  #reading: Reading | null = null;
  #isEscaped = false;
  #kept = '';
  #number = '';

  /** @param whole Told of each object that has come to its end. */
  constructor(root: Places, whole: (found: Found) => void) {
    this.#root = root;
    this.#whole = whole;
  }

  push(bytes: Uint8Array, from = 0, to = bytes.length): void {
    let i = from;
    while (i < to) {
      if (this.#reading !== null) i = this.#text(bytes, i, to);
      else if (this.#known.length > 0 && this.#depth > this.#knownDepth) i = this.#passOver(bytes, i, to);
      else this.#mark(bytes[i++] as number);
    }
  }

  /** Within a value that is not looked for, to its end or the next string: most of a document. */
  #passOver(bytes: Uint8Array, from: number, to: number): number {
    let depth = this.#depth;
    let i = from;
    for (; i < to && depth > this.#knownDepth; i++) {
      const byte = bytes[i] as number;
      if (byte === QUOTE) {
        this.#reading = 'passed over';
        i++;
        break;
      }
      // Brackets and braces differ in this bit.
      const mark = byte | 0x20;
      if (mark === 0x7b) depth++;
      else if (mark === 0x7d) depth--;
    }
    this.#depth = depth;
    return i;
  }

  /** The next byte begins a document, whatever was before. */
  restart(): void {
    this.#depth = 0;
    this.#known = [];
    this.#knownDepth = 0;
    this.#around = 0;
    this.#reading = null;
    this.#isEscaped = false;
    this.#number = '';
    this.#at = null;
  }

  /** Goes on within a string; returns where it ends. */
  #text(bytes: Uint8Array, from: number, to: number): number {
    let i = from;
    if (this.#isEscaped) {
      this.#isEscaped = false;
      i++;
    }
    const end = endOfText(bytes, i, to);
    if (this.#reading !== 'passed over') this.#keep(bytes, from, end);
    if (end < to) {
      this.#textEnds();
      return end + 1;
    }
    this.#isEscaped = i <= to && slashes(bytes, i, to) % 2 === 1;
    return to;
  }

  /** One character for each byte; UTF-8 is put together at the end. */
  #keep(bytes: Uint8Array, from: number, to: number): void {
    const end = Math.min(to, from + TEXT_MAX_BYTES + 1 - this.#kept.length);
    for (let i = from; i < end; i++) this.#kept += String.fromCharCode(bytes[i] as number);
  }

  #textEnds(): void {
    const reading = this.#reading;
    this.#reading = null;
    if (reading === 'passed over') return;
    const text = this.#keptText();
    if (reading === 'key') this.#at = this.#known.at(-1)?.get(text) ?? null;
    else this.#value(text);
  }

  #keptText(): string {
    const kept = this.#kept;
    if (kept.length > TEXT_MAX_BYTES) return UNFIT;
    if (PLAIN.test(kept)) return kept;
    const raw = this.#decoder.decode(Uint8Array.from(kept, byte => byte.charCodeAt(0)));
    if (!raw.includes('\\')) return raw;
    try {
      return JSON.parse(`"${raw}"`) as string;
    } catch {
      return UNFIT;
    }
  }

  /** A byte outside of strings. */
  #mark(byte: number): void {
    const isKnown = this.#known.length > 0 && this.#depth === this.#knownDepth;
    switch (byte) {
      case QUOTE:
        this.#reading = isKnown ? this.#wanted() : 'passed over';
        return;
      case 0x7b: // {
        this.#depth++;
        if (this.#known.length === 0) {
          if (this.#depth === 1 + this.#around) this.#enter(this.#root);
        } else if (isKnown && this.#at !== null && typeof this.#at !== 'string') this.#enter(this.#at);
        return;
      case 0x5b: // [
        if (this.#depth === 0) this.#around = 1;
        this.#depth++;
        return;
      case 0x7d: // }
      case 0x5d: // ]
        this.#leave(isKnown);
        return;
      case 0x3a: // :
        if (isKnown) this.#isKeyNext = false;
        return;
      case 0x2c: // ,
        if (!isKnown) return;
        this.#numberEnds();
        this.#isKeyNext = true;
        this.#at = null;
        return;
      default:
        // Of a number, or of what makes it none.
        if (isKnown && typeof this.#at === 'string' && byte > 0x20 && this.#number.length <= NUMBER_MAX_BYTES)
          this.#number += String.fromCharCode(byte);
    }
  }

  /** What the string that begins here is. */
  #wanted(): Reading {
    const wanted = this.#isKeyNext ? 'key' : typeof this.#at === 'string' ? 'value' : 'passed over';
    if (wanted !== 'passed over') this.#kept = '';
    return wanted;
  }

  #enter(places: Places): void {
    if (this.#known.length === 0) this.#found = {};
    this.#known.push(places);
    this.#knownDepth = this.#depth;
    this.#isKeyNext = true;
    this.#at = null;
  }

  #leave(isKnown: boolean): void {
    if (this.#depth === 0) return;
    this.#depth--;
    if (isKnown) {
      this.#numberEnds();
      this.#known.pop();
      this.#knownDepth--;
      this.#at = null;
      if (this.#known.length === 0) this.#whole(this.#found);
    }
    if (this.#depth === 0) this.#around = 0;
  }

  #numberEnds(): void {
    const text = this.#number;
    this.#number = '';
    // `null` takes nothing back: streams say it of what they have not counted yet.
    if (COUNT.test(text)) this.#value(Number(text));
  }

  #value(value: string | number): void {
    const slot = this.#at;
    if (typeof slot !== 'string') return;
    const isText = slot === 'model' || slot === 'kind';
    if (isText === (typeof value === 'string')) this.#found[slot] = value;
    this.#at = null;
  }
}

/** Bytes that are looked at one by one before a search is worth its call. */
const NEAR_BYTES = 48;

/** Where the quote stands that ends the text which `from` is in, or `to`. */
function endOfText(bytes: Uint8Array, from: number, to: number): number {
  let i = from;
  const near = Math.min(to, from + NEAR_BYTES);
  for (; i < near; i++) {
    const byte = bytes[i];
    if (byte === QUOTE) return i;
    if (byte === BACKSLASH) i++;
  }
  // An escape may have led beyond the end.
  while (i < to) {
    const end = bytes.indexOf(QUOTE, i);
    if (end === -1 || end >= to) return to;
    if (slashes(bytes, i, end) % 2 === 0) return end;
    i = end + 1;
  }
  return to;
}

/** Backslashes that end just before `end`. */
function slashes(bytes: Uint8Array, from: number, end: number): number {
  let at = end;
  while (at > from && bytes[at - 1] === BACKSLASH) at--;
  return end - at;
}
