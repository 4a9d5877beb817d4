/** Who is behind the group bits of a mode. */
import { readFileSync } from 'node:fs';
import { runOwn } from './own-program.js';
import { PROGRAM_FOLDERS } from './program-folders.js';

/** Whether `gid` has no member but `uid`, by /etc/passwd and /etc/group. What cannot be read counts as no. */
export function isPrivateGroup(gid: number, uid: number): boolean {
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

/** The groups of a user by the same two files; none where they cannot be read. */
export function groupsOf(uid: number): ReadonlySet<number> {
  try {
    const user = rows('/etc/passwd').find(row => Number(row[2]) === uid);
    if (user === undefined) return new Set();
    const listed = rows('/etc/group').filter(row => (row[3] ?? '').split(',').includes(user[0] ?? ''));
    return new Set([Number(user[3]), ...listed.map(row => Number(row[2]))]);
  } catch {
    return new Set();
  }
}

function rows(path: string): readonly (readonly string[])[] {
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter(line => line !== '')
    .map(line => line.split(':'));
}

/**
 * Whether an access list stands behind the mode: then its group bits are the mask of that list, and users that no group
 * names may write. Node cannot read access lists, so `ls` is asked, which marks them with `+`; a small `ls` that does not
 * (BusyBox) sees none. No `ls` at all counts as a list.
 *
 * @param path absolute, not a link
 */
export function hasAccessList(path: string): boolean {
  const asked = runOwn('ls', ['-ldn', path], { encoding: 'utf8', env: { PATH: PROGRAM_FOLDERS, LC_ALL: 'C' } });
  return asked.status !== 0 || asked.stdout[10] === '+';
}
