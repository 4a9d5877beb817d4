/**
 * One file that grows at its end and nowhere else.
 *
 *   in   : whole lines as bytes
 *   out  : the file's identity, its size as we made it, and what the kernel says of it now
 *   never: knows what a line means; follows a link; writes to anything but a regular file
 *
 * Failures come back as values: the caller decides between "cut back, try again" and "abandon the descriptor".
 */
import {
  closeSync,
  constants,
  fchmodSync,
  fdatasync,
  fdatasyncSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  writeSync,
} from 'node:fs';
import { errno } from './errno.js';
import type { FileId } from './file-id.js';

/** `gone`: no name leads to the file any more. `failed`: the kernel would not say. */
export type Seen = 'ours' | 'larger' | 'smaller' | 'gone' | 'failed';

/**
 * `cut`: the file is as it was before the write. Otherwise its end is not ours any more and the descriptor must be
 * abandoned; `left` is then what the write left there, null when that cannot be said.
 */
export interface WriteFailure {
  readonly errno: string;
  readonly cut: boolean;
  readonly left: Uint8Array | null;
}

/** `made`: it was not there. `found`: it was, with `size` bytes. */
export type Opened = { readonly ok: true; readonly file: AppendFile } | { readonly ok: false; readonly errno: string };

const { O_WRONLY, O_APPEND, O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK } = constants;
// O_NONBLOCK has no effect on a regular file; on a FIFO it turns waiting for a reader into an error.
const FLAGS = O_WRONLY | O_APPEND | O_NOFOLLOW | O_NONBLOCK;
const MODE = 0o640;

export class AppendFile {
  readonly id: FileId;
  readonly #fd: number;
  #size: number;
  /** Syncs on their way. */
  #syncing = 0;
  #closed = false;

  private constructor(fd: number, id: FileId, size: number) {
    this.#fd = fd;
    this.id = id;
    this.#size = size;
  }

  /** Makes a file that is not there yet, mode 0640 whatever the umask. `EEXIST` for anything that is, a dangling link too. */
  static create(path: string): Opened {
    return open(path, FLAGS | O_CREAT | O_EXCL, true);
  }

  /** Opens a regular file that is there. `ELOOP` for a link, `EINVAL` for a device, a directory or a FIFO. */
  static existing(path: string): Opened {
    return open(path, FLAGS, false);
  }

  /** @internal */
  static of(fd: number, id: FileId, size: number): AppendFile {
    return new AppendFile(fd, id, size);
  }

  /** Bytes in the file as far as we know: what was there plus what we wrote. */
  get size(): number {
    return this.#size;
  }

  /** Asks the kernel whether the file still is as we left it. */
  look(): Seen {
    try {
      const { size, nlink } = fstatSync(this.#fd);
      if (size !== this.#size) return size > this.#size ? 'larger' : 'smaller';
      return nlink === 0 ? 'gone' : 'ours';
    } catch {
      return 'failed';
    }
  }

  /** Appends `length` bytes of `bytes` from `from` in one call. Null: they are in the kernel. */
  write(bytes: Uint8Array, from: number, length: number): WriteFailure | null {
    let written = 0;
    let why = 'ENOSPC';
    try {
      written = writeSync(this.#fd, bytes, from, length);
      if (written === length) {
        this.#size += length;
        return null;
      }
    } catch (error) {
      why = errno(error);
    }
    const cut = this.#cutBack(length);
    return { errno: why, cut, left: cut ? null : this.#left(bytes.subarray(from, from + length)) };
  }

  /** Cuts the file to `size` bytes, for a tail that was saved elsewhere. False when the kernel refuses. */
  cutTo(size: number): boolean {
    try {
      ftruncateSync(this.#fd, size);
      fsyncSync(this.#fd);
      this.#size = size;
      return true;
    } catch {
      return false;
    }
  }

  /** Waits until everything written is on disk. The errno when it is not known to be. */
  sync(): string | null {
    try {
      fdatasyncSync(this.#fd);
      return null;
    } catch (error) {
      return errno(error);
    }
  }

  /** As {@link sync}, off the main thread. A file closed meanwhile stays open until the answer is in. */
  syncLater(done: (errno: string | null) => void): void {
    this.#syncing += 1;
    fdatasync(this.#fd, error => {
      this.#syncing -= 1;
      if (this.#closed && this.#syncing === 0) this.#close();
      done(error === null ? null : errno(error));
    });
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    // Closing under a running sync would let the kernel hand the number to another file.
    if (this.#syncing === 0) this.#close();
  }

  #close(): void {
    try {
      closeSync(this.#fd);
    } catch {
      // Nothing is lost with it: what mattered was synced before.
    }
  }

  #left(written: Uint8Array): Uint8Array | null {
    try {
      const more = fstatSync(this.#fd).size - this.#size;
      return more < 0 || more > written.length ? null : written.slice(0, more);
    } catch {
      return null;
    }
  }

  /** Removes what a failed write left; never more than that write could have left, since the rest is evidence. */
  #cutBack(length: number): boolean {
    try {
      const before = fstatSync(this.#fd).size;
      if (before === this.#size) return true;
      if (before < this.#size || before - this.#size > length) return false;
      ftruncateSync(this.#fd, this.#size);
      return fstatSync(this.#fd).size === this.#size;
    } catch {
      return false;
    }
  }
}

function open(path: string, flags: number, made: boolean): Opened {
  let fd = -1;
  try {
    fd = openSync(path, flags, MODE);
    const stat = fstatSync(fd);
    if (stat.isFile()) {
      if (made) fchmodSync(fd, MODE);
      return { ok: true, file: AppendFile.of(fd, { dev: stat.dev, ino: stat.ino }, stat.size) };
    }
    closeSync(fd);
    return { ok: false, errno: 'EINVAL' };
  } catch (error) {
    if (fd >= 0) closeSync(fd);
    return { ok: false, errno: errno(error) };
  }
}
