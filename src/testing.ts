/**
 * `checkrd/testing`: the guarded fetch of the library with decisions made up by a test.
 *
 *   in   : a fetch, and how to decide: always the same, or by a function
 *   out  : a fetch with the real edge (redirects, 403 form, hooks, bodies, kills), and every call it was asked for
 *   never: loads the engine, reads a policy, opens a file
 */
import { CheckrdInitError } from './agent/errors.js';
import { type AgentId, agentId } from './core/brand.js';
import { Fault } from './core/fault.js';
import type { OnDenied } from './transports/fetch/denied.js';
import { wrapFetch } from './transports/fetch/wrap-fetch.js';
import { readOverrides } from './transports/guard-options.js';
import type { BeforeRequestHook, DecisionHook } from './transports/hooks.js';
import { MockAgent, type MockCall, type MockPolicy } from './transports/mock/mock-agent.js';

export type { MockCall, MockDecision, MockOutcome, MockPolicy } from './transports/mock/mock-agent.js';

export interface MockOptions {
  /** What happens to a call that `policyFn` says nothing of. Default `allow`. */
  readonly default?: 'allow' | 'deny';
  /** Decides each call: true, false, or more than that; undefined leaves it to `default`. Redirect hops are calls. */
  readonly policyFn?: MockPolicy;
  /** What a denial says. Default `denied by the mock`. */
  readonly denyReason?: string;
  /** False: denials are told and let through. Default true. */
  readonly enforce?: boolean;
  /** Default `test`. */
  readonly agentId?: string;
  readonly sessionId?: string;
  readonly onAllow?: DecisionHook;
  readonly onDeny?: DecisionHook;
  readonly beforeRequest?: BeforeRequestHook;
  /** Default `throw`. */
  readonly onDenied?: OnDenied;
}

/** A guarded fetch, and what it was asked for. */
export interface MockFetch {
  (...call: Parameters<typeof fetch>): Promise<Response>;
  /** Every call so far, in order, those that were refused among them. */
  readonly calls: readonly MockCall[];
  /** As the kill switch: refuses what comes and ends what is under way, until it is called with false. */
  setKillSwitch(engaged: boolean): void;
}

/**
 * @param base What sends the calls that are let through: a fetch of the test, or the real one (the default).
 * @throws CheckrdInitError for an option that is unknown or unusable
 */
export function mockWrap(base: typeof fetch = globalThis.fetch, options: MockOptions = {}): MockFetch {
  const { default: otherwise, policyFn, denyReason, enforce, ...rest } = options;
  if (otherwise !== undefined && otherwise !== 'allow' && otherwise !== 'deny')
    throw unusable('default', '`allow` or `deny`');
  if (policyFn !== undefined && typeof policyFn !== 'function') throw unusable('policyFn', 'a function');
  const { own, rest: caller } = readOverrides(rest, []);
  const id = agentIdOf(caller.agentId ?? 'test');
  const sessionId = caller.sessionId === undefined ? undefined : String(caller.sessionId);
  const agent = new MockAgent(id, {
    isAllowed: otherwise !== 'deny',
    policy: policyFn ?? null,
    reason: denyReason ?? 'denied by the mock',
    enforced: enforce !== false,
  });
  const guarded = wrapFetch(agent, base, {
    agentId: id,
    caller: () => (sessionId === undefined ? { agent: id } : { agent: id, sessionId }),
    strict: true,
    hooks: own.hooks,
    onDenied: own.onDenied ?? 'throw',
  });
  return Object.assign(guarded, {
    calls: agent.calls,
    setKillSwitch: (engaged: boolean) => agent.setKillSwitch(engaged),
  });
}

function agentIdOf(given: unknown): AgentId {
  const id = agentId(String(given));
  if (id !== null) return id;
  const fault = new Fault('agent_id_invalid', { got: String(given).slice(0, 64) });
  throw new CheckrdInitError(fault.code, fault.message, fault.hint);
}

function unusable(option: string, want: string): CheckrdInitError {
  return new CheckrdInitError('option_invalid', `option \`${option}\`: want ${want}`, null);
}
