/**
 * Records that wait for the disk together: one sync serves all that came before it began.
 *
 * A sync costs the same for one line and for a hundred, so it begins only when the event loop has taken in what else has
 * arrived, and those that come while it runs share the next. With one call at a time each pays a whole sync.
 */
type Waiting = (onDisk: boolean) => void;

export class GroupCommit {
  #waiting: Waiting[] = [];
  #busy = false;

  /** @param sync syncs everything written so far and says whether that is certain */
  constructor(private readonly sync: (done: (certain: boolean) => void) => void) {}

  /** For the record just written. Never rejects. */
  wait(): Promise<boolean> {
    return new Promise(resolve => {
      this.#waiting.push(resolve);
      if (!this.#busy) this.#next();
    });
  }

  /** The file in which the waiting records stand could not be synced. */
  lose(): void {
    const lost = this.#waiting;
    this.#waiting = [];
    for (const tell of lost) tell(false);
  }

  #next(): void {
    this.#busy = true;
    setImmediate(() => {
      const served = this.#waiting;
      this.#waiting = [];
      this.sync(certain => {
        this.#busy = false;
        for (const tell of served) tell(certain);
        if (this.#waiting.length > 0) this.#next();
      });
    });
  }
}
