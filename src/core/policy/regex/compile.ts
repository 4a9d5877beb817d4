/**
 * From a regular expression to the table that the engine runs over bytes.
 *
 *   in   : a pattern in the syntax of RE2
 *   out  : the smallest automaton that tells whether a match stands anywhere in a text, or what is wrong
 *   never: takes long, whatever the pattern: nodes, states and steps are bounded
 *
 * In bytes that are not UTF-8 no character stands, so nothing matches there; a match before or behind still counts.
 */
import { REGEX_MAX_CHARACTERS } from '../../limits.js';
import { flawed, good, overBound, type Parsed, quoted } from '../issue-list.js';
import { buildDfa, DEAD } from './dfa.js';
import { type Automaton, minimize } from './minimize.js';
import { buildNfa } from './nfa.js';
import { parseRegex } from './parse.js';
import { RegexRefusal } from './syntax.js';

const SMALLER = 'use smaller counts, ASCII classes instead of `\\pL` and the like, or begin it with `^`';

export function compileRegex(pattern: string): Parsed<Automaton> {
  if (pattern === '') return flawed('empty_value', '`regex` is empty', 'write a pattern, or `present: true`');
  const characters = [...pattern].length;
  if (characters > REGEX_MAX_CHARACTERS) {
    return { ok: false, flaw: overBound('`regex`', characters, REGEX_MAX_CHARACTERS, 'characters') };
  }
  try {
    const automaton = minimize(buildDfa(buildNfa(parseRegex(pattern))));
    if (automaton.start !== DEAD) return good(automaton);
    return flawed('regex_invalid', `the regular expression ${quoted(pattern)} matches no text at all`, 'leave it out');
  } catch (error) {
    if (!(error instanceof RegexRefusal)) throw error;
    if (error.tooLarge) {
      return flawed(
        'bound_exceeded',
        `the regular expression ${quoted(pattern)} unfolds too far; the most is 4,096 states`,
        SMALLER,
      );
    }
    return flawed('regex_invalid', `${quoted(pattern)} is not a regular expression: ${error.why}`, error.suggestion);
  }
}
