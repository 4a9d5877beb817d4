/** What the daemon needs of the agent it serves. Types only. */
import type { Agent, AgentLifecycle } from '../agent/types.js';

export interface DaemonAgent extends Agent, Pick<AgentLifecycle, 'health' | 'close'> {
  /** Ends the log file and begins the next (after logrotate moved it), and looks at the policy again. */
  hangup(): void;
}
