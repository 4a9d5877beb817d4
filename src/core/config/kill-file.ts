/**
 * What a kill switch file may say: who, why and until when.
 *
 * In: the bytes. Out: their meaning, or null for the plain form, which stops everything without end.
 * Whatever is not understood to the last key is the plain form: a mistake in the file may stop too much, never too little.
 */
import { parseDocument } from 'yaml';
import { KILLSWITCH_MAX_BYTES, KILLSWITCH_REASON_MAX_CHARS, LIST_MAX_STRINGS } from '../limits.js';

export interface KillContents {
  /** At most 200 characters. */
  readonly reason: string | null;
  /** Globs over agent IDs; null: every agent. Never empty. */
  readonly agents: readonly string[] | null;
  /** Milliseconds since 1970 after which the hold no longer counts; null: until the file is gone. */
  readonly untilMs: number | null;
}

const KEYS: ReadonlySet<string> = new Set(['reason', 'agents', 'until']);
/** Other characters cannot occur in an agent ID, so such a glob would stop nobody. */
const AGENT_GLOB = /^[A-Za-z0-9._*-]{1,128}$/;

export function isAgentGlob(text: string): boolean {
  return AGENT_GLOB.test(text);
}

/** Null: the plain form. Never throws. */
export function readKillFile(bytes: Uint8Array): KillContents | null {
  if (bytes.length === 0 || bytes.length > KILLSWITCH_MAX_BYTES) return null;
  let value: unknown;
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    const document = parseDocument(text, { schema: 'core', uniqueKeys: true, merge: false, logLevel: 'error' });
    if (document.errors.length > 0 || document.warnings.length > 0) return null;
    value = document.toJS({ maxAliasCount: 0 });
  } catch {
    return null;
  }
  return isRecord(value) ? fromRecord(value) : null;
}

function fromRecord(record: Readonly<Record<string, unknown>>): KillContents | null {
  const keys = Object.keys(record);
  if (keys.length === 0 || keys.some(key => !KEYS.has(key))) return null;
  let reason: string | null = null;
  if (Object.hasOwn(record, 'reason')) {
    if (typeof record.reason !== 'string' || [...record.reason].length > KILLSWITCH_REASON_MAX_CHARS) return null;
    reason = record.reason;
  }
  let agents: string[] | null = null;
  if (Object.hasOwn(record, 'agents')) {
    const list: unknown = record.agents;
    if (!Array.isArray(list) || list.length === 0 || list.length > LIST_MAX_STRINGS) return null;
    agents = [];
    for (const glob of list as readonly unknown[]) {
      if (typeof glob !== 'string' || !isAgentGlob(glob)) return null;
      agents.push(glob);
    }
  }
  let untilMs: number | null = null;
  if (Object.hasOwn(record, 'until')) {
    untilMs = typeof record.until === 'string' ? readRfc3339(record.until) : null;
    if (untilMs === null) return null;
  }
  return { reason, agents, untilMs };
}

/** The file that {@link readKillFile} reads back to the same meaning; empty for the plain form without a reason. */
export function writeKillFile(contents: KillContents): string {
  const lines: string[] = [];
  // JSON strings are YAML strings.
  if (contents.reason !== null) lines.push(`reason: ${JSON.stringify(contents.reason)}`);
  if (contents.agents !== null) lines.push(`agents: ${JSON.stringify(contents.agents)}`);
  if (contents.untilMs !== null) lines.push(`until: ${JSON.stringify(new Date(contents.untilMs).toISOString())}`);
  return lines.map(line => `${line}\n`).join('');
}

const RFC3339 = /^(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:[Zz]|([+-])(\d\d):(\d\d))$/;

/** Milliseconds since 1970 of an RFC 3339 date-time (§5.6), null for anything else; leap seconds are not taken. */
export function readRfc3339(text: string): number | null {
  const m = RFC3339.exec(text);
  if (m === null) return null;
  const part = (i: number): number => Number(m[i] ?? '0');
  const [year, month, day, hour, minute, second] = [part(1), part(2), part(3), part(4), part(5), part(6)];
  const digits = (m[7] ?? '').padEnd(3, '0');
  // Rounded up: a hold may last longer by part of a millisecond, never shorter.
  const millis = Number(digits.slice(0, 3)) + (/[1-9]/.test(digits.slice(3)) ? 1 : 0);
  if (hour > 23 || minute > 59 || second > 59 || part(9) > 23 || part(10) > 59) return null;
  const utc = new Date(0);
  utc.setUTCFullYear(year, month - 1, day);
  if (utc.getUTCFullYear() !== year || utc.getUTCMonth() !== month - 1 || utc.getUTCDate() !== day) return null;
  utc.setUTCHours(hour, minute, second, millis);
  const offsetMs = (part(9) * 60 + part(10)) * 60_000;
  return utc.getTime() + (m[8] === '-' ? offsetMs : -offsetMs);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
