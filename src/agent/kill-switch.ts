/**
 * The kill switch: whether the calls of an agent may go on, asked of the files themselves at every decision.
 *
 * In: looks, watch events, a poll. Out: the hold that stands in the way, and one word to the observer for each change.
 * Every file is a source of its own: releasing one never releases another. A look that finds what no event has told
 * yet tells the observer itself, so whatever is in flight ends no later than the next call of anyone concerned.
 * A hold that the latch keeps outlives its file: its end is told when the latch lets go.
 * Never: trusts an event, a cached absence, or contents of a file that has changed since they were read.
 */
import { dirname, resolve } from 'node:path';
import type { AgentId } from '../core/brand.js';
import { isSameEngagement } from '../core/trust/latch-file.js';
import { networkFilesystem } from '../disk/filesystem-kind.js';
import {
  agentSwitch,
  agentsStopped,
  armFolder,
  isAbsent,
  isSameFolder,
  openSwitchFolders,
  type SwitchFolder,
} from '../disk/switch-files.js';
import { SYSTEM_TIMERS, type Timers } from '../disk/timers.js';
import { type FolderWatch, watchFolder, watchPath } from '../disk/watch-path.js';
import { CLOCK_JUMP_MS } from './clock-jump.js';
import type { KillLatch } from './kill-latch.js';
import { KillSource, type ScopedHold, stops, type UntilClock } from './kill-source.js';
import type { KillSwitch, SecurityMode } from './types.js';

export interface SwitchObserver {
  engaged(hold: ScopedHold): void;
  released(hold: ScopedHold): void;
}

export interface KillSwitchOptions {
  /** Absolute path of the switch; null: none is configured, nothing is ever stopped. */
  readonly path: string | null;
  readonly observer: SwitchObserver;
  readonly securityMode?: SecurityMode;
  /** Milliseconds since 1970, for `until`. */
  readonly wallMs?: () => number;
  readonly timers?: Timers;
  /** What only a signed release ends; absent: every hold ends with its file. */
  readonly latch?: KillLatch | null;
}

export interface OpenKillSwitch extends KillSwitch {
  /** What the operator should know, such as a network filesystem; empty when all is well. */
  readonly warnings: readonly string[];
  /** What the operator should know for as long as it is so. */
  readonly problems: readonly string[];
  /** What stands now, of all sources, as last seen. */
  readonly holds: readonly ScopedHold[];
  /** Looks at everything now, as the poll does. */
  refresh(): void;
  /** The wall clock has jumped: for a minute no `until` ends a hold. */
  clockJumped(): void;
  close(): Promise<void>;
}

/**
 * Makes the folders if need be, tells the observer of what is engaged already, and begins to watch.
 *
 * @throws Fault `killswitch_dir_missing`
 */
export function openKillSwitch(options: KillSwitchOptions): OpenKillSwitch {
  if (options.path !== null) return new Switch(resolve(options.path), options);
  return {
    warnings: [],
    problems: [],
    holds: [],
    look: () => null,
    refresh() {},
    clockJumped() {},
    async close() {},
  };
}

/** Behind the events; a change that every event missed is seen within this, and by every call at once. */
const POLL_MS = 250;
const UNTIL_IGNORED_MS = 60_000;
/** Agents that the poll looks for one by one. A server may have any number; entries in the folder are seen for all. */
const AGENTS_MAX = 1024;
class Switch implements OpenKillSwitch {
  readonly warnings: readonly string[];
  readonly #observer: SwitchObserver;
  readonly #latch: KillLatch | null;
  readonly #strict: boolean;
  readonly #clock: UntilClock;
  readonly #timers: Timers;
  readonly #folders: [SwitchFolder, SwitchFolder];
  readonly #lost: [ScopedHold | null, ScopedHold | null] = [null, null];
  readonly #global: KillSource;
  readonly #agents = new Map<AgentId, KillSource>();
  readonly #watches: FolderWatch[];
  #untilCountsFrom = Number.NEGATIVE_INFINITY;
  /** Wall time at zero of the monotonic clock; another one means that the wall clock was set. */
  #sinceMs: number;

  constructor(
    readonly path: string,
    options: KillSwitchOptions,
  ) {
    this.#observer = options.observer;
    this.#latch = options.latch ?? null;
    this.#strict = options.securityMode !== 'permissive';
    const timers = options.timers ?? SYSTEM_TIMERS;
    this.#timers = timers;
    const wallMs = options.wallMs ?? Date.now;
    const sinceMs = (): number => wallMs() - timers.now();
    this.#sinceMs = sinceMs();
    this.#clock = {
      wallMs,
      isTrusted: () => {
        // Whoever watches the clock may not have seen the jump yet.
        const now = sinceMs();
        if (Math.abs(now - this.#sinceMs) >= CLOCK_JUMP_MS) this.#doubtUntil(now);
        return timers.now() >= this.#untilCountsFrom;
      },
    };
    this.#folders = [...openSwitchFolders(path)];
    this.#global = new KillSource(path, null, this.#clock);
    const kind = networkFilesystem(dirname(path));
    this.warnings =
      kind === null
        ? []
        : [
            `the kill switch ${path} is on a network filesystem (${kind}): a kill made on another machine is seen only after the attribute timeout of the mount`,
          ];
    const changed = () => this.refresh();
    const watching = { pollMs: POLL_MS, fast: true, timers: this.#timers };
    this.#watches = [watchPath(path, watching, changed), watchFolder(`${path}.d`, watching, changed)];
    if (this.#latch !== null) {
      this.#watches.push(watchPath(this.#latch.options.releasePath, watching, changed));
      for (const hold of this.#latch.holds) this.#tell('engaged', hold);
    }
    this.refresh();
  }

  look(agent: AgentId): ScopedHold | null {
    const global = this.#global;
    const own = this.#sourceOf(agent);
    own.asked = true;
    // The entries first, their folders after: an entry missed because its folder went away shows in the folder.
    const absent = isAbsent(global.path) && isAbsent(own.path);
    const whole = isSameFolder(this.#folders[0]) && isSameFolder(this.#folders[1]);
    const known = global.active ?? own.active ?? this.#lost[0] ?? this.#lost[1] ?? this.#latch?.holds[0] ?? null;
    if (absent && whole && known === null) return null;
    const first = this.#check(global);
    if (first !== null && stops(first, agent)) return first;
    return this.#check(own) ?? this.#checkFolder(0) ?? this.#checkFolder(1) ?? this.#latched(agent);
  }

  get holds(): readonly ScopedHold[] {
    const kept = this.#latch?.holds ?? [];
    return [...kept, ...this.#standing().filter(hold => this.#latch?.keeps(hold) !== true)];
  }

  get problems(): readonly string[] {
    return this.#latch?.problems ?? [];
  }

  /** Of the files alone. */
  #standing(): readonly ScopedHold[] {
    const all = [this.#global.active, ...[...this.#agents.values()].map(source => source.active), ...this.#lost];
    return all.filter(hold => hold !== null);
  }

  #latched(agent: AgentId): ScopedHold | null {
    return this.#latch?.holds.find(hold => stops(hold, agent)) ?? null;
  }

  refresh(): void {
    for (const agent of agentsStopped(this.path) ?? []) this.#sourceOf(agent);
    this.#check(this.#global);
    for (const [agent, source] of this.#agents) {
      if (this.#check(source) === null && !source.asked) this.#agents.delete(agent);
    }
    this.#rearm(0);
    this.#rearm(1);
    if (this.#latch === null) return;
    const { engaged, released } = this.#latch.refresh(source => !isAbsent(source));
    const files = this.#standing();
    // Another process may have latched what was told here when its file was seen.
    for (const hold of engaged) if (!files.some(file => isSameEngagement(file, hold))) this.#tell('engaged', hold);
    for (const hold of released) this.#tell('released', hold);
  }

  clockJumped(): void {
    this.#doubtUntil(this.#clock.wallMs() - this.#timers.now());
    this.refresh();
  }

  #doubtUntil(sinceMs: number): void {
    this.#sinceMs = sinceMs;
    this.#untilCountsFrom = this.#timers.now() + UNTIL_IGNORED_MS;
  }

  async close(): Promise<void> {
    await Promise.all(this.#watches.map(watch => watch.close()));
  }

  #sourceOf(agent: AgentId): KillSource {
    const known = this.#agents.get(agent);
    if (known !== undefined) return known;
    const source = new KillSource(agentSwitch(this.path, agent), agent, this.#clock);
    if (this.#agents.size >= AGENTS_MAX) this.#forgetOne();
    this.#agents.set(agent, source);
    return source;
  }

  /** Of those that nothing stops: the next look at it, or an entry in the folder, finds it again. */
  #forgetOne(): void {
    for (const [agent, source] of this.#agents) {
      if (source.active !== null) continue;
      this.#agents.delete(agent);
      return;
    }
  }

  /** Looks at one source, tells the observer of a change, and answers what stands. */
  #check(source: KillSource): ScopedHold | null {
    const before = source.active;
    const now = this.#judge(source);
    source.active = now;
    const same = before !== null && now !== null && before.scope === now.scope;
    // What is engaged comes first: nothing may pass between two holds of one source.
    if (now !== null && !same && this.#latch?.keeps(now) !== true) this.#tell('engaged', now);
    if (before !== null && !same && this.#latch?.keeps(before) !== true) this.#tell('released', before);
    return now;
  }

  #judge(source: KillSource): ScopedHold | null {
    const found = source.find();
    switch (found) {
      case 'absent': {
        // Whether the file is gone or only its folder: until the folder is known again, what stood stands.
        const folder = this.#folders[source.agent === null ? 0 : 1];
        return isSameFolder(folder) ? null : source.active;
      }
      case 'unreadable':
        return this.#strict ? source.blind() : source.active;
      case 'over':
        return null;
      default:
        return found;
    }
  }

  /** A folder that is gone or another one: whatever it held is unknown, which is engaged (permissive: as last known). */
  #checkFolder(which: 0 | 1): ScopedHold | null {
    const folder = this.#folders[which];
    if (!this.#strict || isSameFolder(folder)) return this.#lost[which];
    if (this.#lost[which] !== null) return this.#lost[which];
    const reason = 'the folder of the kill switch is gone or was replaced';
    const hold: ScopedHold = {
      source: folder.path,
      scope: 'all',
      agents: null,
      seen: false,
      reason,
      ownerUid: null,
      fileTimeMs: null,
    };
    this.#lost[which] = hold;
    this.#tell('engaged', hold);
    return hold;
  }

  /** Watches and believes the folder that is there now; without one, the hold stays. */
  #rearm(which: 0 | 1): void {
    const lost = this.#checkFolder(which);
    const path = this.#folders[which].path;
    if (isSameFolder(this.#folders[which]) && lost === null) return;
    const armed = armFolder(path);
    if (armed === null) return;
    for (const watch of this.#watches) watch.renew();
    this.#folders[which] = armed;
    this.#lost[which] = null;
    // What stands in the new folder is told before the loss of the old one is over.
    for (const source of [this.#global, ...this.#agents.values()]) this.#check(source);
    if (lost !== null) this.#tell('released', lost);
  }

  #tell(what: 'engaged' | 'released', hold: ScopedHold): void {
    try {
      this.#observer[what](hold);
    } catch {
      // The hold stands whatever becomes of its record; the observer keeps its own account of failures.
    }
  }
}
