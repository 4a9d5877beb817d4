/**
 * The calls under way, those that still wait for their decision among them, for the one moment when a switch must end them.
 */
import type { AgentId } from '../core/brand.js';
import type { KillHold } from './types.js';

export interface Flight {
  readonly agent: AgentId;
  /** Ends the call; must not wait. False when it had ended, or had been ended, before. */
  abort(hold: KillHold): boolean;
  /** The agent closes; the call is written off in the books. */
  leave(): void;
}

export class InFlight {
  readonly #flights = new Set<Flight>();

  /** @param now Milliseconds of a clock that never runs backwards. */
  constructor(private readonly now: () => number) {}

  get size(): number {
    return this.#flights.size;
  }

  add(flight: Flight): void {
    this.#flights.add(flight);
  }

  remove(flight: Flight): void {
    this.#flights.delete(flight);
  }

  /** A call that waits before its decision; `stopped` is told once. The answer takes it back. */
  addWaiting(agent: AgentId, stopped: () => void): () => void {
    const waiting: Flight = {
      agent,
      abort: () => {
        if (!this.#flights.delete(waiting)) return false;
        stopped();
        return true;
      },
      leave: () => undefined,
    };
    this.#flights.add(waiting);
    return () => void this.#flights.delete(waiting);
  }

  /** Ends every call of an agent that `stops` names; each is still in flight until its edge says it has ended. */
  abortAll(
    hold: KillHold,
    stops: (agent: AgentId) => boolean,
  ): { readonly aborted: number /** Whole milliseconds, rounded up. */; readonly abortMs: number } {
    const began = this.now();
    let aborted = 0;
    // A copy: aborting one may end others or, wrongly, begin new ones; a new one looks at the switch by itself.
    for (const flight of [...this.#flights]) {
      if (!stops(flight.agent) || !this.#flights.has(flight)) continue;
      try {
        if (flight.abort(hold)) aborted++;
      } catch {
        // One call that resists must not save the others.
        aborted++;
      }
    }
    return { aborted, abortMs: Math.ceil(this.now() - began) };
  }

  leaveAll(): void {
    for (const flight of [...this.#flights]) flight.leave();
  }
}
