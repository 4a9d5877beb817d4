/** Query, headers and method: §3.1 and §3.3. */
import type { FieldTest, TextTest } from './policy.js';
import { regexFinds } from './regex.js';
import { all, type EffectKind, FALSE, is, not, over, some, type Three, TRUE, UNKNOWN } from './three.js';

export type Lines = readonly (readonly [string, string])[];
/** Null where it cannot be decoded. */
export interface Pair {
  readonly name: string | null;
  readonly value: string | null;
}

export function pairsOf(encoded: string): readonly Pair[] {
  return encoded
    .split('&')
    .filter(piece => piece !== '')
    .map(piece => {
      const equals = piece.indexOf('=');
      return {
        name: formDecode(equals < 0 ? piece : piece.slice(0, equals)),
        value: formDecode(equals < 0 ? '' : piece.slice(equals + 1)),
      };
    });
}

export function formDecode(text: string): string | null {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return null;
  }
}

/** §3.3 and §3.4: the operators on text. */
export const textHolds = (test: TextTest, text: string): Three =>
  all([
    is(test.prefix === null || text.startsWith(test.prefix)),
    is(test.suffix === null || text.endsWith(test.suffix)),
    is(test.contains === null || text.includes(test.contains)),
    test.regex === null ? TRUE : regexHolds(test.regex, text),
  ]);

/** RE2 reads UTF-8, in which half of a surrogate pair cannot be. */
const regexHolds = (pattern: string, text: string): Three =>
  /\p{Surrogate}/u.test(text) ? UNKNOWN : is(regexFinds(pattern, text));

const passes = (test: FieldTest, text: string): Three =>
  all([
    is(test.exact === null || text === test.exact),
    is(test.in === null || test.in.includes(text)),
    textHolds(test.text, text),
  ]);

/** A name that cannot be decoded could be any name. */
export function matchQuery(matcher: FieldTest, effect: EffectKind, query: string): Three {
  const named = pairsOf(query).filter(pair => pair.name === null || pair.name === matcher.name);
  const there = some(named.map(pair => (pair.name === null ? UNKNOWN : TRUE)));
  if (matcher.present === false) return not(there);
  if (there === FALSE) return FALSE;
  return over(
    effect,
    named.map(p => (p.name === null || p.value === null ? UNKNOWN : passes(matcher, p.value))),
  );
}

const linesOf = (name: string, headers: Lines): readonly string[] =>
  headers.filter(([n]) => n.toLowerCase() === name).map(([, value]) => value);

const members = (line: string): readonly string[] => line.split(',').map(m => m.replace(/^[ \t]+|[ \t]+$/g, ''));

export function matchHeader(matcher: FieldTest, effect: EffectKind, headers: Lines): Three {
  const lines = linesOf(matcher.name.toLowerCase(), headers);
  if (matcher.present === false) return is(lines.length === 0);
  if (lines.length === 0) return FALSE;
  const readings = [lines.join(', '), ...lines];
  if (effect !== 'allow') readings.push(...lines.flatMap(members));
  return over(
    effect,
    readings.map(reading => passes(matcher, reading)),
  );
}

const OVERRIDES = ['x-http-method-override', 'x-http-method', 'x-method-override'];

/** `form`: the `_method` values of a form body; null: unreadable; undefined: not looked at. */
export function matchMethod(
  methods: readonly string[] | null,
  effect: EffectKind,
  request: { readonly method: string; readonly headers: Lines; readonly query: string },
  form: readonly string[] | null | undefined,
): Three {
  if (methods === null) return TRUE;
  const readings: (string | null)[] = [request.method];
  for (const name of OVERRIDES) readings.push(...linesOf(name, request.headers).flatMap(members));
  for (const pair of pairsOf(request.query)) {
    if (pair.name === null) readings.push(null);
    else if (pair.name === '_method') readings.push(pair.value);
  }
  if (form === null) readings.push(null);
  else readings.push(...(form ?? []));
  return over(
    effect,
    readings.map(reading => oneMethod(methods, reading)),
  );
}

function oneMethod(methods: readonly string[], reading: string | null): Three {
  if (reading === null || !/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/.test(reading)) return UNKNOWN;
  return is(methods.includes('*') || methods.includes(reading.toUpperCase()));
}
