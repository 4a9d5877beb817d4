/** What an edge that is put in place for a whole process needs of whoever puts it there. Types only. */
import type { Agent } from '../agent/types.js';
import type { AgentId } from '../core/brand.js';
import type { Hooks } from './hooks.js';

export interface EdgePort {
  readonly agent: Agent;
  /** Whose call this is; asked for each call, in the async context of the caller. */
  readonly agentId: () => AgentId;
  readonly hooks?: Hooks;
}
