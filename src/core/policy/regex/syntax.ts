/** A regular expression as a tree. What only tells which match is found (captures, laziness) is not kept. */
import type { CharSet } from './charset.js';

/** Conditions on the place between two characters. */
export type Assertion = 'text_begin' | 'line_begin' | 'text_end' | 'line_end' | 'word_edge' | 'no_word_edge';

export type Regex =
  | { readonly kind: 'set'; readonly set: CharSet }
  | { readonly kind: 'assert'; readonly assertion: Assertion }
  | { readonly kind: 'all'; readonly parts: readonly Regex[] }
  | { readonly kind: 'any'; readonly parts: readonly Regex[] }
  | {
      readonly kind: 'repeat';
      readonly part: Regex;
      readonly min: number;
      /** null: without end. */
      readonly max: number | null;
      /** Written with braces. */
      readonly counted: boolean;
    };

/** Why a pattern is none, or `tooLarge`; caught where patterns are compiled. */
export class RegexRefusal extends Error {
  constructor(
    readonly why: string,
    readonly suggestion: string | null,
    readonly tooLarge = false,
  ) {
    super(why);
  }
}
