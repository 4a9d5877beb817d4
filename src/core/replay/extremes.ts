/**
 * One policy as two, between which the truth lies when only the log's part of a request is known.
 *
 * The log has method, scheme, host, folded path and time, and the name of a tool. What a rule asks beyond that (headers,
 * query, body, arguments, …, a port it names, a segment that one ID meets and another does not) may hold or not:
 *
 *   most denying   a `deny` takes it as met, an `allow` as not met
 *   most allowing  the reverse
 *
 * Where both give one answer it is certain. Limits stand apart, since they depend on every call before.
 */
import { isIdLike } from '../decide/endpoint.js';
import { EMPTY_MATCHER, type MatcherKey } from '../explain/parts.js';
import type { CheckedPolicy, CheckedRule, Matcher, Segment, UrlPattern } from '../policy/checked.js';
import { idOutside } from './recorded.js';

export interface Sides {
  readonly mostDenying: CheckedPolicy;
  readonly mostAllowing: CheckedPolicy;
  /** A `deny` for every limit, as wide as it could be; null where there is none. */
  readonly mayLimit: CheckedPolicy | null;
}

export interface Extremes {
  readonly http: Sides;
  /** For calls of tools: these have neither headers nor a body, so what asks for them is certain. */
  readonly tool: Sides;
  readonly limits: Limits | null;
  /** Stands for every `{id}` of the log. */
  readonly id: string;
}

export interface Limits {
  /** The limits alone: they see what everything else lets through. */
  readonly alone: CheckedPolicy;
  /** Every limit looks only at what the log holds. */
  readonly seen: boolean;
}

type Seen = ReadonlySet<string>;

/** What the log holds of a matcher. */
const SEEN: Seen = new Set<MatcherKey>(['methods', 'url', 'time', 'tools']);
/** And what a tool call never has. */
const SEEN_OF_TOOL: Seen = new Set<MatcherKey>(['methods', 'url', 'time', 'tools', 'headers', 'body']);
const SPELLINGS_MAX = 16;
/** Where every digit is met by some glob: globs are then never certain. */
const ANY_ID = '7'.repeat(19);

export function extremes(policy: CheckedPolicy): Extremes {
  const rules = policy.rules.filter(rule => !rule.shadow);
  const segments = rules.flatMap(({ matcher }) => pathOf(matcher));
  const literals = new Set(segments.flatMap(s => (s.kind === 'literal' ? [s.text] : [])));
  const id = idOutside(
    segments.flatMap(s => (s.kind === 'glob' ? [s.text] : [])),
    literals,
  );
  // A rule about tools says nothing of HTTP.
  const ofHttp = rules.filter(({ matcher }) => isEmpty(matcher, 'tools') && isEmpty(matcher, 'args'));
  return {
    http: sidesOf({ ...policy, rules: ofHttp }, SEEN, id !== null),
    tool: sidesOf({ ...policy, rules }, SEEN_OF_TOOL, id !== null),
    limits: limitsOf({ ...policy, rules }),
    id: id ?? ANY_ID,
  };
}

/** @param outside Some ID is met by no glob. */
function sidesOf(policy: CheckedPolicy, seen: Seen, outside: boolean): Sides {
  const { rules } = policy;
  const narrow = (rule: CheckedRule): readonly CheckedRule[] =>
    isSeen(rule.matcher, seen) && (outside || !pathOf(rule.matcher).some(s => s.kind === 'glob')) ? [rule] : [];
  const side = (wide: 'allow' | 'deny'): CheckedPolicy => ({
    ...policy,
    rules: rules.flatMap(rule => {
      if (rule.effect.kind === 'limit') return [];
      return rule.effect.kind === wide ? widened(rule, seen) : narrow(rule);
    }),
  });
  const limits = rules.filter(({ effect }) => effect.kind === 'limit');
  const denies = limits.flatMap(rule => widened({ ...rule, effect: { kind: 'deny' } }, seen));
  return {
    mostDenying: side('deny'),
    mostAllowing: side('allow'),
    mayLimit: limits.length === 0 ? null : opened(policy, denies),
  };
}

function limitsOf(policy: CheckedPolicy): Limits | null {
  const limits = policy.rules.filter(({ effect }) => effect.kind === 'limit');
  if (limits.length === 0) return null;
  const seen = limits.every(
    ({ matcher, effect }) =>
      isSeen(matcher, SEEN) &&
      !pathOf(matcher).some(dependsOnId) &&
      !(effect.kind === 'limit' && effect.per === 'body_field'),
  );
  return { alone: opened(policy, limits), seen };
}

function opened(policy: CheckedPolicy, rules: readonly CheckedRule[]): CheckedPolicy {
  return { ...policy, agents: null, mode: 'enforce', defaultResult: 'allow', rules };
}

/** As much as the rule could match, given what cannot be seen. One rule may become several. */
function widened(rule: CheckedRule, seen: Seen): readonly CheckedRule[] {
  const { matcher } = rule;
  const kept = Object.fromEntries(
    Object.entries(matcher).map(([key, value]) => [key, seen.has(key) ? value : EMPTY_MATCHER[key as MatcherKey]]),
  ) as unknown as Matcher;
  return urlSpellings(matcher.url).map(url => ({ ...rule, matcher: { ...kept, url } }));
}

function urlSpellings(url: UrlPattern | null): readonly (UrlPattern | null)[] {
  if (url === null || url.kind === 'everything') return [url];
  const wide = { ...url, port: typeof url.port === 'number' ? ('any' as const) : url.port };
  let paths: readonly (readonly Segment[])[] = [[]];
  const globs = url.path.filter(segment => segment.kind === 'glob').length;
  const tooMany = 2 ** globs > SPELLINGS_MAX;
  for (const segment of url.path) {
    const spelt = spellings(segment, tooMany);
    paths = paths.flatMap(path => spelt.map(one => [...path, one]));
  }
  return paths.map(path => ({ ...wide, path }));
}

/** The segments that a recorded segment may have been, as far as `segment` tells them apart. */
function spellings(segment: Segment, tooMany: boolean): readonly Segment[] {
  if (!dependsOnId(segment)) return [segment];
  if (segment.kind === 'literal') return [{ kind: 'id' }];
  return tooMany ? [{ kind: 'one' }] : [segment, { kind: 'id' }];
}

/** Some IDs meet it and others do not. A literal that looks like an ID is recorded as `{id}` itself. */
function dependsOnId(segment: Segment): boolean {
  return segment.kind === 'glob' || (segment.kind === 'literal' && isIdLike(segment.text));
}

function pathOf({ url }: Matcher): readonly Segment[] {
  return url?.kind === 'parts' ? url.path : [];
}

function isSeen(matcher: Matcher, seen: Seen): boolean {
  if (matcher.url?.kind === 'parts' && typeof matcher.url.port === 'number') return false;
  return (Object.keys(matcher) as MatcherKey[]).every(key => seen.has(key) || isEmpty(matcher, key));
}

function isEmpty(matcher: Matcher, key: MatcherKey): boolean {
  const value: unknown = matcher[key];
  return value === null || value === undefined || (Array.isArray(value) && value.length === 0);
}
