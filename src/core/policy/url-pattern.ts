/**
 * URL patterns: `[scheme://]host[:port][/path]` (the language, section 3.2).
 *
 *   in   : the text of one pattern
 *   out  : its parts, or why it cannot mean anything
 *   never: guesses; what would silently match nothing is refused
 */
import { PATTERN_MAX_BYTES } from '../limits.js';
import type { Scheme, UrlPattern } from './checked.js';
import { parseHost } from './host-pattern.js';
import { flawed, good, overBound, type Parsed, quoted, utf8Length } from './issue-list.js';
import { parseSegments } from './segments.js';
import { didYouMean } from './suggest.js';

/** What no path has once it has been parsed. */
const RESOLVED: readonly string[] = ['.', '..'];

export const SCHEMES: readonly Scheme[] = ['http', 'https', 'ws', 'wss', 'tool', 'tcp'];

/** Never throws. */
export function parseUrlPattern(text: string): Parsed<UrlPattern> {
  if (text === '') return flawed('empty_value', 'the URL pattern is empty', 'write `*` for everything');
  if (text.length * 3 > PATTERN_MAX_BYTES) {
    const bytes = utf8Length(text);
    if (bytes > PATTERN_MAX_BYTES)
      return { ok: false, flaw: overBound('the URL pattern', bytes, PATTERN_MAX_BYTES, 'bytes') };
  }
  if (/\p{Cc}/u.test(text)) return wrong('the URL pattern holds a control character');
  if (text === '*' || text === '**') return good({ kind: 'everything', text });
  if (text.includes('?')) return wrong('a URL pattern has no `?`', 'match parameters with `query`');
  if (text.includes('#')) return wrong('a URL pattern has no `#`; fragments are never sent', 'leave the fragment out');
  if (text.startsWith('**/')) return parts(text, null, '*', text);

  const mark = text.indexOf('://');
  const prefixed = mark >= 0 && !text.slice(0, mark).includes('/');
  const scheme = prefixed ? parseScheme(text.slice(0, mark)) : good(null);
  if (!scheme.ok) return scheme;
  const rest = prefixed ? text.slice(mark + 3) : text;
  const slash = rest.indexOf('/');
  const authority = slash < 0 ? rest : rest.slice(0, slash);
  return parts(text, scheme.value, authority, slash < 0 ? '' : rest.slice(slash + 1));
}

function parts(text: string, scheme: Scheme | null, authority: string, pathText: string): Parsed<UrlPattern> {
  if (authority.includes('@')) return wrong('a URL pattern has no user name', 'leave out everything up to the `@`');
  const split = splitPort(authority);
  if (!split.ok) return split;
  const host = parseHost(split.value.host);
  if (!host.ok) return host;
  const path = parseSegments(pathText, 'the URL pattern', wrong, RESOLVED);
  if (!path.ok) return path;
  return good({ kind: 'parts', text, scheme, host: host.value, port: split.value.port, path: path.value });
}

function parseScheme(written: string): Parsed<Scheme> {
  const scheme = SCHEMES.find(known => known === written.toLowerCase());
  if (scheme !== undefined) return good(scheme);
  const suggestion = written.includes('*') ? 'leave the scheme out to match every one' : didYouMean(written, SCHEMES);
  return wrong(`${quoted(written)} is not a scheme`, suggestion);
}

type HostAndPort = { readonly host: string; readonly port: number | 'any' | null };

function splitPort(authority: string): Parsed<HostAndPort> {
  const afterHost = authority.startsWith('[') ? authority.indexOf(']') + 1 : 0;
  const colon = authority.indexOf(':', afterHost);
  if (colon < 0) return good({ host: authority, port: null });
  const host = authority.slice(0, colon);
  const port = authority.slice(colon + 1);
  if (port.includes(':'))
    return wrong('the host has more than one `:`', 'write an IPv6 address in brackets, as `[::1]`');
  if (port === '*') return good({ host, port: 'any' });
  if (!/^[1-9][0-9]{0,4}$/.test(port) || Number(port) > 65_535) {
    return wrong(`${quoted(port)} is not a port`, 'a port is 1 to 65535, or `*` for any');
  }
  return good({ host, port: Number(port) });
}

function wrong(message: string, suggestion: string | null = null): Parsed<never> {
  return flawed('url_pattern_invalid', message, suggestion);
}
