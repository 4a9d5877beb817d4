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
import { mkdir, open, readFile, rename, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Sha256Hex, sha256Hex } from '../core/brand.js';
import { Fault } from '../core/fault.js';
import { POLICY_JSON_MAX_BYTES } from '../core/limits.js';
import { errorCode } from './error-code.js';
import { readSettledSync } from './read-settled.js';

export interface PolicyArchive {
  /**
   * Keeps the bytes; they are on disk when this is done.
   * @throws Fault `policy_not_archived`
   */
  keep(sha256: Sha256Hex, bytes: Uint8Array): Promise<void>;
  keepSync(sha256: Sha256Hex, bytes: Uint8Array): void;
  /** True when the bytes are kept already. Never throws. */
  holds(sha256: Sha256Hex): boolean;
  /** @throws Fault `policy_not_archived` */
  setLastGood(policyPath: string, sha256: Sha256Hex): Promise<void>;
  setLastGoodSync(policyPath: string, sha256: Sha256Hex): void;
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
  const holds = (sha256: Sha256Hex): boolean => {
    const there = bytesOf(kept(sha256));
    return there !== null && hash(there) === sha256;
  };
  return {
    async keep(sha256, bytes) {
      const path = kept(sha256);
      const there = await readFile(path).catch(() => null);
      if (there === null || hash(there) !== sha256) await replace(path, bytes);
    },
    keepSync(sha256, bytes) {
      if (!holds(sha256)) replaceSync(kept(sha256), bytes);
    },
    holds,
    setLastGood: (policyPath, sha256) => replace(pointer(policyPath), pointerText(policyPath, sha256)),
    setLastGoodSync(policyPath, sha256) {
      const path = pointer(policyPath);
      const bytes = pointerText(policyPath, sha256);
      if (bytesOf(path)?.equals(bytes) !== true) replaceSync(path, bytes);
    },
    lastGood(policyPath) {
      const [name = ''] = (bytesOf(pointer(policyPath))?.toString() ?? '').split(' ');
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

function pointerText(policyPath: string, sha256: Sha256Hex): Uint8Array {
  return new TextEncoder().encode(`${sha256}  ${policyPath}\n`);
}

function bytesOf(path: string): Buffer | null {
  try {
    return readFileSync(path);
  } catch {
    return null;
  }
}

const FLAGS = constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_NOFOLLOW;
let made = 0;

function temporaryOf(path: string): string {
  return join(dirname(path), `.${process.pid}-${++made}.tmp`);
}

/** Atomic and durable: a reader sees the old file or the new one, also after a power cut. */
async function replace(path: string, bytes: Uint8Array): Promise<void> {
  const temporary = temporaryOf(path);
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    const file = await open(temporary, FLAGS, 0o600);
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
    const folder = await open(dirname(path), constants.O_RDONLY);
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  } catch (error) {
    // It may never have been made, or have its name already.
    await unlink(temporary).catch(() => {});
    throw new Fault('policy_not_archived', { path, error: errorCode(error) }, { cause: error });
  }
}

/** As {@link replace}, for a constructor. */
function replaceSync(path: string, bytes: Uint8Array): void {
  const temporary = temporaryOf(path);
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    const fd = openSync(temporary, FLAGS, 0o600);
    try {
      for (let sent = 0; sent < bytes.length; ) sent += writeSync(fd, bytes, sent);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(temporary, path);
    const folder = openSync(dirname(path), constants.O_RDONLY);
    try {
      fsyncSync(folder);
    } finally {
      closeSync(folder);
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
