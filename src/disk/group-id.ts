import { readFileSync } from 'node:fs';
import { Fault } from '../core/fault.js';
import { runOwn } from './own-program.js';

/**
 * Number of a group given by name or number, as the machine's name services know it.
 *
 * @throws Fault `group_unknown`
 */
export function groupId(group: string): number {
  if (/^[0-9]{1,10}$/.test(group)) return Number(group);
  const asked = runOwn('getent', ['group', '--', group], { encoding: 'utf8' });
  // Where there is no getent there are no name services but the file.
  const lines = asked.error === undefined ? asked.stdout : readFileSync('/etc/group', 'utf8');
  for (const line of lines.split('\n')) {
    const [name, , id] = line.split(':');
    if (name === group && id !== undefined && /^[0-9]+$/.test(id)) return Number(id);
  }
  throw new Fault('group_unknown', { group });
}
