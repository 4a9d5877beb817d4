/**
 * Deflate data (RFC 1951) unpacked as it comes, in constant memory.
 *
 * Browsers have a decompressor of their own. It does not say where the data ends, so that neither a second gzip member nor
 * bytes after the end can be told from damage, and each browser words that otherwise; an auditor must be told the same
 * everywhere. This one is held to zlib by its test.
 *
 *   in   : the packed bytes, in pieces of any length
 *   out  : unpacked pieces of at most 256 KiB, valid until the next one; how many bytes were left over after the end
 *   never: more than a few pieces in memory; reads behind what it wrote
 */
import { type CodeTable, codeTable } from './huffman.js';

const WINDOW = 32 * 1024;
const PIECE = 256 * 1024;
const MATCH_MAX = 258;
/** What one step may take: a symbol with its extra bits, the head of a block with all its codes. */
const SYMBOL_BITS = 48;
const HEAD_BITS = 1024 * 8;

const LENGTH_BASE = Uint16Array.of(
  ...[
    3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258,
  ],
);
const LENGTH_EXTRA = Uint8Array.of(
  ...[0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0],
);
const DISTANCE_EXTRA = Uint8Array.from({ length: 30 }, (_, i) => Math.max(0, (i >> 1) - 1));
const DISTANCE_BASE = Uint16Array.from({ length: 30 }, (_, i) =>
  i < 2 ? i + 1 : 1 + ((2 + (i & 1)) << (DISTANCE_EXTRA[i] as number)),
);
const CODE_ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
const END_OF_BLOCK = 256;
const LITERALS_MAX = 286;
const DISTANCES_MAX = 30;

const FIXED_LITERALS = codeTable(
  Uint8Array.from({ length: 288 }, (_, i) => (i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8)),
  false,
) as CodeTable;
const FIXED_DISTANCES = codeTable(new Uint8Array(32).fill(5), false) as CodeTable;

/** `code`: `cut_short` when the data stops before its end, `spoiled` when it is none. */
export class InflateError extends Error {
  constructor(
    readonly code: 'cut_short' | 'spoiled',
    why: string,
  ) {
    super(why);
  }
}

type Need = 'input' | 'room' | 'nothing';

export class Inflate {
  #in: Uint8Array = new Uint8Array(0);
  /** In bits, from the beginning of `#in`. */
  #at = 0;
  #isLast = false;
  readonly #out = new Uint8Array(WINDOW + PIECE + MATCH_MAX);
  #begin = 0;
  #end = 0;
  /** How far back a match may reach. */
  #behind = 0;
  #state: 'head' | 'stored' | 'codes' | 'done' = 'head';
  #isFinalBlock = false;
  #storedLeft = 0;
  #literals: CodeTable = FIXED_LITERALS;
  #distances: CodeTable = FIXED_DISTANCES;

  /** Whole bytes that were given and stand after the end of the data; null before the end. */
  get leftOver(): number | null {
    return this.#state === 'done' ? this.#in.length - ((this.#at + 7) >> 3) : null;
  }

  /**
   * @param isLast No more will come.
   * @throws InflateError; what was unpacked before has been handed over
   */
  *push(bytes: Uint8Array, isLast: boolean): Generator<Uint8Array, void> {
    const rest = this.#in.subarray(this.#at >> 3);
    const joined = new Uint8Array(rest.length + bytes.length);
    joined.set(rest);
    joined.set(bytes, rest.length);
    this.#in = joined;
    this.#at &= 7;
    this.#isLast = isLast;
    for (;;) {
      let need: Need = 'nothing';
      let failed: unknown = null;
      try {
        need = this.#step();
      } catch (error) {
        failed = error;
      }
      if (this.#end > this.#begin) yield this.#out.subarray(this.#begin, this.#end);
      this.#keepWindow();
      if (failed !== null) throw failed;
      if (need !== 'room') return;
    }
  }

  #keepWindow(): void {
    const keep = Math.min(WINDOW, this.#end);
    this.#out.copyWithin(0, this.#end - keep, this.#end);
    this.#begin = keep;
    this.#end = keep;
  }

  #step(): Need {
    for (;;) {
      if (this.#state === 'done') return 'nothing';
      if (this.#state === 'head') {
        if (!this.#isLast && this.#in.length * 8 - this.#at < HEAD_BITS) return 'input';
        this.#head();
        this.#notBeyond();
      }
      const need = this.#state === 'stored' ? this.#stored() : this.#codes();
      if (need !== 'nothing') return need;
      this.#state = this.#isFinalBlock ? 'done' : 'head';
    }
  }

  /** At most 16 bits; those that are not there are 0. */
  #bits(count: number): number {
    const at = this.#at >> 3;
    const [a = 0, b = 0, c = 0] = [this.#in[at], this.#in[at + 1], this.#in[at + 2]];
    const value = ((a | (b << 8) | (c << 16)) >> (this.#at & 7)) & ((1 << count) - 1);
    this.#at += count;
    return value;
  }

  #notBeyond(): void {
    if (this.#at > this.#in.length * 8) throw new InflateError('cut_short', 'unexpected end of file');
  }

  #head(): void {
    this.#isFinalBlock = this.#bits(1) === 1;
    const type = this.#bits(2);
    if (type === 0) {
      this.#at = (this.#at + 7) & ~7;
      const length = this.#bits(16);
      const inverse = this.#bits(16);
      this.#notBeyond();
      if (length !== (inverse ^ 0xffff)) throw new InflateError('spoiled', 'invalid stored block lengths');
      this.#storedLeft = length;
      this.#state = 'stored';
      return;
    }
    if (type === 3) throw new InflateError('spoiled', 'invalid block type');
    [this.#literals, this.#distances] = type === 1 ? [FIXED_LITERALS, FIXED_DISTANCES] : this.#readCodes();
    this.#state = 'codes';
  }

  #readCodes(): [CodeTable, CodeTable] {
    const literals = this.#bits(5) + 257;
    const distances = this.#bits(5) + 1;
    const count = this.#bits(4) + 4;
    if (literals > LITERALS_MAX || distances > DISTANCES_MAX)
      throw this.#spoiled('too many length or distance symbols');
    const own = new Uint8Array(CODE_ORDER.length);
    for (const symbol of CODE_ORDER.slice(0, count)) own[symbol] = this.#bits(3);
    const code = codeTable(own, false);
    if (code === null) throw this.#spoiled('invalid code lengths set');
    const lengths = new Uint8Array(literals + distances);
    for (let i = 0; i < lengths.length; ) {
      const symbol = this.#symbol(code);
      if (symbol < 0) throw this.#spoiled('invalid code lengths set');
      if (symbol < 16) {
        lengths[i++] = symbol;
        continue;
      }
      if (symbol === 16 && i === 0) throw this.#spoiled('invalid bit length repeat');
      const value = symbol === 16 ? (lengths[i - 1] as number) : 0;
      const times = symbol === 16 ? 3 + this.#bits(2) : symbol === 17 ? 3 + this.#bits(3) : 11 + this.#bits(7);
      if (i + times > lengths.length) throw this.#spoiled('invalid bit length repeat');
      lengths.fill(value, i, i + times);
      i += times;
    }
    if (lengths[END_OF_BLOCK] === 0) throw this.#spoiled('invalid code -- missing end-of-block');
    const first = codeTable(lengths.subarray(0, literals), true);
    if (first === null) throw this.#spoiled('invalid literal/lengths set');
    const second = codeTable(lengths.subarray(literals), true);
    if (second === null) throw this.#spoiled('invalid distances set');
    return [first, second];
  }

  /** Bits that are not there make nonsense of what is: then the data stops, and is not spoiled. */
  #spoiled(why: string): InflateError {
    this.#notBeyond();
    return new InflateError('spoiled', why);
  }

  /** −1 where no code begins. */
  #symbol({ entries, bits }: CodeTable): number {
    const entry = entries[this.#bits(bits)] as number;
    this.#at -= bits - (entry & 15);
    return entry === 0 ? -1 : entry >> 4;
  }

  #stored(): Need {
    const from = this.#at >> 3;
    const count = Math.min(this.#storedLeft, this.#in.length - from, this.#out.length - this.#end);
    this.#out.set(this.#in.subarray(from, from + count), this.#end);
    this.#end += count;
    this.#behind += count;
    this.#at += count * 8;
    this.#storedLeft -= count;
    if (this.#storedLeft === 0) return 'nothing';
    if (this.#end === this.#out.length) return 'room';
    if (this.#isLast) throw new InflateError('cut_short', 'unexpected end of file');
    return 'input';
  }

  /** The hot loop: what it reads again and again is kept in locals. */
  #codes(): Need {
    const input = this.#in;
    const out = this.#out;
    const { entries: literals, bits: literalBits } = this.#literals;
    const { entries: distances, bits: distanceBits } = this.#distances;
    const literalMask = (1 << literalBits) - 1;
    const distanceMask = (1 << distanceBits) - 1;
    const there = input.length * 8;
    const limit = there - (this.#isLast ? 1 : SYMBOL_BITS);
    const room = out.length - MATCH_MAX;
    const origin = this.#end - this.#behind;
    let at = this.#at;
    let end = this.#end;
    const peek = (bit: number): number => {
      const i = bit >> 3;
      return (
        (((input[i] as number) | ((input[i + 1] as number) << 8) | ((input[i + 2] as number) << 16)) >> (bit & 7)) >>> 0
      );
    };
    const leave = (): void => {
      this.#at = at;
      this.#behind = Math.min(end - origin, WINDOW);
      this.#end = end;
    };
    for (;;) {
      if (at > limit) {
        leave();
        if (this.#isLast) throw new InflateError('cut_short', 'unexpected end of file');
        return 'input';
      }
      if (end > room) {
        leave();
        return 'room';
      }
      const entry = literals[peek(at) & literalMask] as number;
      at += entry & 15;
      const symbol = entry >> 4;
      if (entry !== 0 && symbol < END_OF_BLOCK) {
        if (at <= there) out[end++] = symbol;
        continue;
      }
      if (symbol === END_OF_BLOCK) {
        leave();
        this.#notBeyond();
        return 'nothing';
      }
      const long = symbol - END_OF_BLOCK - 1;
      if (entry === 0 || long >= LENGTH_BASE.length) {
        leave();
        throw this.#spoiled('invalid literal/length code');
      }
      const lengthExtra = LENGTH_EXTRA[long] as number;
      const length = (LENGTH_BASE[long] as number) + (peek(at) & ((1 << lengthExtra) - 1));
      at += lengthExtra;
      const far = distances[peek(at) & distanceMask] as number;
      at += far & 15;
      if (far === 0 || far >> 4 >= DISTANCES_MAX) {
        leave();
        throw this.#spoiled('invalid distance code');
      }
      const distanceExtra = DISTANCE_EXTRA[far >> 4] as number;
      const distance = (DISTANCE_BASE[far >> 4] as number) + (peek(at) & ((1 << distanceExtra) - 1));
      at += distanceExtra;
      if (at > there) continue;
      if (distance > end - origin) {
        leave();
        throw this.#spoiled('invalid distance too far back');
      }
      for (let from = end - distance, stop = end + length; end < stop; ) out[end++] = out[from++] as number;
    }
  }
}
