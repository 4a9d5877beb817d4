/**
 * The counters of a daemon's limits, kept on disk so that a restart forgets none of them.
 *
 *   <state>/limits/<16 hex>   of policy and socket; 0600, replaced whole. What stands in it: core/decide/saved-limits.ts
 *
 *   in   : the first generation of this process, which gets what was kept; from then on the one in force, each second
 *   out  : the clock of the limits, which goes on where the last process left it; problems, as sentences
 *   never: takes what cannot be read for nothing: no policy goes live then. Writes what has not changed.
 */
import { readdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { limitClockMs, readSavedLimits, type SavedDocument, savedLimitsBytes } from '../core/decide/saved-limits.js';
import { Fault } from '../core/fault.js';
import { MIB } from '../core/limits.js';
import type { SystemClocks } from '../core/system-clocks.js';
import { lookAt, readSettledSync } from '../disk/read-settled.js';
import { replace, replaceSync } from '../disk/replace-file.js';
import type { Timers } from '../disk/timers.js';
import { NO_COUNTERS_BYTES, sameCounters } from '../wasm/limit-state.js';
import { attempt, attemptLater } from './attempt.js';
import type { Generation } from './types.js';

/** What was counted later than this may be lost with a `kill -9`. */
const EVERY_MS = 1_000;
/** Reading the counters may take at most a fiftieth of the time. */
const REST = 50;
const MAX_BYTES = 512 * MIB;
/** What `replace` leaves when the process is killed over it. */
const LEFT_OVER = /^\.\d+-\d+\.tmp$/;

export interface LimitMemoryOptions {
  readonly path: string;
  readonly clocks: () => SystemClocks;
  readonly timers: Timers;
}

export class LimitMemory {
  readonly #options: LimitMemoryOptions;
  /** What the clock of the limits is ahead of the process's own. */
  #aheadMs = 0;
  /** What stood there when the first generation got it; null: none has. */
  #begun: string | null = null;
  #kept: readonly SavedDocument[] = [];
  #dueMs = 0;
  #writing: Promise<void> | null = null;
  #failure: Fault | null = null;
  #stop: () => void = () => {};

  constructor(options: LimitMemoryOptions) {
    this.#options = options;
    removeLeftOvers(dirname(options.path));
  }

  /** The clock of the limits, by that of this process. */
  clockMs(processMs: number): number {
    return processMs + this.#aheadMs;
  }

  get problems(): readonly string[] {
    return this.#failure === null ? [] : [`${this.#failure.message} (${this.#failure.hint})`];
  }

  /** Another text when `begin` may do better than it did; always the same once it has. */
  look(): string {
    return this.#begun ?? JSON.stringify(lookAt(this.#options.path));
  }

  /**
   * Gives the first generation what was kept; may be called again until one has gone live.
   * @throws Fault `limits_unreadable`; then it must not go live.
   */
  begin(first: Generation): void {
    const { path, clocks, timers } = this.#options;
    const seen = this.look();
    const bytes = this.#read();
    if (bytes !== null) {
      const saved = readSavedLimits(bytes);
      if (saved === null) throw new Fault('limits_unreadable', { path, why: 'it is not what checkrd wrote' });
      this.#aheadMs = limitClockMs(saved, clocks()) - timers.now();
      for (const { layer, engine } of first.documents) {
        const of = saved.documents.find(document => document.layer === layer);
        const taken = of === undefined ? null : attempt(() => engine.importLimits(of.counters));
        if (taken?.ok === false) {
          throw new Fault('limits_unreadable', { path, why: messageOf(taken.error) }, { cause: taken.error });
        }
      }
      this.#kept = saved.documents;
    }
    this.#begun = seen;
  }

  /** Keeps what `current` counts, from now on until `end`. */
  follow(current: () => Generation | null): void {
    this.#stop = this.#options.timers.every(EVERY_MS, () => {
      if (this.#writing === null && this.#options.timers.now() >= this.#dueMs) this.#keepLater(current());
    });
  }

  /** What is being written is there, and nothing more will be but by `end`. */
  async idle(): Promise<void> {
    this.#stop();
    await this.#writing;
  }

  /** Synchronous, so that an exit handler can finish it. */
  end(last: Generation | null): void {
    this.#stop();
    const changed = this.#changed(last);
    if (changed !== null)
      this.#told(
        attempt(() => replaceSync(this.#options.path, this.#bytes(changed))),
        changed,
      );
  }

  #keepLater(generation: Generation | null): void {
    const begunMs = this.#options.timers.now();
    const changed = this.#changed(generation);
    const bytes = changed === null ? null : this.#bytes(changed);
    const nowMs = this.#options.timers.now();
    this.#dueMs = nowMs + REST * (nowMs - begunMs);
    if (changed === null || bytes === null) return;
    this.#writing = attemptLater(() => replace(this.#options.path, bytes)).then(kept => {
      this.#writing = null;
      this.#told(kept, changed);
    });
  }

  /** Null: nothing to keep. */
  #changed(generation: Generation | null): readonly SavedDocument[] | null {
    if (generation === null || this.#begun === null) return null;
    const counted = attempt(() =>
      generation.documents.map(({ layer, engine }) => ({ layer, counters: engine.exportLimits() })),
    );
    if (!counted.ok) {
      this.#told(counted, []);
      return null;
    }
    const now = counted.value.filter(({ counters }) => counters.length > NO_COUNTERS_BYTES);
    const isSame =
      now.length === this.#kept.length &&
      now.every(({ layer, counters }, i) => {
        const kept = this.#kept[i];
        return kept?.layer === layer && sameCounters(kept.counters, counters);
      });
    return isSame ? null : now;
  }

  #bytes(documents: readonly SavedDocument[]): Uint8Array {
    const { clocks, timers } = this.#options;
    return savedLimitsBytes({ clockMs: this.clockMs(timers.now()), at: clocks(), documents });
  }

  #told(
    kept: { readonly ok: true } | { readonly ok: false; readonly error: unknown },
    documents: readonly SavedDocument[],
  ): void {
    if (kept.ok) this.#kept = documents;
    const { path } = this.#options;
    this.#failure = kept.ok ? null : new Fault('limits_not_kept', { path, error: errorOf(kept.error) });
  }

  #read(): Uint8Array | null {
    const { path } = this.#options;
    const read = attempt(() => readSettledSync(path, { operatorsGid: null }, MAX_BYTES));
    if (read.ok) return read.value.bytes;
    const fault = read.error;
    if (fault instanceof Fault && fault.code === 'policy_missing' && lookAt(path).is === 'absent') return null;
    throw new Fault('limits_unreadable', { path, why: messageOf(fault) }, { cause: fault });
  }
}

export function limitMemoryPath(stateDir: string, name: string): string {
  return join(stateDir, 'limits', name);
}

function messageOf(error: unknown): string {
  return error instanceof Fault ? error.message : 'it cannot be read';
}

function errorOf(error: unknown): string {
  const said = error instanceof Fault ? error.facts.error : null;
  return typeof said === 'string' ? said : messageOf(error);
}

function removeLeftOvers(folder: string): void {
  attempt(() => {
    for (const name of readdirSync(folder)) if (LEFT_OVER.test(name)) rmSync(join(folder, name), { force: true });
  });
}
