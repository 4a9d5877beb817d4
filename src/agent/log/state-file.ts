/** Keeps the state file beside a log: signed, replaced whole, never older than one written before it. */
import { type LogState, stateText } from '../../core/audit/state.js';
import type { Position } from '../../core/audit/tip.js';
import { utf8 } from '../../core/bytes.js';
import type { AppendFile } from '../../disk/append.js';
import { replaceFile, replaceFileLater } from '../../disk/durable.js';
import { errno } from '../../disk/errno.js';
import type { LogKeys } from './keys.js';
import { fileText } from './place.js';

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
  write(at: Position, segment: number, file: AppendFile, offset: number, closed: boolean): string | null {
    const state = this.#stateOf(at, segment, file, offset, closed);
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
  writeLater(at: Position, segment: number, file: AppendFile, offset: number): void {
    this.#later(this.#stateOf(at, segment, file, offset, false));
  }

  #stateOf(at: Position, segment: number, file: AppendFile, offset: number, closed: boolean): LogState {
    const { size, head, frontier } = at;
    const { log, epoch } = this.keys;
    return { log, size, head, frontier, epoch, segment, offset, file: fileText(file.id), closed };
  }

  #later(state: LogState): void {
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
        if (next !== null) this.#later(next);
      },
    );
  }

  #bytes(state: LogState): Uint8Array {
    return utf8(stateText(this.keys.current.sign, state));
  }
}
