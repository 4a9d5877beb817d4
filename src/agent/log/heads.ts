/**
 * Heads of the log, said where an intruder in the log's folder does not reach: a line in a file of another owner (a folder
 * that only takes, another filesystem, an append-only file), and a line to the journal.
 *
 *   <origin> <size> <root, hexadecimal> <time, RFC 3339>\n
 *
 * `verify --expect SIZE:ROOT` takes them. A head that cannot be said is a problem, never a denial.
 */
import { closeSync, constants, fdatasyncSync, openSync, writeSync } from 'node:fs';
import { Fault } from '../../core/fault.js';
import { errno } from '../../disk/errno.js';
import { timeText } from './time-text.js';

export interface Heads {
  /** Absolute; null: none. It must be there already: made by us it would be ours. */
  readonly file: string | null;
  /** Gets the line without its newline; null: nobody is told. */
  readonly say: ((line: string) => void) | null;
  /** Milliseconds from one head to the next, as long as there are new ones. */
  readonly everyMs: number;
}

export interface Head {
  readonly size: number;
  readonly root: string;
}

const { O_WRONLY, O_APPEND, O_NOFOLLOW, O_NONBLOCK } = constants;

export class HeadSayer {
  #size = 0;
  #saidMs = Number.NEGATIVE_INFINITY;
  #failed = false;

  constructor(
    private readonly log: string,
    private readonly heads: Heads,
    private readonly tell: (fault: Fault) => void,
  ) {}

  /** @param last at the end: whatever is new is said */
  look(head: Head | null, now: number, last = false): void {
    const { file, say, everyMs } = this.heads;
    if (head === null || head.size === this.#size || (file === null && say === null)) return;
    if (!last && Math.abs(now - this.#saidMs) < everyMs) return;
    this.#size = head.size;
    this.#saidMs = now;
    const line = `${this.log} ${head.size} ${head.root} ${timeText(now)}`;
    try {
      say?.(line);
      if (file !== null) append(file, line);
      this.#failed = false;
    } catch (error) {
      if (!this.#failed) this.tell(new Fault('heads_unwritable', { path: file ?? 'journal', why: errno(error) }));
      this.#failed = true;
    }
  }
}

function append(path: string, line: string): void {
  const fd = openSync(path, O_WRONLY | O_APPEND | O_NOFOLLOW | O_NONBLOCK);
  try {
    writeSync(fd, `${line}\n`);
    fdatasyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
