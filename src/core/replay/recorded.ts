/**
 * A decision as the log holds it, and as much of its request as can be made again from that.
 *
 *   in   : one record of a log
 *   out  : who asked for what and what was said, or that the policy had no part in it
 *   never: guesses a path that was cut or that had more than one reading
 */
import type { FlatRecord } from '../audit/canonical.js';
import { INVALID } from '../audit/text.js';
import type { BatchRequest } from '../decide/batch-line.js';
import { isIdLike } from '../decide/endpoint.js';
import { SOFT_CODES } from '../decide/types.js';
import { pathReadings } from '../explain/path-readings.js';
import { rfc3339Ms } from '../time/rfc3339.js';

export interface Recorded {
  readonly agent: string;
  readonly atMs: number;
  readonly time: string;
  readonly result: 'allow' | 'deny';
  readonly enforced: boolean;
  readonly code: string;
  readonly rule: string | null;
  /** The layer whose rule it was; null: none said so. */
  readonly layer: string | null;
  readonly method: string | null;
  readonly scheme: string | null;
  readonly host: string | null;
  readonly path: string | null;
  /** The path was too long for the log. */
  readonly pathCut: boolean;
  /** The name of the tool, of a tool call. */
  readonly tool: string | null;
}

/** Stands in a recorded path for a segment that looks like an ID. */
export const FOLDED = '{id}';

/** Null: no decision. */
export function readDecision(record: FlatRecord): Recorded | null {
  const { type, agent_id, time, policy_result, enforced, code, matched_rule } = record;
  if (type !== 'decision' || typeof code !== 'string') return null;
  const atMs = typeof time === 'string' ? rfc3339Ms(time) : null;
  if (atMs === null || (policy_result !== 'allow' && policy_result !== 'deny')) return null;
  const text = (value: unknown): string | null => (typeof value === 'string' ? value : null);
  return {
    agent: text(agent_id) ?? 'default',
    atMs,
    time: String(time),
    result: policy_result,
    enforced: enforced === true,
    code,
    rule: text(matched_rule),
    layer: text(record.policy_layer),
    method: text(record.method),
    scheme: text(record.url_scheme),
    host: text(record.url_host),
    path: text(record.url_path),
    pathCut: record.url_path_sha256 !== undefined,
    tool: text(record.tool),
  };
}

/** The policy was asked: everything else (kill switch, a bad request, a hook) is decided without it. */
export function byPolicy({ code }: Recorded): boolean {
  return code === 'rule_allowed' || code === 'default_allowed' || (SOFT_CODES as ReadonlySet<string>).has(code);
}

/**
 * The request again, with `id` where the log has `{id}`; null when it cannot be made.
 * No headers, no query, no body and no arguments: the log has none.
 */
export function requestAgain(recorded: Recorded, id: string): BatchRequest | null {
  const { agent, method, tool } = recorded;
  // Whose name the log would not repeat, nobody knows any more.
  if (method === null || agent === INVALID || tool === INVALID) return null;
  const bare = { method, headers: [], body: null, tool, args: null };
  const { scheme, host, path } = recorded;
  if (tool !== null && scheme === null && host === null && path === null) return { ...bare, url: null };
  const encoded = pathAgain(recorded, id);
  if (host === null || encoded === null || (scheme === 'tool') !== (tool !== null)) return null;
  // Names of a tool call have no further reading.
  if (tool === null && pathReadings(encoded)?.length !== 1) return null;
  return { ...bare, url: `${scheme}://${host}${encoded}` };
}

function pathAgain({ scheme, path, pathCut }: Recorded, id: string): string | null {
  if (scheme === null || path === null || pathCut || path.includes('%') || !path.isWellFormed()) return null;
  return path
    .split('/')
    .map(segment => (segment === FOLDED ? id : encodeURIComponent(segment)))
    .join('/');
}

/** `GET api.example.com/v1/{id}` or `tool files/read`, for people. */
export function callWords({ method, host, path, tool }: Recorded): string {
  if (tool !== null) return `tool ${tool}`;
  return host === null ? 'a call without a URL' : `${method ?? '?'} ${host}${path ?? ''}`;
}

/** Digits that look like an ID and that no glob of `globs` matches; null when there are none. */
export function idOutside(globs: readonly string[], literals: ReadonlySet<string>): string | null {
  for (const digit of '7305914826') {
    const id = digit.repeat(19);
    const met = globs.some(glob => [...glob].every(character => character === '*' || character === digit));
    if (isIdLike(id) && !met && !literals.has(id)) return id;
  }
  return null;
}
