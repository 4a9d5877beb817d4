/**
 * Which machine a log belongs to: a copy of disk or folder elsewhere must not go on with it.
 *
 *   <keys>/<16 hex>.machine   SHA-256 of `checkrd-machine-v1\n` and the machine's ID, hexadecimal: the ID itself is nobody's business
 *
 * A machine without an ID (many containers) is not told from another.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fromUtf8, utf8 } from '../../core/bytes.js';
import { Fault } from '../../core/fault.js';
import { sha256Text } from '../../crypto/sha256.js';
import { replaceFile } from '../../disk/durable.js';
import { errno } from '../../disk/errno.js';
import { logId } from './key-files.js';

/** Null where the machine has none. */
function machineOf(idFile: string): string | null {
  const id = textOf(idFile);
  return id !== null && /^[0-9a-f]{32}$/.test(id) ? sha256Text(`checkrd-machine-v1\n${id}`) : null;
}

/** Whether `log` was written on another machine, as far as that is known. */
export function fromElsewhere(keysDir: string, log: string, idFile: string): boolean {
  const before = textOf(nameOf(keysDir, log));
  const now = machineOf(idFile);
  return before !== null && now !== null && before !== now;
}

/** @throws Fault `key_file_unwritable` */
export function rememberMachine(keysDir: string, log: string, idFile: string): void {
  const path = nameOf(keysDir, log);
  const now = machineOf(idFile);
  if (now === null || textOf(path) === now) return;
  try {
    replaceFile(path, utf8(`${now}\n`), 0o600);
  } catch (error) {
    throw new Fault('key_file_unwritable', { path, why: errno(error) }, { cause: error });
  }
}

const nameOf = (keysDir: string, log: string): string => join(keysDir, `${logId(log)}.machine`);

function textOf(path: string): string | null {
  try {
    return fromUtf8(readFileSync(path))?.trim() ?? null;
  } catch {
    return null;
  }
}
