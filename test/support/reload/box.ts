/**
 * A policy file in a folder of its own and the source that reads it, by a clock that the test moves: what settles after
 * a second settles at once, and never sooner. The policies are real ones, compiled and tested by the real engine.
 */
import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { GenerationBuilder } from '#src/agent/build-generation.js';
import type {
  BuildOutcome,
  PolicyRecord,
  PolicySet,
  PolicySourceOptions,
  WatchedPolicySource,
} from '#src/agent/policy-ports.js';
import { openPolicySource } from '#src/agent/reloader.js';
import type { Timers } from '#src/disk/timers.js';
import { engineModule } from '../engine.js';
import { hash } from '../policy-source.js';

/** A policy whose rules have these names. */
export const text = (...names: string[]): string =>
  `default: deny\nrules:\n${names.map(name => `  - { name: ${name}, allow: { url: "${name}.example/**" } }\n`).join('')}`;

export class MovedClock implements Timers {
  #now = 0;
  /** Called by whoever asks for the time: the only joint between a look and the read that follows it. */
  onAsked: (() => void) | null = null;
  readonly #due = new Set<{ at: number; every: number | null; act: () => void }>();

  now(): number {
    this.onAsked?.();
    return this.#now;
  }

  after(ms: number, act: () => void): () => void {
    return this.#add({ at: this.#now + ms, every: null, act });
  }

  every(ms: number, act: () => void): () => void {
    return this.#add({ at: this.#now + ms, every: ms, act });
  }

  advance(ms: number): void {
    this.#now += ms;
    for (const timer of [...this.#due]) {
      if (timer.at > this.#now || !this.#due.has(timer)) continue;
      if (timer.every === null) this.#due.delete(timer);
      else timer.at += timer.every;
      timer.act();
    }
  }

  #add(timer: { at: number; every: number | null; act: () => void }): () => void {
    this.#due.add(timer);
    return () => void this.#due.delete(timer);
  }
}

const STEP_MS = 10;

export class Box {
  readonly path: string;
  readonly clock = new MovedClock();
  readonly records: PolicyRecord[] = [];
  readonly #names = new Map<string, string>();
  #source: WatchedPolicySource | null = null;

  constructor(
    readonly folder: string,
    name = 'policy.yaml',
  ) {
    mkdirSync(join(folder, 'etc'), { recursive: true });
    this.path = join(folder, 'etc', name);
  }

  get source(): WatchedPolicySource {
    if (this.#source === null) throw new Error('not open yet');
    return this.#source;
  }

  open(options: Partial<PolicySourceOptions> = {}): void {
    const builder = new GenerationBuilder(engineModule(), 1024);
    const named = (outcome: BuildOutcome): BuildOutcome => {
      if (!outcome.ok) return outcome;
      const [document] = outcome.generation.documents;
      const names = Array.from({ length: document?.ruleNames.length ?? 0 }, (_, i) => document?.ruleNames.at(i));
      this.#names.set(outcome.generation.id, names.join(','));
      return outcome;
    };
    const build = (set: PolicySet) => {
      const outcome = builder.build(set);
      return outcome instanceof Promise ? outcome.then(named) : named(outcome);
    };
    this.#source = openPolicySource({
      path: this.path,
      stateDir: null,
      hash,
      build,
      buildSync: set => named(builder.buildSync(set)),
      report: record => void this.records.push(record),
      adopt() {},
      securityMode: 'strict',
      watch: false,
      timers: this.clock,
      ...options,
    });
  }

  /** Lets `ms` pass, with a look at every step, as events and polls would have it. */
  pass(ms: number, stepMs = STEP_MS): void {
    for (let passed = 0; passed < ms; passed += stepMs) {
      this.source.lookAgain();
      this.clock.advance(stepMs);
    }
  }

  /** Waits until a change of the file shows in its times: many kernels count those in steps of some milliseconds. */
  tick(): void {
    const changed = statSync(this.path, { bigint: true, throwIfNoEntry: false })?.ctimeNs ?? 0n;
    const hand = join(this.folder, 'hand');
    do writeFileSync(hand, '');
    while (statSync(hand, { bigint: true }).ctimeNs <= changed);
  }

  write(content: string | Uint8Array, path = this.path): void {
    writeFileSync(path, content);
  }

  /** Beside the file and over it, in one step. */
  rename(content: string | Uint8Array): void {
    const beside = `${this.path}.new`;
    writeFileSync(beside, content);
    renameSync(beside, this.path);
  }

  /** The file gone, whatever it is. */
  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }

  read(): string {
    return readFileSync(this.path, 'utf8');
  }

  rules(): string | null {
    const { current } = this.source;
    return current === null ? null : (this.#names.get(current.id) ?? '?');
  }

  /** `loaded a,b` or `rejected CODE`, with line and column where the record has them. */
  said(): string[] {
    return this.records.map(record => {
      if (record.type === 'operator_action') return record.action;
      if (record.type === 'policy_loaded') return `loaded ${this.#names.get(record.policy_sha256)}`;
      const place = record.line === undefined ? '' : ` ${record.line}:${record.column}`;
      return `rejected ${record.error}${place}`;
    });
  }
}
