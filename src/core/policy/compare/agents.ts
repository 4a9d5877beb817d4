/** Which way a change of `agents` goes. */
import { matchesGlob } from '../../config/agent-glob.js';
import type { Direction } from './change.js';

/** `policy.yaml` denies agents that it does not name; a layer lets them pass. */
export type DocumentRole = 'main' | 'layer';

type Agents = readonly string[] | null;

/** Null: no change of meaning. */
export function compareAgents(old: Agents, next: Agents, role: DocumentRole): Direction | null {
  const fewer = within(next, old);
  const more = within(old, next);
  if (fewer && more) return null;
  if (!fewer && !more) return 'unclear';
  return (role === 'main') === fewer ? 'narrows' : 'widens';
}

function within(narrow: Agents, wide: Agents): boolean {
  if (wide === null || wide.includes('*')) return true;
  return (
    narrow?.every(glob => wide.some(other => other === glob || (!glob.includes('*') && matchesGlob(other, glob)))) ??
    false
  );
}
