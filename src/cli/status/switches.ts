/** What stops calls, or lets denied ones go on, for `status`. */
import { glassSource } from '../../agent/open-break-glass.js';
import { readGlassFile } from '../../agent/read-break-glass.js';
import type { Settings } from '../../core/config/settings.js';
import { Fault } from '../../core/fault.js';
import { agentSwitch, agentsStopped, lookAtSwitch } from '../../disk/switch-files.js';
import { type Latched, latchedKills } from '../latched.js';

/** Paths of all engaged switches. One that cannot be looked at counts, as it does for the agent. */
export function killOf(path: string | null): readonly string[] {
  if (path === null) return [];
  const single = agentsStopped(path);
  return [
    ...(lookAtSwitch(path).is === 'absent' ? [] : [path]),
    ...(single === null ? [] : single.map(agent => agentSwitch(path, agent))),
  ];
}

export interface LatchedStatus {
  readonly kills: readonly Latched[];
  readonly error: string | null;
}

export async function latchedOf(settings: Settings): Promise<LatchedStatus> {
  try {
    return { kills: await latchedKills(settings), error: null };
  } catch (error) {
    return { kills: [], error: error instanceof Fault ? error.message : 'the latched kills cannot be read' };
  }
}

/** Null where there is none, or none that this user may see: then the daemon is asked by whoever may. */
export function glassOf(settings: Settings, nowMs: number) {
  const file = readGlassFile(glassSource(settings));
  if (file.is === 'absent' || (file.is === 'refused' && file.why === 'unreadable')) return null;
  if (file.is === 'refused') return { state: 'refused', says: `refused: ${file.because}` };
  const { agents, expiresMs, reason } = file.glass;
  const expires = new Date(expiresMs).toISOString();
  if (expiresMs <= nowMs) return { state: 'over', says: `was over at ${expires}; its file lies there still` };
  if (!settings.allowBreakGlass) return { state: 'refused', says: 'refused: the settings forbid it' };
  const says = `denied calls of ${agents.join(', ')} go on until ${expires} (${reason})`;
  return { state: 'signed', says, agents, expires, reason, signed_by: file.keyIds };
}
