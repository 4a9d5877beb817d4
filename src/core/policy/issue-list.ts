/**
 * Collects what is wrong while a policy is read and checked.
 * Past the cap nothing more is kept: nobody mends fifty things before the next try.
 */
import type { PolicyIssue, PolicyIssueCode } from './issues.js';
import type { Positions } from './positions.js';

export const ISSUES_MAX = 50;

/** What is wrong with one piece of text, before anybody knows where it stands. */
export interface Flaw {
  readonly code: PolicyIssueCode;
  readonly message: string;
  readonly suggestion: string | null;
}

/** A value, or why there is none. */
export type Parsed<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly flaw: Flaw };

export function good<T>(value: T): Parsed<T> {
  return { ok: true, value };
}

export function flawed(code: PolicyIssueCode, message: string, suggestion: string | null = null): Parsed<never> {
  return { ok: false, flaw: { code, message, suggestion } };
}

export class IssueList {
  private readonly found: { readonly at: number; readonly flaw: Flaw }[] = [];

  /** `at` is an offset into the text. */
  add(code: PolicyIssueCode, at: number, message: string, suggestion: string | null = null): void {
    this.addFlaw(at, { code, message, suggestion });
  }

  addFlaw(at: number, flaw: Flaw): void {
    if (!this.full) this.found.push({ at, flaw });
  }

  /** The value of `parsed`, or null after keeping its flaw. */
  take<T>(at: number, parsed: Parsed<T>): T | null {
    if (parsed.ok) return parsed.value;
    this.addFlaw(at, parsed.flaw);
    return null;
  }

  get full(): boolean {
    return this.found.length >= ISSUES_MAX;
  }

  get empty(): boolean {
    return this.found.length === 0;
  }

  /** In file order; without places when `positions` is null. */
  list(positions: Positions | null): PolicyIssue[] {
    return [...this.found]
      .sort((a, b) => a.at - b.at)
      .map(({ at, flaw }) => ({ ...flaw, ...(positions?.of(at) ?? { line: null, column: null }) }));
  }
}

const encoder = new TextEncoder();
const ASCII = /^[ -~]*$/;

/** Length of `text` in UTF-8. */
export function utf8Length(text: string): number {
  if (ASCII.test(text)) return text.length;
  return encoder.encode(text).length;
}

const CONTROL = /\p{Cc}/gu;

/** `text` in backquotes for a message: short, on one line, without control characters. */
export function quoted(text: string): string {
  const short = text.length > 48 ? `${text.slice(0, 45)}...` : text;
  return `\`${printable(short)}\``;
}

/** `text` on one line, control characters as spaces. */
export function printable(text: string): string {
  return text.replace(CONTROL, ' ');
}

/** Says that a bound was passed, with its name and value. */
export function overBound(what: string, got: number, max: number, unit: string): Flaw {
  return {
    code: 'bound_exceeded',
    message: `${what} has ${count(got)} ${unit}; the most is ${count(max)}`,
    suggestion: null,
  };
}

/** 10000 as `10,000`. */
function count(n: number): string {
  return String(n).replace(/\B(?=(\d{3})+$)/g, ',');
}
