/** What this edge needs of whoever puts it in place. Types only. */
import type { Agent, CallContext } from '../../agent/types.js';
import type { AgentId } from '../../core/brand.js';
import type { Hooks } from '../hooks.js';

export interface HttpPort {
  readonly agent: Agent;
  readonly agentId: AgentId;
  /** Who a request is made for, asked in the async context of whoever made it; absent: `agentId`. */
  readonly caller?: () => CallContext;
  readonly hooks?: Hooks;
}
