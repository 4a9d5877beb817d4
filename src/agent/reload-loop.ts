/**
 * The clock and the waiting around core/reload/machine.ts, the same for whatever file is reloaded.
 *
 *   in   : looks at the file, what happened (`feed`)
 *   out  : the machine's effects, in order, but for `wait`
 *   never: does anything once it is closed
 */
import { Fault } from '../core/fault.js';
import { type Effect, type Event, type Seen, type State, step } from '../core/reload/machine.js';
import type { Timers } from '../disk/timers.js';

/** What a shell has to do. */
export type Act = Exclude<Effect, { readonly do: 'wait' }>;

type WithoutTime<E> = E extends Event ? Omit<E, 'at'> : never;
/** What a shell tells; when, the loop knows. */
export type Happened = WithoutTime<Event>;

export interface ReloadShell {
  readonly begin: State;
  readonly timers: Timers;
  /** What stands there now. Must not throw. */
  look(at: number): Seen;
  /** Milliseconds until nothing of it is being written any more, by all looks so far. */
  restMs(at: number): number;
  /** Answers by `feed`, at once or later. */
  perform(effect: Act): void;
}

export class ReloadLoop {
  readonly #shell: ReloadShell;
  #state: State;
  #stopTimer: () => void = () => {};
  #closed = false;

  constructor(shell: ReloadShell) {
    this.#shell = shell;
    this.#state = shell.begin;
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  /** The first look, for which nothing has to settle. */
  start(): void {
    this.#look('start');
  }

  lookAgain(): void {
    if (!this.#closed) this.#look('looked');
  }

  feed(happened: Happened): void {
    this.#step({ ...happened, at: this.#shell.timers.now() } as Event);
  }

  close(): void {
    this.#closed = true;
    this.#stopTimer();
  }

  #look(on: 'start' | 'looked'): void {
    const at = this.#shell.timers.now();
    this.#step({ on, at, seen: this.#shell.look(at) });
  }

  #step(event: Event): void {
    if (this.#closed) return;
    const [state, effects] = step(this.#state, event);
    this.#state = state;
    for (const effect of effects) {
      if (effect.do === 'wait') this.#wait(effect.ms);
      else this.#shell.perform(effect);
    }
  }

  /** The machine waits for the newest change; a file that was being written before it must stand still too. */
  #wait(ms: number): void {
    const { timers } = this.#shell;
    this.#stopTimer();
    this.#stopTimer = timers.after(ms, () => {
      // Half a run of changes may have raised no event.
      this.lookAgain();
      const restMs = this.#shell.restMs(timers.now());
      if (restMs > 0 && this.#state.stage === 'changed') this.#wait(restMs);
      else this.feed({ on: 'quiet' });
    });
  }
}

/** The file that was being read is to be read again when it stands still. */
export function isMoved(error: unknown): boolean {
  return error instanceof Fault && error.code === 'policy_changed_while_read';
}
