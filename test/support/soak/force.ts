/**
 * What is in force, as the hand that changes it knows it.
 *
 * A moment is taken when a request is sent and again when its answer is there: what stood still from one to the other
 * binds the answer, what changed between them may have been met or not.
 */

export interface Moment {
  /** Odd: engaged. Each change counts one. */
  readonly everyone: number;
  readonly agent: number;
  /** The policy that the daemon has said to be in force. */
  readonly live: number;
  /** The newest that was written. */
  readonly written: number;
}

export class Force {
  live = 0;
  written = 0;
  #everyone = 0;
  readonly #agents = new Map<string, number>();

  /** Right after the file came or went. */
  turned(agent: string | null): void {
    if (agent === null) this.#everyone += 1;
    else this.#agents.set(agent, (this.#agents.get(agent) ?? 0) + 1);
  }

  now(agent: string): Moment {
    return {
      everyone: this.#everyone,
      agent: this.#agents.get(agent) ?? 0,
      live: this.live,
      written: this.written,
    };
  }
}

const held = (from: Moment, to: Moment, of: 'everyone' | 'agent'): boolean => from[of] === to[of] && to[of] % 2 === 1;

/** A call that began after the switch was engaged and ended before it was released. */
export const mustBeKilled = (from: Moment, to: Moment): boolean =>
  held(from, to, 'everyone') || held(from, to, 'agent');

export const mayBeKilled = (from: Moment, to: Moment): boolean =>
  from.everyone !== to.everyone || from.agent !== to.agent || mustBeKilled(from, to);
