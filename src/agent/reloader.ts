/**
 * The policy in force: read at start, replaced when one of its files changes, kept when the new one is bad.
 *
 * In: a path, ports that build a generation and write records. Out: the current generation, and what is wrong.
 * A shell of core/reload/machine.ts: it performs the effects and feeds back what happened.
 * Never: waits on the decision path, or lets a failure of its own unseat the policy in force.
 */
import { resolve } from 'node:path';
import type { Sha256Hex } from '../core/brand.js';
import { Fault } from '../core/fault.js';
import { BEGIN, type Rejection, type Seen } from '../core/reload/machine.js';
import type { KeptSet } from '../disk/policy-archive.js';
import { type PolicyPlace, policyPlace } from '../disk/policy-set.js';
import { SYSTEM_TIMERS, type Timers } from '../disk/timers.js';
import { type Attempt, attempt, attemptLater, orThrow } from './attempt.js';
import { inTime } from './in-time.js';
import { PolicyKeep } from './policy-keep.js';
import type {
  Admission,
  Build,
  BuildOutcome,
  BuildSync,
  DocumentFacts,
  PolicyRecord,
  PolicySet,
  PolicySourceOptions,
  Rebuilt,
  WatchedPolicySource,
} from './policy-ports.js';
import { PolicyReader, type ReadSet, watchPolicy } from './policy-reader.js';
import { loadedRecord, type OwedRecords, openPolicyRecords, problemOf, rejectedRecord } from './policy-records.js';
import { type Act, isMoved, ReloadLoop } from './reload-loop.js';
import type { Generation, PolicyHealth } from './types.js';

/** Reads and builds before it answers; a bad or missing policy is no failure of this call: see `health`. */
export function openPolicySource(options: PolicySourceOptions): WatchedPolicySource {
  const source = new Reloader(options);
  source.begin(options.buildSync);
  return source;
}

type Admitted = Extract<Admission, { ok: true }>;

/** A set on its way, with what was proven of it. */
interface Candidate {
  readonly set: PolicySet;
  readonly admitted: Admitted;
}

interface Built extends Candidate {
  readonly generation: Generation;
  /** How often the policy in force had been rebuilt when this one was begun. */
  readonly rebuilt: number;
}

const NO_FACTS: readonly DocumentFacts[] = [];

class Reloader implements WatchedPolicySource {
  current: Generation | null = null;
  readonly #options: PolicySourceOptions;
  readonly #path: string;
  readonly #place: PolicyPlace;
  readonly #timers: Timers;
  readonly #keep: PolicyKeep;
  readonly #reader: PolicyReader;
  readonly #records: OwedRecords<PolicyRecord>;
  readonly #loop: ReloadLoop;
  #issue: PolicyHealth['issue'] = null;
  #read: Candidate | null = null;
  #built: Built | null = null;
  /** What `current` was built from. */
  #live: PolicySet | null = null;
  #rebuilt = 0;
  #buildNow: BuildSync | null = null;
  #watch: ReturnType<typeof watchPolicy> | null = null;
  /** What is on its way into the state folder. */
  #writing: Promise<unknown> = Promise.resolve();

  constructor(options: PolicySourceOptions) {
    this.#options = options;
    this.#path = resolve(options.path);
    this.#place = policyPlace(this.#path);
    this.#records = openPolicyRecords(options.report);
    this.#timers = options.timers ?? SYSTEM_TIMERS;
    this.#keep = new PolicyKeep(options.stateDir, this.#place, options.hash);
    const beside = () => `${this.#keep.look()} ${options.admittedBy?.() ?? ''}`;
    const rules = { operatorsGid: options.operatorsGid ?? null };
    this.#reader = new PolicyReader(this.#place, rules, options.hash, beside);
    this.#loop = new ReloadLoop({
      begin: BEGIN,
      timers: this.#timers,
      look: at => this.#look(at),
      restMs: at => this.#reader.restMs(at),
      perform: effect => this.#perform(effect),
    });
  }

  begin(build: BuildSync): void {
    this.#buildNow = build;
    try {
      this.#start();
    } finally {
      this.#buildNow = null;
    }
  }

  lookAgain(): void {
    this.#loop.lookAgain();
  }

  health(): PolicyHealth {
    const state = this.current === null ? 'missing' : this.#issue === null ? 'ok' : 'degraded';
    return { state, path: this.#path, issue: this.#issue, pollOnly: this.#watch?.pollOnly ?? false };
  }

  get inForce(): PolicySet | null {
    return this.#live;
  }

  async rebuild(of: PolicySet | null, build: Build, swapped: () => void): Promise<Rebuilt> {
    const before = this.current;
    if (this.#loop.isClosed || this.#live !== of) return 'superseded';
    if (of !== null && before !== null) {
      const outcome = await this.#inTime(build(of));
      if (!outcome.ok) return outcome;
      if (this.#loop.isClosed || this.current !== before) return 'superseded';
      this.#options.adopt(before, outcome.generation);
      this.current = outcome.generation;
    }
    this.#rebuilt++;
    swapped();
    return 'rebuilt';
  }

  async close(): Promise<void> {
    this.#loop.close();
    await this.#watch?.close();
    await this.#writing;
  }

  #start(): void {
    // Watched first: what changes after the first look is an event.
    if (this.#options.watch !== false) {
      const written = () => this.#loop.feed({ on: 'written' });
      this.#watch = watchPolicy(this.#place, this.#timers, () => this.lookAgain(), written);
    }
    this.#loop.start();
  }

  #look(at: number): Seen {
    this.#records.retry();
    return this.#reader.look(at);
  }

  #perform(effect: Act): void {
    switch (effect.do) {
      case 'read':
        this.#readFiles();
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

  #readFiles(): void {
    const got = this.#buildNow === null ? this.#reader.read() : this.#reader.readNow();
    if (got instanceof Promise) void got.then(later => this.#gotBytes(later));
    else this.#gotBytes(got);
  }

  #gotBytes(got: Attempt<ReadSet>): void {
    if (!got.ok) {
      this.#failed(got, null);
      return;
    }
    const { set, seen } = got.value;
    const checked = attempt(() => {
      this.#keep.refuseGone(set, this.#live);
      const admission = this.#admit(set, 'load');
      this.#reader.refuseMoved(seen);
      return admission;
    });
    if (!checked.ok) {
      this.#failed(checked, set.id);
      return;
    }
    const admitted = checked.value;
    if (!admitted.ok) {
      this.#failed({ error: admitted.fault }, set.id, admitted.path);
      return;
    }
    this.#read = { set, admitted };
    this.#loop.feed({ on: 'read', seen, sha256: set.id });
  }

  #admit(set: PolicySet, why: 'load' | 'recall'): Admission {
    return this.#options.admit?.(set, why) ?? { ok: true, facts: NO_FACTS };
  }

  #buildHere(build: BuildSync): void {
    const candidate = this.#wasRead();
    const got = attempt(() => {
      const outcome = build(candidate.set);
      if (outcome.ok) this.#tolerate(() => this.#keep.keepSync(candidate.set));
      return outcome;
    });
    this.#gotOutcome(got, candidate, this.#rebuilt);
  }

  /**
   * What a small policy needs is there at once, and at most one that was never kept has to wait for the disk: in a busy
   * process every wait costs a turn of the loop, and a file that is replaced meanwhile begins again.
   */
  #build(): void {
    const candidate = this.#wasRead();
    const begun = attempt(() => this.#options.build(candidate.set));
    if (!begun.ok) {
      this.#failed(begun, candidate.set.id);
      return;
    }
    const outcome = begun.value;
    if (outcome instanceof Promise) void this.#buildLater(outcome, candidate);
    else if (outcome.ok && !this.#keep.holds(candidate.set)) {
      void this.#buildLater(Promise.resolve(outcome), candidate);
    } else this.#gotOutcome({ ok: true, value: outcome }, candidate, this.#rebuilt);
  }

  /** Keeping is part of building: the disk may take its time, and the swap must not. */
  async #buildLater(building: Promise<BuildOutcome>, candidate: Candidate): Promise<void> {
    const rebuilt = this.#rebuilt;
    const got = await attemptLater(async () => {
      const outcome = await this.#inTime(building);
      if (outcome.ok && !this.#loop.isClosed) {
        const keeping = attemptLater(async () => this.#keep.keep(candidate.set));
        this.#writing = Promise.all([this.#writing, keeping]);
        const kept = await keeping;
        this.#tolerate(() => orThrow(kept));
      }
      return outcome;
    });
    this.#gotOutcome(got, candidate, rebuilt);
  }

  /** In strict nothing goes live that an auditor could not read later. */
  #tolerate(keep: () => void): void {
    const kept = attempt(keep);
    if (!kept.ok && this.#options.securityMode === 'strict') throw kept.error;
  }

  #wasRead(): Candidate {
    if (this.#read === null) throw new Fault('internal', { what: 'a policy was to be built before it was read' });
    return this.#read;
  }

  #gotOutcome(got: Attempt<BuildOutcome>, candidate: Candidate, rebuilt: number): void {
    const { id } = candidate.set;
    if (!got.ok) {
      this.#failed(got, id);
      return;
    }
    const outcome = got.value;
    if (outcome.ok) {
      const { confirm } = candidate.admitted;
      const confirmed = attempt(() => confirm?.(outcome.generation, this.current) ?? null);
      if (!confirmed.ok || confirmed.value !== null) {
        this.#failed({ error: confirmed.ok ? confirmed.value : confirmed.error }, id);
        return;
      }
      this.#built = { ...candidate, generation: outcome.generation, rebuilt };
      this.#loop.feed({ on: 'built' });
      return;
    }
    const issue = outcome.issues[0] ?? { code: 'policy_invalid', message: 'the policy is not valid' };
    const path = outcome.path === undefined || outcome.path === this.#path ? {} : { path: outcome.path };
    this.#loop.feed({ on: 'rejected', why: { sha256: id, issue, ...path } });
  }

  #failed({ error }: { readonly error: unknown }, sha256: Sha256Hex | null, about?: string): void {
    if (isMoved(error)) {
      this.#loop.feed({ on: 'moved' });
      return;
    }
    // What a foreign error says may quote the policy, so only its kind is told.
    const kind = error instanceof Error ? error.name : 'unknown';
    const fault = error instanceof Fault ? error : new Fault('policy_build_failed', { path: this.#path, error: kind });
    const path = about ?? this.#fileOf(fault);
    const why = { sha256, issue: problemOf(fault), ...(path === null || path === this.#path ? {} : { path }) };
    this.#loop.feed({ on: 'rejected', why });
  }

  /** Which of the policy's files a failure names. */
  #fileOf({ facts: { path } }: Fault): string | null {
    if (typeof path !== 'string') return null;
    return path === this.#place.layersDir || path.startsWith(`${this.#place.layersDir}/`) ? path : null;
  }

  /** What a look alone has found, in words with the path and the next step. */
  #placed({ issue, path: about }: Rejection): Rejection['issue'] {
    const path = this.#path;
    if (about !== undefined) return issue;
    if (issue.code === 'policy_missing') return problemOf(new Fault('policy_missing', { path }));
    if (!('error' in issue)) return issue;
    return problemOf(new Fault('policy_unreadable', { path, error: issue.error }));
  }

  #swap(): void {
    const built = this.#built;
    this.#built = null;
    if (built === null) throw new Fault('internal', { what: 'a policy was to go live before it was built' });
    if (built.rebuilt !== this.#rebuilt) {
      // It was built for what has been replaced since.
      this.#loop.feed({ on: 'moved' });
      return;
    }
    const old = this.current;
    const ready = attempt(() => {
      if (old !== null) this.#options.adopt(old, built.generation);
    });
    if (!ready.ok) {
      this.#failed(ready, built.set.id);
      return;
    }
    const before = this.#live ?? this.#keep.lastGood()?.set ?? null;
    this.current = built.generation;
    this.#live = built.set;
    this.#issue = null;
    this.#remember(built.set);
    for (const drop of this.#keep.dropsBetween(before, built.set)) this.#records.write(drop);
    this.#records.write(loadedRecord(built.generation, this.#path, built.admitted.facts));
    this.#loop.feed({ on: 'swapped' });
  }

  /** For the next start. */
  #remember(set: PolicySet): void {
    if (this.#buildNow === null) {
      this.#writing = this.#writing.then(() => this.#keep.setLastGood(set));
    } else {
      this.#keep.setLastGoodSync(set);
    }
  }

  #reject(why: Rejection, record: boolean): void {
    this.#issue = this.#placed(why);
    if (record) this.#records.write(rejectedRecord(why, this.#path));
  }

  #recallHere(build: BuildSync): void {
    const kept = this.#recallable();
    this.#recalled(kept, kept === null ? null : attempt(() => build(kept.set)));
  }

  async #recallLater(): Promise<void> {
    const kept = this.#recallable();
    this.#recalled(
      kept,
      kept === null ? null : await attemptLater(async () => this.#inTime(this.#options.build(kept.set))),
    );
  }

  /** The last good set, if it may still go live. */
  #recallable(): (KeptSet & Candidate) | null {
    const kept = this.#keep.lastGood();
    if (kept === null) return null;
    const admitted = attempt(() => this.#admit(kept.set, 'recall'));
    return admitted.ok && admitted.value.ok ? { ...kept, admitted: admitted.value } : null;
  }

  /** The last good policy, if it is still good, is in force; why the newest file is not stays in `health`. */
  #recalled(kept: (KeptSet & Candidate) | null, got: Attempt<BuildOutcome> | null): void {
    const outcome = got?.ok === true ? got.value : null;
    const confirmed = (next: Generation) => attempt(() => kept?.admitted.confirm?.(next, null) ?? null);
    const sound = outcome?.ok === true ? confirmed(outcome.generation) : null;
    const good = kept !== null && outcome?.ok === true && sound?.ok === true && sound.value === null;
    if (good) {
      this.current = outcome.generation;
      this.#live = kept.set;
      this.#records.write(loadedRecord(outcome.generation, kept.path, kept.admitted.facts));
    }
    this.#loop.feed({ on: 'recalled', sha256: good ? kept.set.id : null });
  }

  #inTime(building: Promise<BuildOutcome> | BuildOutcome): Promise<BuildOutcome> {
    return inTime(Promise.resolve(building), this.#path, this.#timers);
  }
}
