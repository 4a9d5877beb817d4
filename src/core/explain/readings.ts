/**
 * The readings of a request that one matcher looks at, each as a request that has only that reading.
 *
 *   in   : one matcher, and the request as it came
 *   out  : what there is to read, in words that quote the request, and how the engine can be asked about it alone
 *   never: judges; leaves a reading out of the decision (these only say where the matcher's own answer comes from)
 */
import type { BatchRequest } from '../decide/batch-line.js';
import { checkRequest } from '../decide/request.js';
import type { HeaderLines } from '../decide/types.js';
import type { BodyMatcher, Effect, FieldMatcher, JsonPath, Matcher, UrlPattern } from '../policy/checked.js';
import { METHOD_HEADERS } from '../policy/program/format.js';
import { argsReadings, bodyReadings } from './body-readings.js';
import { type Part, part } from './parts.js';
import { pathReadings } from './path-readings.js';
import { partWords } from './words.js';

export interface Reading {
  readonly what: string;
  /** Null: no request has this reading alone. */
  readonly alone: { readonly request: BatchRequest; readonly matcher: Matcher } | null;
}

const SHOWN = 200;

/** @param kind Members of a header line are readings for all but an `allow`. */
export function readingsOf(given: Part, request: BatchRequest, kind: Effect['kind']): readonly Reading[] {
  const { key, value, matcher } = given;
  const ask = (what: string, changed: BatchRequest): Reading => ({ what, alone: { request: changed, matcher } });
  switch (key) {
    case 'url':
      return (value as UrlPattern).kind === 'everything' ? [] : urlReadings(request, ask);
    case 'methods':
      return methodReadings(request, ask);
    case 'query':
      return [...operators(given, request), ...queryReadings(request, (value as FieldMatcher).name, ask)];
    case 'headers':
      return [...operators(given, request), ...headerReadings(request, (value as FieldMatcher).name, kind, ask)];
    case 'body': {
      const path: JsonPath = (value as BodyMatcher).path;
      return [...operators(given, request), ...bodyReadings(request, path, ask, quoted)];
    }
    case 'args': {
      const path: JsonPath = (value as BodyMatcher).path;
      return [...operators(given, request), ...argsReadings(request, path, ask, quoted)];
    }
    default:
      return [];
  }
}

export type Ask = (what: string, changed: BatchRequest) => Reading;

/** Where several operators must hold, which of them does. */
function operators({ key, value }: Part, request: BatchRequest): readonly Reading[] {
  const { test } = value as { readonly test?: object };
  const entries = Object.entries(test ?? {});
  if (entries.length < 2) return [];
  return entries.map(([name, operand]) => {
    const one = part(key, { ...(value as object), test: { [name]: operand } });
    return { what: partWords(one), alone: { request, matcher: one.matcher } };
  });
}

function urlReadings(request: BatchRequest, ask: Ask): readonly Reading[] {
  // Each name in the URL of a tool call has one reading.
  if (request.url === null || request.tool !== null) return [];
  const valid = checkRequest(request.method, request.url, []);
  if (!valid.ok) return [];
  const readings = pathReadings(valid.path);
  if (readings === null) return [{ what: `the path ${quoted(valid.path)} cannot be read`, alone: null }];
  if (readings.length < 2) return [];
  const at = valid.url.indexOf(valid.path, valid.url.indexOf('://') + 3);
  return readings.map(({ letters, segments, alone }) => {
    const what = `path reading ${[...letters].join(', ')}: ${quoted(`/${segments.map(s => s.replaceAll('/', '%2F')).join('/')}`)}`;
    if (alone === null) return { what, alone: null };
    return ask(what, { ...request, url: valid.url.slice(0, at) + alone + valid.url.slice(at + valid.path.length) });
  });
}

function methodReadings(request: BatchRequest, ask: Ask): readonly Reading[] {
  const overrides: [what: string, method: string][] = [];
  for (const [name, value] of request.headers) {
    if (!(METHOD_HEADERS as readonly string[]).includes(name.toLowerCase())) continue;
    for (const member of members(value)) overrides.push([`method override ${name}: ${quoted(member)}`, member]);
  }
  for (const { raw, name, value } of pairs(queryOf(request.url ?? ''))) {
    if (name === '_method') overrides.push([`method override in the query: ${quoted(raw)}`, value ?? '']);
  }
  if (/x-www-form-urlencoded/i.test(headerOf(request.headers, 'content-type'))) {
    for (const { raw, name, value } of pairs(request.body ?? '')) {
      if (name === '_method') overrides.push([`method override in the form: ${quoted(raw)}`, value ?? '']);
    }
  }
  if (overrides.length === 0) return [];
  const bare = {
    ...request,
    headers: request.headers.filter(([name]) => !(METHOD_HEADERS as readonly string[]).includes(name.toLowerCase())),
    url: request.url === null ? null : withQuery(request.url, ''),
    body: null,
  };
  return [
    ask(`method ${quoted(request.method)}`, bare),
    ...overrides.map(([what, method]) => ask(what, { ...bare, method })),
  ];
}

function queryReadings(request: BatchRequest, name: string, ask: Ask): readonly Reading[] {
  const { url } = request;
  if (url === null) return [];
  const found = pairs(queryOf(url)).filter(pair => pair.name === name || pair.name === null);
  return found.map(({ raw }) => ask(`query ${quoted(raw)}`, { ...request, url: withQuery(url, `?${raw}`) }));
}

function headerReadings(request: BatchRequest, name: string, kind: Effect['kind'], ask: Ask): readonly Reading[] {
  const others = request.headers.filter(([given]) => given.toLowerCase() !== name);
  const lines = request.headers.filter(([given]) => given.toLowerCase() === name).map(([, value]) => value);
  const one = (what: string, value: string): Reading =>
    ask(`${what}: ${quoted(value)}`, { ...request, headers: [...others, [name, value]] });
  return lines.flatMap((line, i) => {
    const place = lines.length > 1 ? `header line ${i + 1}` : 'header';
    const inside = kind === 'allow' ? [] : members(line);
    return [
      one(place, line),
      ...(inside.length > 1 ? inside.map((member, n) => one(`${place}, member ${n + 1}`, member)) : []),
      ...(i === lines.length - 1 && i > 0 ? [one('header lines joined', lines.join(', '))] : []),
    ];
  });
}

const members = (value: string): readonly string[] =>
  value.split(',').map(text => text.replace(/^[ \t]+|[ \t]+$/g, ''));

function headerOf(headers: HeaderLines, name: string): string {
  return headers.find(([given]) => given.toLowerCase() === name)?.[1] ?? '';
}

interface Pair {
  readonly raw: string;
  /** Null where it cannot be decoded. */
  readonly name: string | null;
  readonly value: string | null;
}

function pairs(text: string): readonly Pair[] {
  const found = text.split('&').filter(raw => raw !== '');
  return found.map(raw => {
    const equals = raw.indexOf('=');
    const end = equals < 0 ? raw.length : equals;
    return { raw, name: decoded(raw.slice(0, end)), value: decoded(raw.slice(end + 1)) };
  });
}

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return null;
  }
}

function queryOf(url: string): string {
  const valid = checkRequest('GET', url, []);
  const mark = valid.ok ? valid.url.indexOf('?') : -1;
  return valid.ok && mark >= 0 ? valid.url.slice(mark + 1) : '';
}

function withQuery(url: string, query: string): string {
  const valid = checkRequest('GET', url, []);
  const [before = url] = (valid.ok ? valid.url : url).split('?');
  return before + query;
}

/** As JSON writes it, so that nothing of a request reaches a terminal raw; cut. */
function quoted(text: string): string {
  return JSON.stringify(text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text);
}
