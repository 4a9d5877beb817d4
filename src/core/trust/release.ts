/**
 * The release of a latched kill: what is signed, and which engagement it ends.
 *
 *   payload  {"id": <32 hex>, "log": <origin>, "issued": <RFC 3339>}   in a DSSE envelope (dsse.ts) of the type below
 *
 *   in   : the payload of an envelope that enough trusted keys signed
 *   out  : what it says, or null
 *   never: says whom to trust; looks at a clock (the ID is random: none was made before its engagement)
 */
import { fromUtf8, utf8 } from '../bytes.js';
import { readJson } from '../json/reader.js';
import { rfc3339Ms } from '../time/rfc3339.js';

export const RELEASE_TYPE = 'application/vnd.checkrd.release+json';

export interface Release {
  /** Of the engagement: see {@link isLatchId}. */
  readonly id: string;
  /** Origin of the log that recorded the engagement. */
  readonly log: string;
  /** RFC 3339, when it was signed; for the record. */
  readonly issued: string;
}

const ORIGIN = /^[!-*,-~]{1,256}$/;
const NAMES = ['id', 'log', 'issued'] as const;

/** 32 lower-case hexadecimal characters: 128 random bits. */
export function isLatchId(text: string): boolean {
  return /^[0-9a-f]{32}$/.test(text);
}

export function isOrigin(text: string): boolean {
  return ORIGIN.test(text);
}

/** Exactly the three members, each of its form; null for anything else. Never throws. */
export function readRelease(payload: Uint8Array): Release | null {
  const text = fromUtf8(payload);
  const read = text === null ? null : readJson(text);
  if (!read?.ok || read.root.kind !== 'map' || read.root.entries.length !== NAMES.length) return null;
  const { entries } = read.root;
  const [id, log, issued] = NAMES.map(name => {
    const value = entries.find(({ key }) => key === name)?.value;
    return value?.kind === 'string' ? value.value : '';
  }) as [string, string, string];
  return isLatchId(id) && isOrigin(log) && rfc3339Ms(issued) !== null ? { id, log, issued } : null;
}

export function releasePayload({ id, log, issued }: Release): Uint8Array {
  return utf8(JSON.stringify({ id, log, issued }));
}

export type ReleaseRefusal = 'release_other_log' | 'release_spent' | 'release_unknown';

/** What a release does to the engagements that stand. `spent`: IDs of those that have ended. */
export function judgeRelease<T extends { readonly id: string; readonly log: string }>(
  { id, log }: Release,
  held: readonly T[],
  spent: readonly string[],
): { readonly ends: T } | { readonly refused: ReleaseRefusal } {
  const named = held.find(entry => entry.id === id);
  if (named === undefined) return { refused: spent.includes(id) ? 'release_spent' : 'release_unknown' };
  return named.log === log ? { ends: named } : { refused: 'release_other_log' };
}
