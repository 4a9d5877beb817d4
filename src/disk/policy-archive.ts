/**
 * The policies that went live, by the hash of their bytes, and which of them was the last for each policy file.
 *
 * `<state>/policies/<sha256>` holds the bytes, so that an auditor can read the policy a record names;
 * `<state>/last-good/<first 16 hex of the hash of the path>` holds `<sha256>  <path>\n`, one file a policy path, since
 * agents may share a state folder. Files are 0600 and replaced whole.
 */
import {
  closeSync,
  constants,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { type Sha256Hex, sha256Hex } from '../core/brand.js';
import { Fault } from '../core/fault.js';
import { POLICY_JSON_MAX_BYTES } from '../core/limits.js';
import { errorCode } from './error-code.js';
import { readSettledSync } from './read-settled.js';

export interface PolicyArchive {
  /**
   * Keeps the bytes; they are on disk when this returns.
   * @throws Fault `policy_not_archived`
   */
  keep(sha256: Sha256Hex, bytes: Uint8Array): void;
  /** @throws Fault `policy_not_archived` */
  setLastGood(policyPath: string, sha256: Sha256Hex): void;
  /** The bytes of the last good policy, checked against their hash; null when there are none to trust. Never throws. */
  lastGood(
    policyPath: string,
  ): { readonly sha256: Sha256Hex; readonly path: string; readonly bytes: Uint8Array } | null;
}

/** @param hash SHA-256 of bytes, as hexadecimal. */
export function openPolicyArchive(stateDir: string, hash: (bytes: Uint8Array) => Sha256Hex): PolicyArchive {
  const kept = (sha256: Sha256Hex) => join(stateDir, 'policies', sha256);
  const pointer = (policyPath: string) => {
    const name = hash(new TextEncoder().encode(policyPath)).slice(0, 16);
    return join(stateDir, 'last-good', name);
  };
  return {
    keep(sha256, bytes) {
      const path = kept(sha256);
      if (!holds(path, sha256, hash)) replace(path, bytes);
    },
    setLastGood(policyPath, sha256) {
      const path = pointer(policyPath);
      const text = `${sha256}  ${policyPath}\n`;
      if (textOf(path) !== text) replace(path, new TextEncoder().encode(text));
    },
    lastGood(policyPath) {
      const [name = ''] = (textOf(pointer(policyPath)) ?? '').split(' ');
      const sha256 = sha256Hex(name);
      if (sha256 === null) return null;
      const path = kept(sha256);
      try {
        const { bytes } = readSettledSync(path, { operatorsGid: null }, POLICY_JSON_MAX_BYTES);
        return hash(bytes) === sha256 ? { sha256, path, bytes } : null;
      } catch {
        return null;
      }
    },
  };
}

function holds(path: string, sha256: Sha256Hex, hash: (bytes: Uint8Array) => Sha256Hex): boolean {
  try {
    return hash(readFileSync(path)) === sha256;
  } catch {
    return false;
  }
}

function textOf(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}

let made = 0;

/** Atomic and durable: a reader sees the old file or the new one, also after a power cut. */
function replace(path: string, bytes: Uint8Array): void {
  const folder = dirname(path);
  const temporary = join(folder, `.${process.pid}-${++made}.tmp`);
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_NOFOLLOW;
    const fd = openSync(temporary, flags, 0o600);
    try {
      for (let sent = 0; sent < bytes.length; ) sent += writeSync(fd, bytes, sent);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(temporary, path);
    const folderFd = openSync(folder, constants.O_RDONLY);
    try {
      fsyncSync(folderFd);
    } finally {
      closeSync(folderFd);
    }
  } catch (error) {
    try {
      unlinkSync(temporary);
    } catch {
      // It was never made, or has its name already.
    }
    throw new Fault('policy_not_archived', { path, error: errorCode(error) }, { cause: error });
  }
}
