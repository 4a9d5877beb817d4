/**
 * Folding of a path (policy language, §5): reading (b) with id-like segments as `{id}`, since tokens live in paths.
 */

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const CONTROL = /\p{Cc}/u;

/** All digits; a UUID; 8 or more hexadecimal digits with a digit; 16 or more characters with an ASCII letter and a digit. */
export function isIdLike(segment: string): boolean {
  if (/^[0-9]+$/.test(segment) || UUID.test(segment)) return true;
  if (!/[0-9]/.test(segment)) return false;
  if (/^[0-9A-Fa-f]{8,}$/.test(segment)) return true;
  return /[A-Za-z]/.test(segment) && [...segment].length >= 16;
}

/**
 * The folded path of a normalised URL's `pathname`. Where it cannot be read (a bad percent sequence, no UTF-8, a control
 * character) each segment is folded as far as it can be: one that cannot be decoded stays encoded.
 */
export function foldPath(pathname: string): string {
  const whole = decode(pathname);
  const segments = whole === null ? pathname.split('/').map(raw => decode(raw) ?? raw) : whole.split(/[/\\]/);
  const out: string[] = [];
  for (const segment of segments) {
    if (segment === '' || segment === '.') continue;
    if (segment === '..') out.pop();
    else out.push(isIdLike(segment) ? '{id}' : segment);
  }
  return `/${out.join('/')}`;
}

/**
 * The same for the scheme `tool`, whose segments are names with no further reading. One that would look like more or other
 * than one segment when decoded stays encoded.
 */
export function foldNames(pathname: string): string {
  const segments = pathname.split('/').slice(1);
  if (segments.at(-1) === '') segments.pop();
  const out = segments.map(raw => {
    const name = decode(raw);
    if (name === null || /[/%]/.test(name)) return raw;
    return isIdLike(name) ? '{id}' : name;
  });
  return `/${out.join('/')}`;
}

/** Decoded once, or null. */
function decode(text: string): string | null {
  try {
    const decoded = text.includes('%') ? decodeURIComponent(text) : text;
    return CONTROL.test(decoded) ? null : decoded;
  } catch {
    return null;
  }
}
