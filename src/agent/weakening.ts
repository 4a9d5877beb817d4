/**
 * Whether documents let more pass than those they replace.
 *
 *   in   : bytes of documents, old and new
 *   out  : the first one that may, with what changed; null when it is proven of none
 *   never: decides whether that is allowed
 */
import { COMPILE_INLINE_MAX_BYTES } from '../core/limits.js';
import type { DocumentRole } from '../core/policy/compare/agents.js';
import { changeText } from '../core/policy/compare/change.js';
import { comparePolicies } from '../core/policy/compare/compare.js';
import { policyFormat, readPolicy } from '../core/policy/read.js';
import { answerOf, ownThread } from './own-thread.js';

export interface Replaced {
  readonly path: string;
  readonly role: DocumentRole;
  /** Null: it is not known what was in force. */
  readonly old: Uint8Array | null;
  readonly next: Uint8Array;
}

export interface Weakening {
  readonly path: string;
  /** In words; names of rules and nothing else of the policy. */
  readonly why: string;
}

const SHOWN = 3;

export function firstWeakening(replaced: readonly Replaced[]): Weakening | null {
  for (const one of replaced) {
    const why = whyWeaker(one);
    if (why !== null) return { path: one.path, why };
  }
  return null;
}

/** In a worker when there is much to read, so that no decision waits. */
export function firstWeakeningAside(replaced: readonly Replaced[]): Weakening | null | Promise<Weakening | null> {
  const bytes = replaced.reduce((sum, { old, next }) => sum + (old?.length ?? 0) + next.length, 0);
  if (bytes <= COMPILE_INLINE_MAX_BYTES) return firstWeakening(replaced);
  return answerOf(ownThread(new URL('./weakening-worker.js', import.meta.url), replaced), 'the comparison');
}

function whyWeaker({ path, role, old, next }: Replaced): string | null {
  if (old === null) return 'what was in force before cannot be read, so nothing can be compared';
  const before = readPolicy(old, policyFormat(path));
  const after = readPolicy(next, policyFormat(path));
  if (!before.ok || !after.ok) return 'one of the two cannot be read, so nothing can be compared';
  const { weaker, changes } = comparePolicies(before.policy, after.policy, role);
  if (!weaker) return null;
  const wider = changes.filter(({ goes }) => goes === 'widens' || goes === 'unclear');
  const more = wider.length > SHOWN ? `; and ${wider.length - SHOWN} more` : '';
  return `${wider.slice(0, SHOWN).map(changeText).join('; ')}${more}`;
}
