/**
 * Looks at a whole installation: facts for core/doctor to judge.
 *
 *   in   : where the settings are, and who asks a daemon and reads the heads of logs
 *   out  : facts; what could not be looked at is one of them
 *   never: changes anything, reads a secret's bytes
 */
import { lstatSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Settings } from '../../core/config/settings.js';
import type { Facts, InstallationFacts, SeparationFacts, SocketFacts } from '../../core/doctor/facts.js';
import { Fault } from '../../core/fault.js';
import { errorCode } from '../../disk/error-code.js';
import { groupId } from '../../disk/group-id.js';
import { agentSwitch, agentsStopped, lookAtSwitch } from '../../disk/switch-files.js';
import { logForecast } from '../log/footprint.js';
import { fromElsewhere } from '../log/machine-id.js';
import { readSettings, type Surroundings, settingsPlace } from '../read-settings.js';
import { agentGroups, agentUser, type SystemUser, unseparated, writableBy } from '../separation.js';
import { compareEnd, writerOf } from './look-at-log.js';
import { lookAtMachine, lookAtNetwork, lookAtOwnEngine, lookAtRoom, type MachinePlaces } from './look-at-machine.js';
import { lookAtKeys, lookAtPaths, namesIn } from './look-at-paths.js';
import { lookAtPolicies } from './look-at-policy.js';

/** The end of a log by the word of its last lines. */
export interface Head {
  readonly path: string;
  readonly size: number | null;
  readonly lastTime: string | null;
  /** The system's code. */
  readonly error: string | null;
}

export interface Asking {
  /** The file of the settings; null: that of the configuration directory. */
  readonly settingsFile: string | null;
  readonly around: Surroundings;
  readonly places: MachinePlaces;
  readonly nowMs: number;
  /** The end of each log in the folder of that path. */
  readonly heads: (path: string) => readonly Head[];
  /** What a daemon behind a socket says of itself. */
  readonly ask: (socket: string) => Promise<{ readonly status: string } | { readonly error: string }>;
}

export async function gather(asking: Asking): Promise<Facts> {
  const { settingsFile, around, places, nowMs } = asking;
  const { path } = settingsPlace(around, settingsFile);
  const machine = lookAtMachine(places, nowMs);
  const isThere = errorAt(path) !== 'ENOENT';
  let settings: Settings;
  try {
    // Whoever could write them is a finding among others, not the end of the look.
    settings = readSettings('operator', around, settingsFile, {}, () => {});
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    const problem = { message: error.message, hint: error.hint };
    return { settings: { path, isThere, problem }, machine, installation: null };
  }
  const installation = await lookAtInstallation(settings, path, asking);
  const own = settings.engine === null ? machine : { ...machine, engine: lookAtOwnEngine(settings) };
  return { settings: { path, isThere, problem: null }, machine: own, installation };
}

async function lookAtInstallation(settings: Settings, path: string, asking: Asking): Promise<InstallationFacts> {
  const { killswitch, audit, daemon, policy, stateDir, keysDir } = settings;
  const user = agentUser(settings);
  const hasDaemon = daemon.agents.length > 0 || errorAt(daemon.socket) === null;
  const logs = withLost(asking.heads(audit.path)).map(head => ({ ...head, ...compareEnd(head.path) }));
  const folders = [
    dirname(policy),
    dirname(audit.path),
    stateDir,
    ...(killswitch === null ? [] : [dirname(killswitch)]),
  ];
  const own = logs.map(log => log.path).filter(at => errorAt(at) !== 'ENOENT' || errorAt(`${at}.state`) !== 'ENOENT');
  const rules = { operatorsGid: groupOrNull(settings.operatorsGroup), uid: user.uid };
  return {
    ...lookAtPolicies(settings, rules, asking.nowMs),
    paths: lookAtPaths(settings, path, own, hasDaemon, rules),
    separation: lookAtSeparation(settings, user),
    kill: killswitch === null ? null : lookAtKill(killswitch),
    logs: logs.map(({ path: at, size, error, lastTime, end }) => {
      const lastTimeMs = lastTime === null ? Number.NaN : Date.parse(lastTime);
      return {
        path: at,
        size,
        error,
        end,
        lastTimeMs: Number.isNaN(lastTimeMs) ? null : lastTimeMs,
        writer: writerOf(at),
      };
    }),
    keys: lookAtKeys(keysDir),
    foreignLogs: logs
      .filter(({ log }) => log !== null && fromElsewhere(keysDir, log, asking.places.machineId))
      .map(log => log.path),
    room: lookAtRoom([dirname(audit.path), stateDir]),
    forecast: logForecast(settings, asking.nowMs),
    network: lookAtNetwork(folders),
    socket: hasDaemon ? await lookAtSocket(daemon.socket, asking.ask) : null,
  };
}

/** A state without its log tells of one that is gone. */
function withLost(heads: readonly Head[]): readonly Head[] {
  const [first] = heads;
  if (first === undefined) return heads;
  const folder = dirname(first.path);
  const lost = namesIn(folder)
    .filter(name => name.endsWith('.jsonl.state'))
    .map(name => join(folder, name.slice(0, -'.state'.length)))
    .filter(path => !heads.some(head => head.path === path));
  const found = heads.filter(head => head.error !== 'ENOENT' || lost.length === 0);
  return [...found, ...lost.map(path => ({ path, size: null, lastTime: null, error: 'ENOENT' }))];
}

function lookAtSeparation(settings: Settings, user: SystemUser): SeparationFacts {
  const facts = { asked: settings.requireSeparation, agentUid: user.uid, problem: null };
  try {
    const groups = agentGroups(settings, user);
    const open = groups === null ? writableBy(settings, user) : unseparated(settings, groups);
    return { ...facts, isDaemon: groups !== null, open };
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return { ...facts, isDaemon: true, open: [], problem: error.message };
  }
}

function lookAtKill(path: string): NonNullable<InstallationFacts['kill']> {
  const folders = [dirname(path), `${path}.d`];
  return {
    path,
    engaged: [
      ...(lookAtSwitch(path).is === 'absent' ? [] : [path]),
      ...(agentsStopped(path) ?? []).map(agent => agentSwitch(path, agent)),
    ],
    missing: folders.filter(folder => errorAt(folder) === 'ENOENT'),
  };
}

async function lookAtSocket(path: string, ask: Asking['ask']): Promise<SocketFacts> {
  const error = errorAt(path);
  if (error !== null) return { path, isThere: error !== 'ENOENT', status: null, error };
  const answer = await ask(path);
  return 'status' in answer
    ? { path, isThere: true, status: answer.status, error: null }
    : { path, isThere: true, status: null, error: answer.error };
}

function groupOrNull(group: string | null): number | null {
  try {
    return group === null ? null : groupId(group);
  } catch {
    // Then nobody is an operator; starting says which name is wrong.
    return null;
  }
}

/** The system's code, null when something is there. */
function errorAt(path: string): string | null {
  try {
    lstatSync(path);
    return null;
  } catch (error) {
    return errorCode(error);
  }
}
