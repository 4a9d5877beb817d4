/**
 * Characters that a reader of the file does not see, or that turn a line around: who reviews it reads another policy than the
 * one that decides (CVE-2021-42574).
 *
 *   in   : the text of a policy file, comments and all
 *   out  : a lint for each line that has one, at the first of them
 *   never: looks at what an escape (`\u202E`) stands for: that one shows
 */
import { HIDDEN_CHARACTERS } from '../../hidden-characters.js';
import { type Lint, lintAt } from '../lints.js';
import { Positions } from '../positions.js';

/** Most files have nothing else, and this is many times faster than the classes below. */
const BEYOND_PLAIN = /[^\t\n\r -~]/;

/** What other scripts and emoji need between their characters: joiners, the wide space, which form of a sign is meant. */
const JOINED = String.raw`(?<=[^\p{ASCII}\p{Script=Latin}\p{Script=Greek}\p{Script=Cyrillic}])[\u200C\u200D\u3000\uFE0E\uFE0F]`;
const HIDDEN = new RegExp(String.raw`(?![\t\n\r ]|${JOINED})${HIDDEN_CHARACTERS}`, 'gu');

export function lintText(text: string): readonly Lint[] {
  if (!BEYOND_PLAIN.test(text)) return [];
  const positions = new Positions(text);
  const lints: Lint[] = [];
  let line = 0;
  for (const { 0: character, index } of text.matchAll(HIDDEN)) {
    const at = positions.of(index);
    if (at.line === line) continue;
    line = at.line;
    const code = (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
    const message = `the line holds U+${code}, which does not show, or shows the line as another`;
    lints.push(lintAt(at, { code: 'hidden_character', message, suggestion: 'take it out, or write it as an escape' }));
  }
  return lints;
}
