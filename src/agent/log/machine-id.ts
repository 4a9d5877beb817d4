/**
 * Which machine a log belongs to: a copy of disk or folder elsewhere must not go on with it.
 *
 *   <keys>/<16 hex>.machine   SHA-256 of `checkrd-machine-v1\n` and the machine's ID, hexadecimal: the ID itself is nobody's business
 *
 * A machine without an ID (many containers) is not told from another.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fromUtf8 } from '../../core/bytes.js';
import { sha256Text } from '../../crypto/sha256.js';
import { logId } from './log-id.js';

/** Null where the machine has none. */
export function machineOf(idFile: string): string | null {
  const id = textOf(idFile);
  return id !== null && /^[0-9a-f]{32}$/.test(id) ? sha256Text(`checkrd-machine-v1\n${id}`) : null;
}

/** Whether `log` was written on another machine, as far as that is known. */
export function fromElsewhere(keysDir: string, log: string, idFile: string): boolean {
  const before = textOf(nameOf(keysDir, log));
  const now = machineOf(idFile);
  return before !== null && now !== null && before !== now;
}

/** Where a log's machine is remembered. */
export const nameOf = (keysDir: string, log: string): string => join(keysDir, `${logId(log)}.machine`);

/** Null where there is none. */
export function textOf(path: string): string | null {
  try {
    return fromUtf8(readFileSync(path))?.trim() ?? null;
  } catch {
    return null;
  }
}
