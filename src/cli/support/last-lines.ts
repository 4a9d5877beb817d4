import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { AUDIT_LINE_MAX_BYTES } from '../../core/limits.js';

/** The last JSON objects of a file of lines, in its order; what is none is left out. @throws the system's error */
export function lastLines(path: string, most: number): readonly unknown[] {
  const fd = openSync(path, 'r');
  try {
    const { size } = fstatSync(fd);
    const tail = Buffer.alloc(Math.min(size, most * AUDIT_LINE_MAX_BYTES));
    const got = readSync(fd, tail, 0, tail.length, size - tail.length);
    const lines = tail.subarray(0, got).toString('utf8').split('\n').slice(0, -1);
    return lines.slice(-most).flatMap(parsed);
  } finally {
    closeSync(fd);
  }
}

function parsed(line: string): readonly unknown[] {
  try {
    return [JSON.parse(line)];
  } catch {
    return [];
  }
}
