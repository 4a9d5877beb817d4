/**
 * One line of `checkrd decide --batch` (and, without `load`, one body of the daemon's /v1/decide).
 *
 *   in   : the text of a line
 *   out  : what it asks for, or what is wrong with it
 *   never: decides, reads files, knows the time
 *
 * Strict: unknown keys, other types, null and names given twice are errors. A policy is handed on as its own source
 * text, since its numbers must not pass through a double.
 */
import { type AgentId, agentId } from '../brand.js';
import { rfc3339Ms } from '../time/rfc3339.js';
import type { HeaderLines } from './types.js';

export interface BatchError {
  readonly code:
    | 'bad_json'
    | 'bad_value'
    | 'duplicate_key'
    | 'line_too_long'
    | 'missing_key'
    | 'no_policy'
    | 'not_supported'
    | 'not_utf8'
    | 'unknown_key'
    | 'wrong_type';
  readonly message: string;
}

/** A request as it came; not normalised, not yet known to be valid. */
export interface BatchRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: HeaderLines;
  /** Null: none. Well-formed UTF-16. */
  readonly body: string | null;
}

export type RequestLine = {
  readonly is: 'request';
  readonly request: BatchRequest;
  readonly agent: AgentId | null;
  readonly atMs: number | null;
  readonly killed: boolean;
};

export type BatchLine =
  | { readonly is: 'load'; readonly policyText: string }
  | { readonly is: 'load_file'; readonly path: string }
  | RequestLine
  | { readonly is: 'bad'; readonly error: BatchError };

type Json = { readonly [key: string]: unknown };
const NO_HEADERS: HeaderLines = [];
const LONE_SURROGATE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;

/** Never throws. */
export function readBatchLine(line: string): BatchLine {
  let parsed: unknown;
  try {
    parsed = JSON.parse(line);
  } catch {
    return bad('bad_json', 'this line is not JSON');
  }
  if (!isObject(parsed)) return bad('wrong_type', 'a line is a JSON object');
  let keys = 0;
  for (const key in parsed) {
    keys++;
    switch (key) {
      case 'request':
      case 'agent':
      case 'at':
      case 'killed':
      case 'load':
      case 'load_file':
        break;
      default:
        return bad('unknown_key', 'a line has `request`, `agent`, `at` and `killed`, or `load`, or `load_file`');
    }
  }
  if (Object.hasOwn(parsed, 'request')) {
    return Object.hasOwn(parsed, 'load') || Object.hasOwn(parsed, 'load_file')
      ? bad('bad_value', 'a line either loads or asks')
      : requestLine(line, parsed, keys);
  }
  if (keys !== 1)
    return bad(keys === 0 ? 'missing_key' : 'bad_value', 'a line is a `request`, a `load` or a `load_file`');
  if (Object.hasOwn(parsed, 'load')) return { is: 'load', policyText: onlyValue(line) };
  if (!Object.hasOwn(parsed, 'load_file'))
    return bad('missing_key', 'a line is a `request`, a `load` or a `load_file`');
  const path = parsed.load_file;
  if (typeof path !== 'string' || path === '' || path.includes('\0')) return bad('wrong_type', '`load_file` is a path');
  return countNames(line) === 1 ? { is: 'load_file', path } : bad('duplicate_key', 'a key is given twice');
}

function requestLine(line: string, parsed: Json, topKeys: number): BatchLine {
  const { request, agent, at, killed } = parsed;
  if (!isObject(request)) return bad('wrong_type', '`request` is an object');
  let keys = topKeys;
  for (const key in request) {
    keys++;
    switch (key) {
      case 'method':
      case 'url':
      case 'headers':
      case 'body':
        break;
      case 'tool':
      case 'args':
        return bad('not_supported', 'this version decides no tool calls (`tool`, `args`)');
      default:
        return bad('unknown_key', 'a request has `method`, `url`, `headers` and `body`');
    }
  }
  const { method, url } = request;
  if (typeof method !== 'string') return missingOr(request, 'method', 'a string');
  if (typeof url !== 'string') return missingOr(request, 'url', 'a string');
  const body = Object.hasOwn(request, 'body') ? request.body : null;
  if (body !== null && typeof body !== 'string') return bad('wrong_type', '`body` is a string');
  if (body === null && Object.hasOwn(request, 'body')) return bad('wrong_type', '`body` is a string');
  const headers = Object.hasOwn(request, 'headers') ? request.headers : NO_HEADERS;
  if (!isHeaderLines(headers)) return bad('wrong_type', '`headers` is a list of [name, value]');

  let id: AgentId | null = null;
  if (Object.hasOwn(parsed, 'agent')) {
    if (typeof agent !== 'string') return bad('wrong_type', '`agent` is a string');
    id = agentId(agent);
    if (id === null) return bad('bad_value', '`agent` is no agent ID (1 to 128 of A-Z a-z 0-9 . _ -)');
  }
  let atMs: number | null = null;
  if (Object.hasOwn(parsed, 'at')) {
    if (typeof at !== 'string') return bad('wrong_type', '`at` is an RFC 3339 string');
    atMs = rfc3339Ms(at);
    if (atMs === null) return bad('bad_value', '`at` is no RFC 3339 date-time');
  }
  if (Object.hasOwn(parsed, 'killed') && typeof killed !== 'boolean')
    return bad('wrong_type', '`killed` is true or false');
  if (countNames(line) !== keys) return bad('duplicate_key', 'a key is given twice');
  // Raw text cannot hold half a surrogate pair; only an escape can. It has no UTF-8 form, so it could not be sent.
  if (line.includes('\\u') && hasLoneSurrogate(method, url, body, headers)) {
    return bad('bad_value', 'a string has half a surrogate pair, which no request can carry');
  }
  return { is: 'request', request: { method, url, headers, body }, agent: id, atMs, killed: killed === true };
}

function missingOr(request: Json, key: string, want: string): BatchLine {
  return Object.hasOwn(request, key)
    ? bad('wrong_type', `\`${key}\` is ${want}`)
    : bad('missing_key', `\`request\` has no \`${key}\``);
}

function hasLoneSurrogate(method: string, url: string, body: string | null, headers: HeaderLines): boolean {
  return (
    LONE_SURROGATE.test(method) ||
    LONE_SURROGATE.test(url) ||
    (body !== null && LONE_SURROGATE.test(body)) ||
    headers.some(([name, value]) => LONE_SURROGATE.test(name) || LONE_SURROGATE.test(value))
  );
}

function bad(code: BatchError['code'], message: string): BatchLine {
  return { is: 'bad', error: { code, message } };
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isHeaderLines(value: unknown): value is HeaderLines {
  if (!Array.isArray(value)) return false;
  for (const line of value) {
    if (!Array.isArray(line) || line.length !== 2 || typeof line[0] !== 'string' || typeof line[1] !== 'string')
      return false;
  }
  return true;
}

/**
 * Member names in a text that is known to be JSON: strings followed by a colon. More names than the parsed objects
 * have keys means that a name was given twice and the parser kept one.
 */
function countNames(json: string): number {
  let names = 0;
  let open = json.indexOf('"');
  while (open !== -1) {
    let i = endOfString(json, open);
    let c = json.charCodeAt(i);
    while (c === 0x20 || c === 0x09 || c === 0x0d || c === 0x0a) c = json.charCodeAt(++i);
    if (c === 0x3a) names++;
    open = json.indexOf('"', i);
  }
  return names;
}

/** Place after the closing quote of the string that opens at `open`, in a text known to be JSON. */
function endOfString(json: string, open: number): number {
  let close = json.indexOf('"', open + 1);
  while (json.charCodeAt(close - 1) === 0x5c) {
    let slashes = 1;
    while (json.charCodeAt(close - 1 - slashes) === 0x5c) slashes++;
    if (slashes % 2 === 0) break;
    close = json.indexOf('"', close + 1);
  }
  return close + 1;
}

/** Source text of the value in an object known to have one member. A name given twice leaves text that is no JSON. */
function onlyValue(json: string): string {
  const colon = json.indexOf(':', endOfString(json, json.indexOf('"')));
  return json.slice(colon + 1, json.lastIndexOf('}')).trim();
}
