/**
 * One line of `checkrd decide --batch` (and, without `load`, one body of the daemon's /v1/decide).
 *
 *   in   : the text of a line
 *   out  : what it asks for, or what is wrong with it
 *   never: decides, reads files, knows the time
 *
 * Strict: unknown keys, other types, null and names given twice are errors. A policy and the arguments of a tool are handed
 * on as their own source text, since their numbers must not pass through a double. Inside arguments a name may be given
 * twice: the policy judges that.
 */
import { type AgentId, agentId } from '../brand.js';
import { countNames, memberSource, onlyValue } from '../json/source.js';
import { rfc3339Ms } from '../time/rfc3339.js';
import { TOOL_METHOD } from './tool-request.js';
import type { HeaderLines } from './types.js';

export interface BatchError {
  readonly code:
    | 'bad_json'
    | 'bad_value'
    | 'duplicate_key'
    | 'line_too_long'
    | 'missing_key'
    | 'no_policy'
    | 'not_utf8'
    | 'unknown_key'
    | 'wrong_type';
  readonly message: string;
}

/** A request as it came; not normalised, not yet known to be valid. */
export interface BatchRequest {
  readonly method: string;
  /** Null only for the call of a tool that has none. */
  readonly url: string | null;
  readonly headers: HeaderLines;
  /** Null: none. Well-formed UTF-16. */
  readonly body: string | null;
  /** The name of the tool, for the call of one; it has neither headers nor a body. */
  readonly tool: string | null;
  /** Source text of the arguments, numbers and names as they were written. Null: none. */
  readonly args: string | null;
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
  /** `layers`: also those beside it. */
  | { readonly is: 'load_file'; readonly path: string; readonly layers: boolean }
  | RequestLine
  | { readonly is: 'bad'; readonly error: BatchError };

/** JSON knows no undefined: what is undefined is not there. None of our names stands on Object.prototype. */
type Json = { readonly [key: string]: unknown };
const NO_HEADERS: HeaderLines = [];

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
      case 'layers':
        break;
      default:
        return bad(
          'unknown_key',
          'a line has `request`, `agent`, `at` and `killed`, or `load`, or `load_file` and `layers`',
        );
    }
  }
  if (parsed.request !== undefined) {
    return parsed.load !== undefined || parsed.load_file !== undefined || parsed.layers !== undefined
      ? bad('bad_value', 'a line either loads or asks')
      : requestLine(line, parsed, keys);
  }
  const { layers } = parsed;
  const isFile = parsed.load_file !== undefined;
  if (keys !== (isFile && layers !== undefined ? 2 : 1))
    return bad(keys === 0 ? 'missing_key' : 'bad_value', 'a line is a `request`, a `load` or a `load_file`');
  if (parsed.load !== undefined) return { is: 'load', policyText: onlyValue(line) };
  if (!isFile) return bad('missing_key', 'a line is a `request`, a `load` or a `load_file`');
  const path = parsed.load_file;
  if (typeof path !== 'string' || path === '' || path.includes('\0')) return bad('wrong_type', '`load_file` is a path');
  if (layers !== undefined && typeof layers !== 'boolean') return bad('wrong_type', '`layers` is true or false');
  return countNames(line) === keys
    ? { is: 'load_file', path, layers: layers === true }
    : bad('duplicate_key', 'a key is given twice');
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
      case 'tool':
      case 'args':
        break;
      default:
        return bad('unknown_key', 'a request has `method`, `url`, `headers` and `body`, or `tool` and `args`');
    }
  }
  const { tool = null } = request;
  if (request.tool === null || (tool !== null && typeof tool !== 'string'))
    return bad('wrong_type', '`tool` is a string');
  if (tool === null && request.args !== undefined) return missingOr(request, 'tool', 'a string');
  if (tool !== null && (request.headers !== undefined || request.body !== undefined)) {
    return bad('bad_value', 'the call of a tool has `args`, and neither `headers` nor a `body`');
  }
  const method = request.method === undefined && tool !== null ? TOOL_METHOD : request.method;
  const url = request.url === undefined && tool !== null ? null : request.url;
  if (typeof method !== 'string') return missingOr(request, 'method', 'a string');
  if (typeof url !== 'string' && (url !== null || request.url === null)) return missingOr(request, 'url', 'a string');
  const body = request.body ?? null;
  if (request.body === null || (body !== null && typeof body !== 'string'))
    return bad('wrong_type', '`body` is a string');
  const headers = request.headers === undefined ? NO_HEADERS : request.headers;
  if (!isHeaderLines(headers)) return bad('wrong_type', '`headers` is a list of [name, value]');

  let id: AgentId | null = null;
  if (agent !== undefined) {
    if (typeof agent !== 'string') return bad('wrong_type', '`agent` is a string');
    id = agentId(agent);
    if (id === null) return bad('bad_value', '`agent` is no agent ID (1 to 128 of A-Z a-z 0-9 . _ -)');
  }
  let atMs: number | null = null;
  if (at !== undefined) {
    if (typeof at !== 'string') return bad('wrong_type', '`at` is an RFC 3339 string');
    atMs = rfc3339Ms(at);
    if (atMs === null) return bad('bad_value', '`at` is no RFC 3339 date-time');
  }
  if (killed !== undefined && typeof killed !== 'boolean') return bad('wrong_type', '`killed` is true or false');
  const args = request.args === undefined ? null : memberSource(memberSource(line, 'request') ?? '', 'args');
  const given = countNames(line) - (args === null ? 0 : countNames(args));
  if (given !== keys) return bad('duplicate_key', 'a key is given twice');
  // Raw text cannot hold half a surrogate pair; only an escape can. It has no UTF-8 form, so it could not be sent.
  const texts = [method, url ?? '', body ?? '', tool ?? '', ...headers.flat()];
  if (line.includes('\\u') && !texts.every(text => text.isWellFormed())) {
    return bad('bad_value', 'a string has half a surrogate pair, which no request can carry');
  }
  const asked = { method, url, headers, body, tool, args };
  return { is: 'request', request: asked, agent: id, atMs, killed: killed === true };
}

function missingOr(request: Json, key: string, want: string): BatchLine {
  return Object.hasOwn(request, key)
    ? bad('wrong_type', `\`${key}\` is ${want}`)
    : bad('missing_key', `\`request\` has no \`${key}\``);
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
