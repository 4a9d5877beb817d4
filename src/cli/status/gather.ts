/**
 * Everything `status` looks at.
 *
 *   in   : settings
 *   out  : what files, folders and the daemon say; what this user may not see, by path
 *   never: throws for what is not there or not for our eyes
 */
import { accessSync, constants, existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { attempt } from '../../agent/attempt.js';
import { logForecast } from '../../agent/log/footprint.js';
import { listProcesses } from '../../agent/process-folder.js';
import { agentGroups, agentUser, type Unseparated, unseparated, writableBy } from '../../agent/separation.js';
import type { Settings } from '../../core/config/settings.js';
import type { StatusFacts } from '../../core/status/judge.js';
import { errorCode } from '../../disk/error-code.js';
import { type LogHead, logHeads } from '../log-head.js';
import { type DaemonStatus, daemonOf } from './daemon.js';
import { type EngineStatus, engineStatus } from './engine.js';
import { type PolicyStatus, policyOf } from './policy.js';
import { signatureOf } from './signature.js';
import { glassOf, killOf, type LatchedStatus, latchedOf } from './switches.js';

export interface Gathered extends StatusFacts {
  readonly policy: PolicyStatus;
  readonly signature: ReturnType<typeof signatureOf>;
  readonly engine: EngineStatus;
  readonly latched: LatchedStatus;
  readonly glass: ReturnType<typeof glassOf>;
  readonly logs: readonly LogHead[];
  readonly daemon: DaemonStatus | null;
  readonly open: readonly Unseparated[];
  /** Folders that are there and closed to this user. */
  readonly unseen: readonly { readonly path: string; readonly error: string }[];
}

export async function gather(settings: Settings, hasSettingsFile: boolean, nowMs: number): Promise<Gathered> {
  const policy = policyOf(settings);
  const logs = logHeads(settings.audit.path);
  const daemon = await daemonOf(settings.daemon.socket);
  const processes = listProcesses(settings.stateDir);
  const isNothingHere =
    !hasSettingsFile &&
    policy.changed === null &&
    logs.every(({ error }) => error === 'ENOENT') &&
    daemon === null &&
    processes.processes.length === 0 &&
    !existsSync(settings.configDir);
  return {
    settings,
    policy,
    signature: signatureOf(settings),
    engine: engineStatus(settings, daemon?.body ?? null),
    kill: killOf(settings.killswitch),
    latched: await latchedOf(settings),
    glass: glassOf(settings, nowMs),
    logs,
    daemon,
    processes,
    open: openTo(settings),
    disk: logForecast(settings, nowMs),
    unseen: closed([settings.stateDir, processes.path, dirname(settings.audit.path), settings.configDir]),
    isNothingHere,
  };
}

function closed(folders: readonly string[]): Gathered['unseen'] {
  return [...new Set(folders)].flatMap(path => {
    const looked = attempt(() => accessSync(path, constants.R_OK | constants.X_OK));
    const error = looked.ok ? 'ENOENT' : errorCode(looked.error);
    return error === 'ENOENT' ? [] : [{ path, error }];
  });
}

function openTo(settings: Settings): readonly Unseparated[] {
  const user = agentUser(settings);
  const groups = agentGroups(settings, user);
  return groups === null ? writableBy(settings, user) : unseparated(settings, groups);
}
