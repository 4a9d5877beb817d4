/** What stands at each path of an installation, and who could put something else there. Reads modes, never contents. */
import { type BigIntStats, lstatSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Settings } from '../../core/config/settings.js';
import type { KeyFacts, PathFacts, PathRole } from '../../core/doctor/facts.js';
import { errorCode } from '../../disk/error-code.js';
import { foreignWriter, type WriterRules } from '../../disk/who-may-write.js';

type Place = readonly [role: PathRole, path: string];

const OTHERS_WRITE = 0o002n;

/**
 * @param logs  the logs that stand in the log's folder
 * @param rules for whom the installation is: the operators' group, and the agent's user
 */
export function lookAtPaths(
  settings: Settings,
  settingsPath: string,
  logs: readonly string[],
  hasDaemon: boolean,
  rules: WriterRules,
): readonly PathFacts[] {
  const { trustDir: signers, policy, killswitch, keysDir, stateDir, audit, daemon } = settings;
  const layers = join(dirname(policy), 'policy.d');
  const places: readonly Place[] = [
    ['settings', settingsPath],
    ['policy', policy],
    ['layers', layers],
    ...namesIn(layers).map((name): Place => ['layer', join(layers, name)]),
    ['signers', signers],
    ...namesIn(signers).map((name): Place => [name === 'log' ? 'signers' : 'signer', join(signers, name)]),
    ...(killswitch === null ? [] : [dirname(killswitch), `${killswitch}.d`]).map((at): Place => ['switch_folder', at]),
    ['keys', keysDir],
    ['state', stateDir],
    ['approvals', join(dirname(stateDir), 'approvals')],
    ['log_folder', dirname(audit.path)],
    ...logs.flatMap(log => ['', '.lock', '.state', '.epochs'].map((end): Place => ['log', `${log}${end}`])),
    ...(hasDaemon ? [dirname(daemon.socket), join(dirname(daemon.socket), 'agent')] : []).map(
      (at): Place => ['sockets', at],
    ),
  ];
  return places.map(place => lookAtPath(place, rules));
}

function lookAtPath([role, path]: Place, rules: WriterRules): PathFacts {
  const nothing = { role, path, found: null, stranger: null, isInSharedFolder: false };
  try {
    const stranger = foreignWriter(path, rules);
    const stat = statSync(path, { bigint: true });
    return {
      role,
      path,
      found: { isFolder: stat.isDirectory(), mode: Number(stat.mode & 0o7777n), names: Number(stat.nlink) },
      error: null,
      stranger,
      isInSharedFolder: isOpenToAll(statSync(dirname(path), { bigint: true })),
    };
  } catch (error) {
    return { ...nothing, error: errorCode(error) };
  }
}

function isOpenToAll(folder: BigIntStats): boolean {
  return (folder.mode & OTHERS_WRITE) !== 0n;
}

/** As the reader of such a folder sees it; what cannot be listed is said of the folder itself. */
export function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
      .filter(name => !name.startsWith('.'))
      .sort();
  } catch {
    return [];
  }
}

/** Modes and owners of the secret keys; null: no folder yet. */
export function lookAtKeys(keysDir: string): readonly KeyFacts[] | { readonly error: string } | null {
  try {
    return readdirSync(keysDir)
      .filter(name => name.endsWith('.key'))
      .sort()
      .map(name => {
        const path = join(keysDir, name);
        const { mode, uid } = lstatSync(path);
        return { path, mode: mode & 0o7777, uid };
      });
  } catch (error) {
    const code = errorCode(error);
    return code === 'ENOENT' ? null : { error: code };
  }
}
