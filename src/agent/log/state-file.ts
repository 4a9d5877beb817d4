/** Keeps the state file beside a log: signed, replaced whole, never older than one written before it. */
import { type LogState, stateText } from '../../core/audit/state.js';
import { utf8 } from '../../core/bytes.js';
import { replaceFile, replaceFileLater } from '../../disk/durable.js';
import { errno } from '../../disk/errno.js';
import type { LogKeys } from './keys.js';

const MODE = 0o640;

export class StateFile {
  #generation = 0;
  #busy = false;
  #waiting: LogState | null = null;

  constructor(
    private readonly path: string,
    private readonly keys: LogKeys,
    private readonly failed: (errno: string) => void,
  ) {}

  /** Durable on return; the errno when it is not. */
  write(state: LogState): string | null {
    this.#generation += 1;
    this.#waiting = null;
    try {
      replaceFile(this.path, this.#bytes(state), MODE);
      return null;
    } catch (error) {
      return errno(error);
    }
  }

  /** Durable soon, off the main thread; of several that come meanwhile the last counts. */
  writeLater(state: LogState): void {
    if (this.#busy) {
      this.#waiting = state;
      return;
    }
    this.#busy = true;
    const generation = this.#generation;
    replaceFileLater(
      this.path,
      this.#bytes(state),
      MODE,
      () => generation === this.#generation,
      failure => {
        this.#busy = false;
        const next = this.#waiting;
        this.#waiting = null;
        if (failure !== null && generation === this.#generation) this.failed(failure);
        if (next !== null) this.writeLater(next);
      },
    );
  }

  #bytes(state: LogState): Uint8Array {
    return utf8(stateText(this.keys.current.sign, state));
  }
}
