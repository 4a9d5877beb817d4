/**
 * One file of the kill switch: what it says now, as a hold.
 *
 * Contents count only while the file is as it was when they were read; anything in doubt is the plain form.
 */
import type { AgentId } from '../core/brand.js';
import { matchesGlob } from '../core/config/agent-glob.js';
import type { KillContents } from '../core/config/kill-file.js';
import { type Entry, lookAtSwitch, readSwitch } from '../disk/switch-files.js';
import type { KillHold } from './types.js';

/** `scope` is `all`, an agent ID, or the globs of the file joined by commas. */
export interface ScopedHold extends KillHold {
  /** Globs over the agents it stops; null: every agent. */
  readonly agents: readonly string[] | null;
  /** Somebody's act: a switch was seen. False: something could not be looked at. */
  readonly seen: boolean;
}

export function scopeOf(agents: readonly string[] | null): string {
  return agents === null ? 'all' : agents.join(',');
}

/** Whether `hold` is one of `agent`'s. */
export function stops(hold: ScopedHold, agent: AgentId): boolean {
  return hold.agents === null || hold.agents.some(glob => matchesGlob(glob, agent));
}

export interface UntilClock {
  /** Milliseconds since 1970. */
  wallMs(): number;
  /** False for a minute after the wall clock jumped: then no `until` ends a hold. */
  isTrusted(): boolean;
}

/** `over`: the file is there, its `until` has passed. */
export type Found = ScopedHold | 'absent' | 'over' | 'unreadable';

type Present = Extract<Entry, { is: 'present' }>;

/** Contents of a file this young are read at each look: its times might not show a further change. */
const YOUNG_MS = 1000;

export class KillSource {
  /** What the observer was last told of this source. */
  active: ScopedHold | null = null;
  /** Whether a call has asked for it, or only a name in the folder. */
  asked = false;
  #read: { readonly stamp: string; readonly contents: KillContents | null } | null = null;

  /** @param agent Null: the switch of all agents. */
  constructor(
    readonly path: string,
    readonly agent: AgentId | null,
    readonly clock: UntilClock,
  ) {}

  /** Looks at the file now. Never throws. */
  find(): Found {
    const entry = lookAtSwitch(this.path);
    if (entry.is !== 'present') {
      this.#read = null;
      return entry.is;
    }
    const contents = this.#contents(entry);
    return contents !== null && this.#isOver(contents) ? 'over' : this.#hold(entry, contents);
  }

  /** The hold of a file that cannot be looked at. */
  blind(): ScopedHold {
    return this.#hold(null, null);
  }

  #contents(entry: Present): KillContents | null {
    if (this.#read?.stamp === entry.stamp) return this.#read.contents;
    let contents = entry.regular ? readSwitch(this.path, entry.stamp) : null;
    // The name of the file says whom it stops; a second opinion is not understood.
    if (this.agent !== null && contents !== null && contents.agents !== null) contents = null;
    const age = this.clock.wallMs() - entry.ctimeMs;
    this.#read = age > YOUNG_MS ? { stamp: entry.stamp, contents } : null;
    return contents;
  }

  #isOver({ untilMs }: KillContents): boolean {
    return untilMs !== null && this.clock.wallMs() >= untilMs && this.clock.isTrusted();
  }

  #hold(entry: Present | null, contents: KillContents | null): ScopedHold {
    const agents = this.agent !== null ? [this.agent] : (contents?.agents ?? null);
    return {
      source: this.path,
      scope: scopeOf(agents),
      agents,
      seen: entry !== null,
      reason: contents?.reason ?? null,
      ownerUid: entry?.uid ?? null,
      fileTimeMs: entry?.mtimeMs ?? null,
    };
  }
}
