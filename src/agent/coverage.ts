/**
 * Which ways out of this process are decided, and which are not.
 *
 *   in   : what edges say when they are installed, and when something passes them undecided
 *   out  : a row for each way, for `healthy().coverage`
 *   never: guesses: a way that nobody has spoken for is unknown
 */

/** Every way out of a Node process that checkrd knows of. */
export const WAYS = {
  fetch: 'fetch',
  undici: 'the global dispatcher of undici: every copy of it, WebSocket, EventSource',
  http: 'node:http and node:https',
  http2: 'node:http2',
  sockets: 'TCP and TLS connections that no other edge opened',
  unix_sockets: 'connections to Unix sockets and pipes',
  datagrams: 'node:dgram',
  names: 'node:dns',
  processes: 'node:child_process, node:cluster, process.execve',
  threads: 'node:worker_threads',
  native: 'native add-ons, extensions of SQLite, process.binding',
  inspector: 'a debugger, from inside or outside',
} as const satisfies Record<string, string>;
export type Way = keyof typeof WAYS;

/**
 * `wrapped`: what goes this way is decided, or denied. `seen`: watched, not decided; nothing has passed yet.
 * `bypassed`: something has passed undecided. `unknown`: nobody watches.
 */
export type WayState = 'wrapped' | 'seen' | 'bypassed' | 'unknown';

export interface WayCoverage {
  readonly way: Way;
  readonly state: WayState;
  /** How often something passed undecided. */
  readonly passed: number;
  /** What passed last, or why the state is what it is; null: nothing to say. */
  readonly note: string | null;
}

interface Row {
  watched: 'wrapped' | 'seen' | 'unknown';
  passed: number;
  note: string | null;
  isOnTop: () => boolean;
}

const always = (): boolean => true;

export class Coverage {
  readonly #rows = new Map<Way, Row>();

  /** An edge is in place. `isOnTop` false later: another patch lies over it. */
  covers(way: Way, watched: 'wrapped' | 'seen', note: string | null = null, isOnTop: () => boolean = always): void {
    const passed = this.#rows.get(way)?.passed ?? 0;
    this.#rows.set(way, { watched, passed, note, isOnTop });
  }

  /** Something went this way undecided. True: for the first time. */
  passed(way: Way, note: string): boolean {
    const row = this.#rows.get(way) ?? { watched: 'unknown', passed: 0, note: null, isOnTop: always };
    this.#rows.set(way, row);
    row.passed++;
    row.note = note;
    return row.passed === 1;
  }

  /** The edge is gone. */
  forget(way: Way): void {
    this.#rows.delete(way);
  }

  list(): readonly WayCoverage[] {
    return (Object.keys(WAYS) as Way[]).map(way => {
      const row = this.#rows.get(way);
      if (row === undefined) return { way, state: 'unknown', passed: 0, note: null };
      const state = row.passed > 0 ? 'bypassed' : row.watched;
      return { way, state, passed: row.passed, note: row.isOnTop() ? row.note : 'another patch lies over it' };
    });
  }
}

/** The process has one: edges patch what all its code shares. */
export const processCoverage = new Coverage();
