/**
 * Whether those who are bound could write what binds them: settings, policy, signers, kill switch, keys, log.
 *
 *   daemon  : agents are known by the groups of their sockets, not by their users; so what counts is what those groups and
 *             everybody may write. What belongs to the daemon's own user is closed to agents as long as they run as another.
 *   library : it runs as the agent, so key and log are the agent's in any case. Settings, policy and switch need not be.
 */
import { type Stats, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Settings } from '../core/config/settings.js';
import { foldersTo } from '../disk/folder-chain.js';
import { groupId } from '../disk/group-id.js';
import { groupsOf } from '../disk/group-members.js';

export interface Unseparated {
  readonly path: string;
  /** Octal, as chmod takes it. */
  readonly mode: string;
  readonly who: string;
}

export interface SystemUser {
  readonly uid: number;
  /** Its own first. */
  readonly groups: ReadonlySet<number>;
}

const GROUP_WRITES = 0o020;
const OTHERS_WRITE = 0o002;
const STICKY = 0o1000;

/** The paths whose contents say what is allowed. What is not there counts by its folder. */
function bindingPaths(settings: Settings): readonly string[] {
  const { configDir, policy, trustDir } = settings;
  return [join(configDir, 'checkrd.yaml'), policy, join(dirname(policy), 'policy.d'), trustDir];
}

/** @param agentGroups Numbers of the groups that agents are in. */
export function unseparated(settings: Settings, agentGroups: ReadonlySet<number>): readonly Unseparated[] {
  const { killswitch, keysDir, stateDir, audit } = settings;
  const own = [keysDir, stateDir, audit.path, ...(killswitch === null ? [] : [killswitch, `${killswitch}.d`])];
  return judged([...bindingPaths(settings), ...own], stat => {
    if ((stat.mode & OTHERS_WRITE) !== 0) return 'everybody';
    return (stat.mode & GROUP_WRITES) !== 0 && agentGroups.has(stat.gid) ? `group ${stat.gid}` : null;
  });
}

/** What of settings, policy, signers and switch that user could write, or make writable. */
export function writableBy(settings: Settings, user: SystemUser): readonly Unseparated[] {
  const { killswitch } = settings;
  const paths = [...bindingPaths(settings), ...(killswitch === null ? [] : [dirname(killswitch), `${killswitch}.d`])];
  const who = `user ${user.uid}`;
  return judged(paths, stat => {
    if (user.uid === 0) return 'root, whom no mode binds';
    if (stat.uid === user.uid) return who;
    if ((stat.mode & OTHERS_WRITE) !== 0) return who;
    return (stat.mode & GROUP_WRITES) !== 0 && user.groups.has(stat.gid) ? who : null;
  });
}

/** Whom an embedded agent runs as: the owner of the first thing it made, else the user of this process. */
export function agentUser(settings: Settings): SystemUser {
  const made = [settings.keysDir, settings.stateDir, dirname(settings.audit.path)].map(look).find(s => s !== null);
  const uid = made?.uid ?? process.geteuid?.() ?? 0;
  return uid === process.geteuid?.() ? processUser() : { uid, groups: groupsOf(uid) };
}

/**
 * The groups that agents of a daemon are in; null: none is configured. An agent whose socket has no group of its own
 * connects through the daemon's.
 *
 * @throws Fault `group_unknown`
 */
export function agentGroups(settings: Settings, daemon: SystemUser): ReadonlySet<number> | null {
  const { agents } = settings.daemon;
  if (agents.length === 0) return null;
  const [own = daemon.uid] = daemon.groups;
  return new Set(agents.map(({ group }) => (group === null ? own : groupId(group))));
}

export function processUser(): SystemUser {
  const uid = process.geteuid?.() ?? 0;
  return { uid, groups: new Set([process.getegid?.() ?? uid, ...(process.getgroups?.() ?? [])]) };
}

function judged(paths: readonly string[], who: (stat: Stats) => string | null): readonly Unseparated[] {
  const seen = new Map<string, Unseparated | null>();
  const judge = (path: string, isAbove: boolean): void => {
    if (seen.has(path)) return;
    const stat = look(path);
    // Under a sticky bit only the owner moves what stands there; but a new name is free to all.
    const found = stat === null || (isAbove && (stat.mode & STICKY) !== 0) ? null : who(stat);
    seen.set(
      path,
      found === null || stat === null ? null : { path, mode: (stat.mode & 0o7777).toString(8), who: found },
    );
  };
  for (const path of paths) {
    judge(path, false);
    judge(dirname(path), false);
  }
  for (const path of paths) for (const folder of foldersAbove(path)) judge(folder, true);
  return [...seen.values()].filter(found => found !== null);
}

function foldersAbove(path: string): readonly string[] {
  for (let at = path; ; at = dirname(at)) {
    try {
      return [...foldersTo(at).keys()];
    } catch {
      if (at === dirname(at)) return [];
    }
  }
}

/** Null: not there yet, or not for us to see; who makes it later makes it in a folder that was looked at. */
function look(path: string): Stats | null {
  try {
    return statSync(path);
  } catch {
    return null;
  }
}
