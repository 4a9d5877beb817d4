/**
 * The counters of the limits as a daemon keeps them from one process to the next.
 *
 *   file  one line of JSON, then the counters of each document, as its engine gave them, one behind the other:
 *         {"v": 1, "clock_ms", "wall_ms", "boot_ms", "boot_id", "documents": [{"layer": <name or null>, "bytes": <length>}, …]}
 *
 *   out  : what was kept, or null for anything else; where the clock of the limits stands now
 *   never: looks into the counters (src/wasm/limit-state.ts does, and checks them whole)
 */
import { fromUtf8, utf8 } from '../bytes.js';
import type { SystemClocks } from '../system-clocks.js';

export interface SavedLimits {
  /** The clock of the limits, in milliseconds, when they were kept. It goes on from one process to the next. */
  readonly clockMs: number;
  readonly at: SystemClocks;
  readonly documents: readonly SavedDocument[];
}

export interface SavedDocument {
  /** Null: the main document. */
  readonly layer: string | null;
  readonly counters: Uint8Array;
}

const LINE_END = 0x0a;

export function savedLimitsBytes({ clockMs, at, documents }: SavedLimits): Uint8Array {
  const rows = documents.map(({ layer, counters }) => ({ layer, bytes: counters.length }));
  const head = { v: 1, clock_ms: clockMs, wall_ms: at.wallMs, boot_ms: at.bootMs, boot_id: at.bootId, documents: rows };
  const line = utf8(`${JSON.stringify(head)}\n`);
  const bytes = new Uint8Array(rows.reduce((sum, row) => sum + row.bytes, line.length));
  bytes.set(line);
  let end = line.length;
  for (const { counters } of documents) {
    bytes.set(counters, end);
    end += counters.length;
  }
  return bytes;
}

export function readSavedLimits(bytes: Uint8Array): SavedLimits | null {
  const end = bytes.indexOf(LINE_END);
  const head = end < 0 ? null : tableOf(fromUtf8(bytes.subarray(0, end)));
  if (head === null || head.v !== 1 || !Array.isArray(head.documents)) return null;
  const { clock_ms: clockMs, wall_ms: wallMs, boot_ms: bootMs, boot_id: bootId } = head;
  if (!isTime(clockMs) || !isTime(wallMs) || !isTime(bootMs) || !(bootId === null || typeof bootId === 'string'))
    return null;
  const documents: SavedDocument[] = [];
  let at = end + 1;
  for (const row of head.documents as readonly unknown[]) {
    if (typeof row !== 'object' || row === null) return null;
    const { layer, bytes: length } = row as Readonly<Record<string, unknown>>;
    if (!(layer === null || typeof layer === 'string') || !isTime(length) || !Number.isInteger(length)) return null;
    if (length > bytes.length - at) return null;
    documents.push({ layer, counters: bytes.slice(at, at + length) });
    at += length;
  }
  return at === bytes.length ? { clockMs, at: { wallMs, bootMs, bootId }, documents } : null;
}

/**
 * Where the clock of the limits stands: as much later as has certainly passed. Within one start of the machine that is told
 * by a clock that nobody sets; after another at least the time since that start has passed, and more if the wall clock says so.
 */
export function limitClockMs({ clockMs, at }: SavedLimits, now: SystemClocks): number {
  const isSameBoot = at.bootId !== null && at.bootId === now.bootId;
  const passedMs = isSameBoot ? now.bootMs - at.bootMs : Math.max(now.bootMs, now.wallMs - at.wallMs);
  return clockMs + Math.max(0, Math.floor(passedMs));
}

function tableOf(text: string | null): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text ?? '');
    return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : null;
  } catch {
    return null;
  }
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value <= Number.MAX_SAFE_INTEGER;
}
