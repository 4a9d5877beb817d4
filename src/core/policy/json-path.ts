/**
 * JSON paths: RFC 9535's root, child, index, wildcard and descendant of a name, with two short forms of our own:
 * `a.b` for `$.a.b`, and `.0` for `[0]`.
 *
 *   in   : the text of a policy
 *   out  : steps, or why not; what RFC 9535 has and this language has not is refused by its name
 */
import { PATTERN_MAX_BYTES, PATTERN_MAX_SEGMENTS } from '../limits.js';
import type { JsonPath, PathStep } from './checked.js';
import { flawed, good, overBound, type Parsed, quoted, utf8Length } from './issue-list.js';

/** RFC 9535 section 2.5.1.1: member-name-shorthand. */
const NAME = /[A-Za-z_\u0080-\u{10FFFF}][0-9A-Za-z_\u0080-\u{10FFFF}]*/uy;
const DIGITS = /[0-9]+/y;
const INTEGER = /-?[0-9]+/y;
const SPACE = /[ \t\n\r]*/y;
const UNICODE_ESCAPE = /^[0-9A-Fa-f]{4}$/;
/** No body this product reads holds a longer array. */
const INDEX_MAX = 2 ** 31 - 1;
const EVERY: PathStep = { kind: 'every' };

/** The steps of `text`; never throws. */
export function parseJsonPath(text: string): Parsed<JsonPath> {
  if (text === '') return flawed('empty_value', 'the JSON path is empty', 'write `$` for the whole body');
  const bytes = utf8Length(text);
  if (bytes > PATTERN_MAX_BYTES) {
    return { ok: false, flaw: overBound('the JSON path', bytes, PATTERN_MAX_BYTES, 'bytes') };
  }
  const parsed = new PathReader(text.startsWith('$') ? text : `$.${text}`, text).read();
  if (parsed.ok && parsed.value.length > PATTERN_MAX_SEGMENTS) {
    return { ok: false, flaw: overBound('the JSON path', parsed.value.length, PATTERN_MAX_SEGMENTS, 'segments') };
  }
  return parsed;
}

class PathReader {
  private at = 1;
  private readonly steps: PathStep[] = [];

  constructor(
    private readonly text: string,
    /** As its author wrote it, for messages. */
    private readonly written: string,
  ) {}

  read(): Parsed<JsonPath> {
    while (this.at < this.text.length) {
      this.match(SPACE);
      const step = this.take('[')
        ? this.bracket()
        : this.take('.')
          ? this.dot()
          : this.wrong('after a step comes `.` or `[`');
      if (!step.ok) return step;
      this.steps.push(step.value);
    }
    return good(this.steps);
  }

  private dot(): Parsed<PathStep> {
    if (this.take('.')) return this.descendant();
    if (this.take('*')) return good(EVERY);
    const digits = this.match(DIGITS);
    if (digits !== '') {
      const next = this.text[this.at] ?? '.';
      return next === '.' || next === '[' || next === ' '
        ? this.index(digits)
        : this.wrong('a name cannot begin with a digit');
    }
    return this.shorthand();
  }

  /** Past `..`. */
  private descendant(): Parsed<PathStep> {
    if (this.text[this.at] === '*') return this.foreign('descendant wildcards (`..*`)');
    const name = this.take('[') ? this.bracket() : this.shorthand();
    if (!name.ok) return name;
    if (typeof name.value === 'number') return this.foreign('descendant indexes (`..[0]`)');
    if (typeof name.value !== 'string') return this.foreign('descendant wildcards (`..[*]`)');
    return good({ kind: 'below', name: name.value });
  }

  private shorthand(): Parsed<string> {
    const name = this.match(NAME);
    if (name === '') return this.wrong('a name is expected after `.`');
    const next = this.text[this.at];
    if (next !== undefined && !'.[ \t\r\n'.includes(next)) return this.wrong(`a name cannot hold ${quoted(next)} here`);
    return good(name);
  }

  private bracket(): Parsed<PathStep> {
    this.match(SPACE);
    const first = this.text[this.at] ?? '';
    if (first === '?') return this.foreign('filters (`[?…]`)');
    if (first === ':') return this.slice();
    const step: Parsed<PathStep> = this.take('*')
      ? good(EVERY)
      : first === '"' || first === "'"
        ? this.string(first)
        : this.number();
    if (!step.ok) return step;
    this.match(SPACE);
    if (this.take(']')) return step;
    const next = this.text[this.at];
    if (next === ':') return this.slice();
    if (next === ',') return this.foreign('unions (`[a,b]`)');
    return this.wrong('a `]` is expected');
  }

  private number(): Parsed<number> {
    const digits = this.match(INTEGER);
    if (digits === '') return this.wrong('a quoted name or an index is expected in `[ ]`');
    this.match(SPACE);
    if (this.text[this.at] === ':') return this.slice();
    if (digits.startsWith('-')) return this.foreign('negative indexes (`[-1]`)');
    return this.index(digits);
  }

  private index(digits: string): Parsed<number> {
    if (digits.length > 1 && digits.startsWith('0')) return this.wrong('an index has no leading zeros');
    const index = Number(digits);
    return index > INDEX_MAX ? this.wrong('an index is too large') : good(index);
  }

  private string(quote: string): Parsed<string> {
    this.at += 1;
    let out = '';
    for (;;) {
      const c = this.text[this.at];
      if (c === undefined) return this.wrong('a quoted name is not closed');
      this.at += 1;
      if (c === quote) return out.isWellFormed() ? good(out) : this.wrong('a name holds half of a surrogate pair');
      if (c < ' ') return this.wrong('a quoted name holds a control character');
      if (c !== '\\') {
        out += c;
        continue;
      }
      const escaped = this.escape(quote);
      if (escaped === null) return this.wrong('a quoted name has an escape that does not exist');
      out += escaped;
    }
  }

  private escape(quote: string): string | null {
    const letter = this.text[this.at] ?? '';
    this.at += 1;
    if (letter === 'u') {
      const digits = this.text.slice(this.at, this.at + 4);
      if (!UNICODE_ESCAPE.test(digits)) return null;
      this.at += 4;
      return String.fromCharCode(Number.parseInt(digits, 16));
    }
    if (letter === quote) return quote;
    const index = letter === '' ? -1 : '\\/bfnrt'.indexOf(letter);
    return index < 0 ? null : ('\\/\b\f\n\r\t'[index] ?? null);
  }

  private slice(): Parsed<never> {
    return this.foreign('slices (`[a:b]`)');
  }

  private foreign(kind: string): Parsed<never> {
    return this.wrong(`${kind} are not part of the language`);
  }

  private wrong(why: string): Parsed<never> {
    return flawed(
      'jsonpath_invalid',
      `${quoted(this.written)} is not a JSON path: ${why}`,
      "write for example `$.name`, `$['a name']` or `$.list[0]`",
    );
  }

  private match(sticky: RegExp): string {
    sticky.lastIndex = this.at;
    const found = sticky.exec(this.text)?.[0] ?? '';
    this.at += found.length;
    return found;
  }

  private take(character: string): boolean {
    if (this.text[this.at] !== character) return false;
    this.at += 1;
    return true;
  }
}
