/**
 * What a power cut may leave of files that a program in this process has written.
 *
 *   trace = tracing(folder)      from now on every system call that changes a file in the folder is noted
 *   trace.stop()
 *   left = diskAfter(trace.steps, n, random)   a legal state of the disk after the first n of them
 *   layDown(left, folder)        makes the folder so, with the same inodes where they still exist
 *
 * Only what was synced is certain: a file's bytes after a sync of the file, its names after a sync of their folder. Of the
 * rest each file keeps a prefix, or its length with pages of NULs, or some pages; each folder a prefix of its changes, or
 * any of them. A rename is one change: both names or neither.
 */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { basename, dirname, join, sep } from 'node:path';

/** `file`: a number of its own for each file ever made here; the kernel uses inode numbers again. */
type Entry = { readonly file: number; readonly mode: number } | { readonly link: string };
type Change = readonly [name: string, entry: Entry | null];

export type Step =
  | { readonly is: 'write'; readonly file: number; readonly at: number; readonly bytes: Uint8Array }
  | { readonly is: 'cut'; readonly file: number; readonly size: number }
  | { readonly is: 'names'; readonly folder: string; readonly changes: readonly Change[] }
  /** `upTo`: how many steps had been made when the sync began. */
  | { readonly is: 'sync'; readonly file: number; readonly upTo: number }
  | { readonly is: 'sync_folder'; readonly folder: string; readonly upTo: number };

export interface Trace {
  readonly steps: Step[];
  /** The file that has an inode number now. */
  readonly files: ReadonlyMap<number, number>;
  stop(): void;
}

type Call = (...args: never[]) => unknown;
const PATCHED = [
  'openSync',
  'closeSync',
  'writeSync',
  'ftruncateSync',
  'fsyncSync',
  'fdatasyncSync',
  'fdatasync',
  'renameSync',
  'linkSync',
  'unlinkSync',
  'symlinkSync',
] as const;

/** Not `slice`, which on a Buffer is a view. */
const copyOf = (bytes: Uint8Array): Uint8Array => new Uint8Array(bytes);

interface Opened {
  readonly folder: string | null;
  readonly file: number;
}

export function tracing(root: string): Trace {
  const table = fs as unknown as Record<string, Call>;
  const real = Object.fromEntries(PATCHED.map(name => [name, table[name]])) as unknown as typeof fs;
  const realOpen = fs.promises.open;
  const { lstatSync, fstatSync } = fs;
  const steps: Step[] = [];
  const open = new Map<number, Opened>();
  const files = new Map<number, number>();
  const fileOf = (ino: number): number => files.get(ino) ?? -1;
  const inside = (path: unknown): path is string => typeof path === 'string' && path.startsWith(root + sep);

  const entryAt = (path: string): Entry | null => {
    const stat = lstatSync(path, { throwIfNoEntry: false });
    if (stat === undefined) return null;
    return stat.isSymbolicLink()
      ? { link: fs.readlinkSync(path) }
      : { file: fileOf(stat.ino), mode: stat.mode & 0o777 };
  };
  const named = (...paths: readonly string[]): void => {
    const folder = dirname(paths[0] as string);
    steps.push({ is: 'names', folder, changes: paths.map(path => [basename(path), entryAt(path)] as const) });
  };
  const opens = (fd: number, path: string, before: Entry | null): void => {
    const stat = fstatSync(fd);
    if (before === null) files.set(stat.ino, steps.length);
    open.set(fd, { folder: stat.isDirectory() ? path : null, file: fileOf(stat.ino) });
    if (before === null) named(path);
  };
  const synced = (fd: number, upTo = steps.length): void => {
    const of = open.get(fd);
    if (of === undefined) return;
    if (of.folder === null) steps.push({ is: 'sync', file: of.file, upTo });
    else steps.push({ is: 'sync_folder', folder: of.folder, upTo });
  };

  Object.assign(table, {
    openSync(path: string, flags: never, mode: never) {
      const before = inside(path) ? entryAt(path) : null;
      const fd = real.openSync(path, flags, mode);
      if (inside(path)) opens(fd, path, before);
      return fd;
    },
    closeSync(fd: number) {
      open.delete(fd);
      real.closeSync(fd);
    },
    writeSync(fd: number, bytes: Uint8Array, from = 0, length = bytes.length - from, at: number | null = null) {
      const of = open.get(fd);
      const place = at ?? (of === undefined ? 0 : fstatSync(fd).size);
      const written = real.writeSync(fd, bytes, from, length, at);
      if (of !== undefined)
        steps.push({ is: 'write', file: of.file, at: place, bytes: copyOf(bytes.subarray(from, from + written)) });
      return written;
    },
    ftruncateSync(fd: number, size: number) {
      real.ftruncateSync(fd, size);
      const of = open.get(fd);
      if (of !== undefined) steps.push({ is: 'cut', file: of.file, size });
    },
    fsyncSync(fd: number) {
      real.fsyncSync(fd);
      synced(fd);
    },
    fdatasyncSync(fd: number) {
      real.fdatasyncSync(fd);
      synced(fd);
    },
    fdatasync(fd: number, done: (error: Error | null) => void) {
      const upTo = steps.length;
      real.fdatasync(fd, error => {
        if (error === null) synced(fd, upTo);
        done(error);
      });
    },
    renameSync(from: string, to: string) {
      real.renameSync(from, to);
      if (inside(to)) named(from, to);
    },
    linkSync(from: string, to: string) {
      real.linkSync(from, to);
      if (inside(to)) named(to);
    },
    unlinkSync(path: string) {
      real.unlinkSync(path);
      if (inside(path)) named(path);
    },
    symlinkSync(target: string, path: string) {
      real.symlinkSync(target, path);
      if (inside(path)) named(path);
    },
  });
  fs.promises.open = async (...args: Parameters<typeof realOpen>) => {
    const path = args[0];
    const before = inside(path) ? entryAt(path) : null;
    const handle = await realOpen(...args);
    if (!inside(path)) return handle;
    const { fd } = handle;
    opens(fd, path, before);
    const { writeFile, sync, close } = handle;
    const of = open.get(fd) as Opened;
    handle.writeFile = async (...given: Parameters<typeof writeFile>) => {
      const [bytes] = given as unknown as [Uint8Array];
      await writeFile.apply(handle, given);
      steps.push({ is: 'write', file: of.file, at: 0, bytes: copyOf(bytes) });
    };
    handle.sync = async () => {
      const upTo = steps.length;
      await sync.call(handle);
      synced(fd, upTo);
    };
    handle.close = async () => {
      open.delete(fd);
      await close.call(handle);
    };
    return handle;
  };
  syncBuiltinESMExports();
  return {
    steps,
    files,
    stop() {
      for (const name of PATCHED) table[name] = real[name] as unknown as Call;
      fs.promises.open = realOpen;
      syncBuiltinESMExports();
    },
  };
}

/* ---- what may be left ------------------------------------------------------------------------------------------- */

export interface Left {
  /** Absolute folder → name → what it leads to. */
  readonly folders: ReadonlyMap<string, ReadonlyMap<string, Entry>>;
  readonly bytes: ReadonlyMap<number, Uint8Array>;
}

const PAGE_BYTES = 4096;
type DataStep = Extract<Step, { readonly is: 'write' | 'cut' }>;

function applied(bytes: Uint8Array, step: DataStep): Uint8Array {
  if (step.is === 'cut') {
    const cut = new Uint8Array(step.size);
    cut.set(bytes.subarray(0, step.size));
    return cut;
  }
  const grown = new Uint8Array(Math.max(bytes.length, step.at + step.bytes.length));
  grown.set(bytes);
  grown.set(step.bytes, step.at);
  return grown;
}

const below = (random: () => number, bound: number): number => Math.floor(random() * bound);

/** Of one file: what was synced, and something of what was not. */
function dataAfter(steps: readonly Step[], end: number, file: number, random: () => number): Uint8Array {
  let synced = 0;
  for (const step of steps.slice(0, end)) {
    if (step.is === 'sync' && step.file === file) synced = Math.max(synced, step.upTo);
  }
  let bytes: Uint8Array = new Uint8Array(0);
  const unsure: DataStep[] = [];
  for (const [n, step] of steps.slice(0, end).entries()) {
    if ((step.is !== 'write' && step.is !== 'cut') || step.file !== file) continue;
    if (n < synced) bytes = applied(bytes, step);
    else unsure.push(step);
  }
  if (unsure.length === 0) return bytes;
  const sure = bytes;
  for (const step of unsure.slice(0, below(random, unsure.length + 1))) bytes = applied(bytes, step);
  const way = below(random, 3);
  const next = unsure.find(step => step.is === 'write' && step.at >= bytes.length);
  if (way === 0 && next?.is === 'write') {
    return applied(bytes, { ...next, bytes: next.bytes.subarray(0, below(random, next.bytes.length + 1)) });
  }
  if (way === 1) {
    // The length reached the disk, and of the pages only some.
    const spotted = bytes.slice();
    for (let at = 0; at < spotted.length; at += PAGE_BYTES) {
      if (random() < 0.5) continue;
      const page = new Uint8Array(Math.min(PAGE_BYTES, spotted.length - at));
      page.set(sure.subarray(at, at + page.length));
      spotted.set(page, at);
    }
    return spotted;
  }
  return bytes;
}

/** @param steps of which the first `end` were made before the cut */
export function diskAfter(steps: readonly Step[], end: number, random: () => number): Left {
  const folders = new Map<string, Map<string, Entry>>();
  const syncedTo = new Map<string, number>();
  const unordered = random() < 0.5;
  for (const step of steps.slice(0, end)) {
    if (step.is === 'names' && !folders.has(step.folder)) folders.set(step.folder, new Map());
    if (step.is === 'sync_folder') syncedTo.set(step.folder, Math.max(syncedTo.get(step.folder) ?? 0, step.upTo));
  }
  for (const [folder, names] of folders) {
    const synced = syncedTo.get(folder) ?? 0;
    let losing = false;
    for (const [n, step] of steps.slice(0, end).entries()) {
      if (step.is !== 'names' || step.folder !== folder) continue;
      if (n >= synced && random() < 0.3) losing = true;
      if (losing) {
        losing = !unordered;
        continue;
      }
      const [only, more] = step.changes;
      // Nothing is made under a name that is taken: what made it free must have been kept for that.
      if (only?.[1] != null && more === undefined && names.has(only[0])) continue;
      for (const [name, entry] of step.changes) {
        if (entry === null) names.delete(name);
        else names.set(name, entry);
      }
    }
  }
  const bytes = new Map<number, Uint8Array>();
  for (const names of folders.values()) {
    for (const entry of names.values()) {
      if ('file' in entry && !bytes.has(entry.file)) bytes.set(entry.file, dataAfter(steps, end, entry.file, random));
    }
  }
  return { folders, bytes };
}

/** What the kernel had, whole: as after SIGKILL. */
export function kernelAfter(steps: readonly Step[], end: number): Left {
  const asIfSynced = steps.slice(0, end);
  const folders = new Set(asIfSynced.flatMap(step => (step.is === 'names' ? [step.folder] : [])));
  const written = new Set(asIfSynced.flatMap(step => (step.is === 'write' || step.is === 'cut' ? [step.file] : [])));
  for (const folder of folders) asIfSynced.push({ is: 'sync_folder', folder, upTo: end });
  for (const file of written) asIfSynced.push({ is: 'sync', file, upTo: end });
  return diskAfter(asIfSynced, asIfSynced.length, () => 1);
}

/** Keeps the inodes of `folders` under names of their own in `stash`, so that {@link layDown} can give them back. */
export function stashInodes({ files }: Trace, folders: readonly string[], stash: string): void {
  fs.mkdirSync(stash, { recursive: true });
  for (const folder of folders) {
    for (const name of fs.readdirSync(folder)) {
      const stat = fs.lstatSync(join(folder, name));
      if (stat.isFile()) fs.linkSync(join(folder, name), join(stash, `${files.get(stat.ino)}`));
    }
  }
}

/** Makes the folders exactly as `left` says. */
export function layDown(left: Left, folders: readonly string[], stash: string): void {
  for (const folder of folders) {
    for (const name of fs.readdirSync(folder)) fs.rmSync(join(folder, name), { recursive: true });
    for (const [name, entry] of left.folders.get(folder) ?? []) {
      const path = join(folder, name);
      if ('link' in entry) fs.symlinkSync(entry.link, path);
      else {
        const kept = join(stash, `${entry.file}`);
        fs.writeFileSync(kept, left.bytes.get(entry.file) ?? new Uint8Array(0), { mode: entry.mode });
        fs.chmodSync(kept, entry.mode);
        fs.linkSync(kept, path);
      }
    }
  }
}
