/** What this edge needs of whoever puts it in place. Types only. */
import type { Agent } from '../../agent/types.js';
import type { AgentId } from '../../core/brand.js';
import type { Hooks } from '../hooks.js';

export interface HttpPort {
  readonly agent: Agent;
  readonly agentId: AgentId;
  readonly hooks?: Hooks;
}
