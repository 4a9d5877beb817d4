/**
 * Texts of a log as a reader of the proposed policy sees them.
 *
 *   out  : text in which every character shows; one that would be invisible, or turn the line around, is an escape
 *   never: changes what a quoted text means
 *
 * Agents choose paths and names: a policy must not read otherwise than it decides.
 */
import { HIDDEN_CHARACTERS } from '../hidden-characters.js';

const UNSEEN = new RegExp(`(?! )${HIDDEN_CHARACTERS}`, 'gu');

/** A YAML scalar in double quotes. */
export function quotedText(text: string): string {
  return shownText(JSON.stringify(text));
}

/** For comments. */
export function shownText(text: string): string {
  return text.replace(UNSEEN, character => {
    const code = (character.codePointAt(0) ?? 0).toString(16);
    return code.length > 4 ? `\\U${code.padStart(8, '0')}` : `\\u${code.padStart(4, '0')}`;
  });
}
