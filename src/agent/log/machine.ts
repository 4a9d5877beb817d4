/** Remembers the machine that a log is written on; machine-id.ts says which it was. */
import { utf8 } from '../../core/bytes.js';
import { Fault } from '../../core/fault.js';
import { replaceFile } from '../../disk/durable.js';
import { errno } from '../../disk/errno.js';
import { machineOf, nameOf, textOf } from './machine-id.js';

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
