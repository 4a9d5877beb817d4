/**
 * Break glass: what is signed, and whether it counts now.
 *
 *   payload  {"agents": [<glob>, …], "issued": <RFC 3339>, "expires": <RFC 3339>, "reason": <text>}
 *            in a DSSE envelope (dsse.ts) of the type below
 *
 *   in   : the payload of an envelope that enough trusted keys signed; what is remembered of it; the clocks
 *   out  : how long it still counts, or why it does not
 *   never: says whom to trust; reads a clock
 *
 * Its time is measured by two clocks, and the sooner one ends it: the wall clock, since `expires` is a wall time, and one
 * that nobody can set. The second is remembered from the first moment on, so that neither a clock set back nor a restart
 * makes it last longer.
 */
import { fromUtf8, utf8 } from '../bytes.js';
import { isAgentGlob } from '../config/kill-file.js';
import { readJson } from '../json/reader.js';
import { BREAK_GLASS_MAX_MS, KILLSWITCH_REASON_MAX_CHARS, LIST_MAX_STRINGS } from '../limits.js';
import type { SystemClocks } from '../system-clocks.js';
import { rfc3339Ms } from '../time/rfc3339.js';
import { ISSUED_AHEAD_MAX_MS } from './policy-payload.js';

export const BREAK_GLASS_TYPE = 'application/vnd.checkrd.break-glass+json';

export interface BreakGlass {
  /** Globs over agent IDs (config/agent-glob.ts); never empty. */
  readonly agents: readonly string[];
  /** Milliseconds since 1970. */
  readonly issuedMs: number;
  /** Milliseconds since 1970, after `issuedMs` by at most BREAK_GLASS_MAX_MS. */
  readonly expiresMs: number;
  /** 1 to 200 characters. */
  readonly reason: string;
}

const NAMES = ['agents', 'issued', 'expires', 'reason'] as const;

/** Exactly the four members, each of its form and within its bounds; null for anything else. Never throws. */
export function readBreakGlass(payload: Uint8Array): BreakGlass | null {
  const text = fromUtf8(payload);
  const read = text === null ? null : readJson(text);
  if (!read?.ok || read.root.kind !== 'map' || read.root.entries.length !== NAMES.length) return null;
  const { entries } = read.root;
  const [list, issued, expires, reason] = NAMES.map(name => entries.find(({ key }) => key === name)?.value);
  if (list?.kind !== 'list' || issued?.kind !== 'string' || expires?.kind !== 'string' || reason?.kind !== 'string') {
    return null;
  }
  const agents = list.items.map(item => (item.kind === 'string' ? item.value : ''));
  const [issuedMs, expiresMs] = [rfc3339Ms(issued.value), rfc3339Ms(expires.value)];
  if (issuedMs === null || expiresMs === null) return null;
  const glass = { agents, issuedMs, expiresMs, reason: reason.value };
  return isSound(glass) ? glass : null;
}

/** Whether every member is within its bounds. */
export function isSound({ agents, issuedMs, expiresMs, reason }: BreakGlass): boolean {
  const lastsMs = expiresMs - issuedMs;
  return (
    agents.length > 0 &&
    agents.length <= LIST_MAX_STRINGS &&
    agents.every(isAgentGlob) &&
    lastsMs > 0 &&
    lastsMs <= BREAK_GLASS_MAX_MS &&
    isBreakGlassReason(reason)
  );
}

export function isBreakGlassReason(text: string): boolean {
  const { length } = [...text];
  return text.trim() !== '' && length <= KILLSWITCH_REASON_MAX_CHARS;
}

export function breakGlassPayload({ agents, issuedMs, expiresMs, reason }: BreakGlass): Uint8Array {
  const [issued, expires] = [issuedMs, expiresMs].map(ms => new Date(ms).toISOString());
  return utf8(JSON.stringify({ agents, issued, expires, reason }));
}

/** What is remembered of one that counted. */
export interface KnownGlass {
  /** SHA-256 of the payload, hexadecimal. */
  readonly id: string;
  readonly expiresMs: number;
  /** Latest wall time at which it was seen to count; never after `expiresMs`. */
  readonly seenMs: number;
  /** Which boot `deadlineMs` belongs to; null: it cannot be told. */
  readonly bootId: string | null;
  /** When it is over by the clock that nobody can set, in its milliseconds. */
  readonly deadlineMs: number;
  /** It has ended: its time is over, or somebody took it away. */
  readonly isSpent: boolean;
}

export type GlassRefusal = 'issued_ahead' | 'expired' | 'spent';

/** How long it counts from now. `known`: what is remembered of it, null when it was never seen. */
export function judgeBreakGlass(
  { issuedMs, expiresMs }: BreakGlass,
  known: KnownGlass | null,
  { wallMs, bootMs, bootId }: SystemClocks,
): { readonly remainingMs: number } | { readonly refused: GlassRefusal } {
  if (known?.isSpent === true) return { refused: 'spent' };
  if (known === null && !(issuedMs <= wallMs + ISSUED_AHEAD_MAX_MS)) return { refused: 'issued_ahead' };
  const byWall = expiresMs - Math.max(wallMs, known?.seenMs ?? wallMs);
  // A clock that is behind must not lend time either.
  const bySteady =
    known !== null && bootId !== null && known.bootId === bootId
      ? known.deadlineMs - bootMs
      : Math.min(byWall, expiresMs - issuedMs);
  const remainingMs = Math.min(byWall, bySteady);
  return remainingMs > 0 ? { remainingMs } : { refused: 'expired' };
}
