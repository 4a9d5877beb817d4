/**
 * The calls that have begun and not ended, for the one moment when a switch must end them.
 */
import type { AgentId } from '../core/brand.js';
import type { KillHold } from './types.js';

export interface Flight {
  readonly agent: AgentId;
  /** Ends the call; must not throw, must not wait. */
  abort(hold: KillHold): void;
}

export interface InFlight {
  readonly size: number;
  /** The answer takes the call out again; calling it twice is fine. */
  add(flight: Flight): () => void;
  /** Ends every call of an agent that `stops` names. `abortMs` is whole milliseconds, rounded up. */
  abortAll(hold: KillHold, stops: (agent: AgentId) => boolean): { readonly aborted: number; readonly abortMs: number };
}

/** @param now Milliseconds of a clock that never runs backwards. */
export function openInFlight(now: () => number): InFlight {
  const flights = new Set<Flight>();
  return {
    get size() {
      return flights.size;
    },
    add(flight) {
      // A wrapper of our own, so that one object added twice counts twice.
      const own: Flight = { agent: flight.agent, abort: hold => flight.abort(hold) };
      flights.add(own);
      return () => void flights.delete(own);
    },
    abortAll(hold, stops) {
      const began = now();
      let aborted = 0;
      // A copy: aborting one may end others or, wrongly, begin new ones; a new one looks at the switch by itself.
      for (const flight of [...flights]) {
        if (!stops(flight.agent) || !flights.delete(flight)) continue;
        aborted++;
        try {
          flight.abort(hold);
        } catch {
          // One call that resists must not save the others.
        }
      }
      return { aborted, abortMs: Math.ceil(now() - began) };
    },
  };
}
