/**
 * Does one matcher match whatever another matches? True only where that can be proven: every reading and every doubt of
 * the narrow one is one of the wide one too. False says nothing.
 */
import type { BodyMatcher, HostPattern, Matcher, Scheme, Segment, ToolPattern, UrlPattern } from '../checked.js';
import { meaning } from '../meaning.js';
import { compareDecimals } from '../program/body-values.js';

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
  methods: (narrow, wide, sides) =>
    wide === null ||
    // `*` too is UNKNOWN where a further reading of the method cannot be read, and an `allow` does not fire then.
    (wide.includes('*') && (narrow !== null || sides.wide !== 'allow')) ||
    (narrow?.every(m => wide.includes(m)) ?? false),
  url: (narrow, wide, sides) => wide === null || (narrow !== null && urlCovers(narrow, wide, sides)),
  query: conjuncts,
  headers: conjuncts,
  body: bodyConjuncts,
  tools: (narrow, wide) =>
    wide === null || (narrow?.every(name => wide.some(other => toolCovers(name, other))) ?? false),
  args: bodyConjuncts,
  time: (narrow, wide) => wide === null || same(narrow, wide),
};

const KEYS = Object.keys(PARTS) as readonly (keyof Matcher)[];

/** Whether `wide` is at least as true as `narrow` for every call. */
export function covers(narrow: Matcher, wide: Matcher, sides: Sides): boolean {
  return KEYS.every(key => part(key, narrow, wide, sides));
}

function part<K extends keyof Matcher>(key: K, narrow: Matcher, wide: Matcher, sides: Sides): boolean {
  return PARTS[key](narrow[key], wide[key], sides);
}

/** Whether no call matches both, whichever way it is read; for the host, addresses have readings of their own. */
export function disjoint(a: Matcher, b: Matcher): boolean {
  if (a.methods !== null && b.methods !== null && !a.methods.includes('*') && !b.methods.includes('*')) {
    if (!a.methods.some(method => b.methods?.includes(method))) return true;
  }
  if ((isOfTools(a) && isOfHttp(b)) || (isOfTools(b) && isOfHttp(a))) return true;
  if (a.tools !== null && b.tools !== null && a.tools.every(isPlain) && b.tools.every(isPlain)) {
    if (!a.tools.some(name => b.tools?.some(other => samePath(name.path, other.path)))) return true;
  }
  const left = plainHost(a.url);
  const right = plainHost(b.url);
  return left !== null && right !== null && left !== right;
}

/** It matches calls of tools only. */
export function isOfTools({ tools, args }: Matcher): boolean {
  return tools !== null || args.length > 0;
}

const HTTP: ReadonlySet<Scheme | null> = new Set<Scheme>(['http', 'https', 'ws', 'wss', 'tcp']);

/** It matches no call of a tool. */
export function isOfHttp({ url }: Matcher): boolean {
  return url?.kind === 'parts' && HTTP.has(url.scheme);
}

const isPlain = ({ path }: ToolPattern): boolean => path.every(({ kind }) => kind === 'literal');

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
function conjuncts(narrow: readonly object[], wide: readonly object[]): boolean {
  return wide.every(item => narrow.some(other => same(item, other)));
}

function bodyConjuncts(narrow: readonly BodyMatcher[], wide: readonly BodyMatcher[]): boolean {
  return wide.every(item => narrow.some(other => same(item, other) || within(other, item)));
}

/** Of one path: bounds that lie within the other's, a list that the other's holds, everything else alike. */
function within(narrow: BodyMatcher, wide: BodyMatcher): boolean {
  const [a, b] = [narrow.test, wide.test];
  if (meaning(narrow.path) !== meaning(wide.path)) return false;
  const { min, max, in: listed, ...rest } = b;
  const { min: _min, max: _max, in: _in, ...own } = a;
  if (meaning(Object.entries(rest).sort()) !== meaning(Object.entries(own).sort())) return false;
  if (min !== undefined && (a.min === undefined || compareDecimals(a.min, min) < 0)) return false;
  if (max !== undefined && (a.max === undefined || compareDecimals(a.max, max) > 0)) return false;
  if (listed === undefined) return true;
  const held = new Set(listed.map(meaning));
  return a.in?.every(operand => held.has(meaning(operand))) ?? false;
}

const texts = new WeakMap<object, string>();

/** What is compared is compared with many, and is written down once. */
function textOf(part: object): string {
  let text = texts.get(part);
  if (text === undefined) {
    text = meaning(part);
    texts.set(part, text);
  }
  return text;
}

function same(a: object | null, b: object): boolean {
  return a === b || (a !== null && textOf(a) === textOf(b));
}

/** The same segments, of `a` and `b` no more than `count`. */
function samePath(a: readonly Segment[], b: readonly Segment[], count = Math.max(a.length, b.length)): boolean {
  if (Math.min(a.length, count) !== Math.min(b.length, count)) return false;
  for (let i = 0; i < count; i++) if (!sameSegment(a[i], b[i])) return false;
  return true;
}

function sameSegment(a: Segment | undefined, b: Segment | undefined): boolean {
  return a?.kind === b?.kind && textIn(a) === textIn(b);
}

const textIn = (segment: Segment | undefined): string =>
  segment !== undefined && 'text' in segment ? segment.text : '';

function toolCovers(narrow: ToolPattern, wide: ToolPattern): boolean {
  return pathCovers(narrow.path, wide.path);
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
  if (narrow.kind !== 'labels' || wide.kind !== 'labels') return narrow.kind === wide.kind && same(narrow, wide);
  const { labels } = narrow;
  if (samePath(labels, wide.labels)) return true;
  const [first, ...rest] = wide.labels;
  // `*.example.com` and `**.example.com`; the rest is compared label by label.
  if (first?.kind !== 'one' && first?.kind !== 'many') return false;
  const over = labels.length - rest.length;
  if (over < 1 || !rest.every(label => label.kind === 'literal') || !samePath(labels.slice(over), rest)) return false;
  return first.kind === 'many' || (over === 1 && labels[0]?.kind !== 'many');
}

/** Equal, or the wide one is a beginning of the narrow one and then `**`. */
function pathCovers(narrow: readonly Segment[], wide: readonly Segment[]): boolean {
  if (samePath(narrow, wide)) return true;
  if (wide.at(-1)?.kind !== 'many') return false;
  const start = wide.length - 1;
  for (let i = 0; i < start; i++) if (wide[i]?.kind !== 'literal') return false;
  return samePath(narrow, wide, start);
}
