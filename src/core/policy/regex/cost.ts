/**
 * What the regular expressions of a policy's text cost to compile, before any is read: whether to do it where decisions wait.
 *
 *   in   : the text of a policy, YAML or JSON
 *   out  : about milliseconds; too high rather than too low
 *   never: says what a pattern means
 *
 * An automaton grows with what is counted (`{n,m}`), with classes of all of Unicode, and doubles with each character that may
 * be anything where a match may begin anywhere. One such pattern may cost all that the compiler allows itself.
 */

/** The compiler's own bound on steps is reached after about this long. */
const MOST = 100;
/** A key, its colon, and what stands on its line. */
const PATTERNS = /\bregex["']?[ \t]*:[ \t]*([^\r\n]*)/g;
const UNICODE = /\\[pP]|\(\?[a-zA-Z]*i/;
const COUNTED = /\{(\d+)(?:,(\d*))?\}/g;
const WIDE = /\\[wWdDsS]|\[|\./g;
const WIDE_MAX = 8;

export function regexCost(text: string): number {
  let cost = 0;
  for (const [, line = ''] of text.matchAll(PATTERNS)) cost += line.split(/\bregex["']?[ \t]*:/).reduce(addCost, 0);
  return cost;
}

function addCost(sum: number, pattern: string): number {
  return sum + costOf(pattern);
}

function costOf(written: string): number {
  const pattern = written.replace(/^["']/, '');
  // On later lines, or said elsewhere: not looked for.
  if (pattern === '' || /^[|>*&]/.test(pattern) || UNICODE.test(pattern)) return MOST;
  const plain = 1 + pattern.length / 64;
  const anchored = pattern.startsWith('^');
  const counts = [...pattern.matchAll(COUNTED)].map(([, min, max]) => Number(max || min));
  if (counts.length > 0) {
    if (!anchored || pattern.includes('(')) return MOST;
    return Math.min(MOST, plain + counts.reduce((product, count) => product * Math.max(1, count), 1) / 250);
  }
  return !anchored && (pattern.match(WIDE)?.length ?? 0) >= WIDE_MAX ? MOST : plain;
}
