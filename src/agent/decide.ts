import { toDecision } from '../core/decide/answer.js';
import type { ActionRequest, Decision } from '../core/decide/types.js';
import { blocks } from '../core/decide/types.js';
import type { Clock } from '../wasm/engine.js';
import type { Generation } from './types.js';

/** As many as one engine keeps. */
const SHADOW_RULES_MAX = 8;

/** When, and whether denials of the policy are only recorded. */
export interface DecideAt extends Clock {
  readonly dryRun: boolean;
  /** A body over the limit is a guess instead of a denial: FALSE in a `deny`, UNKNOWN elsewhere. */
  readonly permissive: boolean;
}

/**
 * What a generation says of one request. Every document decides for itself: the first that holds the call back
 * speaks for all, then the first that would have, then the first.
 */
export function decideByGeneration(
  generation: Generation,
  request: ActionRequest,
  agent: string,
  at: DecideAt,
): Decision | 'need_body' {
  let spoken: Decision | null = null;
  const shadows: string[] = [];
  for (const document of generation.documents) {
    const answer = document.engine.decide(request, agent, at);
    if (answer.needBody) return 'need_body';
    const decision = toDecision(answer, document, { mode: document.mode, forceDryRun: at.dryRun });
    shadows.push(...decision.shadowRules);
    if (blocks(decision)) return withShadows(decision, shadows);
    if (spoken === null || (spoken.result === 'allow' && decision.result === 'deny')) spoken = decision;
  }
  if (spoken === null) throw new Error('a generation holds at least one document');
  return withShadows(spoken, shadows);
}

/** Every document that was asked has its say. */
function withShadows(decision: Decision, names: readonly string[]): Decision {
  if (names.length === decision.shadowRules.length) return decision;
  return { ...decision, shadowRules: names.slice(0, SHADOW_RULES_MAX) };
}
