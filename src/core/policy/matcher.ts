/**
 * The matcher of one rule: keys from inside the effect and from beside it, together.
 */
import type { MapEntry } from '../json/tree.js';
import { RULE_MAX_MATCHERS } from '../limits.js';
import type { CheckContext } from './check-context.js';
import type { BodyMatcher, FieldMatcher, Matcher, TimeMatcher, TimeWindow, Zone } from './checked.js';
import { EVERY_DAY, readDays } from './days.js';
import type { MATCHER_KEYS } from './definition.js';
import { entryOf } from './fields.js';
import { overBound } from './issue-list.js';
import { readBodyMatchers } from './matcher-body.js';
import { readFieldMatchers } from './matcher-fields.js';
import { readMethods } from './matcher-method.js';
import { readToolPatterns } from './matcher-tool.js';
import { parseWindow, parseZone } from './time.js';
import { parseUrlPattern } from './url-pattern.js';

const UTC: Zone = { kind: 'offset', minutes: 0 };
/** Shared: most rules of thousands look at none of these. */
const NO_FIELDS: readonly FieldMatcher[] = [];
const NO_BODY: readonly BodyMatcher[] = [];
const WHOLE_DAY = { kind: 'within', startMinute: 0, endMinute: 1440 } as const;

/** Well-typed entries with matcher keys, each key once. */
export type MatcherEntries = readonly MapEntry[];

/**
 * Reads well-typed matcher entries. `daysWritten` silences the complaint about a lone time zone.
 * A part that is wrong has been reported and is absent from the result, which then must not be used.
 */
export function readMatcher(context: CheckContext, entries: MatcherEntries, at: number, daysWritten: boolean): Matcher {
  const { issues } = context;
  const value = (key: MatcherKey) => find(entries, key)?.value ?? null;
  const method = value('method');
  const url = value('url');
  const body = value('body');
  const tool = value('tool');
  const args = value('args');
  const matcher: Matcher = {
    methods: method === null ? null : readMethods(issues, method),
    url: url?.kind === 'string' ? issues.take(url.at, parseUrlPattern(url.value)) : null,
    query: readNamed(context, entries, 'query'),
    headers: readNamed(context, entries, 'headers'),
    body: body === null ? NO_BODY : (readBodyMatchers(context, body, 'body') ?? NO_BODY),
    tools: tool === null ? null : readToolPatterns(issues, tool),
    args: args === null ? NO_BODY : (readBodyMatchers(context, args, 'args') ?? NO_BODY),
    time: readTime(context, entries, daysWritten),
  };
  const { query, headers, time } = matcher;
  const parts = (matcher.methods === null ? 0 : 1) + (matcher.url === null ? 0 : 1) + (matcher.tools === null ? 0 : 1);
  const lists = query.length + headers.length + matcher.body.length + matcher.args.length;
  const count = parts + lists + (time?.windows.length ?? 0);
  if (count > RULE_MAX_MATCHERS) issues.addFlaw(at, overBound('the rule', count, RULE_MAX_MATCHERS, 'matchers'));
  return matcher;
}

type MatcherKey = keyof typeof MATCHER_KEYS;

function find(entries: MatcherEntries, key: MatcherKey): MapEntry | undefined {
  return entryOf(entries, key);
}

function readNamed(context: CheckContext, entries: MatcherEntries, key: 'query' | 'headers') {
  const node = find(entries, key)?.value;
  return node?.kind === 'list' ? (readFieldMatchers(context, node, key) ?? NO_FIELDS) : NO_FIELDS;
}

const TIME_KEYS: ReadonlySet<string> = new Set<MatcherKey>(['days', 'time_within', 'time_outside', 'timezone']);

function readTime(context: CheckContext, entries: MatcherEntries, daysWritten: boolean): TimeMatcher | null {
  if (!daysWritten && !entries.some(({ key }) => TIME_KEYS.has(key))) return null;
  const { issues } = context;
  const list = find(entries, 'days')?.value;
  const days = list?.kind === 'list' ? readDays(issues, list) : EVERY_DAY;
  const windows: Omit<TimeWindow, 'days'>[] = [];
  for (const kind of ['within', 'outside'] as const) {
    const node = find(entries, `time_${kind}`)?.value;
    const window = node?.kind === 'string' ? issues.take(node.at, parseWindow(kind, node.value)) : null;
    if (window !== null) windows.push(window);
  }
  const entry = find(entries, 'timezone');
  const zone = entry === undefined ? UTC : readZone(context, entry);
  const windowWritten = find(entries, 'time_within') !== undefined || find(entries, 'time_outside') !== undefined;
  if (entry !== undefined && !windowWritten && !daysWritten) {
    issues.add(
      'time_zone_alone',
      entry.keyAt,
      '`timezone` without a time window',
      'add `time_within`, `time_outside` or `days`',
    );
  }
  if (daysWritten && !windowWritten) windows.push(WHOLE_DAY);
  return windows.length === 0 || zone === null || days === null
    ? null
    : { windows: windows.map(window => ({ ...window, days })), zone };
}

function readZone(context: CheckContext, { value }: MapEntry): Zone | null {
  const zone = value.kind === 'string' ? context.issues.take(value.at, parseZone(value.value)) : null;
  if (zone === null) return null;
  if (typeof zone === 'number') return { kind: 'offset', minutes: zone };
  return { kind: 'named', name: zone, at: context.place(value.at) };
}
