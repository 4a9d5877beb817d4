/**
 * The end of a log against its state file, and whether somebody writes it.
 *
 * In: the log's path. Out: which of the ways it can stand. Never: takes the lock, verifies more than one line; the state's
 * signature and all lines before are for `checkrd verify`.
 */
import { closeSync, fstatSync, openSync, readdirSync, readFileSync, readSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, extname, join } from 'node:path';
import { parseLine } from '../../core/audit/canonical.js';
import { leafHashHex } from '../../core/audit/chain.js';
import { fromUtf8 } from '../../core/bytes.js';
import type { LogEnd, LogFacts } from '../../core/doctor/facts.js';
import { AUDIT_LINE_MAX_BYTES } from '../../core/limits.js';
import { sha256Text } from '../../crypto/sha256.js';
import { errorCode } from '../../disk/error-code.js';

const STATE_MAX_BYTES = 64 * 1024;
const NEWLINE = 0x0a;

export interface EndAgainstState {
  readonly end: LogEnd;
  /** The log's name by its state; null where that does not say. */
  readonly log: string | null;
}

interface State {
  readonly log: string;
  readonly size: number;
  readonly head: string;
  readonly offset: number;
  readonly inode: string;
}

/** The state is read first: the log only grows meanwhile. */
export function compareEnd(path: string): EndAgainstState {
  let state: State | null;
  try {
    state = readState(`${path}.state`);
  } catch (error) {
    const code = errorCode(error);
    return { log: null, end: code === 'ENOENT' ? { is: 'no_state' } : { is: 'unseen', error: code } };
  }
  if (state === null) return { log: null, end: { is: 'garbled' } };
  try {
    return { log: state.log, end: endOf(path, state) };
  } catch (error) {
    return { log: state.log, end: { is: 'unseen', error: errorCode(error) } };
  }
}

function readState(path: string): State | null {
  const bytes = readFileSync(path);
  if (bytes.length > STATE_MAX_BYTES) return null;
  const parsed = parseLine((fromUtf8(bytes) ?? '').replace(/\n$/, ''));
  if (!parsed.ok) return null;
  const { type, log, size, head, offset, file } = parsed.record;
  const [, inode] = typeof file === 'string' ? file.split(':') : [];
  if (type !== 'log_state' || typeof log !== 'string' || typeof head !== 'string' || inode === undefined) return null;
  return isCount(size) && isCount(offset) ? { log, size, head, offset, inode } : null;
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

function endOf(path: string, { size, head, offset, inode }: State): LogEnd {
  if (size === 0) return { is: 'agrees', size };
  const file = filesOf(path).find(at => String(statSync(at, { throwIfNoEntry: false })?.ino) === inode);
  if (file === undefined) return { is: 'file_gone', size };
  const fd = openSync(file, 'r');
  try {
    if (fstatSync(fd).size < offset) return { is: 'shorter', size };
    const from = Math.max(0, offset - AUDIT_LINE_MAX_BYTES - 2);
    const bytes = Buffer.alloc(offset - from);
    const got = readSync(fd, bytes, 0, bytes.length, from);
    if (got !== bytes.length || bytes.at(-1) !== NEWLINE) return { is: 'other', size };
    const line = bytes.subarray(bytes.lastIndexOf(NEWLINE, bytes.length - 2) + 1, -1).toString('utf8');
    return { is: leafHashHex(sha256Text, line) === head ? 'agrees' : 'other', size };
  } finally {
    closeSync(fd);
  }
}

/** The log's own path, and what a rotation may have left beside it. */
function filesOf(path: string): readonly string[] {
  const stem = basename(path, extname(path));
  const folders = new Set([dirname(path), dirname(reached(path))]);
  return [...folders].flatMap(folder =>
    readdirSync(folder)
      .filter(name => name.startsWith(`${stem}.`))
      .map(name => join(folder, name)),
  );
}

function reached(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

/** By the kernel's own table, so that nothing is locked only to ask. */
export function writerOf(path: string): LogFacts['writer'] {
  try {
    const { ino } = statSync(`${path}.lock`);
    const isHeld = readFileSync('/proc/locks', 'utf8')
      .split('\n')
      .some(row => row.includes(' FLOCK ') && row.includes(`:${ino} `));
    return isHeld ? 'held' : 'free';
  } catch {
    return 'unknown';
  }
}
