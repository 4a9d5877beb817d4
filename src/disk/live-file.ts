/**
 * A small file that says something while its writer lives: whole or absent to whoever reads it, gone at the end.
 *
 *   write temp → rename; nothing is synced, since it is worth nothing after a power cut. 0600.
 *
 * The temp name is `<path>.tmp`, made with O_EXCL: the name is the writer's own, and a link planted there is not followed.
 */
import { closeSync, constants, mkdirSync, openSync, renameSync, unlinkSync, writeSync } from 'node:fs';
import { mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { errno } from './errno.js';

const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
const NEW_FILE = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW;

export class LiveFile {
  readonly #temp: string;
  #busy = false;
  #removed = false;

  constructor(readonly path: string) {
    this.#temp = `${path}.tmp`;
  }

  /** Makes the folder (0700) if need be. @returns null, or why not: the system's code */
  begin(text: string): string | null {
    try {
      mkdirSync(dirname(this.path), { recursive: true, mode: 0o700 });
      const fd = openSync(this.#temp, NEW_FILE, 0o600);
      try {
        writeSync(fd, text);
      } finally {
        closeSync(fd);
      }
      renameSync(this.#temp, this.path);
      return null;
    } catch (error) {
      this.#forget(this.#temp);
      return errno(error);
    }
  }

  /** A replacement is under way: wait for its end before the next. */
  get isBusy(): boolean {
    return this.#busy;
  }

  /** As {@link begin}, with the waiting done by another thread. */
  async replace(text: string): Promise<string | null> {
    if (this.#busy || this.#removed) return null;
    this.#busy = true;
    try {
      await mkdir(dirname(this.path), { recursive: true, mode: 0o700 });
      const file = await open(this.#temp, NEW_FILE, 0o600);
      try {
        await file.writeFile(text);
      } finally {
        await file.close();
      }
      if (!this.#removed) renameSync(this.#temp, this.path);
      return null;
    } catch (error) {
      return errno(error);
    } finally {
      this.#busy = false;
      this.#forget(this.#temp);
    }
  }

  /** For good. Never throws. */
  remove(): void {
    this.#removed = true;
    this.#forget(this.path);
    this.#forget(this.#temp);
  }

  #forget(path: string): void {
    try {
      unlinkSync(path);
    } catch {
      // It is not there.
    }
  }
}
