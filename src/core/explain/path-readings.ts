/**
 * The readings (a) to (d) of a path (policy language, §3.2), as segments. Lists them; which of them a pattern meets, the
 * engine says.
 */

export interface PathReading {
  /** `a`, or `ab` where two are the same. */
  readonly letters: string;
  readonly segments: readonly string[];
  /** A path that has this one reading only, null where no path can say it alone. */
  readonly alone: string | null;
}

/** @param path Of a WHATWG-normalised URL. Null: one of the readings cannot be read, so none of them is sure. */
export function pathReadings(path: string): readonly PathReading[] | null {
  const all = lettered(path);
  if (all === null) return null;
  const merged = new Map<string, { letters: string; segments: readonly string[] }>();
  for (const [letter, segments] of all) {
    const key = JSON.stringify(segments);
    const same = merged.get(key);
    if (same === undefined) merged.set(key, { letters: letter, segments });
    else same.letters += letter;
  }
  return [...merged.values()].map(({ letters, segments }) => ({ letters, segments, alone: alone(segments) }));
}

type Lettered = readonly (readonly [letter: string, segments: readonly string[]])[];

function lettered(path: string): Lettered | null {
  const a = path.slice(1).split('/').map(decode);
  if (a.at(-1) === '') a.pop();
  const b = resolved(path);
  if (b === null || !a.every(segment => segment !== null)) return null;
  const out: [string, readonly string[]][] = [
    ['a', a],
    ['b', b],
  ];
  const again = `/${b.join('/')}`;
  if (/%[0-9A-Fa-f]{2}/.test(again)) {
    const c = resolved(again);
    if (c === null) return null;
    out.push(['c', c]);
  }
  const cut = path.split('/').map(segment => segment.split(';')[0] ?? '');
  const d = resolved(cut.join('/'));
  if (d === null) return null;
  return [...out, ['d', d]];
}

/** Decoded once, `\` as `/`, doubled slashes and dot segments gone. */
function resolved(path: string): readonly string[] | null {
  const text = decode(path);
  if (text === null) return null;
  const out: string[] = [];
  for (const segment of text.replaceAll('\\', '/').split('/')) {
    if (segment === '' || segment === '.') continue;
    if (segment === '..') out.pop();
    else out.push(segment);
  }
  return out;
}

function decode(text: string): string | null {
  try {
    const decoded = decodeURIComponent(text);
    return /\p{Cc}/u.test(decoded) ? null : decoded;
  } catch {
    return null;
  }
}

function alone(segments: readonly string[]): string | null {
  const path = `/${segments.map(encodeURIComponent).join('/')}`;
  const want = JSON.stringify(segments);
  const readings = lettered(path);
  return readings?.every(([, given]) => JSON.stringify(given) === want) ? path : null;
}
