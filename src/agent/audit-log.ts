/**
 * The audit log's writer: settings in, an {@link AuditLog} out.
 *
 *   lock → key → where it stands (log/start.ts) → the writer (log/writer.ts)
 *
 * When another process (or this one, before) holds the log, a log of its own beside it is begun: nobody forks a chain.
 */
import { isAbsolute } from 'node:path';
import { toHex } from '../core/bytes.js';
import { Fault } from '../core/fault.js';
import { forgetTemps } from '../disk/durable.js';
import { errno } from '../disk/errno.js';
import { type Lock, type Locking, takeLock } from '../disk/lock.js';
import { openLogKey } from './log/keys.js';
import { lockName, ownName, readyFolder, stateName } from './log/place.js';
import type { AuditLogSettings } from './log/settings.js';
import { startLog } from './log/start.js';
import { LogWriter } from './log/writer.js';
import type { AuditLog } from './types.js';

export type { AuditLogSettings } from './log/settings.js';

/**
 * Opens the log at `settings.path`, or one of its own beside it when that one is being written.
 *
 * A full disk does not make it fail: then every `append` is refused until there is room.
 *
 * @throws Fault `log_dir_missing`, `log_dir_unwritable`, `log_unusable`, `key_file_…`
 */
export function openAuditLog(settings: AuditLogSettings): AuditLog {
  if (!isAbsolute(settings.path))
    throw new Fault('log_unusable', { path: settings.path, cause: 'it is no absolute path' });
  readyFolder(settings.path, settings.makeFolder);
  const key = openLogKey(settings.keysDir);
  const { path, lock } = lockOne(settings);
  try {
    forgetTemps(stateName(path));
    return new LogWriter({ ...settings, path }, key, lock, startLog(path, key), newOrigin(settings));
  } catch (error) {
    lock.release();
    throw error;
  }
}

const OWN_NAME_TRIES = 8;

function lockOne(settings: AuditLogSettings): { readonly path: string; readonly lock: Lock } {
  let path = settings.path;
  for (let n = 0; n < OWN_NAME_TRIES; n += 1) {
    const locking = lockAt(path, settings.lockProgram);
    if (locking.is === 'locked') return { path, lock: locking.lock };
    path = ownName(settings.path, settings.random);
  }
  throw new Fault('log_unusable', { path, cause: 'no free name could be locked' });
}

function lockAt(path: string, program: string): Locking {
  try {
    return takeLock(lockName(path), program);
  } catch (error) {
    const facts = { path: lockName(path), cause: errno(error) };
    const folder = errno(error) === 'EACCES' || errno(error) === 'EROFS';
    throw new Fault(folder ? 'log_dir_unwritable' : 'log_unusable', facts, { cause: error });
  }
}

/** `<host>/<agent>/<16 hex>`: ASCII without space or `+`, so that it can name a key in a signed note. */
function newOrigin({ host, agent, random }: AuditLogSettings): string {
  const clean = (text: string, max: number): string => text.replace(/[^A-Za-z0-9._-]/g, '-').slice(0, max) || 'unnamed';
  return `${clean(host, 64)}/${clean(agent, 128)}/${toHex(random(8))}`;
}
