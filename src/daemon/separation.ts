/**
 * Whether agents could write what binds them: policy, kill switch, keys, log.
 *
 * Agents are known by the groups of their sockets, not by their users; so what counts is what those groups and
 * everybody may write. What belongs to the daemon's own user is closed to agents as long as they run as another.
 */
import { type Stats, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Settings } from '../core/config/settings.js';

export interface Unseparated {
  readonly path: string;
  /** Octal, as chmod takes it. */
  readonly mode: string;
  readonly who: string;
}

const GROUP_WRITES = 0o020;
const OTHERS_WRITE = 0o002;

/** @param agentGroups Numbers of the groups that agents are in. */
export function unseparated(settings: Settings, agentGroups: ReadonlySet<number>): readonly Unseparated[] {
  const { policy, killswitch, keysDir, stateDir, audit } = settings;
  const paths = [
    policy,
    keysDir,
    stateDir,
    audit.path,
    ...(killswitch === null ? [] : [killswitch, `${killswitch}.d`]),
  ];
  const found: Unseparated[] = [];
  for (const path of new Set(paths.flatMap(p => [p, dirname(p)]))) {
    const stat = look(path);
    if (stat === null) continue;
    const mode = (stat.mode & 0o7777).toString(8);
    if ((stat.mode & OTHERS_WRITE) !== 0) found.push({ path, mode, who: 'everybody' });
    else if ((stat.mode & GROUP_WRITES) !== 0 && agentGroups.has(stat.gid))
      found.push({ path, mode, who: `group ${stat.gid}` });
  }
  return found;
}

/** Null: not there yet, or not for us to see; who makes it later makes it in a folder that was looked at. */
function look(path: string): Stats | null {
  try {
    return statSync(path);
  } catch {
    return null;
  }
}
