/**
 * Counters as bytes, for a reload and a restart. Little-endian:
 *
 *   "CKRL", version u32, clock f64 (monotonic ms), limits u32, then for each limit
 *   rule name, window in ms u32, per u32, field, keys u32, then for each key its bytes and its stamps
 *
 * Texts, keys: length u32 and bytes. Stamps: count u32 and ticks u32, oldest first; a tick is 1 ms, for a day's window 1 s,
 * of the clock modulo 2^32, rounded up. Everything is checked before anything is taken over.
 */
import { Fault } from '../core/fault.js';
import type { LimitIdentity } from '../core/policy/program/format.js';
import type { EngineExports } from './exports.js';

const MAGIC = 0x4c524b43;
const VERSION = 1;
const DAY_MS = 86_400_000;
const KEYS_MAX = 10_000;
const KEY_BYTES_MAX = 264;
/** Those of limits that bind, and as many of shadow rules. */
const STAMPS_MAX = 2 * 8 * 1024 * 1024;
const TRANSFER_STAMPS = 16_384;
/** Kind, version and clock; where they are alike or not, the counters may be. */
const HEAD_BYTES = 16;

/** Length of the state of a program without limits. */
export const NO_COUNTERS_BYTES = HEAD_BYTES + 4;

/** Whether two states count the same, whenever each was taken. */
export function sameCounters(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = HEAD_BYTES; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

export function exportState(engine: EngineExports, transfer: number, limits: readonly LimitIdentity[]): Uint8Array {
  const out = new Writer();
  out.u32(MAGIC);
  out.u32(VERSION);
  out.f64(engine.exportClock());
  out.u32(limits.length);
  limits.forEach((limit, index) => {
    out.text(limit.rule);
    out.u32(limit.windowMs);
    out.u32(limit.per);
    out.text(limit.field);
    const countAt = out.u32(0);
    let keys = 0;
    engine.exportStart(index);
    for (let length = engine.exportKey(); length >= 0; length = engine.exportKey()) {
      keys++;
      const memory = new DataView(engine.memory.buffer);
      const stamps = memory.getUint32(transfer, true);
      out.u32(length);
      out.bytes(new Uint8Array(engine.memory.buffer, transfer + 4, length));
      out.u32(stamps);
      for (let n = engine.exportStamps(); n > 0; n = engine.exportStamps()) {
        out.bytes(new Uint8Array(engine.memory.buffer, transfer, n * 4));
      }
    }
    out.patch(countAt, keys);
  });
  return out.finish();
}

/** @throws Fault `limit_state_invalid`. Limits that the program does not have are left out. */
export function importState(
  engine: EngineExports,
  transfer: number,
  limits: readonly LimitIdentity[],
  state: Uint8Array,
): void {
  const saved = parse(state);
  const index = new Map(limits.map((limit, i) => [identity(limit), i]));
  engine.importClock(saved.clockMs);
  for (const limit of saved.limits) {
    const into = index.get(identity(limit));
    if (into === undefined) continue;
    for (const key of limit.keys) {
      new Uint8Array(engine.memory.buffer).set(key.bytes, transfer);
      if (engine.importKey(into, key.bytes.length) === 0) throw invalid('there is no room for them');
      for (let at = 0; at < key.stamps.length; at += TRANSFER_STAMPS * 4) {
        const part = key.stamps.subarray(at, at + TRANSFER_STAMPS * 4);
        new Uint8Array(engine.memory.buffer).set(part, transfer);
        if (engine.importStamps(part.length / 4) === 0) throw invalid('there is no room for them');
      }
    }
  }
}

interface SavedKey {
  readonly bytes: Uint8Array;
  readonly stamps: Uint8Array;
}

interface SavedLimit extends LimitIdentity {
  readonly keys: readonly SavedKey[];
}

const invalid = (why: string): Fault => new Fault('limit_state_invalid', { why });
const identity = (l: LimitIdentity): string => JSON.stringify([l.rule, l.windowMs, l.per, l.field]);

function parse(state: Uint8Array): { readonly clockMs: number; readonly limits: readonly SavedLimit[] } {
  const read = new Reader(state);
  if (read.u32() !== MAGIC) throw invalid('they are of another kind');
  if (read.u32() !== VERSION) throw invalid('they are of another version');
  const clockMs = read.f64();
  if (!(clockMs >= 0 && clockMs <= Number.MAX_SAFE_INTEGER)) throw invalid('the clock is out of range');
  const limits: SavedLimit[] = [];
  const seen = new Set<string>();
  let stampsInAll = 0;
  for (let left = read.u32(); left > 0; left--) {
    const limit = { rule: read.text(), windowMs: read.u32(), per: read.u32(), field: read.text() };
    if (seen.has(identity(limit))) throw invalid('a limit is there twice');
    seen.add(identity(limit));
    const keys: SavedKey[] = [];
    const count = read.u32();
    if (count > KEYS_MAX) throw invalid('a limit has too many keys');
    for (let i = 0; i < count; i++) {
      const bytes = read.bytes(read.u32());
      const stamps = read.u32();
      stampsInAll += stamps;
      if (bytes.length > KEY_BYTES_MAX || stamps < 1 || stampsInAll > STAMPS_MAX)
        throw invalid('a key is out of bounds');
      const key = { bytes, stamps: read.bytes(stamps * 4) };
      if (!inOrder(key.stamps, clockMs, limit.windowMs)) throw invalid('stamps are out of order');
      keys.push(key);
    }
    limits.push({ ...limit, keys });
  }
  if (!read.atEnd) throw invalid('there are bytes behind the end');
  return { clockMs, limits };
}

/** Oldest first, none ahead of the clock by more than the tick that rounding adds, none outside the window. */
function inOrder(stamps: Uint8Array, clockMs: number, windowMs: number): boolean {
  const day = windowMs === DAY_MS;
  const now = Math.floor(day ? clockMs / 1000 : clockMs) % 2 ** 32;
  const view = new DataView(stamps.buffer, stamps.byteOffset, stamps.byteLength);
  let before = day ? windowMs / 1000 : windowMs;
  for (let at = 0; at < stamps.length; at += 4) {
    const age = (now - view.getUint32(at, true)) | 0;
    if (age < -1 || age > before) return false;
    before = age;
  }
  return true;
}

class Reader {
  readonly #view: DataView;
  #at = 0;
  constructor(private readonly data: Uint8Array) {
    this.#view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  }
  get atEnd(): boolean {
    return this.#at === this.data.length;
  }
  #take(bytes: number): number {
    const at = this.#at;
    if (bytes > this.data.length - at) throw invalid('they end too early');
    this.#at = at + bytes;
    return at;
  }
  u32(): number {
    return this.#view.getUint32(this.#take(4), true);
  }
  f64(): number {
    return this.#view.getFloat64(this.#take(8), true);
  }
  bytes(n: number): Uint8Array {
    const at = this.#take(n);
    return this.data.subarray(at, at + n);
  }
  text(): string {
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(this.bytes(this.u32()));
    } catch (cause) {
      if (cause instanceof Fault) throw cause;
      throw invalid('a name is not UTF-8');
    }
  }
}

class Writer {
  #data = new Uint8Array(4096);
  #view = new DataView(this.#data.buffer);
  #end = 0;
  #room(bytes: number): number {
    const at = this.#end;
    if (at + bytes > this.#data.length) {
      const larger = new Uint8Array(Math.max(this.#data.length * 2, at + bytes));
      larger.set(this.#data);
      this.#data = larger;
      this.#view = new DataView(larger.buffer);
    }
    this.#end = at + bytes;
    return at;
  }
  /** Where the number stands. */
  u32(value: number): number {
    const at = this.#room(4);
    this.#view.setUint32(at, value, true);
    return at;
  }
  patch(at: number, value: number): void {
    this.#view.setUint32(at, value, true);
  }
  f64(value: number): void {
    const at = this.#room(8);
    this.#view.setFloat64(at, value, true);
  }
  bytes(data: Uint8Array): void {
    const at = this.#room(data.length);
    this.#data.set(data, at);
  }
  text(value: string): void {
    const data = new TextEncoder().encode(value);
    this.u32(data.length);
    this.bytes(data);
  }
  finish(): Uint8Array {
    return this.#data.slice(0, this.#end);
  }
}
