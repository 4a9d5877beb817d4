/**
 * The engine in force: replaced when its file changes, kept when the new one is bad.
 *
 *   in   : the engine that was loaded at start, its path, whom to trust, the policy in force, a way to write records
 *   out  : the engine in force, and what is wrong with the newest file
 *   never: runs in this thread what has not been proven in another; lets a policy that was built for the old engine go live
 *
 * A shell of core/reload/machine.ts, as reloader.ts is.
 */
import { basename, dirname } from 'node:path';
import type { EngineFields } from '../../core/audit/fields.js';
import type { Sha256Hex } from '../../core/brand.js';
import { Fault } from '../../core/fault.js';
import { POLL_EVERY_MS } from '../../core/limits.js';
import { ENVELOPE_SUFFIX } from '../../core/policy/layers.js';
import type { Rejection, Seen } from '../../core/reload/machine.js';
import { Stillness } from '../../core/reload/stillness.js';
import { type EngineFiles, lookAtEngine, readEngineFiles } from '../../disk/engine-file.js';
import { SYSTEM_TIMERS, type Timers } from '../../disk/timers.js';
import { type FolderWatch, watchFolder } from '../../disk/watch-path.js';
import type { EngineModule } from '../../wasm/module.js';
import { attempt, attemptLater } from '../attempt.js';
import { GenerationBuilder } from '../build-generation.js';
import type { PolicySet, WatchedPolicySource } from '../policy-ports.js';
import { type OwedRecords, openPolicyRecords } from '../policy-records.js';
import { type Act, isMoved, ReloadLoop } from '../reload-loop.js';
import type { EngineHealth } from '../types.js';
import { admitEngine, type EngineStanding, type EngineTrust, engineDigest, lookAtEngineTrust } from './admission.js';
import type { StartEngine } from './open-engine.js';
import { proveEngine } from './prove.js';

export interface EngineSwapOptions {
  readonly start: StartEngine;
  readonly trust: EngineTrust;
  readonly inspectBytes: number;
  /** Writes a record. When it throws, the record is kept and tried again. */
  readonly report: (record: EngineFields) => void;
  /** False: the file is looked at in `lookAgain` only. */
  readonly watch: boolean;
  readonly timers?: Timers;
}

/** What a record says of a file whose bytes nobody has read. */
export const NO_DIGEST = '0'.repeat(64);

interface Candidate {
  readonly bytes: Uint8Array;
  readonly sha256: Sha256Hex;
  readonly standing: EngineStanding;
}

interface Proven extends Candidate {
  readonly module: EngineModule;
  /** The policy that it was proven on; null: none was in force. */
  readonly on: PolicySet | null;
}

export class EngineSwap {
  readonly #options: EngineSwapOptions;
  readonly #path: string;
  readonly #timers: Timers;
  readonly #records: OwedRecords<EngineFields>;
  readonly #stillness = new Stillness();
  #current: EngineModule;
  #standing: EngineStanding;
  readonly #loop: ReloadLoop;
  #issue: { readonly code: string; readonly message: string } | null = null;
  #candidate: Candidate | null = null;
  #proven: Proven | null = null;
  #policy: Pick<WatchedPolicySource, 'inForce' | 'rebuild'> | null = null;
  #watch: FolderWatch | null = null;

  constructor(options: EngineSwapOptions) {
    const { module, standing, path, seen } = options.start;
    this.#options = options;
    this.#path = path;
    this.#timers = options.timers ?? SYSTEM_TIMERS;
    this.#records = openPolicyRecords(options.report);
    this.#current = module;
    this.#standing = standing;
    this.#loop = new ReloadLoop({
      begin: { stage: 'idle', live: module.sha256 as Sha256Hex, judged: this.#with(seen), told: null },
      timers: this.#timers,
      look: at => this.#look(at),
      restMs: at => this.#stillness.restMs(at),
      perform: effect => this.#perform(effect),
    });
  }

  get current(): EngineModule {
    return this.#current;
  }

  /** From now on the file may be replaced. */
  follow(policy: Pick<WatchedPolicySource, 'inForce' | 'rebuild'>): void {
    this.#policy = policy;
    if (this.#options.watch) {
      const name = basename(this.#path);
      const matters = (entry: string) => entry === name || entry === name + ENVELOPE_SUFFIX || entry === '..data';
      const written = () => this.#loop.feed({ on: 'written' });
      const watching = { pollMs: POLL_EVERY_MS, fast: true, timers: this.#timers, matters, written };
      this.#watch = watchFolder(dirname(this.#path), watching, () => this.lookAgain());
    }
    this.lookAgain();
  }

  lookAgain(): void {
    if (this.#policy !== null) this.#loop.lookAgain();
  }

  health(): EngineHealth {
    const { sha256, abi } = this.#current;
    const signedBy = this.#standing.from === 'signed' ? this.#standing.keyIds : [];
    return { path: this.#path, sha256, abi, from: this.#standing.from, signedBy, issue: this.#issue };
  }

  async close(): Promise<void> {
    this.#loop.close();
    await this.#watch?.close();
  }

  /** Trust is part of what is looked at. */
  #with(seen: Seen): Seen {
    if (seen.is !== 'file') return seen;
    return { ...seen, content: `${seen.content}\n${lookAtEngineTrust(this.#options.trust)}` };
  }

  #look(at: number): Seen {
    this.#records.retry();
    const { seen, parts } = lookAtEngine(this.#path);
    this.#stillness.look(parts, at);
    return this.#with(seen);
  }

  #perform(effect: Act): void {
    switch (effect.do) {
      case 'read':
        this.#read();
        return;
      case 'build':
        void this.#prove();
        return;
      case 'swap':
        void this.#swap();
        return;
      case 'unchanged':
        this.#issue = null;
        return;
      case 'reject':
        this.#reject(effect.why, effect.record);
        return;
      case 'recall':
        // Only a start recalls, and this one begins with an engine in force.
        this.#loop.feed({ on: 'recalled', sha256: null });
    }
  }

  #read(): void {
    const read = attempt((): EngineFiles => readEngineFiles(this.#path, this.#options.trust.rules));
    if (!read.ok) {
      this.#failed(read.error, null);
      return;
    }
    const { bytes, envelope } = read.value;
    const seen = this.#with(read.value.seen);
    const sha256 = engineDigest(bytes);
    const file = { path: this.#path, sha256, envelope };
    const admitted = attempt(() => admitEngine(file, this.#standing, this.#options.trust));
    if (!admitted.ok) {
      this.#failed(admitted.error, sha256);
      return;
    }
    this.#candidate = { bytes, sha256, standing: admitted.value };
    // The same bytes may stand for another reason now.
    if (sha256 === this.#current.sha256) this.#standing = admitted.value;
    this.#loop.feed({ on: 'read', seen, sha256 });
  }

  async #prove(): Promise<void> {
    const candidate = this.#candidate;
    const on = this.#policy?.inForce ?? null;
    const got = await attemptLater(async (): Promise<Proven> => {
      if (candidate === null) throw new Fault('internal', { what: 'an engine was to be proven before it was read' });
      const { compiled, sha256 } = this.#current;
      const module = await proveEngine({
        path: this.#path,
        sha256: candidate.sha256,
        bytes: candidate.bytes,
        running: { compiled, sha256 },
        documents: on?.documents.map(({ path, bytes }) => ({ path, bytes })) ?? [],
        inspectBytes: this.#options.inspectBytes,
      });
      return { ...candidate, module, on };
    });
    if (!got.ok) {
      this.#failed(got.error, candidate?.sha256 ?? null);
      return;
    }
    this.#proven = got.value;
    this.#loop.feed({ on: 'built' });
  }

  async #swap(): Promise<void> {
    const proven = this.#proven;
    this.#proven = null;
    const got = await attemptLater(async () => {
      if (proven === null || this.#policy === null)
        throw new Fault('internal', { what: 'an engine was to be put in force before it was proven' });
      const { module, on, standing } = proven;
      const builder = new GenerationBuilder(module, this.#options.inspectBytes);
      return this.#policy.rebuild(
        on,
        set => builder.build(set),
        () => {
          this.#current = module;
          this.#standing = standing;
          this.#issue = null;
        },
      );
    });
    if (this.#loop.isClosed) return;
    if (!got.ok) this.#failed(got.error, proven?.sha256 ?? null);
    else if (got.value === 'rebuilt') {
      const { sha256, abi } = this.#current;
      this.#records.write({ type: 'engine_loaded', engine_sha256: sha256, abi });
      this.#loop.feed({ on: 'swapped' });
    } else if (got.value === 'superseded') {
      // Another policy is in force than the one it was proven on.
      this.#loop.feed({ on: 'moved' });
    } else {
      const why = got.value.issues[0]?.code ?? 'policy_invalid';
      this.#failed(
        new Fault('engine_unproven', { path: this.#path, why: `the policy in force (${why})` }),
        proven?.sha256 ?? null,
      );
    }
  }

  #failed(error: unknown, sha256: Sha256Hex | null): void {
    if (isMoved(error)) {
      this.#loop.feed({ on: 'moved' });
      return;
    }
    const kind = error instanceof Error ? error.name : 'unknown';
    const fault =
      error instanceof Fault ? error : new Fault('engine_unproven', { path: this.#path, why: `it failed (${kind})` });
    const { code, message, hint } = fault;
    this.#loop.feed({ on: 'rejected', why: { sha256, issue: { code, message: `${message}; ${hint}` } } });
  }

  #reject({ sha256, issue }: Rejection, record: boolean): void {
    this.#issue = this.#inOurWords(issue);
    if (!record) return;
    const error = this.#issue.code;
    this.#records.write({ type: 'engine_rejected', engine_sha256: sha256 ?? NO_DIGEST, error });
  }

  /** What a look alone has found is said by a machine that takes everything for a policy. */
  #inOurWords(issue: Rejection['issue']): { readonly code: string; readonly message: string } {
    const why =
      issue.code === 'policy_missing'
        ? 'there is no such file'
        : issue.code === 'policy_unreadable'
          ? 'error' in issue
            ? String(issue.error)
            : 'it cannot be looked at'
          : issue.code === 'never_settles'
            ? 'it has been changing for seconds without a pause'
            : null;
    if (why === null) return { code: issue.code, message: issue.message };
    const { code, message, hint } = new Fault('engine_unreadable', { path: this.#path, why });
    return { code, message: `${message}; ${hint}` };
  }
}
