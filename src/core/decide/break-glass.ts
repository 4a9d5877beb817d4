/**
 * What break glass changes about a decision: a denial by a rule or by default is recorded and let through.
 *
 * Never: touches any other denial (an invalid request, a limit, a body nobody can judge, a document that is not for this
 * agent), or what was not going to hold the call back. The kill switch and the log are asked elsewhere, and bind as ever.
 */
import { matchesGlob } from '../config/agent-glob.js';
import { blocks, type Decision, type DecisionCode } from './types.js';

/** Break glass as a decision needs it. */
export interface GlassInForce {
  /** Globs over agent IDs. */
  readonly agents: readonly string[];
}

const LIFTED: ReadonlySet<DecisionCode> = new Set<DecisionCode>(['rule_denied', 'default_denied']);

/** @param glass Null: none counts now. */
export function throughGlass(decision: Decision, glass: GlassInForce | null, agent: string): Decision {
  if (glass === null || !blocks(decision) || !LIFTED.has(decision.code)) return decision;
  if (!glass.agents.some(glob => matchesGlob(glob, agent))) return decision;
  // The caller is not told what to do instead: the call goes on.
  const { hint: _, ...rest } = decision;
  return { ...rest, enforced: false, code: 'break_glass', reason: `let through by break glass: ${decision.reason}` };
}
