/** A call of the mock between its decision and its end. */
import type { Call, KillHold, Outcome } from '../../agent/types.js';

export class MockCallState implements Call {
  readonly #look: () => KillHold | null;
  readonly #ended: (outcome: Outcome) => void;
  readonly #controller = new AbortController();
  #listener: () => void = () => undefined;
  #isOver = false;
  killed: KillHold | null = null;

  constructor(look: () => KillHold | null, ended: (outcome: Outcome) => void) {
    this.#look = look;
    this.#ended = ended;
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  stop(hold: KillHold): void {
    if (this.#isOver || this.killed !== null) return;
    this.killed = hold;
    this.#controller.abort();
    this.#listener();
  }

  onKill(listener: () => void): void {
    this.#listener = listener;
    if (this.killed !== null) listener();
  }

  onDisk(): null {
    return null;
  }

  confirm(): KillHold | null {
    const hold = this.killed ?? this.#look();
    if (hold !== null) this.finish({ result: 'killed' });
    return hold;
  }

  answered(): void {
    // Only an agent that closes wants to know.
  }

  finish(outcome: Outcome): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#ended(outcome);
  }
}
