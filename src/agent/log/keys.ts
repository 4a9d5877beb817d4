/**
 * The key that signs the log.
 *
 *   <keys>/log.key     0600, the secret of epoch 0, made on first start
 *   <keys>/origin.pub  its public half: the trust anchor that people pin
 *
 * All logs that share the folder share the key; what it signs names its log. When the key was lost and made anew, the old
 * anchor stays as `origin.<key id>.pub`, and a new log begins.
 */
import { mkdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { keyId } from '../../core/audit/key-id.js';
import { fromUtf8, toBase64, utf8 } from '../../core/bytes.js';
import { Fault } from '../../core/fault.js';
import type { Ed25519Sign } from '../../core/ports.js';
import { generateSeed } from '../../crypto/ed25519.js';
import { parsePublicKey, readKeyFile } from '../../crypto/keys.js';
import { sha256 } from '../../crypto/sha256.js';
import { createFile } from '../../disk/durable.js';
import { errno } from '../../disk/errno.js';

export interface LogKey {
  readonly publicKey: Uint8Array;
  /** Padded base64. */
  readonly publicKeyText: string;
  /** First 16 hexadecimal characters of SHA-256 of the public key. */
  readonly id: string;
  readonly sign: Ed25519Sign;
}

/** @throws Fault `key_file_…` when the key can be neither read nor made. */
export function openLogKey(keysDir: string): LogKey {
  const path = join(keysDir, 'log.key');
  try {
    mkdirSync(keysDir, { recursive: true, mode: 0o700 });
    if (!exists(path)) {
      const seed = generateSeed();
      // Somebody who was faster by a moment has made the key that counts.
      createFile(path, utf8(`${toBase64(seed)}\n`), 0o600);
      seed.fill(0);
    }
  } catch (error) {
    throw new Fault('key_file_unwritable', { path, why: errno(error) }, { cause: error });
  }
  const { publicKey, sign } = readKeyFile(path);
  const key: LogKey = { publicKey, publicKeyText: toBase64(publicKey), id: keyId(sha256, publicKey), sign };
  writeAnchor(join(keysDir, 'origin.pub'), keysDir, key);
  return key;
}

/** Only read where it is right already, so that the folder may be read-only. */
function writeAnchor(path: string, keysDir: string, key: LogKey): void {
  try {
    const text = exists(path) ? (fromUtf8(readFileSync(path)) ?? '') : null;
    if (text === `${key.publicKeyText}\n`) return;
    if (text !== null) {
      const old = parsePublicKey(text);
      renameSync(path, join(keysDir, old === null ? 'origin.pub.unreadable' : `origin.${keyId(sha256, old)}.pub`));
    }
    createFile(path, utf8(`${key.publicKeyText}\n`), 0o644);
  } catch (error) {
    throw new Fault('key_file_unwritable', { path, why: errno(error) }, { cause: error });
  }
}

function exists(path: string): boolean {
  try {
    readFileSync(path);
    return true;
  } catch (error) {
    if (errno(error) === 'ENOENT') return false;
    return true; // unreadable is there: readKeyFile says what is wrong with it
  }
}
