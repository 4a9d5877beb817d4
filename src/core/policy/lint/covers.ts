/**
 * Does one matcher match whatever another matches? True only where that can be proven: every reading and every doubt of
 * the narrow one is one of the wide one too. False says nothing.
 */
import type { HostPattern, Matcher, Segment, UrlPattern } from '../checked.js';

export type Effect = 'allow' | 'deny' | 'limit';
type Parts = Extract<UrlPattern, { kind: 'parts' }>;

/** What the effect of each side makes of a pattern without a port. */
interface Sides {
  readonly narrow: Effect;
  readonly wide: Effect;
}

/** A new part of matchers must say here when it covers another of its kind. */
const PARTS: {
  readonly [K in keyof Matcher]: (narrow: Matcher[K], wide: Matcher[K], sides: Sides) => boolean;
} = {
  methods: (narrow, wide) => wide === null || wide.includes('*') || (narrow?.every(m => wide.includes(m)) ?? false),
  url: (narrow, wide, sides) => wide === null || (narrow !== null && urlCovers(narrow, wide, sides)),
  query: conjuncts,
  headers: conjuncts,
  body: conjuncts,
  tools: (narrow, wide) => wide === null || same(narrow, wide),
  args: conjuncts,
  time: (narrow, wide) => wide === null || same(narrow, wide),
};

/** Whether `wide` is at least as true as `narrow` for every call. */
export function covers(narrow: Matcher, wide: Matcher, sides: Sides): boolean {
  return (Object.keys(wide) as (keyof Matcher)[]).every(key => part(key, narrow, wide, sides));
}

function part<K extends keyof Matcher>(key: K, narrow: Matcher, wide: Matcher, sides: Sides): boolean {
  return PARTS[key](narrow[key], wide[key], sides);
}

/** Whether no call matches both, whichever way it is read; for the host, addresses have readings of their own. */
export function disjoint(a: Matcher, b: Matcher): boolean {
  if (a.methods !== null && b.methods !== null && !a.methods.includes('*') && !b.methods.includes('*')) {
    if (!a.methods.some(method => b.methods?.includes(method))) return true;
  }
  const left = plainHost(a.url);
  const right = plainHost(b.url);
  return left !== null && right !== null && left !== right;
}

/** A host without wildcards, or null. */
function plainHost(url: UrlPattern | null): string | null {
  if (url?.kind !== 'parts' || url.host.kind !== 'labels') return null;
  const texts: string[] = [];
  for (const label of url.host.labels) {
    if (label.kind !== 'literal') return null;
    texts.push(label.text);
  }
  return texts.join('.');
}

/** All of a list must hold, so the narrow one needs every item of the wide one. */
function conjuncts(narrow: readonly unknown[], wide: readonly unknown[]): boolean {
  return wide.every(item => narrow.some(other => same(item, other)));
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function urlCovers(narrow: UrlPattern, wide: UrlPattern, sides: Sides): boolean {
  if (wide.kind === 'everything') return true;
  if (narrow.kind === 'everything') return false;
  return (
    schemeCovers(narrow, wide) &&
    portCovers(narrow, wide, sides) &&
    hostCovers(narrow.host, wide.host) &&
    pathCovers(narrow.path, wide.path)
  );
}

function schemeCovers(narrow: Parts, wide: Parts): boolean {
  return narrow.scheme === wide.scheme || (wide.scheme === null && narrow.scheme !== null && narrow.scheme !== 'tcp');
}

/** Absent: every port in a `deny` or under any host, else the scheme's own. */
function portCovers(narrow: Parts, wide: Parts, sides: Sides): boolean {
  const everyPort = (url: Parts, effect: Effect): boolean =>
    url.port === 'any' || (url.port === null && (effect === 'deny' || url.host.kind === 'any'));
  if (everyPort(wide, sides.wide)) return true;
  return wide.port === narrow.port && !everyPort(narrow, sides.narrow);
}

function hostCovers(narrow: HostPattern, wide: HostPattern): boolean {
  if (wide.kind === 'any') return true;
  if (narrow.kind !== 'labels' || wide.kind !== 'labels') return same(narrow, wide);
  if (same(narrow, wide)) return true;
  const [first, ...rest] = wide.labels;
  // `*.example.com` and `**.example.com`; the rest is compared label by label.
  if (first?.kind !== 'one' && first?.kind !== 'many') return false;
  const { labels } = narrow;
  const over = labels.length - rest.length;
  if (over < 1 || !same(labels.slice(over), rest) || !rest.every(label => label.kind === 'literal')) return false;
  return first.kind === 'many' || (over === 1 && labels[0]?.kind !== 'many');
}

/** Equal, or the wide one is a beginning of the narrow one and then `**`. */
function pathCovers(narrow: readonly Segment[], wide: readonly Segment[]): boolean {
  if (same(narrow, wide)) return true;
  if (wide.at(-1)?.kind !== 'many') return false;
  const start = wide.slice(0, -1);
  return start.every(segment => segment.kind === 'literal') && same(narrow.slice(0, start.length), start);
}
