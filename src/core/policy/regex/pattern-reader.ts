/**
 * A pattern, character by character, with what single characters and classes of them mean.
 *
 *   in   : a pattern
 *   out  : sets of code points
 *   never: takes an escape that RE2 does not have
 */
import { type CharSet, MAX_CODE, negate, setOf } from './charset.js';
import { RegexRefusal } from './syntax.js';
import { foldCase, namedSet } from './unicode.js';

const PERL: ReadonlyMap<string, CharSet> = new Map([
  ['d', [0x30, 0x39]],
  ['s', [0x09, 0x0a, 0x0c, 0x0d, 0x20, 0x20]],
  ['w', [0x30, 0x39, 0x41, 0x5a, 0x5f, 0x5f, 0x61, 0x7a]],
]);

const POSIX: ReadonlyMap<string, CharSet> = new Map([
  ['alnum', [0x30, 0x39, 0x41, 0x5a, 0x61, 0x7a]],
  ['alpha', [0x41, 0x5a, 0x61, 0x7a]],
  ['ascii', [0, 0x7f]],
  ['blank', [0x09, 0x09, 0x20, 0x20]],
  ['cntrl', [0, 0x1f, 0x7f, 0x7f]],
  ['digit', [0x30, 0x39]],
  ['graph', [0x21, 0x7e]],
  ['lower', [0x61, 0x7a]],
  ['print', [0x20, 0x7e]],
  ['punct', [0x21, 0x2f, 0x3a, 0x40, 0x5b, 0x60, 0x7b, 0x7e]],
  ['space', [0x09, 0x0d, 0x20, 0x20]],
  ['upper', [0x41, 0x5a]],
  ['word', [0x30, 0x39, 0x41, 0x5a, 0x5f, 0x5f, 0x61, 0x7a]],
  ['xdigit', [0x30, 0x39, 0x41, 0x46, 0x61, 0x66]],
]);

const CONTROLS: ReadonlyMap<string, number> = new Map([
  ['a', 7],
  ['f', 12],
  ['n', 10],
  ['r', 13],
  ['t', 9],
  ['v', 11],
]);

export class PatternReader {
  readonly #characters: readonly string[];
  at = 0;
  /** Whether case counts not. */
  fold = false;

  constructor(pattern: string) {
    this.#characters = [...pattern];
  }

  get rest(): boolean {
    return this.at < this.#characters.length;
  }

  /** The character `ahead` of the one at hand; empty past the end. */
  peek(ahead = 0): string {
    return this.#characters[this.at + ahead] ?? '';
  }

  next(): string {
    const character = this.peek();
    this.at += 1;
    return character;
  }

  /** Goes past `text` if it stands here. */
  take(text: string): boolean {
    for (let i = 0; i < text.length; i++) if (this.peek(i) !== text[i]) return false;
    this.at += text.length;
    return true;
  }

  /** Characters up to `end`, and past it; null and nowhere when it does not come. */
  takeUntil(end: string): string | null {
    let at = this.at;
    while (at < this.#characters.length && this.#characters[at] !== end) at += 1;
    if (at === this.#characters.length) return null;
    const text = this.#characters.slice(this.at, at).join('');
    this.at = at + 1;
    return text;
  }

  /** `at`: where what is wrong begins. */
  refuse(why: string, at: number, suggestion: string | null = null): never {
    throw new RegexRefusal(`${why}, at character ${at + 1}`, suggestion);
  }

  /** One literal character, with its cases where case does not count. */
  single(code: number): CharSet {
    return this.#folded([code, code]);
  }

  /** A bracket expression, past its `[`. */
  bracket(): CharSet {
    const begin = this.at - 1;
    const negated = this.take('^');
    const ranges: number[] = [];
    for (let first = true; first || this.peek() !== ']'; first = false) {
      if (!this.rest) this.refuse('a `[` is not closed', begin, 'close it with `]`, or write `\\[` for the character');
      const group = this.#posix() ?? (this.peek() === '\\' ? this.classEscape() : null);
      if (group !== null) {
        for (const bound of group) ranges.push(bound);
        continue;
      }
      const start = this.at;
      const lo = this.#classCharacter();
      let hi = lo;
      if (this.peek() === '-' && this.peek(1) !== ']' && this.peek(1) !== '') {
        this.at += 1;
        hi = this.#classCharacter();
        if (hi < lo) this.refuse('a range ends before it begins', start, 'swap its ends, or put the `-` last');
      }
      ranges.push(lo, hi);
    }
    this.at += 1;
    const set = this.#folded(setOf(ranges));
    return negated ? negate(set) : set;
  }

  /** `\d`, `\pL` and the like; null and nowhere for every other escape. */
  classEscape(): CharSet | null {
    const letter = this.peek(1);
    const perl = PERL.get(letter.toLowerCase());
    if (perl !== undefined) {
      this.at += 2;
      const set = this.#folded(perl);
      return letter === letter.toLowerCase() ? set : negate(set);
    }
    if (letter !== 'p' && letter !== 'P') return null;
    const begin = this.at;
    this.at += 2;
    const written = this.take('{') ? this.takeUntil('}') : this.next();
    if (written === null) this.refuse('a `\\p{` is not closed', begin);
    const inner = written.startsWith('^');
    const named = namedSet(inner ? written.slice(1) : written);
    if (named === null) {
      const mend = 'write a general category such as `\\pL` or a script such as `\\p{Greek}`';
      this.refuse(`\`\\${letter}\` names no category or script of Unicode`, begin, mend);
    }
    const set = this.#folded(named);
    return inner === (letter === 'P') ? set : negate(set);
  }

  /** The character that an escape stands for; at its backslash. */
  escape(): number {
    const begin = this.at;
    this.at += 1;
    const letter = this.next();
    if (letter === '') this.refuse('it ends in a lone `\\`', begin, 'write `\\\\` for the character');
    if (letter >= '0' && letter <= '7' && (letter === '0' || /^[0-7]$/.test(this.peek()))) return this.#octal(letter);
    if (/^[1-9]$/.test(letter)) {
      this.refuse('it refers back to a group', begin, 'RE2 has no back-references: write the alternatives out');
    }
    if (letter === 'x') return this.#hexadecimal(begin);
    const control = CONTROLS.get(letter);
    if (control !== undefined) return control;
    if (/^[!-/:-@[-`{-~ \p{Cc}]$/u.test(letter) && letter < '\x80') return letter.charCodeAt(0);
    const mend = ESCAPE_MENDS.get(letter) ?? (/^[a-z]$/i.test(letter) ? null : 'leave out the backslash');
    return this.refuse('it has an escape that RE2 does not have', begin, mend);
  }

  #octal(first: string): number {
    let digits = first;
    while (digits.length < 3 && /^[0-7]$/.test(this.peek())) digits += this.next();
    return Number.parseInt(digits, 8);
  }

  #hexadecimal(begin: number): number {
    const digits = this.take('{') ? (this.takeUntil('}') ?? '') : this.next() + this.next();
    const two = this.#characters[begin + 2] !== '{';
    const code = /^[0-9a-fA-F]+$/.test(digits) && (!two || digits.length === 2) ? Number.parseInt(digits, 16) : -1;
    if (code >= 0 && code <= MAX_CODE) return code;
    return this.refuse('`\\x` takes two digits, or up to `{10FFFF}`', begin);
  }

  #classCharacter(): number {
    if (this.peek() === '\\') return this.escape();
    if (!this.rest) this.refuse('a `[` is not closed', this.at, 'close it with `]`');
    return this.next().codePointAt(0)!;
  }

  /** `[:alpha:]`; null and nowhere when none stands here. */
  #posix(): CharSet | null {
    const begin = this.at;
    if (!this.take('[:')) return null;
    const negated = this.take('^');
    const name = this.takeUntil(':');
    if (name === null || !this.take(']')) {
      this.at = begin;
      return null;
    }
    const set = POSIX.get(name);
    if (set === undefined) this.refuse('it names a class that POSIX does not have', begin, 'such as `[[:alpha:]]`');
    const folded = this.#folded(set);
    return negated ? negate(folded) : folded;
  }

  #folded(set: CharSet): CharSet {
    return this.fold ? foldCase(set) : set;
  }
}

const ESCAPE_MENDS: ReadonlyMap<string, string> = new Map([
  ['Z', 'write `\\z`, or `\\n?\\z` to let a last line end pass'],
  ['C', 'it would match half a character: write `(?s:.)`'],
  ['G', 'write `\\A`'],
  ['K', 'leave it out: whether there is a match is all that counts'],
  ['R', 'write `(?:\\r\\n|[\\n\\v\\f\\r])`'],
  ['X', 'write `\\PM\\pM*`'],
  ['h', 'write `[ \\t]`'],
  ['u', 'write `\\x{…}`'],
  ['E', 'it ends what `\\Q` begins'],
  ['k', 'RE2 has no back-references: write the alternatives out'],
  ['g', 'RE2 has no back-references: write the alternatives out'],
  ['b', 'in brackets write `\\x08`'],
]);
