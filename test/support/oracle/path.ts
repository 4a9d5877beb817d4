/** The readings (a) to (d) of a path, §3.2. */

/** Null: some reading cannot be judged. */
export function readingsOf(path: string, scheme: string): readonly (readonly string[])[] | null {
  const a = path.slice(1).split('/').map(decode);
  if (a.at(-1) === '') a.pop();
  if (a.includes(null)) return null;
  if (scheme === 'tool') return [a as string[]];
  const b = merged(path);
  if (b === null) return null;
  const readings: (readonly string[])[] = [a as string[], b];
  const again = `/${b.join('/')}`;
  if (/%[0-9A-Fa-f]{2}/.test(again)) {
    const c = merged(again);
    if (c === null) return null;
    readings.push(c);
  }
  const d = merged(
    path
      .split('/')
      .map(segment => segment.split(';')[0])
      .join('/'),
  );
  if (d === null) return null;
  readings.push(d);
  return readings;
}

/** Reading (b); null where it is unreadable. */
export function merged(path: string): readonly string[] | null {
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

/** Percent-decoded once; null: an invalid sequence, bytes that are not UTF-8, a control character. */
function decode(text: string): string | null {
  try {
    const out = decodeURIComponent(text);
    return /\p{Cc}/u.test(out) ? null : out;
  } catch {
    return null;
  }
}

/** §5. */
export function isIdLike(segment: string): boolean {
  if (/^[0-9]+$/.test(segment)) return true;
  if (/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i.test(segment)) return true;
  if (/^[0-9a-f]{8,}$/i.test(segment) && /[0-9]/.test(segment)) return true;
  return [...segment].length >= 16 && /[A-Za-z]/.test(segment) && /[0-9]/.test(segment);
}
