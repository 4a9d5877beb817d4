/** The kills that only a signed release ends, as an operator's command can learn of them. */
import { latchPaths } from '../agent/open-kill-latch.js';
import type { Settings } from '../core/config/settings.js';
import { Fault } from '../core/fault.js';
import { LATCH_FILE_MAX_BYTES, readLatchFile } from '../core/trust/latch-file.js';
import { askDaemon } from '../daemon/ask.js';
import { readLatch } from '../disk/latch-store.js';

export interface Latched {
  readonly id: string;
  readonly log: string;
  readonly source: string;
  readonly scope: string;
}

/** Where a release is put. */
export function releaseFile(settings: Settings): string {
  return latchPaths(settings.stateDir).release;
}

/**
 * From the file; from the daemon, where the file is not for this user's eyes.
 *
 * @throws Fault `latch_unreadable`
 */
export async function latchedKills(settings: Settings): Promise<readonly Latched[]> {
  const path = latchPaths(settings.stateDir).latch;
  const kept = readLatch(path, LATCH_FILE_MAX_BYTES);
  if (kept.is === 'absent') return [];
  const file = kept.is === 'present' ? readLatchFile(kept.bytes) : null;
  if (file !== null) {
    return file.held.map(({ id, log, source, agents }) => ({ id, log, source, scope: agents?.join(',') ?? 'all' }));
  }
  const asked = await askDaemon(settings.daemon.socket, '/healthz');
  if (asked.is === 'answered' && Array.isArray(asked.body.kill)) return asked.body.kill.flatMap(latchedOf);
  throw new Fault('latch_unreadable', { path, error: kept.is === 'unreadable' ? kept.error : 'damaged' });
}

function latchedOf(kill: { readonly [key: string]: unknown }): readonly Latched[] {
  const { source, scope, release_id: id, release_log: log } = kill;
  return [id, log, source, scope].every(text => typeof text === 'string')
    ? [{ id, log, source, scope } as Latched]
    : [];
}
