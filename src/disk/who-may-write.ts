/**
 * Who could change a file: its owner, its group, everyone, and whoever could put another in its place.
 *
 * In: a path, and the `fstat` of its open descriptor. Out: nobody, or who it is and what mends it.
 * The file, each folder from `/` down to it and each folder that a link leads through are trusted when
 *   - the owner is root or the trusted user, and
 *   - neither others nor the group may write, unless the group is the operators' or its only member is the owner
 *     (and no access list stands behind the group bits).
 * A folder with the sticky bit (such as /tmp) may be open to all: only the owner of an entry may rename or remove it
 * there. But anybody may put a name there, also of a link or a file of root's that lies elsewhere (a hard link), so there
 * a link must be root's or ours, and neither link nor file may have a second name. Anywhere else a second name is
 * harmless: mode and owner belong to the file, not to the name.
 * A read-only mount is trusted whatever the modes say (ConfigMaps).
 */
import type { BigIntStats } from 'node:fs';
import { Fault } from '../core/fault.js';
import { shellWord } from '../core/shell-word.js';
import { stepsTo } from './folder-chain.js';
import { hasAccessList, isPrivateGroup } from './group-members.js';
import { isReadOnlyMount } from './read-only-mount.js';

export interface WriterRules {
  /** The group that may write, null: none. */
  readonly operatorsGid: number | null;
  /** Trusted beside root; absent: the user of this process. */
  readonly uid?: number;
}

/** Somebody who may write and should not. */
export interface ForeignWriter {
  /** The file or folder that has to be mended. */
  readonly path: string;
  /** Four octal digits, as chmod takes them. */
  readonly mode: string;
  readonly owner: number;
  /** `everyone`, `user N`, `group N` … */
  readonly who: string;
  /** A command for a shell, to be run as root or the owner. */
  readonly mend: string;
}

const OTHERS_WRITE = 0o002n;
const OTHERS_READ = 0o004n;
const GROUP_WRITE = 0o020n;
const STICKY = 0o1000n;

/**
 * @param file of the descriptor that is read: another file behind the name by now is refused.
 * @throws Fault `policy_writable_by_others` naming path, mode and the command that mends it; `policy_changed_while_read`;
 *   the system's error where a folder cannot be looked at.
 */
export function refuseForeignWriters(path: string, file: BigIntStats, rules: WriterRules): void {
  const found = foreignWriter(path, rules, file);
  if (found === 'another file') throw new Fault('policy_changed_while_read', { path });
  if (found !== null) throw new Fault('policy_writable_by_others', { ...found });
}

/**
 * @param opened `fstat` of the descriptor; absent: the name is judged, for those that read nothing.
 * @throws the system's error of a step that cannot be looked at.
 */
export function foreignWriter(path: string, rules: WriterRules): ForeignWriter | null;
export function foreignWriter(
  path: string,
  rules: WriterRules,
  opened: BigIntStats,
): ForeignWriter | 'another file' | null;
export function foreignWriter(path: string, rules: WriterRules, opened?: BigIntStats) {
  let folderIsShared = false;
  let last: BigIntStats | null = null;
  for (const { path: at, stat, is, target } of stepsTo(path)) {
    if (is === 'link') {
      if (folderIsShared) {
        const found = strangeLink(at, target ?? '', stat, rules);
        if (found !== null) return found;
      }
      continue;
    }
    // The mode that counts is the descriptor's, should the two differ.
    const judged = is === 'file' && opened !== undefined && isSame(stat, opened) ? opened : stat;
    const found = strangerAt(at, judged, rules, is === 'folder', folderIsShared);
    if (found !== null) return found;
    folderIsShared = is === 'folder' && sharers(at, stat, rules) !== null && !isReadOnlyMount(at);
    last = stat;
  }
  if (opened === undefined) return null;
  // Every folder of the way is closed to strangers, so whoever changed the name may do so. Yet these are not its bytes.
  return last !== null && isSame(last, opened) ? null : 'another file';
}

function isSame(a: BigIntStats, b: BigIntStats): boolean {
  return a.dev === b.dev && a.ino === b.ino;
}

function strangerAt(
  path: string,
  stat: BigIntStats,
  rules: WriterRules,
  isFolder: boolean,
  folderIsShared: boolean,
): ForeignWriter | null {
  const others = sharers(path, stat, rules);
  const isHeld = isFolder && (stat.mode & STICKY) !== 0n;
  const who = isTrusted(stat.uid, rules)
    ? others !== null && !isHeld
      ? others
      : !isFolder && folderIsShared && stat.nlink > 1n
        ? `whoever gave it a second name (it has ${stat.nlink}, and stands in a folder where others may put one)`
        : null
    : `user ${stat.uid}`;
  if (who === null || isReadOnlyMount(path)) return null;
  const word = shellWord(path);
  const steps: string[] = [];
  if (!isTrusted(stat.uid, rules)) {
    // What only its owner may read has to stay readable for us.
    const next = isFolder || (stat.mode & OTHERS_READ) !== 0n ? 'root:root' : `${trustedUid(rules)}`;
    steps.push(`chown ${isFolder ? 'root' : next} ${word}`);
  }
  if (others !== null && !isHeld) {
    const keepsGroup = Number(stat.gid) === rules.operatorsGid && others === 'everyone';
    steps.push(`chmod ${keepsGroup ? 'o-w' : 'go-w'} ${word}`);
  }
  // A new file in its place has one name.
  if (!isFolder && folderIsShared && stat.nlink > 1n) steps.push(`sed -i -e '' ${word}`);
  return finding(path, stat, who, steps.join(' && '));
}

function strangeLink(path: string, target: string, stat: BigIntStats, rules: WriterRules): ForeignWriter | null {
  const word = shellWord(path);
  if (!isTrusted(stat.uid, rules)) return finding(path, stat, `user ${stat.uid}`, `chown -h root:root ${word}`);
  if (stat.nlink === 1n) return null;
  const who = `whoever gave the link a second name (it has ${stat.nlink})`;
  return finding(path, stat, who, `ln -sfn ${shellWord(target)} ${word}`);
}

function finding(path: string, stat: BigIntStats, who: string, mend: string): ForeignWriter {
  return { path, mode: (stat.mode & 0o7777n).toString(8).padStart(4, '0'), owner: Number(stat.uid), who, mend };
}

function trustedUid(rules: WriterRules): number {
  return rules.uid ?? process.geteuid?.() ?? 0;
}

function isTrusted(uid: bigint, rules: WriterRules): boolean {
  return uid === 0n || Number(uid) === trustedUid(rules);
}

/** In words who beside the owner may write, by the mode alone; null: nobody that matters. */
function sharers(path: string, { mode, uid, gid }: BigIntStats, rules: WriterRules): string | null {
  if ((mode & OTHERS_WRITE) !== 0n) return 'everyone';
  if ((mode & GROUP_WRITE) === 0n) return null;
  const isOurs = Number(gid) === rules.operatorsGid || isPrivateGroup(Number(gid), Number(uid));
  if (!isOurs) return `group ${gid}`;
  return hasAccessList(path) ? `group ${gid} or a user of its access list` : null;
}
