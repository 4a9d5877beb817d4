/** What the daemon needs of the agent it serves. Types only. */
import type { Agent, AgentLifecycle } from '../agent/types.js';

export interface DaemonAgent extends Agent, Pick<AgentLifecycle, 'health'> {
  /** What stands beside the health: where the log is and which policy is in force. */
  facts(): DaemonAgentFacts;
  /** Ends the log file and begins the next (after logrotate moved it), and looks at the policy again. */
  hangup(): void;
}

export interface DaemonAgentFacts {
  /** SHA-256 of the policy in force, null: none. */
  readonly policySha256: string | null;
  readonly log: { readonly origin: string; readonly path: string; readonly size: number };
}
