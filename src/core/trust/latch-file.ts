/**
 * `state/kill.json`: the engagements that only a signed release ends, and the releases that were used.
 *
 *   in   : the bytes of the file
 *   out  : what it holds, or null where it is not wholly as we write it
 *   never: passes over a member it does not know; guesses
 */
import { fromUtf8 } from '../bytes.js';
import { isLatchId, isOrigin } from './release.js';

export interface LatchEntry {
  /** Random; what a release names. */
  readonly id: string;
  /** Origin of the log that recorded the engagement. */
  readonly log: string;
  /** Path of the switch. */
  readonly source: string;
  /** Globs over the agents it stops; null: every agent. */
  readonly agents: readonly string[] | null;
  readonly reason: string | null;
  readonly ownerUid: number | null;
  /** mtime of the switch, milliseconds since 1970. */
  readonly fileTimeMs: number | null;
}

export interface LatchFile {
  readonly held: readonly LatchEntry[];
  /** IDs of engagements that have ended, oldest first. */
  readonly released: readonly string[];
}

export const LATCH_FILE_MAX_BYTES = 1024 * 1024;
/** So many are told from IDs nobody knows. */
export const RELEASED_KEPT = 64;

const TOP = ['v', 'held', 'released'];
const ENTRY = ['id', 'log', 'source', 'agents', 'reason', 'owner_uid', 'file_time_ms'];

/** Never throws. */
export function readLatchFile(bytes: Uint8Array): LatchFile | null {
  const text = fromUtf8(bytes);
  if (text === null) return null;
  let root: unknown;
  try {
    root = JSON.parse(text);
  } catch {
    return null;
  }
  if (!isExactly(root, TOP) || root.v !== 1 || !Array.isArray(root.held) || !Array.isArray(root.released)) return null;
  const held = root.held.map(entryOf);
  const released: readonly unknown[] = root.released;
  if (!held.every(entry => entry !== null) || !released.every(id => typeof id === 'string' && isLatchId(id)))
    return null;
  return { held, released: released as readonly string[] };
}

export function latchFileText({ held, released }: LatchFile): string {
  const entries = held.map(({ id, log, source, agents, reason, ownerUid, fileTimeMs }) => ({
    ...{ id, log, source, agents, reason },
    owner_uid: ownerUid,
    file_time_ms: fileTimeMs,
  }));
  return `${JSON.stringify({ v: 1, held: entries, released: released.slice(-RELEASED_KEPT) }, null, 2)}\n`;
}

/** Whether two engagements are one: the same switch, stopping the same agents. */
export function isSameEngagement(
  a: Pick<LatchEntry, 'source' | 'agents'>,
  b: Pick<LatchEntry, 'source' | 'agents'>,
): boolean {
  return a.source === b.source && (a.agents?.join(',') ?? null) === (b.agents?.join(',') ?? null);
}

function entryOf(value: unknown): LatchEntry | null {
  if (!isExactly(value, ENTRY)) return null;
  const { id, log, source, agents, reason, owner_uid: ownerUid, file_time_ms: fileTimeMs } = value;
  if (typeof id !== 'string' || !isLatchId(id) || typeof log !== 'string' || !isOrigin(log)) return null;
  if (typeof source !== 'string' || !isTextOrNull(reason)) return null;
  if (!isNumberOrNull(ownerUid) || !isNumberOrNull(fileTimeMs) || !isGlobs(agents)) return null;
  return { id, log, source, agents, reason, ownerUid, fileTimeMs };
}

function isExactly(value: unknown, names: readonly string[]): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const keys = Object.keys(value);
  return keys.length === names.length && names.every(name => keys.includes(name));
}

const isTextOrNull = (value: unknown): value is string | null => value === null || typeof value === 'string';
const isNumberOrNull = (value: unknown): value is number | null => value === null || Number.isFinite(value);

/** An empty list would stop nobody, so it is none that we wrote. */
function isGlobs(value: unknown): value is readonly string[] | null {
  if (value === null) return true;
  return Array.isArray(value) && value.length > 0 && value.every(glob => typeof glob === 'string');
}
