/**
 * Who could change a file: its owner, its group, everyone.
 *
 * In: a path and the `fstat` of its open descriptor. Out: nothing, or the Fault that says what to mend.
 * A file and each folder through which its name resolves are trusted when
 *   - the owner is root or the user of this process, and
 *   - neither others nor the group may write, unless the group is the operators' or its only member is the owner.
 * A folder with the sticky bit (such as /tmp) is trusted when root owns it and the entry in it is trusted: only the
 * owner of an entry may replace it there. A read-only mount is trusted whatever the modes say (ConfigMaps).
 * Never: follows what a trusted folder's own parents may do; that is the job of the installation.
 */
import { type BigIntStats, readFileSync, readlinkSync, realpathSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { Fault } from '../core/fault.js';

export interface WriterRules {
  /** The group that may write policies, null: none. */
  readonly operatorsGid: number | null;
}

/** What is judged of a file or folder. */
export interface Writers {
  readonly mode: bigint;
  readonly uid: bigint;
  readonly gid: bigint;
}

const OTHERS_WRITE = 0o002n;
const GROUP_WRITE = 0o020n;
const STICKY = 0o1000n;
const MAX_LINKS = 40;

/** @throws Fault `policy_writable_by_others` naming path, mode and the command that mends it. */
export function refuseForeignWriters(path: string, file: BigIntStats, rules: WriterRules): void {
  judge(path, file, rules, false);
  for (const folder of foldersOf(path)) {
    const stat = statSync(folder, { bigint: true });
    judge(folder, stat, rules, true);
  }
}

/** The folders in which some link of `path` stands, first its own, last the one of the file itself. */
export function foldersOf(path: string): readonly string[] {
  const folders = new Set<string>();
  let at = resolve(path);
  for (let hops = 0; hops < MAX_LINKS; hops++) {
    folders.add(dirname(at));
    let target: string;
    try {
      target = readlinkSync(at);
    } catch {
      break;
    }
    at = resolve(dirname(at), target);
  }
  folders.add(dirname(realpathSync(path)));
  return [...folders];
}

function judge(path: string, stat: Writers, rules: WriterRules, isFolder: boolean): void {
  const who = foreignWriter(stat, rules, isFolder);
  if (who === null || isReadOnlyMount(path)) return;
  const mend = who.startsWith('user') ? `chown ${isFolder ? 'root' : 'root:root'} ${path}` : `chmod go-w ${path}`;
  const mode = (stat.mode & 0o7777n).toString(8).padStart(4, '0');
  throw new Fault('policy_writable_by_others', { path, mode, owner: Number(stat.uid), who, mend });
}

/** Null, or in words who besides the owner could write; pure but for the two group files. */
function foreignWriter({ mode, uid, gid }: Writers, rules: WriterRules, isFolder: boolean): string | null {
  const own = process.geteuid?.();
  if (uid !== 0n && Number(uid) !== own) return `user ${uid}`;
  // Only the owner of an entry can rename or remove it under a sticky bit, and the entry is judged by itself.
  if (isFolder && (mode & STICKY) !== 0n && uid === 0n) return null;
  if ((mode & OTHERS_WRITE) !== 0n) return 'everyone';
  if ((mode & GROUP_WRITE) === 0n) return null;
  if (Number(gid) === rules.operatorsGid) return null;
  return isPrivateGroup(Number(gid), Number(uid)) ? null : `group ${gid}`;
}

/** Whether `gid` has no member but `uid`, by /etc/passwd and /etc/group. What cannot be read counts as no. */
function isPrivateGroup(gid: number, uid: number): boolean {
  try {
    const users = rows('/etc/passwd');
    const owner = users.find(user => Number(user[2]) === uid)?.[0];
    const group = rows('/etc/group').find(row => Number(row[2]) === gid);
    if (owner === undefined || group === undefined) return false;
    const primary = users.filter(user => Number(user[3]) === gid).map(user => user[0]);
    const listed = (group[3] ?? '').split(',').filter(name => name !== '');
    return [...primary, ...listed].every(name => name === owner);
  } catch {
    return false;
  }
}

function rows(path: string): readonly (readonly string[])[] {
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter(line => line !== '')
    .map(line => line.split(':'));
}

/** By the mount table, since Node has no `statvfs`. False when it cannot be told. */
function isReadOnlyMount(path: string): boolean {
  try {
    const real = realpathSync(path);
    let best = '';
    let options: readonly string[] = [];
    for (const line of readFileSync('/proc/self/mounts', 'utf8').split('\n')) {
      const [, point, , flags] = line.split(' ');
      if (point === undefined || flags === undefined) continue;
      const mount = point.replace(/\\([0-7]{3})/g, (_, octal: string) =>
        String.fromCharCode(Number.parseInt(octal, 8)),
      );
      const within = real === mount || real.startsWith(mount.endsWith('/') ? mount : `${mount}/`);
      // A later line of the same point hides the earlier one.
      if (within && mount.length >= best.length) {
        best = mount;
        options = flags.split(',');
      }
    }
    return options.includes('ro');
  } catch {
    return false;
  }
}
