/**
 * What an edge that patches the process is given, and the decision it takes in one turn.
 *
 *   in   : an action, as the edge is about to do it
 *   out  : a call that may proceed, or the denial that its caller meets
 *   never: waits
 */
import type { Coverage, Way } from '../agent/coverage.js';
import type { CheckrdPolicyDenied } from '../agent/errors.js';
import type { Agent, Call, CallContext } from '../agent/types.js';
import type { AgentId } from '../core/brand.js';
import type { EgressSettings, WayRule } from '../core/config/settings.js';
import { TOOL_METHOD } from '../core/decide/tool-request.js';
import type { ActionRequest, ToolRequest } from '../core/decide/types.js';
import { inActiveTrace } from './active-trace.js';
import { denialOf } from './denial.js';
import type { Hooks } from './hooks.js';
import type { Inheritance } from './inherit.js';

export interface ProcessPort {
  readonly agent: Agent;
  readonly agentId: AgentId;
  /** Who a call that begins now is made for. */
  readonly caller: () => CallContext;
  /** The program's, as they are now. */
  readonly hooks: Hooks;
  /** Security mode. */
  readonly strict: boolean;
  readonly egress: EgressSettings;
  readonly coverage: Coverage;
  /** What makes another Node guarded as this one is. */
  readonly inherit: Inheritance;
  /** Found on the options of a socket: it is checkrd's own. */
  readonly ownSocket: symbol;
}

export type Answer =
  | { readonly kind: 'go'; readonly call: Call; readonly requestId: string }
  | { readonly kind: 'denied'; readonly denial: CheckrdPolicyDenied };

export function decideNow(port: ProcessPort, request: ActionRequest): Answer {
  const begun = port.agent.begin(request, inActiveTrace(port.caller()));
  if (begun.kind === 'proceed') return { kind: 'go', call: begun.call, requestId: begun.requestId };
  if (begun.kind === 'refused') return { kind: 'denied', denial: denialOf(begun.decision, begun.requestId) };
  // What is decided here has no body, and arguments are handed over whole.
  return refuseNow(port, 'request_invalid', 'a body was asked for where there is none', request);
}

export function refuseNow(
  port: ProcessPort,
  code: 'request_invalid' | 'redirect_refused' | 'not_covered',
  reason: string,
  request: Partial<ActionRequest>,
): Extract<Answer, { kind: 'denied' }> {
  const { requestId, decision } = port.agent.refuse(code, reason, request, inActiveTrace(port.caller()));
  return { kind: 'denied', denial: denialOf(decision, requestId) };
}

const encoder = new TextEncoder();

/** What is no call to a host is put to the policy as the call of a tool, by the name of the module that does it. */
export function asTool(tool: string, args: Readonly<Record<string, unknown>>): ToolRequest {
  const bytes = encoder.encode(JSON.stringify(args));
  return { tool, args: { kind: 'bytes', bytes }, method: TOOL_METHOD, url: null };
}

/** A way that the settings restrict. Null: it passes undecided, and coverage says so. */
export function restricted(
  port: ProcessPort,
  way: Way,
  rule: WayRule,
  request: ToolRequest,
  note: string,
): Answer | null {
  if (rule === 'policy') return decideNow(port, request);
  if (rule === 'deny') return refuseNow(port, 'not_covered', `${note}: the settings deny it`, request);
  if (port.coverage.passed(way, note)) {
    process.emitWarning(
      `${note}: it is not decided, nor is what follows this way (docs/register.md)`,
      'CheckrdWarning',
    );
  }
  return null;
}

/** How coverage calls a way under a rule. */
export function watchedAs(rule: WayRule): 'wrapped' | 'seen' {
  return rule === 'report' ? 'seen' : 'wrapped';
}
