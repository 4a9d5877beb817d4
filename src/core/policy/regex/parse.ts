/**
 * The syntax of RE2.
 *
 *   in   : a pattern
 *   out  : its tree, or a RegexRefusal with the place
 *   never: takes what RE2 refuses: back-references, look-around, possessive and doubled repeats, counts over 1,000
 */
import { EVERYTHING, NEWLINE, negate } from './charset.js';
import { PatternReader } from './pattern-reader.js';
import type { Assertion, Regex } from './syntax.js';

const REPEAT_MAX = 1000;

/** @throws RegexRefusal */
export function parseRegex(pattern: string): Regex {
  return new Parser(pattern).parse();
}

class Parser {
  readonly #in: PatternReader;
  readonly #names = new Set<string>();
  #multiline = false;
  #dotAll = false;

  constructor(pattern: string) {
    this.#in = new PatternReader(pattern);
  }

  parse(): Regex {
    const regex = this.#alternatives();
    if (this.#in.rest) this.#in.refuse('a `)` closes nothing', this.#in.at, 'write `\\)` for the character');
    return regex;
  }

  /** Up to the end or a `)`. */
  #alternatives(): Regex {
    const branches: Regex[] = [];
    let parts: Regex[] = [];
    let repeated = false;
    while (this.#in.rest && this.#in.peek() !== ')') {
      if (this.#in.take('|')) {
        branches.push(together(parts));
        parts = [];
        repeated = false;
        continue;
      }
      const repeat = this.#repeat();
      if (repeat === null) this.#atoms(parts);
      else this.#apply(repeat, parts, repeated);
      repeated = repeat !== null;
    }
    branches.push(together(parts));
    return branches.length === 1 ? branches[0]! : { kind: 'any', parts: branches };
  }

  #apply(repeat: Repeat, parts: Regex[], repeated: boolean): void {
    const { at, min, max, counted } = repeat;
    if (repeated) {
      const mend = 'RE2 has neither doubled nor possessive repeats: leave one out, or group the first with `(?:…)`';
      this.#in.refuse('a repeat follows a repeat', at, mend);
    }
    const part = parts.pop();
    if (part === undefined) {
      this.#in.refuse('a repeat has nothing to repeat', at, 'write a backslash before it for the character');
    }
    const regex: Regex = { kind: 'repeat', part, min, max, counted };
    if (counted && (min > 1 || (max ?? 0) > 1) && !within(regex, REPEAT_MAX)) {
      this.#in.refuse('counts multiply to over 1,000', at, 'write smaller counts');
    }
    parts.push(regex);
  }

  /** A repeat with its `?`, or null when none stands here. */
  #repeat(): Repeat | null {
    const at = this.#in.at;
    const bounds = this.#bounds();
    if (bounds === null) return null;
    this.#in.take('?');
    return { at, ...bounds };
  }

  #bounds(): Omit<Repeat, 'at'> | null {
    if (this.#in.take('*')) return { min: 0, max: null, counted: false };
    if (this.#in.take('+')) return { min: 1, max: null, counted: false };
    if (this.#in.take('?')) return { min: 0, max: 1, counted: false };
    const at = this.#in.at;
    const written = this.#in.take('{') ? this.#in.takeUntil('}') : null;
    const counts = /^(0|[1-9]\d*)(,(0|[1-9]\d*)?)?$/.exec(written ?? '');
    if (counts === null) {
      this.#in.at = at;
      return null;
    }
    const min = Number(counts[1]);
    const max = counts[2] === undefined ? min : counts[3] === undefined ? null : Number(counts[3]);
    if (min > REPEAT_MAX || (max ?? 0) > REPEAT_MAX)
      this.#in.refuse('a count is over 1,000', at, 'write a smaller count');
    if (max !== null && min > max) this.#in.refuse('a count ends before it begins', at, 'swap its numbers');
    return { min, max, counted: true };
  }

  #atoms(parts: Regex[]): void {
    const character = this.#in.peek();
    if (character === '\\' || character === '(') {
      if (character === '\\') this.#escaped(parts);
      else this.#group(parts);
      return;
    }
    this.#in.next();
    if (character === '[') parts.push({ kind: 'set', set: this.#in.bracket() });
    else if (character === '.')
      parts.push({ kind: 'set', set: this.#dotAll ? EVERYTHING : negate([NEWLINE, NEWLINE]) });
    else if (character === '^') parts.push(assert(this.#multiline ? 'line_begin' : 'text_begin'));
    else if (character === '$') parts.push(assert(this.#multiline ? 'line_end' : 'text_end'));
    else parts.push({ kind: 'set', set: this.#in.single(character.codePointAt(0)!) });
  }

  #escaped(parts: Regex[]): void {
    const assertion = ASSERTIONS.get(this.#in.peek(1));
    if (assertion !== undefined) {
      this.#in.at += 2;
      parts.push(assert(assertion));
    } else if (this.#in.take('\\Q')) {
      while (this.#in.rest && !this.#in.take('\\E')) {
        parts.push({ kind: 'set', set: this.#in.single(this.#in.next().codePointAt(0)!) });
      }
    } else parts.push({ kind: 'set', set: this.#in.classEscape() ?? this.#in.single(this.#in.escape()) });
  }

  /** `(?i)` and the like are no part: they say how to read what follows. */
  #group(parts: Regex[]): void {
    const begin = this.#in.at;
    this.#in.next();
    const before = [this.#in.fold, this.#multiline, this.#dotAll] as const;
    if (this.#in.take('?') && !this.#name(begin) && !this.#flags(begin)) return;
    const regex = this.#alternatives();
    if (!this.#in.take(')')) {
      this.#in.refuse('a `(` is not closed', begin, 'close it with `)`, or write `\\(` for the character');
    }
    [this.#in.fold, this.#multiline, this.#dotAll] = before;
    parts.push(regex);
  }

  /** Whether the group has a name, which then is behind us. */
  #name(begin: number): boolean {
    if (['<=', '<!', '=', '!'].some(mark => this.#in.take(mark))) {
      this.#in.refuse(
        'it looks around',
        begin,
        'RE2 has no look-around: use a second matcher, or `deny` what must not be there',
      );
    }
    if (!this.#in.take('P<') && !this.#in.take('<')) return false;
    const name = this.#in.takeUntil('>');
    if (name === null || !/^\w+$/.test(name)) {
      this.#in.refuse('the name of a group is not one', begin, 'use letters, digits and `_`: `(?P<name>…)`');
    }
    if (this.#names.has(name)) this.#in.refuse('two groups have one name', begin, 'rename one of them');
    this.#names.add(name);
    return true;
  }

  /** `i:` and the like; false when they hold to the end of the group around them. */
  #flags(begin: number): boolean {
    let on = true;
    let seen = false;
    let { fold } = this.#in;
    let multiline = this.#multiline;
    let dotAll = this.#dotAll;
    for (;;) {
      const letter = this.#in.next();
      if ((letter === ':' || letter === ')') && (on || seen)) {
        this.#in.fold = fold;
        this.#multiline = multiline;
        this.#dotAll = dotAll;
        return letter === ':';
      }
      if (letter === '-' && on) {
        on = false;
        seen = false;
        continue;
      }
      seen = true;
      if (letter === 'i') fold = on;
      else if (letter === 'm') multiline = on;
      else if (letter === 's') dotAll = on;
      else if (letter !== 'U') {
        this.#in.refuse(
          'a group begins in a way that RE2 does not have',
          begin,
          'RE2 has `(…)`, `(?:…)`, `(?P<name>…)` and the flags `imsU`',
        );
      }
    }
  }
}

interface Repeat {
  readonly at: number;
  readonly min: number;
  readonly max: number | null;
  readonly counted: boolean;
}

const ASSERTIONS: ReadonlyMap<string, Assertion> = new Map([
  ['A', 'text_begin'],
  ['z', 'text_end'],
  ['b', 'word_edge'],
  ['B', 'no_word_edge'],
]);

function assert(assertion: Assertion): Regex {
  return { kind: 'assert', assertion };
}

function together(parts: readonly Regex[]): Regex {
  return parts.length === 1 ? parts[0]! : { kind: 'all', parts };
}

/** Whether no chain of counts one inside the other multiplies to over `most`. */
function within(regex: Regex, most: number): boolean {
  switch (regex.kind) {
    case 'repeat': {
      const count = regex.counted ? (regex.max ?? regex.min) : 1;
      if (regex.counted && regex.max === 0) return true;
      return count <= most && within(regex.part, count > 0 ? Math.floor(most / count) : most);
    }
    case 'all':
    case 'any':
      return regex.parts.every(part => within(part, most));
    default:
      return true;
  }
}
