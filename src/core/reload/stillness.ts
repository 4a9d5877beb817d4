/**
 * When each of several files has stood still. The machine judges a set by one look, in which a file renamed into place
 * would cover for another that is still being written.
 *
 *   in   : looks at all files, by name
 *   out  : when the last one that is being written in place, or has just come or gone, may be read
 */
import { SETTLE_IN_PLACE_MS } from '../limits.js';
import { alike, type Seen } from './machine.js';

/** What a look found, by file. A file that is not there is not in it. */
export type Parts = ReadonlyMap<string, Seen>;

export class Stillness {
  #last: Parts | null = null;
  /** When a file was last seen to be another than before, unless that was a rename over it. */
  readonly #moved = new Map<string, number>();

  /** @param at Milliseconds of a clock that never runs backwards. */
  look(parts: Parts, at: number): void {
    const before = this.#last;
    this.#last = parts;
    if (before === null) return;
    for (const name of new Set([...before.keys(), ...parts.keys()])) {
      const [was, is] = [before.get(name), parts.get(name)];
      if (was !== undefined && is !== undefined && alike(was, is)) continue;
      const renamed = was?.is === 'file' && is?.is === 'file' && was.file !== is.file;
      if (renamed) this.#moved.delete(name);
      else this.#moved.set(name, at);
    }
  }

  /** Milliseconds until everything has stood still; 0: it has. */
  restMs(at: number): number {
    let rest = 0;
    for (const [name, since] of this.#moved) {
      const left = since + SETTLE_IN_PLACE_MS - at;
      if (left <= 0) this.#moved.delete(name);
      else rest = Math.max(rest, left);
    }
    return rest;
  }
}
