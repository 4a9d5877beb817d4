/** An agent that decides as the test says and keeps what it was told. */
import { randomUUID } from 'node:crypto';
import type { AgentHealth, Begun, Call, CallContext, Outcome } from '#src/agent/types.js';
import type { AgentRecord } from '#src/core/audit/fields.js';
import type { Decision, HttpRequest } from '#src/core/decide/types.js';
import type { DaemonAgent } from '#src/daemon/agent-port.js';
import { HEALTH } from './health.js';

export class DaemonTestAgent implements DaemonAgent {
  readonly begun: { readonly request: HttpRequest; readonly context: CallContext; readonly requestId: string }[] = [];
  readonly outcomes: (Outcome & { readonly requestId: string })[] = [];
  readonly acts: string[] = [];
  readonly reported: AgentRecord[] = [];
  /** Null: records count when they are written. */
  syncs: (() => Promise<boolean>) | null = null;
  result: Decision['result'] = 'allow';
  enforced = true;
  policyState: AgentHealth['policy']['state'] = 'ok';
  auditState: AgentHealth['audit']['state'] = 'ok';
  throws = false;
  private readonly live = new Set<AbortController>();

  begin(request: HttpRequest, context: CallContext): Begun {
    if (this.throws) throw new Error('a defect');
    const requestId = randomUUID();
    this.begun.push({ request, context, requestId });
    const decision: Decision = {
      result: this.result,
      enforced: this.enforced,
      code: this.result === 'allow' ? 'rule_allowed' : 'rule_denied',
      matchedRule: 'r',
      matchedRuleKind: this.result,
      reason: 'as told',
      uncertain: false,
      shadowRules: [],
    };
    if (this.result === 'deny' && this.enforced) return { kind: 'refused', requestId, decision };
    return { kind: 'proceed', requestId, decision, call: this.call(requestId) };
  }

  private call(requestId: string): Call {
    const controller = new AbortController();
    this.live.add(controller);
    let done = false;
    return {
      signal: controller.signal,
      killed: null,
      onKill: () => {},
      onDisk: () => null,
      confirm: () => null,
      answered: () => {},
      finish: outcome => {
        if (done) return;
        done = true;
        this.outcomes.push({ ...outcome, requestId });
      },
    };
  }

  kill(): void {
    for (const controller of this.live) controller.abort();
  }

  precheck(): never {
    throw new Error('not used here');
  }

  skip(): never {
    throw new Error('not used here');
  }

  waits(): never {
    throw new Error('not used here');
  }

  refuse(): never {
    throw new Error('not used here');
  }

  health(): AgentHealth {
    return {
      ...HEALTH,
      policy: { ...HEALTH.policy, state: this.policyState },
      audit: { ...HEALTH.audit, state: this.auditState, size: this.begun.length },
    };
  }

  decides(): boolean {
    return !this.throws;
  }

  report(record: AgentRecord): void {
    if (this.auditState === 'failing') throw new Error('no room');
    this.reported.push(record);
  }

  onDisk(): Promise<boolean> | null {
    return this.syncs === null ? null : this.syncs();
  }

  hangup(): void {
    this.acts.push('hangup');
  }

  async close(): Promise<void> {
    this.acts.push('close');
  }
}
