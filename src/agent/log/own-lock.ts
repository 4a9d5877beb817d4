/** The lock of one log for as long as the log lives, taken anew when its file lost its name. */
import { POLL_EVERY_MS } from '../../core/limits.js';
import { type Lock, takeLock } from '../../disk/lock.js';

export class OwnLock {
  #lock: Lock;
  #refusedMs = Number.NEGATIVE_INFINITY;

  constructor(
    lock: Lock,
    private readonly path: string,
    private readonly program: string,
  ) {
    this.#lock = lock;
  }

  /** Lost without our doing, for good. Costs nothing to ask. */
  get lost(): boolean {
    return this.#lock.lost();
  }

  get held(): boolean {
    return this.#lock.held();
  }

  /**
   * A lock on a file that lost its name guards nothing: takes the one that has the name now.
   *
   * @returns false when another holds that one
   * @throws the system's error when the lock file cannot be made
   */
  ensure(now: number): boolean {
    if (this.#lock.held()) return true;
    // Asking takes milliseconds, and every refused call would ask.
    if (Math.abs(now - this.#refusedMs) < POLL_EVERY_MS) return false;
    const locking = takeLock(this.path, this.program);
    if (locking.is === 'taken') {
      this.#refusedMs = now;
      return false;
    }
    this.#lock.release();
    this.#lock = locking.lock;
    return true;
  }

  release(): void {
    this.#lock.release();
  }
}
