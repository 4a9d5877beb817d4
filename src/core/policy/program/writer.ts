/**
 * Puts a program together: a pool of texts, the one hash table, and sections of words.
 */
import { hashOf } from './body-values.js';
import { H, HEADER_WORDS, MAGIC, OWNER_NONE, PROGRAM_VERSION } from './format.js';

/** Byte offset in the program, and bytes. */
export type Ref = readonly [at: number, bytes: number];

const encoder = new TextEncoder();
const STRINGS_AT = HEADER_WORDS * 4;
const POOL_START_BYTES = 64 * 1024;

/** Every text once, right behind the header, so that its place is known at once. */
export class Strings {
  readonly #refs = new Map<string, Ref>();
  readonly #hashes = new Map<string, number>();
  /** All in one: thousands of arrays, one for each text, cost more than all that is written into them. */
  #pool = new Uint8Array(POOL_START_BYTES);
  #bytes = 0;

  ref(text: string): Ref {
    const known = this.#refs.get(text);
    if (known !== undefined) return known;
    this.#makeRoom(text.length * 3);
    const { written } = encoder.encodeInto(text, this.#pool.subarray(this.#bytes));
    const ref: Ref = [STRINGS_AT + this.#bytes, written];
    this.#refs.set(text, ref);
    this.#bytes += written;
    return ref;
  }

  /** As the engine hashes its bytes. */
  hash(text: string): number {
    let hash = this.#hashes.get(text);
    if (hash === undefined) {
      const [at, length] = this.ref(text);
      hash = hashOf(this.#pool.subarray(at - STRINGS_AT, at - STRINGS_AT + length));
      this.#hashes.set(text, hash);
    }
    return hash;
  }

  get bytes(): number {
    return this.#bytes;
  }

  copyTo(program: Uint8Array): void {
    program.set(this.#pool.subarray(0, this.#bytes), STRINGS_AT);
  }

  #makeRoom(bytes: number): void {
    const needed = this.#bytes + bytes;
    if (needed <= this.#pool.length) return;
    const larger = new Uint8Array(Math.max(needed, this.#pool.length * 2));
    larger.set(this.#pool.subarray(0, this.#bytes));
    this.#pool = larger;
  }
}

/** (owner, text) → value, open addressing, at most half full. */
export class HashTable {
  readonly #rows: (readonly [owner: number, hash: number, ref: Ref, value: number])[] = [];
  constructor(private readonly strings: Strings) {}

  add(owner: number, text: string, value: number): void {
    this.#rows.push([owner, this.strings.hash(text), this.strings.ref(text), value]);
  }

  /** The table as words, four a slot. */
  words(): number[] {
    let slots = 2;
    while (slots < this.#rows.length * 2) slots *= 2;
    const out = new Array<number>(slots * 4).fill(0);
    for (let i = 0; i < slots; i++) out[i * 4] = OWNER_NONE;
    for (const [owner, hash, ref, value] of this.#rows) {
      let x = (hash + Math.imul(owner + 1, 0x9e3779b1)) | 0;
      x = Math.imul(x ^ (x >>> 15), 0x2c1b3c6d);
      x ^= x >>> 12;
      let slot = (x >>> 0) & (slots - 1);
      while (out[slot * 4] !== OWNER_NONE) slot = (slot + 1) & (slots - 1);
      out[slot * 4] = owner;
      out[slot * 4 + 1] = ref[0];
      out[slot * 4 + 2] = ref[1];
      out[slot * 4 + 3] = value;
    }
    return out;
  }
}

export interface Section {
  /** The header word that holds its offset; the next holds its rows. */
  readonly head: number;
  readonly width: number;
  readonly words: readonly number[];
}

/** A section that is bytes already. */
export interface ByteSection {
  readonly head: number;
  /** What the header word behind its offset says. */
  readonly size: number;
  readonly bytes: Uint8Array;
}

/** Header words by index, sections and texts as one table of bytes. */
export function assemble(
  head: ReadonlyMap<number, number>,
  sections: readonly Section[],
  strings: Strings,
  byteSections: readonly ByteSection[],
): Uint8Array {
  const header = new Array<number>(HEADER_WORDS).fill(0);
  let end = HEADER_WORDS * 4 + strings.bytes;
  header[H.strings] = HEADER_WORDS * 4;
  header[H.strings + 1] = strings.bytes;
  end = (end + 3) & ~3;
  for (const section of sections) {
    header[section.head] = end;
    header[section.head + 1] = section.words.length / section.width;
    end += section.words.length * 4;
  }
  for (const section of byteSections) {
    header[section.head] = end;
    header[section.head + 1] = section.size;
    end = (end + section.bytes.length + 3) & ~3;
  }
  for (const [index, value] of head) header[index] = value;
  header[H.magic] = MAGIC;
  header[H.version] = PROGRAM_VERSION;
  header[H.length] = end;

  const program = new Uint8Array(end);
  const view = new DataView(program.buffer);
  header.forEach((value, i) => {
    view.setUint32(i * 4, value, true);
  });
  strings.copyTo(program);
  for (const section of sections) {
    let at = header[section.head]!;
    const { words } = section;
    // By index, as there are a million words: an iterator makes an object of each until the loop is compiled.
    for (let i = 0; i < words.length; i++, at += 4) view.setUint32(at, words[i]!, true);
  }
  for (const section of byteSections) program.set(section.bytes, header[section.head]!);
  return program;
}
