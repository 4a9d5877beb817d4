/**
 * Room kept for the log on its own disk: `<log>.reserve`. When the disk is full it is given up, so that calls go on while
 * people act, and that is said: in the log, in health, and to the operator. It comes back when there is twice as much room.
 * Without one a full disk means deny.
 */
import type { DiskReserveFields } from '../../core/audit/fields.js';
import { Fault } from '../../core/fault.js';
import { freeReserve, makeReserve, roomBeside } from '../../disk/reserve-file.js';

/** Nobody notices seconds here, and asking costs a system call. */
const LOOK_EVERY_MS = 5000;
const ROOM_FACTOR = 2;

export class Reserve {
  #held: boolean;
  /** Why it is missing, when it is. */
  fault: Fault;
  #lookedMs = Number.NEGATIVE_INFINITY;

  /** @param bytes 0: none */
  constructor(
    private readonly path: string,
    private readonly bytes: number,
    private readonly tell: (fault: Fault) => void,
  ) {
    const failed = bytes === 0 ? null : makeReserve(path, bytes);
    this.#held = bytes > 0 && failed === null;
    this.fault = new Fault('reserve_missing', { path, why: failed ?? '' });
    if (failed !== null) tell(this.fault);
  }

  /** A reserve was wanted and is not there. */
  get missing(): boolean {
    return this.bytes > 0 && !this.#held;
  }

  /** Gives it up for `fault`, if that says that the disk is full. Null: there is nothing to give. */
  freeFor(fault: Fault): DiskReserveFields | null {
    if (!this.#held || !/\b(ENOSPC|EDQUOT)\b/.test(fault.message)) return null;
    this.#held = false;
    if (!freeReserve(this.path)) return null;
    this.fault = new Fault('reserve_in_use', { path: this.path, bytes: this.bytes });
    this.tell(this.fault);
    return { type: 'disk_reserve', state: 'freed', bytes: this.bytes };
  }

  /** Asked every second. Not null: it is there again. */
  restore(now: number): DiskReserveFields | null {
    if (!this.missing || Math.abs(now - this.#lookedMs) < LOOK_EVERY_MS) return null;
    this.#lookedMs = now;
    if (roomBeside(this.path) < this.bytes * ROOM_FACTOR || makeReserve(this.path, this.bytes) !== null) return null;
    this.#held = true;
    return { type: 'disk_reserve', state: 'restored', bytes: this.bytes };
  }
}
