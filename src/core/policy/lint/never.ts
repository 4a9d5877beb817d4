/** Matchers that nothing can match, proven from the matcher alone. */
import type {
  BodyMatcher,
  CheckedRule,
  FieldMatcher,
  Matcher,
  Operand,
  TimeMatcher,
  TimeWindow,
  UrlPattern,
} from '../checked.js';
import { quoted } from '../issue-list.js';
import type { Remark } from '../lints.js';
import { compareDecimals } from '../program/body-values.js';
import { isOfHttp, isOfTools } from './covers.js';

const DAY_MINUTES = 1440;
const EVERY_DAY = 127;
const BODYLESS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE']);

/** Doubt lets a `deny` or `limit` fire, so what values contradict each other says something of an `allow` only. */
export function remarksOnMatcher({ matcher, effect }: CheckedRule): readonly Remark[] {
  const remarks: Remark[] = [];
  if (matcher.time !== null && neverTime(matcher.time)) {
    const message = 'no moment lies in all of its time windows';
    remarks.push({ code: 'rule_never_fires', message, suggestion: 'mend the windows, or remove the rule' });
  }
  if (effect.kind !== 'deny' && isPortless(matcher.url)) {
    const message = 'no call can match it: a raw socket has a port, and without one the pattern names none';
    remarks.push({ code: 'rule_never_fires', message, suggestion: 'write the port, or `:*` for any' });
  }
  const missing = isOfTools(matcher) ? missingOfTools(matcher) : null;
  if (missing !== null) {
    const message = `no call can match it: a call of a tool has no ${missing}`;
    const suggestion =
      missing === 'body' ? 'write `args` for `body`' : 'remove it, or write a rule of its own for HTTP';
    remarks.push({ code: 'rule_never_fires', message, suggestion });
  } else if (effect.kind === 'allow') {
    const { body, args, query, headers } = matcher;
    const what = contradiction(body) ?? contradiction(args) ?? fieldContradiction(query) ?? fieldContradiction(headers);
    if (what !== null) {
      const message = `no call can match it: ${what}`;
      remarks.push({ code: 'rule_never_fires', message, suggestion: 'write one rule for each value, or use `in`' });
    }
  }
  for (const { test } of [...matcher.body, ...matcher.args]) {
    if (test.min === undefined || test.max === undefined || compareDecimals(test.min, test.max) <= 0) continue;
    const message = '`min` is above `max`, so no number lies between them';
    remarks.push({ code: 'min_over_max', message, suggestion: 'swap them, or write two rules' });
  }
  const { methods, body } = matcher;
  if (body.length > 0 && methods !== null && methods.every(method => BODYLESS.has(method))) {
    const message = `\`body\` finds nothing in calls of ${methods.join(', ')}, which are sent without one`;
    const suggestion = 'match `query` or `headers`, or another method';
    remarks.push({ code: 'body_on_bodyless_method', message, suggestion });
  }
  return remarks;
}

/** Raw sockets have no usual port; any host alone takes every port. */
function isPortless(url: UrlPattern | null): boolean {
  return url?.kind === 'parts' && url.scheme === 'tcp' && url.port === null && url.host.kind !== 'any';
}

/** What a rule about tools asks for and no call of a tool has. */
function missingOfTools(matcher: Matcher): string | null {
  if (matcher.body.some(({ test }) => test.exists !== false)) return 'body';
  if (matcher.headers.some(({ kind }) => kind === 'present')) return 'headers';
  return isOfHttp(matcher) ? 'URL of that scheme' : null;
}

function neverTime({ windows }: TimeMatcher): boolean {
  // A window that holds on some days only is outside itself on the others.
  if (windows.some(window => 'days' in window && window.days !== EVERY_DAY)) return false;
  for (let minute = 0; minute < DAY_MINUTES; minute++) if (windows.every(window => holds(window, minute))) return false;
  return windows.length > 0;
}

function holds({ kind, startMinute, endMinute }: TimeWindow, minute: number): boolean {
  const inside =
    startMinute < endMinute ? minute >= startMinute && minute < endMinute : minute >= startMinute || minute < endMinute;
  return inside === (kind === 'within');
}

/** Two `exact` of one path; `exact` outside the range or the list beside it. */
function contradiction(body: readonly BodyMatcher[]): string | null {
  const exacts = new Map<string, string>();
  for (const { path, test } of body) {
    if (test.exact === undefined) continue;
    const key = JSON.stringify(path);
    const value = valueKey(test.exact);
    if (exacts.has(key) && exacts.get(key) !== value) return 'one value cannot be two';
    exacts.set(key, value);
    if (test.in !== undefined && !test.in.some(item => valueKey(item) === value)) return '`exact` is not one of `in`';
    if (test.notIn?.some(item => valueKey(item) === value) === true) return '`exact` is one of `not_in`';
    const { exact, min, max } = test;
    if (exact.type !== 'number') continue;
    if (min !== undefined && compareDecimals(exact.value, min) < 0) return '`exact` is below `min`';
    if (max !== undefined && compareDecimals(exact.value, max) > 0) return '`exact` is above `max`';
  }
  return null;
}

function valueKey(operand: Operand): string {
  return JSON.stringify(operand);
}

function fieldContradiction(fields: readonly FieldMatcher[]): string | null {
  for (const [i, field] of fields.entries()) {
    for (const other of fields.slice(i + 1)) {
      if (field.name !== other.name) continue;
      if (field.kind !== other.kind) return `${quoted(field.name)} cannot be there and absent`;
      if (field.kind !== 'present' || other.kind !== 'present') continue;
      const [a, b] = [field.test.exact, other.test.exact];
      if (a !== undefined && b !== undefined && a !== b) return `${quoted(field.name)} cannot be two values`;
    }
  }
  return null;
}
