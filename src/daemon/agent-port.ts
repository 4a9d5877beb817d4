/** What the daemon needs of the agent it serves. Types only. */
import type { Agent, AgentLifecycle } from '../agent/types.js';
import type { AgentRecord } from '../core/audit/fields.js';

export interface DaemonAgent extends Agent, Pick<AgentLifecycle, 'health' | 'close'> {
  /** Whether the engine in force answers; nothing is charged or recorded. True where no policy is in force. */
  decides(): boolean;
  /** Ends the log file and begins the next (after logrotate moved it), and looks at the policy again. */
  hangup(): void;
  /** Writes a record of another process. @throws Fault `audit_unavailable` */
  report(record: AgentRecord): void;
  /** As AuditLog's, for what `report` has written. */
  onDisk(): Promise<boolean> | null;
}
