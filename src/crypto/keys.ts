/**
 * Key files, written: new ones only, whole or not at all, synced with their directory. read-keys.ts has the forms.
 */
import * as fs from 'node:fs';
import { dirname } from 'node:path';
import { toBase64 } from '../core/bytes.js';
import { Fault } from '../core/fault.js';

export { parsePublicKey, parseSecretKey, type ReadKeyOptions, readKeyFile, readPublicKey } from './read-keys.js';

/**
 * Writes `seed` to a new file, synced with its directory.
 *
 * @throws Fault `key_file_exists` when there is any entry of that name, `key_file_unwritable` otherwise.
 */
export function writeKeyFile(path: string, seed: Uint8Array): void {
  writeNew(path, `${toBase64(seed)}\n`, 0o600);
}

/** Writes a `.pub` file; as {@link writeKeyFile}, but readable by all. */
export function writePublicKeyFile(path: string, publicKey: Uint8Array): void {
  writeNew(path, `${toBase64(publicKey)}\n`, 0o644);
}

function writeNew(path: string, text: string, mode: number): void {
  const { O_CREAT, O_EXCL, O_WRONLY, O_NOFOLLOW } = fs.constants;
  let fd: number | null = null;
  try {
    fd = fs.openSync(path, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW, mode);
    fs.writeFileSync(fd, text);
    fs.fsyncSync(fd);
    syncDirectory(dirname(path));
  } catch (error) {
    if (code(error) === 'EEXIST') throw new Fault('key_file_exists', { path }, { cause: error });
    // Ours and unfinished: half a key must not stay behind under its name.
    if (fd !== null) fs.rmSync(path, { force: true });
    throw new Fault('key_file_unwritable', { path, why: code(error) }, { cause: error });
  } finally {
    if (fd !== null) fs.closeSync(fd);
  }
}

/** The name must survive power loss as well as the bytes. */
function syncDirectory(path: string): void {
  const fd = fs.openSync(path, fs.constants.O_RDONLY | fs.constants.O_DIRECTORY);
  try {
    fs.fsyncSync(fd);
  } finally {
    fs.closeSync(fd);
  }
}

function code(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'unknown error';
}
