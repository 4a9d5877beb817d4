/**
 * Key files, read. (keys.ts writes them; what only reads need not reach that.)
 *
 *   secret   one line, padded base64 of the 32 raw bytes (RFC 8032 seed), or PKCS#8 PEM; mode 0600
 *   public   one line, padded base64 of the 32 raw bytes; mode 0644, by custom `.pub`
 *
 * A secret file that anybody but its owner can read, or that belongs to somebody else than us or root, is refused:
 * its signatures would prove nothing. What is checked is the open descriptor, so a swapped name changes nothing.
 * Errors name paths and modes, never contents.
 */
import { createPrivateKey } from 'node:crypto';
import * as fs from 'node:fs';
import { fromBase64, fromUtf8 } from '../core/bytes.js';
import { Fault } from '../core/fault.js';
import { SEED_BYTES, type Signer, signerFromKeyObject, signerFromSeed } from './ed25519.js';
import { parsePublicKey } from './public-key.js';

export { parsePublicKey };

/** Any key file fits; what is larger is something else. */
const KEY_FILE_MAX_BYTES = 4096;
const OTHERS = 0o077;
const GROUP_READS = 0o040;

export interface ReadKeyOptions {
  /** Permissive mode: read a key that others can read all the same. The caller says so loudly. */
  readonly allowExposed?: boolean;
  /**
   * From systemd's folder of credentials. Where it lets our user read by an access list, the file is root's and the mask of
   * the list stands where the group's rights would.
   */
  readonly isCredential?: boolean;
}

/**
 * Reads a secret key file.
 *
 * @throws Fault `key_file_exposed`, `key_file_owner`, `key_file_invalid` or `key_file_unreadable`.
 */
export function readKeyFile(path: string, options: ReadKeyOptions = {}): Signer {
  const bytes = readSmall(path, stat => {
    const mode = stat.mode & 0o7777;
    const byList = options.isCredential === true && stat.uid === 0 && stat.gid === 0 ? GROUP_READS : 0;
    if ((mode & OTHERS & ~byList) !== 0 && !options.allowExposed) {
      throw new Fault('key_file_exposed', { path, mode: mode.toString(8).padStart(4, '0') });
    }
    const us = process.geteuid?.();
    if (us !== undefined && stat.uid !== us && stat.uid !== 0)
      throw new Fault('key_file_owner', { path, uid: stat.uid });
  });
  const signer = parseSecretKey(bytes);
  bytes.fill(0);
  if (!signer) throw new Fault('key_file_invalid', { path });
  return signer;
}

/** A signer from the text of a secret key file, null when it is none. */
export function parseSecretKey(bytes: Uint8Array): Signer | null {
  const text = fromUtf8(bytes);
  if (text === null) return null;
  const seed = fromBase64(withoutFinalNewline(text));
  if (seed?.length === SEED_BYTES) {
    const signer = signerFromSeed(seed);
    seed.fill(0);
    return signer;
  }
  if (!text.startsWith('-----BEGIN PRIVATE KEY-----')) return null;
  try {
    const key = createPrivateKey({ key: text, format: 'pem' });
    return key.asymmetricKeyType === 'ed25519' ? signerFromKeyObject(key) : null;
  } catch {
    return null;
  }
}

/**
 * A public key as people give it: the text itself, or the path of a `.pub` file.
 *
 * @throws Fault `public_key_invalid` or `key_file_unreadable`.
 */
export function readPublicKey(pathOrText: string): Uint8Array {
  const given = parsePublicKey(pathOrText);
  if (given) return given;
  const key = parsePublicKey(fromUtf8(readSmall(pathOrText)) ?? '');
  if (!key) throw new Fault('public_key_invalid', { path: pathOrText });
  return key;
}

function withoutFinalNewline(text: string): string {
  return text.endsWith('\n') ? text.slice(0, -1) : text;
}

function readSmall(path: string, check: (stat: fs.Stats) => void = () => {}): Uint8Array {
  let fd: number | null = null;
  try {
    // Without O_NONBLOCK a FIFO of that name would hang us; a regular file ignores it.
    fd = fs.openSync(path, fs.constants.O_RDONLY | fs.constants.O_NONBLOCK);
    const stat = fs.fstatSync(fd);
    if (!stat.isFile()) throw new Fault('key_file_unreadable', { path, why: 'not a regular file' });
    check(stat);
    const buffer = new Uint8Array(KEY_FILE_MAX_BYTES + 1);
    const length = fs.readSync(fd, buffer, 0, buffer.length, 0);
    if (length > KEY_FILE_MAX_BYTES) throw new Fault('key_file_unreadable', { path, why: 'larger than any key' });
    return buffer.subarray(0, length);
  } catch (error) {
    throw error instanceof Fault
      ? error
      : new Fault('key_file_unreadable', { path, why: code(error) }, { cause: error });
  } finally {
    if (fd !== null) fs.closeSync(fd);
  }
}

function code(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'unknown error';
}
