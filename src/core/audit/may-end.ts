import type { FlatRecord } from './canonical.js';

/** Whether `outcome` may speak of a call of `agent`: what an agent reported ends no other's call. */
export function mayEnd(outcome: FlatRecord, agent: unknown): boolean {
  return outcome.reported !== true || outcome.agent_id === agent;
}
