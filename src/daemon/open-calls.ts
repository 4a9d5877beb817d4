/**
 * Calls that were let go and whose outcome is still to come.
 *
 *   in   : a call with its owner; later the owner's word on how it ended
 *   out  : every call is finished exactly once: by its owner, by the switch, by age, by number, or at the end
 *   never: grows without bound, lets one agent finish another's call
 */
import type { Call } from '../agent/types.js';
import type { AgentId } from '../core/brand.js';

/** An agent that never reports outcomes must not fill our memory; its oldest calls are closed first. */
export const OPEN_CALLS_MAX_PER_AGENT = 4096;
/** Longer than any call should take; what is older will not be reported any more. */
export const OPEN_CALL_MAX_AGE_MS = 60 * 60 * 1000;

interface Open {
  readonly call: Call;
  readonly sinceMs: number;
}

export class OpenCalls {
  /** Oldest first, as Maps keep their order. */
  private readonly byAgent = new Map<AgentId, Map<string, Open>>();

  constructor(private readonly nowMs: () => number) {}

  get size(): number {
    let size = 0;
    for (const calls of this.byAgent.values()) size += calls.size;
    return size;
  }

  add(owner: AgentId, requestId: string, call: Call): void {
    const calls = this.byAgent.get(owner) ?? new Map<string, Open>();
    this.byAgent.set(owner, calls);
    const oldest = calls.size >= OPEN_CALLS_MAX_PER_AGENT ? calls.entries().next().value : undefined;
    if (oldest !== undefined) this.abort(calls, oldest[0], oldest[1]);
    calls.set(requestId, { call, sinceMs: this.nowMs() });
    // The daemon has no connection to cut: all it can do at a kill is to say that the call was killed.
    const killed = () => {
      if (calls.delete(requestId)) call.finish({ result: 'killed' });
    };
    if (call.signal.aborted) killed();
    else call.signal.addEventListener('abort', killed, { once: true });
  }

  /** The call, no longer open; null when `owner` has none of this ID. */
  take(owner: AgentId, requestId: string): Call | null {
    const calls = this.byAgent.get(owner);
    const open = calls?.get(requestId);
    if (calls === undefined || open === undefined) return null;
    calls.delete(requestId);
    return open.call;
  }

  /** Closes what is too old. */
  sweep(): void {
    const before = this.nowMs() - OPEN_CALL_MAX_AGE_MS;
    for (const calls of this.byAgent.values()) {
      for (const [id, open] of calls) {
        if (open.sinceMs > before) break;
        this.abort(calls, id, open);
      }
    }
  }

  closeAll(): void {
    for (const calls of this.byAgent.values()) for (const [id, open] of calls) this.abort(calls, id, open);
  }

  private abort(calls: Map<string, Open>, id: string, open: Open): void {
    calls.delete(id);
    open.call.finish({ result: 'aborted' });
  }
}
