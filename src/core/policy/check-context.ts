import { REGEX_MAX_POLICY_BYTES } from '../limits.js';
import type { JsonPath, Position, RegexTest } from './checked.js';
import { good, type IssueList, overBound, type Parsed, quoted } from './issue-list.js';
import type { Positions } from './positions.js';
import { automatonBytes } from './program/automata.js';
import { compileRegex } from './regex/compile.js';

/** What the checks of one policy share. */
export class CheckContext {
  private readonly paths = new Set<string>();
  private readonly regexes = new Map<string, Parsed<RegexTest>>();
  private regexBytes = 0;

  constructor(
    readonly issues: IssueList,
    /** Null when the policy came as an object. */
    private readonly positions: Positions | null,
  ) {}

  place(at: number): Position | null {
    return this.positions?.of(at) ?? null;
  }

  /** Notes that a rule looks at `path`; how many different ones there are, or null when it is not a new one. */
  countPath(path: JsonPath): number | null {
    const key = JSON.stringify(path);
    if (this.paths.has(key)) return null;
    this.paths.add(key);
    return this.paths.size;
  }

  /** The compiled `pattern`, once for all rules; a flaw also where the tables of the policy become too many with it. */
  regex(pattern: string): Parsed<RegexTest> {
    let regex = this.regexes.get(pattern);
    if (regex === undefined) {
      regex = this.compile(pattern);
      this.regexes.set(pattern, regex);
    }
    return regex;
  }

  private compile(pattern: string): Parsed<RegexTest> {
    const compiled = compileRegex(pattern);
    if (!compiled.ok) return compiled;
    this.regexBytes += automatonBytes(compiled.value);
    if (this.regexBytes <= REGEX_MAX_POLICY_BYTES) return good({ pattern, automaton: compiled.value });
    const what = `the policy with the regular expression ${quoted(pattern)}`;
    return { ok: false, flaw: overBound(what, this.regexBytes, REGEX_MAX_POLICY_BYTES, 'bytes of tables') };
  }
}
