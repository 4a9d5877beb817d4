/**
 * Reads a policy file once, whole, through one descriptor: the bytes hashed are the bytes parsed.
 *
 * In: a path. Out: bytes, and what the file was when they were read.
 * Refused: what is no regular file, is too large, may be written by others, or changed on the way.
 */
import { closeSync, constants, fstatSync, openSync, readSync, type BigIntStats as Stats, statSync } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { Fault } from '../core/fault.js';
import { POLICY_JSON_MAX_BYTES, POLICY_YAML_MAX_BYTES } from '../core/limits.js';
import type { Seen } from '../core/reload/machine.js';
import { errorCode } from './error-code.js';
import { foldersTo } from './folder-chain.js';
import { refuseForeignWriters, type WriterRules } from './who-may-write.js';

export interface Settled {
  readonly bytes: Uint8Array;
  /** As {@link lookAt} would have said it. */
  readonly seen: Seen;
}

/** O_NONBLOCK: opening a FIFO must not hang; it is refused a moment later. */
const FLAGS = constants.O_RDONLY | constants.O_NONBLOCK;
const CHUNK_BYTES = 256 * 1024;

/** What stands at `path` now, without opening it. Never throws. */
export function lookAt(path: string): Seen {
  try {
    return seenAs(path, statSync(path, { bigint: true }));
  } catch (error) {
    return unseen(error);
  }
}

/**
 * @throws Fault `policy_missing`, `policy_unreadable`, `policy_not_regular`, `policy_too_large`,
 *   `policy_writable_by_others`, `policy_changed_while_read`.
 */
export function readSettledSync(path: string, rules: WriterRules, limit = sizeLimit(path)): Settled {
  try {
    const fd = openSync(path, FLAGS);
    try {
      const before = fstatSync(fd, { bigint: true });
      const size = admit(path, before, rules, limit);
      const bytes = new Uint8Array(size);
      let got = 0;
      while (got < size) {
        const n = readSync(fd, bytes, got, size - got, got);
        if (n === 0) break;
        got += n;
      }
      const after = fstatSync(fd, { bigint: true });
      return agree(path, bytes, got, rules, [before, after, statSync(path, { bigint: true })]);
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    throw asFault(path, error);
  }
}

/** As {@link readSettledSync}, without holding up the event loop. */
export async function readSettled(path: string, rules: WriterRules, limit = sizeLimit(path)): Promise<Settled> {
  let file: FileHandle | null = null;
  try {
    file = await open(path, FLAGS);
    const before = await file.stat({ bigint: true });
    const size = admit(path, before, rules, limit);
    const bytes = new Uint8Array(size);
    let got = 0;
    while (got < size) {
      const { bytesRead } = await file.read(bytes, got, Math.min(CHUNK_BYTES, size - got), got);
      if (bytesRead === 0) break;
      got += bytesRead;
    }
    const after = await file.stat({ bigint: true });
    return agree(path, bytes, got, rules, [before, after, await stat(path, { bigint: true })]);
  } catch (error) {
    throw asFault(path, error);
  } finally {
    await file?.close();
  }
}

function sizeLimit(path: string): number {
  return path.endsWith('.json') ? POLICY_JSON_MAX_BYTES : POLICY_YAML_MAX_BYTES;
}

/** The bytes to expect, when the file may be read at all. */
function admit(path: string, file: Stats, rules: WriterRules, limit: number): number {
  if (!file.isFile()) throw new Fault('policy_not_regular', { path, got: kindOf(file) });
  refuseForeignWriters(path, file, rules);
  if (file.size > BigInt(limit)) throw new Fault('policy_too_large', { path, got: Number(file.size), limit });
  return Number(file.size);
}

/** The descriptor before, the descriptor after, and the path must be one unchanged file, and its folders still closed. */
function agree(
  path: string,
  bytes: Uint8Array,
  got: number,
  rules: WriterRules,
  stats: readonly [Stats, Stats, Stats],
): Settled {
  const [first, ...others] = stats.map(identity);
  if (got !== bytes.length || others.some(other => other !== first)) {
    throw new Fault('policy_changed_while_read', { path });
  }
  refuseForeignWriters(path, stats[1], rules);
  return { bytes, seen: seenAs(path, stats[2]) };
}

function identity(s: Stats): string {
  return `${s.dev}:${s.ino}:${s.size}:${s.mtimeNs}:${s.ctimeNs}`;
}

/** Folders count too: mending the mode of one must be noticed without a touch of the file. */
function seenAs(path: string, s: Stats): Seen {
  const folders = [...foldersTo(path).values()].map(f => `${f.mode.toString(8)}:${f.uid}:${f.gid}`);
  return {
    is: 'file',
    file: `${s.dev}:${s.ino}`,
    content: [s.size, s.mtimeNs, s.ctimeNs, ...folders].join(' '),
  };
}

function unseen(error: unknown): Seen {
  const code = errorCode(error);
  // ENOTDIR: a parent is a file; that is as good as no file.
  return code === 'ENOENT' || code === 'ENOTDIR' ? { is: 'absent' } : { is: 'unreadable', error: code };
}

function asFault(path: string, error: unknown): Fault {
  if (error instanceof Fault) return error;
  const code = errorCode(error);
  if (code === 'ENOENT' || code === 'ENOTDIR') return new Fault('policy_missing', { path }, { cause: error });
  return new Fault('policy_unreadable', { path, error: code }, { cause: error });
}

function kindOf(s: Stats): string {
  if (s.isDirectory()) return 'a directory';
  if (s.isFIFO()) return 'a named pipe';
  if (s.isSocket()) return 'a socket';
  return 'a device';
}
