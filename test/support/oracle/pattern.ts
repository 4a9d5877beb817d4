/** URL patterns from their text, and what they match: §3.2. Patterns here are known to load. */
import { isIdLike, readingsOf } from './path.js';
import type { Parts } from './request.js';
import { type EffectKind, FALSE, is, over, type Three, TRUE, UNKNOWN } from './three.js';

export interface Pattern {
  readonly scheme: string | null;
  readonly host: string;
  readonly port: number | '*' | null;
  readonly path: readonly string[];
}

const READ = new Map<string, Pattern | null>();

/** Null is `*` or `**` alone: everything. */
export function patternOf(text: string): Pattern | null {
  let pattern = READ.get(text);
  if (pattern === undefined) {
    pattern = read(text);
    if (READ.size < 10_000) READ.set(text, pattern);
  }
  return pattern;
}

function read(text: string): Pattern | null {
  if (text === '*' || text === '**') return null;
  const whole = text.startsWith('**/') ? `*/${text}` : text;
  const [, scheme = null, authority = '', path = ''] = /^(?:([a-z]+):\/\/)?([^/]*)(?:\/(.*))?$/i.exec(whole) ?? [];
  const [, host = '', port = null] = /^(\[[^\]]*\]|[^:]*)(?::(.*))?$/.exec(authority) ?? [];
  const segments = path.split('/');
  if (segments.at(-1) === '') segments.pop();
  return {
    scheme: scheme?.toLowerCase() ?? null,
    host: canonical(host),
    port: port === null ? null : port === '*' ? '*' : Number(port),
    path: segments,
  };
}

/** Lower-case ASCII, one trailing dot removed, an address in its one spelling. */
function canonical(host: string): string {
  const name = host.replace(/\.$/, '');
  return name.includes('*') ? name.toLowerCase() : new URL(`http://${name}/`).hostname.replace(/\.$/, '');
}

/** §6: path segments and host labels without `*`; an address is one. */
export function weightOf(pattern: Pattern | null): number {
  if (pattern === null) return 0;
  const labels = isAddress(pattern.host) ? [pattern.host] : pattern.host.split('.');
  return [...labels, ...pattern.path].filter(piece => !piece.includes('*')).length;
}

/** `request` null: a tool call without a URL. */
export function matchUrl(text: string, effect: EffectKind, request: Parts | null): Three {
  const pattern = patternOf(text);
  if (pattern === null) return TRUE;
  if (request === null) return FALSE;
  if (pattern.scheme === null ? request.scheme === 'tcp' : request.scheme !== pattern.scheme) return FALSE;
  if (!portMatches(pattern, effect, request)) return FALSE;
  const host = over(
    effect,
    hostReadings(request.host).map(reading => is(hostMatches(pattern.host, reading))),
  );
  if (host === FALSE) return FALSE;
  if (pattern.path.length > 0 && pattern.path.every(segment => segment === '**')) return TRUE;
  const readings = readingsOf(request.path, request.scheme);
  if (readings === null) return UNKNOWN;
  return over(
    effect,
    readings.map(reading => is(pathMatches(pattern.path, reading))),
  );
}

function portMatches(pattern: Pattern, effect: EffectKind, request: Parts): boolean {
  if (pattern.port === '*') return true;
  if (pattern.port !== null) return request.port === pattern.port;
  if (effect === 'deny' || pattern.host === '*' || pattern.host === '**') return true;
  const usual = { http: 80, ws: 80, https: 443, wss: 443 }[request.scheme] ?? null;
  return request.port === usual;
}

const isAddress = (host: string): boolean => host.startsWith('[') || /^\d+\.\d+\.\d+\.\d+$/.test(host);

/** An IPv4-mapped or -compatible IPv6 address is also read as its IPv4 form. */
function hostReadings(host: string): readonly string[] {
  if (!host.startsWith('[')) return [host];
  const match = /^\[::(?:(ffff):)?([0-9a-f]{1,4}):([0-9a-f]{1,4})\]$/.exec(host);
  const short = /^\[::(?:(ffff):0?:?)?([0-9a-f]{1,4})\]$/.exec(host);
  if (match !== null) return [host, dotted(Number.parseInt(match[2]!, 16), Number.parseInt(match[3]!, 16))];
  // `::` and `::1` are no IPv4 address.
  if (short === null || short[1] !== undefined || Number.parseInt(short[2]!, 16) < 2) return [host];
  return [host, dotted(0, Number.parseInt(short[2]!, 16))];
}

const dotted = (high: number, low: number): string => [high >> 8, high & 255, low >> 8, low & 255].join('.');

function hostMatches(pattern: string, host: string): boolean {
  if (pattern === '*' || pattern === '**') return true;
  if (isAddress(pattern)) return hostReadings(pattern).includes(host);
  if (host.startsWith('[')) return false;
  return labelsMatch(pattern.split('.'), host.split('.'));
}

function labelsMatch(pattern: readonly string[], labels: readonly string[]): boolean {
  const [first, ...rest] = pattern;
  if (first === undefined) return labels.length === 0;
  if (labels.length === 0) return false;
  if (first === '**') return labels.some((_, i) => labelsMatch(rest, labels.slice(i + 1)));
  return globs(first, labels[0]!) && labelsMatch(rest, labels.slice(1));
}

export function pathMatches(pattern: readonly string[], path: readonly string[]): boolean {
  const [first, ...rest] = pattern;
  if (first === undefined) return path.length === 0;
  if (first === '**') return pathMatches(rest, path) || (path.length > 0 && pathMatches(pattern, path.slice(1)));
  if (path.length === 0) return false;
  const here = first === '{id}' ? isIdLike(path[0]!) : globs(first, path[0]!);
  return here && pathMatches(rest, path.slice(1));
}

/** `*` is any run of characters, nothing else is special. */
export function globs(pattern: string, text: string): boolean {
  if (!pattern.includes('*')) return pattern === text;
  const source = pattern.split('*').map(piece => piece.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${source.join('.*')}$`, 'su').test(text);
}
