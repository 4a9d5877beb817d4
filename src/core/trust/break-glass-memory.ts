/**
 * What is remembered of break glass between starts, so that one whose time is over stays over.
 *
 *   file  {"v": 1, "before": <ms>, "known": [{"id","expires_ms","seen_ms","boot_id","deadline_ms","spent"}, …]}
 *
 * `before`: whatever expires no later than that is over; it rises when the list would grow beyond its bound.
 * Two memories of one thing are joined so that the result never lets more pass than either.
 */
import { fromUtf8 } from '../bytes.js';
import type { SystemClocks } from '../system-clocks.js';
import type { KnownGlass } from './break-glass.js';

export interface GlassMemory {
  /** Milliseconds since 1970. */
  readonly beforeMs: number;
  /** One for each ID. */
  readonly known: readonly KnownGlass[];
}

export const NO_GLASS: GlassMemory = { beforeMs: 0, known: [] };
export const GLASS_MEMORY_MAX_BYTES = 256 * 1024;
const KNOWN_MAX = 512;

export function knownGlass({ beforeMs, known }: GlassMemory, id: string, expiresMs: number): KnownGlass | null {
  const found = known.find(one => one.id === id) ?? null;
  if (found !== null || expiresMs > beforeMs) return found;
  return { id, expiresMs, seenMs: expiresMs, bootId: null, deadlineMs: 0, isSpent: true };
}

/** One that begins to count now, or counts still. */
export function seenGlass(
  memory: GlassMemory,
  id: string,
  expiresMs: number,
  remainingMs: number,
  { wallMs, bootMs, bootId }: SystemClocks,
): GlassMemory {
  const seenMs = Math.min(wallMs, expiresMs);
  return withGlass(memory, { id, expiresMs, seenMs, bootId, deadlineMs: bootMs + remainingMs, isSpent: false });
}

export function spentGlass(memory: GlassMemory, id: string): GlassMemory {
  return { ...memory, known: memory.known.map(one => (one.id === id ? { ...one, isSpent: true } : one)) };
}

export function joinGlass(a: GlassMemory, b: GlassMemory): GlassMemory {
  const joined = b.known.reduce(withGlass, a);
  return { ...joined, beforeMs: Math.max(joined.beforeMs, b.beforeMs) };
}

function withGlass(memory: GlassMemory, next: KnownGlass): GlassMemory {
  const old = memory.known.find(one => one.id === next.id);
  const others = memory.known.filter(one => one.id !== next.id);
  const one = old === undefined ? next : stricter(old, next);
  const known = [...others, one].sort((a, b) => b.expiresMs - a.expiresMs);
  const dropped = known.slice(KNOWN_MAX).filter(gone => gone.id !== next.id);
  const beforeMs = Math.max(memory.beforeMs, ...dropped.map(gone => gone.expiresMs));
  return { beforeMs, known: known.filter(kept => !dropped.includes(kept)) };
}

function stricter(old: KnownGlass, next: KnownGlass): KnownGlass {
  const sameBoot = old.bootId === next.bootId;
  return {
    ...next,
    seenMs: Math.max(old.seenMs, next.seenMs),
    deadlineMs: sameBoot ? Math.min(old.deadlineMs, next.deadlineMs) : next.deadlineMs,
    isSpent: old.isSpent || next.isSpent,
  };
}

export function glassMemoryText({ beforeMs, known }: GlassMemory): string {
  const list = known.map(({ id, expiresMs, seenMs, bootId, deadlineMs, isSpent }) => ({
    ...{ id, expires_ms: expiresMs, seen_ms: seenMs },
    ...{ boot_id: bootId, deadline_ms: Math.round(deadlineMs), spent: isSpent },
  }));
  return `${JSON.stringify({ v: 1, before: beforeMs, known: list })}\n`;
}

/** Null for anything that this file did not write. Never throws. */
export function readGlassMemory(bytes: Uint8Array): GlassMemory | null {
  let value: unknown;
  try {
    value = JSON.parse(fromUtf8(bytes) ?? '');
  } catch {
    return null;
  }
  const { v, before, known, ...rest } = asObject(value);
  if (v !== 1 || !isTime(before) || !Array.isArray(known) || Object.keys(rest).length > 0) return null;
  const read = known.map(knownIn);
  return read.every(one => one !== null) ? { beforeMs: before, known: read } : null;
}

function knownIn(value: unknown): KnownGlass | null {
  const { id, expires_ms, seen_ms, boot_id, deadline_ms, spent, ...rest } = asObject(value);
  if (typeof id !== 'string' || !/^[0-9a-f]{64}$/.test(id) || Object.keys(rest).length > 0) return null;
  if (!isTime(expires_ms) || !isTime(seen_ms) || !isTime(deadline_ms) || typeof spent !== 'boolean') return null;
  if (boot_id !== null && typeof boot_id !== 'string') return null;
  return { id, expiresMs: expires_ms, seenMs: seen_ms, bootId: boot_id, deadlineMs: deadline_ms, isSpent: spent };
}

function asObject(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
