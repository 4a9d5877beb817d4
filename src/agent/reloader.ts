/**
 * The policy in force: read at start, replaced when its file changes, kept when the new one is bad.
 *
 * In: a path, ports that build a generation and write records. Out: the current generation, and what is wrong.
 * This is the shell of core/reload/machine.ts: it performs the effects and feeds back what happened.
 * Never: waits on the decision path, or lets a failure of its own unseat the policy in force.
 */
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Sha256Hex } from '../core/brand.js';
import { Fault } from '../core/fault.js';
import { COMPILE_INLINE_MAX_BYTES, POLL_EVERY_MS } from '../core/limits.js';
import {
  BEGIN,
  type Effect,
  type Event,
  type Problem,
  type Rejection,
  type State,
  step,
} from '../core/reload/machine.js';
import { openPolicyArchive, type PolicyArchive } from '../disk/policy-archive.js';
import { lookAt, readSettled, readSettledSync, type Settled } from '../disk/read-settled.js';
import { SYSTEM_TIMERS, type Timers } from '../disk/timers.js';
import { type FolderWatch, watchPath } from '../disk/watch-path.js';
import { type Attempt, attempt, attemptLater, orThrow } from './attempt.js';
import type {
  BuildOutcome,
  PolicySourceOptions,
  SyncPolicySourceOptions,
  WatchedPolicySource,
} from './policy-ports.js';
import { loadedRecord, openPolicyRecords, type PolicyRecords, rejectedRecord } from './policy-records.js';
import type { Generation, PolicyHealth, PolicySource } from './types.js';

/** Loads the file before it answers; a bad or missing file is no failure of this call: see `health`. */
export async function openPolicySource(options: PolicySourceOptions): Promise<WatchedPolicySource> {
  const source = new Reloader(options);
  await source.begin();
  return source;
}

/** The same for constructors: reads and builds at once. */
export function openPolicySourceSync(options: SyncPolicySourceOptions): WatchedPolicySource {
  const source = new Reloader(options);
  source.beginSync(options.buildSync);
  return source;
}

/** A policy that came as an object: nothing to watch. */
export function fixedPolicySource(generation: Generation | null): PolicySource {
  const state = generation === null ? 'missing' : 'ok';
  const health: PolicyHealth = { state, path: '(object)', issue: null, pollOnly: false };
  return { current: generation, health: () => health, async close() {} };
}

/** A build that takes longer has hung; reloads must not wait for it for ever. */
const BUILD_TIMEOUT_MS = 60_000;
const START_READS = 5;

type Built = { readonly sha256: Sha256Hex; readonly generation: Generation };

function problemOf({ code, message, hint }: Fault): Problem {
  return { code, message: `${message}; ${hint}` };
}

class Reloader implements WatchedPolicySource {
  current: Generation | null = null;
  readonly #options: PolicySourceOptions;
  readonly #path: string;
  readonly #timers: Timers;
  readonly #archive: PolicyArchive | null;
  readonly #records: PolicyRecords;
  #state: State = BEGIN;
  #issue: PolicyHealth['issue'] = null;
  #read: { readonly bytes: Uint8Array; readonly sha256: Sha256Hex } | null = null;
  #built: Built | null = null;
  #buildNow: SyncPolicySourceOptions['buildSync'] | null = null;
  #watch: FolderWatch | null = null;
  #stopTimer: () => void = () => {};
  #settled: () => void = () => {};
  #remembering: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(options: PolicySourceOptions) {
    this.#options = options;
    this.#path = resolve(options.path);
    this.#records = openPolicyRecords(options.report);
    this.#timers = options.timers ?? SYSTEM_TIMERS;
    this.#archive = options.stateDir === null ? null : openPolicyArchive(options.stateDir, options.hash);
  }

  async begin(): Promise<void> {
    const settled = new Promise<void>(done => {
      this.#settled = done;
    });
    this.#start();
    await settled;
  }

  beginSync(build: SyncPolicySourceOptions['buildSync']): void {
    this.#buildNow = build;
    try {
      this.#start();
    } finally {
      this.#buildNow = null;
    }
  }

  lookAgain(): void {
    if (this.#closed) return;
    this.#records.retry();
    this.#feed({ on: 'looked', at: this.#timers.now(), seen: lookAt(this.#path) });
  }

  health(): PolicyHealth {
    const state = this.current === null ? 'missing' : this.#issue === null ? 'ok' : 'degraded';
    return { state, path: this.#path, issue: this.#issue, pollOnly: this.#watch?.pollOnly ?? false };
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#stopTimer();
    this.#settled();
    await this.#watch?.close();
    await this.#remembering;
  }

  #start(): void {
    // Watched first: what changes after the first look is an event.
    if (this.#options.watch !== false) {
      const written = () => this.#feed({ on: 'written', at: this.#timers.now() });
      const watching = { pollMs: POLL_EVERY_MS, fast: true, timers: this.#timers, written };
      this.#watch = watchPath(this.#path, watching, () => this.lookAgain());
    }
    this.#feed({ on: 'start', at: this.#timers.now(), seen: lookAt(this.#path) });
  }

  #feed(event: Event): void {
    if (this.#closed) return;
    const [state, effects] = step(this.#state, event);
    this.#state = state;
    for (const effect of effects) this.#perform(effect);
    const { stage } = this.#state;
    // A file that never settles must not hold up a start for ever.
    if (stage === 'idle' || (stage === 'changed' && this.#issue !== null)) this.#settled();
  }

  #perform(effect: Effect): void {
    switch (effect.do) {
      case 'wait':
        this.#stopTimer();
        this.#stopTimer = this.#timers.after(effect.ms, () => {
          // Half a run of changes may have raised no event.
          this.lookAgain();
          this.#feed({ on: 'quiet', at: this.#timers.now() });
        });
        return;
      case 'read':
        if (this.#buildNow !== null) this.#readNow();
        else if (isSmall(this.#path)) this.#gotBytes(attempt(() => readSettledSync(this.#path, this.#rules())));
        else void this.#readLater();
        return;
      case 'build':
        if (this.#buildNow === null) this.#build();
        else this.#buildHere(this.#buildNow);
        return;
      case 'swap':
        this.#swap();
        return;
      case 'unchanged':
        this.#issue = null;
        return;
      case 'reject':
        this.#reject(effect.why, effect.record);
        return;
      case 'recall':
        if (this.#buildNow === null) void this.#recallLater();
        else this.#recallHere(this.#buildNow);
    }
  }

  #rules() {
    return { operatorsGid: this.#options.operatorsGid ?? null };
  }

  #readNow(): void {
    for (let tries = 1; ; tries++) {
      const got = attempt(() => readSettledSync(this.#path, this.#rules()));
      const moved = !got.ok && got.error instanceof Fault && got.error.code === 'policy_changed_while_read';
      if (!moved || tries >= START_READS) {
        this.#gotBytes(got);
        return;
      }
    }
  }

  async #readLater(): Promise<void> {
    this.#gotBytes(await attemptLater(() => readSettled(this.#path, this.#rules())));
  }

  #gotBytes(got: Attempt<Settled>): void {
    if (!got.ok) {
      this.#failed(got, null);
      return;
    }
    const { bytes, seen } = got.value;
    const hashed = attempt(() => this.#options.hash(bytes));
    if (!hashed.ok) {
      this.#failed(hashed, null);
      return;
    }
    this.#read = { bytes, sha256: hashed.value };
    this.#feed({ on: 'read', at: this.#timers.now(), seen, sha256: hashed.value });
  }

  #buildHere(build: SyncPolicySourceOptions['buildSync']): void {
    const { bytes, sha256 } = this.#wasRead();
    const got = attempt(() => {
      const outcome = build(bytes, this.#path, sha256);
      if (outcome.ok) this.#tolerate(() => this.#archive?.keepSync(sha256, bytes));
      return outcome;
    });
    this.#gotOutcome(got, sha256);
  }

  /**
   * What a small policy needs is there at once, and at most one that was never kept has to wait for the disk: in a busy
   * process every wait costs a turn of the loop, and a file that is replaced meanwhile begins again.
   */
  #build(): void {
    const { bytes, sha256 } = this.#wasRead();
    const begun = attempt(() => this.#options.build(bytes, this.#path, sha256));
    if (!begun.ok) {
      this.#failed(begun, sha256);
      return;
    }
    const outcome = begun.value;
    if (outcome instanceof Promise) void this.#buildLater(outcome, bytes, sha256);
    else if (outcome.ok && this.#archive?.holds(sha256) === false) {
      void this.#buildLater(Promise.resolve(outcome), bytes, sha256);
    } else this.#gotOutcome({ ok: true, value: outcome }, sha256);
  }

  /** Keeping is part of building: the disk may take its time, and the swap must not. */
  async #buildLater(building: Promise<BuildOutcome>, bytes: Uint8Array, sha256: Sha256Hex): Promise<void> {
    const got = await attemptLater(async () => {
      const outcome = await this.#inTime(building);
      if (outcome.ok) {
        const kept = await attemptLater(async () => this.#archive?.keep(sha256, bytes));
        this.#tolerate(() => orThrow(kept));
      }
      return outcome;
    });
    this.#gotOutcome(got, sha256);
  }

  /** In strict nothing goes live that an auditor could not read later. */
  #tolerate(keep: () => void): void {
    const kept = attempt(keep);
    if (!kept.ok && this.#options.securityMode === 'strict') throw kept.error;
  }

  #wasRead() {
    if (this.#read === null) throw new Fault('internal', { what: 'a policy was to be built before it was read' });
    return this.#read;
  }

  #gotOutcome(got: Attempt<BuildOutcome>, sha256: Sha256Hex): void {
    if (!got.ok) {
      this.#failed(got, sha256);
      return;
    }
    if (got.value.ok) {
      this.#built = { sha256, generation: got.value.generation };
      this.#feed({ on: 'built', at: this.#timers.now() });
      return;
    }
    const issue = got.value.issues[0] ?? { code: 'policy_invalid', message: 'the policy is not valid' };
    this.#feed({ on: 'rejected', at: this.#timers.now(), why: { sha256, issue } });
  }

  #failed({ error }: { readonly error: unknown }, sha256: Sha256Hex | null): void {
    const at = this.#timers.now();
    if (error instanceof Fault && error.code === 'policy_changed_while_read') {
      this.#feed({ on: 'moved', at });
      return;
    }
    // What a foreign error says may quote the policy, so only its kind is told.
    const kind = error instanceof Error ? error.name : 'unknown';
    const fault = error instanceof Fault ? error : new Fault('policy_build_failed', { path: this.#path, error: kind });
    this.#feed({ on: 'rejected', at, why: { sha256, issue: problemOf(fault) } });
  }

  /** What a look alone has found, in words with the path and the next step. */
  #placed(issue: Rejection['issue']): Rejection['issue'] {
    const path = this.#path;
    if (issue.code === 'policy_missing') return problemOf(new Fault('policy_missing', { path }));
    if (!('error' in issue)) return issue;
    return problemOf(new Fault('policy_unreadable', { path, error: issue.error }));
  }

  #swap(): void {
    const built = this.#built;
    this.#built = null;
    if (built === null) throw new Fault('internal', { what: 'a policy was to go live before it was built' });
    const old = this.current;
    const ready = attempt(() => {
      if (old !== null) this.#options.adopt(old, built.generation);
    });
    if (!ready.ok) {
      this.#failed(ready, built.sha256);
      return;
    }
    this.current = built.generation;
    this.#issue = null;
    this.#remember(built.sha256);
    this.#records.write(loadedRecord(built.sha256, built.generation, this.#path));
    this.#feed({ on: 'swapped', at: this.#timers.now() });
  }

  /** For the next start. Best effort: without it that start brings back an older policy, or none. */
  #remember(sha256: Sha256Hex): void {
    const archive = this.#archive;
    if (archive === null) return;
    if (this.#buildNow === null) {
      this.#remembering = this.#remembering.then(() => archive.setLastGood(this.#path, sha256)).catch(() => {});
    } else {
      attempt(() => archive.setLastGoodSync(this.#path, sha256));
    }
  }

  #reject(why: Rejection, record: boolean): void {
    this.#issue = this.#placed(why.issue);
    if (record) this.#records.write(rejectedRecord(why, this.#path));
  }

  #recallHere(build: SyncPolicySourceOptions['buildSync']): void {
    const kept = this.#archive?.lastGood(this.#path) ?? null;
    this.#recalled(kept, kept === null ? null : attempt(() => build(kept.bytes, this.#path, kept.sha256)));
  }

  async #recallLater(): Promise<void> {
    const kept = this.#archive?.lastGood(this.#path) ?? null;
    this.#recalled(
      kept,
      kept === null
        ? null
        : await attemptLater(async () =>
            this.#inTime(Promise.resolve(this.#options.build(kept.bytes, this.#path, kept.sha256))),
          ),
    );
  }

  /** The last good policy, if it is still good, is in force; why the newest file is not stays in `health`. */
  #recalled(kept: ReturnType<PolicyArchive['lastGood']>, got: Attempt<BuildOutcome> | null): void {
    const outcome = got?.ok === true ? got.value : null;
    const good = kept !== null && outcome?.ok === true;
    if (good) {
      this.current = outcome.generation;
      this.#records.write(loadedRecord(kept.sha256, outcome.generation, kept.path));
    }
    this.#feed({ on: 'recalled', at: this.#timers.now(), sha256: good ? kept.sha256 : null });
  }

  /** The caller's build; one that hangs is given up. */
  async #inTime(building: Promise<BuildOutcome>): Promise<BuildOutcome> {
    let stop = () => {};
    const late = new Promise<never>((_, refuse) => {
      const error = new Fault('policy_build_failed', { path: this.#path, error: 'it took too long' });
      stop = this.#timers.after(BUILD_TIMEOUT_MS, () => refuse(error));
    });
    try {
      return await Promise.race([building, late]);
    } finally {
      stop();
    }
  }
}

/** A file whose reading costs less than handing it to another thread. */
function isSmall(path: string): boolean {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat !== undefined && stat.size <= COMPILE_INLINE_MAX_BYTES;
}
