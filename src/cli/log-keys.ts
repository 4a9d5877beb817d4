/** Which keys a command that reads logs trusts. */
import { type Dirent, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fromBase64 } from '../core/bytes.js';
import { Fault } from '../core/fault.js';
import { readPublicKey } from '../crypto/read-keys.js';
import type { CliIo } from './io.js';

/** The keys that a log must be signed with: those given, else those of the configuration's trust folders. */
export function logKeys(given: readonly string[], io: CliIo): readonly Uint8Array[] {
  return given.length === 0 ? trustedKeys(io) : given.map(key => keyGiven(key, io));
}

/** The text itself, or a path seen from where the command runs. */
export function keyGiven(key: string, io: CliIo): Uint8Array {
  return readPublicKey(fromBase64(key)?.length === 32 ? key : resolve(io.cwd, key));
}

/** Every `.pub` of the configured trust folders. One that cannot be read is an error: a pin must not vanish silently. */
function trustedKeys(io: CliIo): readonly Uint8Array[] {
  const own = io.env.CHECKRD_CONFIG_DIR || join(io.home, '.checkrd');
  return ['/etc/checkrd', resolve(io.cwd, own)].flatMap(folder => {
    const path = join(folder, 'trust', 'log');
    return pubFiles(path).map(entry => readPublicKey(join(path, entry.name)));
  });
}

function pubFiles(path: string): Dirent[] {
  try {
    return readdirSync(path, { withFileTypes: true }).filter(entry => entry.name.endsWith('.pub'));
  } catch (error) {
    const code = (error as { code?: unknown }).code;
    if (code === 'ENOENT' || code === 'ENOTDIR') return [];
    throw new Fault('key_file_unreadable', { path, why: String(code) }, { cause: error });
  }
}
