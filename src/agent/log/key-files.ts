/**
 * The files of the keys that sign logs.
 *
 *   <keys>/log.key              0600: the key that the next log begins with; `init` makes it, and the log takes it
 *   <keys>/origin.pub           its public half: the anchor of the first log of this folder
 *   <keys>/<16 hex>.<n>.key     0600: the key of epoch n of one log; the 16 digits are the end of the log's name
 *   <keys>/<16 hex>.pub         the public half of that log's epoch 0: its anchor
 *   <keys>/origin.<key id>.pub  an anchor whose key was lost and made anew
 *
 * A key is made whole or not at all, and overwritten before it is unlinked. What the disk, a snapshot or the heap keeps of
 * it is out of our reach.
 */
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  unlinkSync,
  utimesSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { keyId } from '../../core/audit/key-id.js';
import { fromUtf8, toBase64, utf8 } from '../../core/bytes.js';
import { Fault } from '../../core/fault.js';
import type { Ed25519Sign } from '../../core/ports.js';
import { generateSeed } from '../../crypto/ed25519.js';
import { parsePublicKey, readKeyFile } from '../../crypto/keys.js';
import { sha256 } from '../../crypto/sha256.js';
import { createFile, syncFolder } from '../../disk/durable.js';
import { errno } from '../../disk/errno.js';
import { logId } from './log-id.js';

export interface LogKey {
  readonly publicKey: Uint8Array;
  /** Padded base64. */
  readonly publicKeyText: string;
  /** First 16 hexadecimal characters of SHA-256 of the public key. */
  readonly id: string;
  readonly sign: Ed25519Sign;
}

export const unclaimedName = (keysDir: string): string => join(keysDir, 'log.key');
export const epochName = (keysDir: string, log: string, epoch: number): string =>
  join(keysDir, `${logId(log)}.${epoch}.key`);

/** The epochs that this log has keys of, ascending. @throws Fault `key_file_unreadable` */
export function epochsOf(keysDir: string, log: string): readonly number[] {
  const begin = `${logId(log)}.`;
  const found = namesIn(keysDir).flatMap(name => {
    const number = name.startsWith(begin) ? /^(\d{1,9})\.key$/.exec(name.slice(begin.length)) : null;
    return number === null ? [] : [Number(number[1])];
  });
  return found.sort((a, b) => a - b);
}

/** Every secret here: `log.key` and those of all logs. */
export function allKeys(keysDir: string): readonly string[] {
  const names = namesIn(keysDir).filter(name => name === 'log.key' || /^[0-9a-f]{16}\.\d{1,9}\.key$/.test(name));
  return names.map(name => join(keysDir, name));
}

function namesIn(keysDir: string): readonly string[] {
  try {
    return readdirSync(keysDir);
  } catch (error) {
    if (errno(error) === 'ENOENT') return [];
    throw new Fault('key_file_unreadable', { path: keysDir, why: errno(error) }, { cause: error });
  }
}

/** @throws Fault `key_file_…` */
export function readLogKey(path: string): LogKey {
  const { publicKey, sign } = readKeyFile(path);
  return { publicKey, publicKeyText: toBase64(publicKey), id: keyId(sha256, publicKey), sign };
}

/** Makes a key at `path` unless there is one, durably. @throws Fault `key_file_unwritable` */
export function makeKey(path: string): void {
  writing(path, () => {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    const seed = generateSeed();
    // Somebody who was faster by a moment has made the key that counts.
    createFile(path, utf8(`${toBase64(seed)}\n`), 0o600);
    seed.fill(0);
  });
}

/** Gives the key at `from` the name `to`, as of now. False when it is gone. @throws Fault `key_file_unwritable` */
export function renameKey(from: string, to: string, nowMs: number): boolean {
  return writing(to, () => {
    try {
      utimesSync(from, nowMs / 1000, nowMs / 1000);
      renameSync(from, to);
    } catch (error) {
      if (errno(error) === 'ENOENT') return false;
      throw error;
    }
    syncFolder(dirname(to));
    return true;
  });
}

/** Overwrites and unlinks a key, and syncs its folder. What is gone already is fine. @throws Fault `key_file_unwritable` */
export function destroyKey(path: string): void {
  writing(path, () => {
    try {
      const fd = openSync(path, constants.O_WRONLY | constants.O_NOFOLLOW);
      try {
        const { size } = fstatSync(fd);
        writeSync(fd, randomBytes(size), 0, size, 0);
        fsyncSync(fd);
      } finally {
        closeSync(fd);
      }
      unlinkSync(path);
    } catch (error) {
      if (errno(error) !== 'ENOENT') throw error;
    }
    syncFolder(dirname(path));
  });
}

/** Only read where it is right already. An anchor of another key is kept under that key's name. */
export function writeAnchor(path: string, key: LogKey): void {
  writing(path, () => {
    const text = there(path) ? (fromUtf8(readFileSync(path)) ?? '') : null;
    if (text === `${key.publicKeyText}\n`) return;
    if (text !== null) {
      const old = parsePublicKey(text);
      const begin = path.slice(0, -'.pub'.length);
      renameSync(path, old === null ? `${path}.unreadable` : `${begin}.${keyId(sha256, old)}.pub`);
    }
    createFile(path, utf8(`${key.publicKeyText}\n`), 0o644);
  });
}

/** Unreadable is there: whoever reads it says what is wrong with it. */
export function there(path: string): boolean {
  try {
    readFileSync(path);
    return true;
  } catch (error) {
    return errno(error) !== 'ENOENT';
  }
}

function writing<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof Fault) throw error;
    throw new Fault('key_file_unwritable', { path, why: errno(error) }, { cause: error });
  }
}
