/**
 * Says "look again" when something may have changed in a folder.
 *
 * It watches the folder, never the file: a watch on a file goes silent after the first rename over it. While the folder
 * is missing its nearest existing ancestor is watched; whenever the folder is another one than that watched, the watch
 * is renewed. A poll stands behind it everywhere, since events get lost.
 * Never: says what changed, or keeps the process alive.
 */
import { type FSWatcher, watch as fsWatch, realpathSync, statSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { type FSWatcher as Chokidar, watch as chokidar } from 'chokidar';
import { networkFilesystem } from './filesystem-kind.js';
import type { Timers } from './timers.js';

export interface FolderWatch {
  /** True where only the poll works: no watch could be set up, or the filesystem sends no events. */
  readonly pollOnly: boolean;
  /** Renews the watch now if the folder is not the one watched; the poll does so by itself. */
  renew(): void;
  close(): Promise<void>;
}

export interface FolderWatchOptions {
  /** Which entries of the folder matter; all by default. */
  readonly matters?: (name: string) => boolean;
  readonly pollMs: number;
  /** A second watch by the kernel's own events, 2 ms sooner than the first. */
  readonly fast?: boolean;
  /** Called with the name of an entry that was written to under that name; after `look`. Only with `fast`. */
  readonly written?: (name: string) => void;
  readonly timers: Timers;
}

/** Watches for changes of what `path` names: renames over it, symbolic links swapped beside it, its end and return. */
export function watchPath(path: string, options: FolderWatchOptions, look: () => void): FolderWatch {
  const name = basename(path);
  // `..data` is the link that Kubernetes swaps when a ConfigMap changes.
  const matters = (entry: string) => entry === name || entry === '..data';
  return watchFolder(dirname(resolve(path)), { matters, ...options }, look);
}

/** @param look Called after each event and each poll; must not throw. */
export function watchFolder(folder: string, options: FolderWatchOptions, look: () => void): FolderWatch {
  return new Watch(resolve(folder), options, look);
}

class Watch implements FolderWatch {
  #armed: string | null = null;
  #slow: Chokidar | null = null;
  #quick: FSWatcher | null = null;
  #failed = false;
  #closed = false;
  readonly #stopPoll: () => void;
  readonly #closing: Promise<void>[] = [];

  constructor(
    readonly folder: string,
    readonly options: FolderWatchOptions,
    readonly look: () => void,
  ) {
    this.renew();
    this.#stopPoll = options.timers.every(options.pollMs, () => this.#changed());
  }

  get pollOnly(): boolean {
    return this.#failed || networkFilesystem(nearest(this.folder)) !== null;
  }

  renew(): void {
    if (this.#closed) return;
    const at = nearest(this.folder);
    const now = `${identity(at) ?? 'gone'} ${at}`;
    if (now === this.#armed) return;
    this.#disarm();
    this.#armed = now;
    this.#failed = false;
    const failed = () => {
      this.#failed = true;
    };
    const changed = () => this.#changed();
    // Links are not followed below, so the folder itself is named without any.
    const real = realOf(at);
    const wanted = this.#wanted(at);
    // Raw events come for every entry: a busy log beside the file must not make us look at each of its lines.
    const raw = (_kind: string, name: string | null) => {
      if (name === null || wanted(basename(name)) || basename(name) === basename(real)) changed();
    };
    this.#slow = chokidar(real, {
      persistent: false,
      ignoreInitial: true,
      followSymlinks: false,
      ignorePermissionErrors: true,
      depth: 0,
      // Holding back an unlink to see whether it is half of a rename would cost 105 ms.
      atomic: false,
      ignored: path => path !== real && !wanted(basename(path)),
    });
    // It arms some turns later: what changed before that raised no event.
    this.#slow.on('all', changed).on('raw', raw).on('ready', changed).on('error', failed);
    if (this.options.fast === true) {
      try {
        this.#quick = fsWatch(real, { persistent: false }, (kind, name) => {
          raw(kind, name);
          // `rename`: made, removed or renamed. `change`: written to, or its mode or times were set.
          if (kind === 'change' && name !== null && !this.#closed && wanted(name)) this.options.written?.(name);
        });
        this.#quick.on('error', failed);
      } catch {
        failed();
      }
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#stopPoll();
    this.#disarm();
    await Promise.all(this.#closing);
  }

  /** In the folder itself what the caller asked for, in an ancestor only the way down. */
  #wanted(at: string): (name: string) => boolean {
    if (at === this.folder) return this.options.matters ?? (() => true);
    const next = this.folder.slice(at === '/' ? 1 : at.length + 1).split('/')[0];
    return name => name === next;
  }

  #changed(): void {
    if (this.#closed) return;
    this.renew();
    this.look();
  }

  #disarm(): void {
    this.#quick?.close();
    this.#quick = null;
    const slow = this.#slow;
    this.#slow = null;
    if (slow === null) return;
    slow.removeAllListeners();
    // A watcher that is being closed may still fail; nobody cares any more.
    slow.on('error', () => {});
    const done = slow.close().catch(() => {});
    this.#closing.push(done);
    void done.then(() => this.#closing.splice(this.#closing.indexOf(done), 1));
  }
}

function nearest(folder: string): string {
  let at = folder;
  while (identity(at) === null && dirname(at) !== at) at = dirname(at);
  return at;
}

/** Device and inode of a folder, null when there is none that can be seen. */
export function identity(folder: string): string | null {
  try {
    const stat = statSync(folder, { bigint: true });
    return stat.isDirectory() ? `${stat.dev}:${stat.ino}` : null;
  } catch {
    return null;
  }
}

function realOf(folder: string): string {
  try {
    return realpathSync(folder);
  } catch {
    // It went away just now; the next poll sees that.
    return folder;
  }
}
