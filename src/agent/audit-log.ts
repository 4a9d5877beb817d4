/**
 * The audit log's writer: settings in, an {@link AuditLog} out.
 *
 *   lock → keys → where it stands (log/start.ts) → the writer (log/writer.ts)
 *
 * When another process (or this one, before) holds the log, a log of its own beside it is begun: nobody forks a chain. So it
 * is on a network filesystem: another machine may write the same name, and its locks need not reach this one.
 */
import { dirname, isAbsolute } from 'node:path';
import { toHex } from '../core/bytes.js';
import { Fault } from '../core/fault.js';
import { forgetTemps } from '../disk/durable.js';
import { errno } from '../disk/errno.js';
import { type Lock, type Locking, takeLock } from '../disk/lock.js';
import { surviveFileSizeLimit } from './log/file-size-signal.js';
import { KeptLog } from './log/kept-log.js';
import { LogKeys } from './log/keys.js';
import { LaterLog } from './log/later.js';
import { tracesOf } from './log/left-behind.js';
import { rememberMachine } from './log/machine.js';
import { fromElsewhere } from './log/machine-id.js';
import { lockName, ownName, readyFolder, stateName } from './log/place.js';
import type { AuditLogSettings } from './log/settings.js';
import { type Start, startLog } from './log/start.js';
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
  surviveFileSizeLimit();
  readyFolder(settings.path, settings.makeFolder);
  const { path, lock } = lockOne(settings);
  try {
    forgetTemps(stateName(path));
    const { start, keys } = whereItStands(path, settings);
    const own = keys ?? beginKeys(settings, null);
    rememberMachine(settings.keysDir, own.log, settings.machineIdFile);
    const writer = new LogWriter({ ...settings, path }, own, lock, start);
    const log = keptLog(writer, settings, own);
    return settings.durability === 'async' ? new LaterLog(log, settings.clock.wallMs) : log;
  } catch (error) {
    lock.release();
    throw error instanceof Fault ? error : new Fault('log_unusable', { path, cause: errno(error) }, { cause: error });
  }
}

function keptLog(writer: LogWriter, settings: AuditLogSettings, keys: LogKeys): KeptLog {
  try {
    return new KeptLog(writer, settings, keys, writer.path !== settings.path);
  } catch (error) {
    writer.close();
    throw error;
  }
}

/** Where the log at `path` goes on, and its keys; keys are null where a log begins that has none yet. */
export function whereItStands(
  path: string,
  settings: AuditLogSettings,
): { readonly start: Start; readonly keys: LogKeys | null } {
  const traces = tracesOf(path);
  const now = settings.clock.wallMs();
  for (const log of traces.logs) {
    const keys = LogKeys.find(settings.keysDir, log, traces.of(log), now);
    if (keys === null) continue;
    if (fromElsewhere(settings.keysDir, log, settings.machineIdFile)) {
      // Its owner goes on with it; whoever has a copy of the key could say two things of one number.
      keys.destroy();
      return { start: { go: 'begin', cases: ['other_machine'], previousLog: log }, keys: null };
    }
    const start = startLog(path, keys);
    if (start.go !== 'begin') return { start, keys };
    // Nothing of it was ever written: its key, which may be pinned already, is not lost.
    return { start, keys: keys.epoch === 0 && start.previousLog === null ? beginKeys(settings, keys) : null };
  }
  const [previousLog = null] = traces.logs;
  return { start: { go: 'begin', cases: [previousLog === null ? 'new' : 'other_key'], previousLog }, keys: null };
}

const beginKeys = (settings: AuditLogSettings, unused: LogKeys | null): LogKeys =>
  LogKeys.begin(settings.keysDir, newOrigin(settings), unused, settings.clock.wallMs());

const OWN_NAME_TRIES = 8;

function lockOne(settings: AuditLogSettings): { readonly path: string; readonly lock: Lock } {
  const kind = settings.networkFilesystem(dirname(settings.path));
  let path = kind === null ? settings.path : ownName(settings.path, settings.random);
  if (kind !== null) tell(settings, new Fault('log_on_network', { path: settings.path, kind, own: path }));
  for (let n = 0; n < OWN_NAME_TRIES; n += 1) {
    const locking = lockAt(path, settings.lockProgram);
    if (locking.is === 'locked') return { path, lock: locking.lock };
    path = ownName(settings.path, settings.random);
  }
  throw new Fault('log_unusable', { path, cause: 'no free name could be locked' });
}

function tell({ onProblem }: AuditLogSettings, fault: Fault): void {
  try {
    onProblem(fault);
  } catch {
    // The host's mistake is not ours to pass on.
  }
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
