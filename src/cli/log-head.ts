/** The end of an audit log, read without a lock and without believing it: `verify` is for that. */
import { closeSync, fstatSync, openSync, readdirSync, readSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { AUDIT_LINE_MAX_BYTES, CHECKPOINT_EVERY_RECORDS } from '../core/limits.js';
import { errorCode } from '../disk/error-code.js';

export interface LogHead {
  readonly path: string;
  readonly error: string | null;
  /** Records by the last whole line's word. */
  readonly size: number | null;
  readonly lastTime: string | null;
  readonly checkpoint: { readonly size: number; readonly root: string; readonly time: string } | null;
}

/** A typical line is far below the bound; a checkpoint stands in every {@link CHECKPOINT_EVERY_RECORDS} lines. */
const TAIL_BYTES = Math.max(AUDIT_LINE_MAX_BYTES * 4, CHECKPOINT_EVERY_RECORDS * 1024);

/**
 * Every log that is being written in the folder of `path`, that one first: embedded agents have one each.
 * Files that a rotation left (a number before the ending) are parts of another.
 */
export function logHeads(path: string): readonly LogHead[] {
  let names: string[] = [];
  try {
    names = readdirSync(dirname(path)).filter(name => name.endsWith('.jsonl') && !/\.\d+\.jsonl$/.test(name));
  } catch {
    // The head of `path` itself says what is wrong with the folder.
  }
  const others = names
    .sort()
    .map(name => join(dirname(path), name))
    .filter(other => other !== path);
  const own = logHead(path);
  return own.error === 'ENOENT' && others.length > 0 ? others.map(logHead) : [own, ...others.map(logHead)];
}

/** Never throws. */
function logHead(path: string): LogHead {
  const none = { path, size: null, lastTime: null, checkpoint: null };
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch (error) {
    return { ...none, error: errorCode(error) };
  }
  try {
    const { size } = fstatSync(fd);
    const tail = Buffer.alloc(Math.min(size, TAIL_BYTES));
    const read = readSync(fd, tail, 0, tail.length, size - tail.length);
    return { ...none, ...lastOf(tail.subarray(0, read).toString('utf8').split('\n').slice(0, -1)), error: null };
  } catch (error) {
    return { ...none, error: errorCode(error) };
  } finally {
    closeSync(fd);
  }
}

function lastOf(lines: readonly string[]): Partial<LogHead> {
  let head: Partial<LogHead> = {};
  for (let i = lines.length - 1; i >= 0; i--) {
    const record = parse(lines[i] ?? '');
    if (record === null) continue;
    const { seq, time, type, size, root } = record;
    if (head.size === undefined && typeof seq === 'number' && typeof time === 'string')
      head = { size: seq + 1, lastTime: time };
    if (type === 'checkpoint' && typeof size === 'number' && typeof root === 'string' && typeof time === 'string') {
      return { ...head, checkpoint: { size, root, time } };
    }
  }
  return head;
}

function parse(line: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : null;
  } catch {
    return null;
  }
}
