/**
 * Who a call is made for: an agent and a session, by guard and by asynchronous context.
 *
 *   in   : what a guard was given (`withOptions`), what its context says (`run`), the agent that was opened
 *   out  : the context of each call, asked for in the turn in which the call begins
 *   never: takes an ID that has not the form of one
 *
 * A guard's own ID stands; where it has none the innermost `run` speaks, then the agent that was opened. A context goes where
 * AsyncLocalStorage carries it, and means the guards of one `Checkrd` alone.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { CheckrdInitError } from '../agent/errors.js';
import type { AgentLifecycle, CallContext } from '../agent/types.js';
import { CLAIM } from '../core/audit/text.js';
import { type AgentId, agentId } from '../core/brand.js';
import { Fault } from '../core/fault.js';

/** What may be said of a caller. */
export interface CallerOptions {
  /** Who calls: `[A-Za-z0-9][A-Za-z0-9._-]{0,127}`. */
  readonly agentId?: string | undefined;
  /** Recorded with each decision: 1 to 128 of `A-Z a-z 0-9 . _ : / @ -`. */
  readonly sessionId?: string | undefined;
}

/** The same, checked. */
export interface Claim {
  readonly agentId?: AgentId;
  readonly sessionId?: string;
}

export class Callers {
  readonly #agent: AgentLifecycle;
  readonly #storage = new AsyncLocalStorage<Claim>();

  constructor(agent: AgentLifecycle) {
    this.#agent = agent;
  }

  /** @throws CheckrdInitError `agent_id_invalid`, `agent_id_fixed` or `session_id_invalid` */
  claim(given: CallerOptions): Claim {
    try {
      return this.#checked(given);
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      throw new CheckrdInitError(error.code, error.message, error.hint, { cause: error });
    }
  }

  /** Calls `act`; what it starts is made for `claim`. What `claim` does not say, the context around it does. */
  run<T>(claim: Claim, act: () => T): T {
    return this.#storage.run({ ...this.#storage.getStore(), ...claim }, act);
  }

  /** The context of a call that begins now. */
  current(own: Claim): CallContext {
    const { sessionId, agentId: agent = this.#agent.agentId } = this.said(own);
    return sessionId === undefined ? { agent } : { agent, sessionId };
  }

  /** The same, as far as somebody has said it. */
  said(own: Claim): Claim {
    return { ...this.#storage.getStore(), ...own };
  }

  #checked(given: CallerOptions): Claim {
    if (typeof given !== 'object' || given === null) throw new Fault('agent_id_invalid', { got: shown(given) });
    const { agentId: id, sessionId } = given;
    const agent = id === undefined ? undefined : typeof id === 'string' ? agentId(id) : null;
    if (agent === null) throw new Fault('agent_id_invalid', { got: shown(id) });
    const only = this.#agent.onlyAgent;
    if (agent !== undefined && only !== undefined && agent !== only)
      throw new Fault('agent_id_fixed', { got: agent, only });
    if (sessionId !== undefined && (typeof sessionId !== 'string' || !CLAIM.test(sessionId)))
      throw new Fault('session_id_invalid', { got: shown(sessionId) });
    return { ...(agent === undefined ? {} : { agentId: agent }), ...(sessionId === undefined ? {} : { sessionId }) };
  }
}

const SHOWN_CHARS = 64;

/** Never more than a line of it. */
function shown(value: unknown): string {
  return typeof value === 'string' ? value.replace(/\p{C}/gu, '?').slice(0, SHOWN_CHARS) : typeof value;
}
