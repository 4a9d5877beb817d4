/** What the daemon needs of the agent it serves. Types only. */
import type { Agent, AuditHealth, KillHold, PolicyHealth } from '../agent/types.js';

export interface DaemonAgent extends Agent {
  health(): DaemonAgentHealth;
  /** Ends the log file and begins the next (after logrotate moved it), and looks at the policy again. */
  hangup(): void;
}

export interface DaemonAgentHealth {
  readonly policy: PolicyHealth;
  /** SHA-256 of the policy in force, null: none. */
  readonly policySha256: string | null;
  readonly audit: AuditHealth & { readonly origin: string; readonly path: string; readonly size: number };
  /** What stops calls now. */
  readonly holds: readonly KillHold[];
}
