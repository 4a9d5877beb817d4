/**
 * The decision about one hop of a fetch, and its refusals.
 *
 *   in   : the hop as it will be sent, the caller's signal, the program's hooks
 *   out  : what the agent answered; a promise only where a hook or a body has to be waited for
 *   never: sends
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Agent, Begun, CallContext } from '../../agent/types.js';
import type { Decision, HttpRequest } from '../../core/decide/types.js';
import { denialOf } from '../denial.js';
import { askHook, type Hooks, hookFor, type RequestEvent, requestEvent, tellHook } from '../hooks.js';
import { unlessStopped } from '../stopped.js';
import { listen } from './caller-signal.js';
import type { Outgoing } from './outgoing.js';

export interface Edge {
  readonly agent: Agent;
  readonly base: typeof fetch;
  /** Who a call that begins now is made for. */
  readonly caller: () => CallContext;
  readonly strict: boolean;
  readonly hooks: Hooks;
}

/** The decision about one hop: a promise only where a hook or a body has to be waited for. */
export function ask(
  edge: Edge,
  out: Outgoing,
  request: HttpRequest,
  context: CallContext,
  signal: AbortSignal | null,
  event: RequestEvent | null,
): Begun | Promise<Begun> {
  const hook = edge.hooks.beforeRequest;
  if (hook !== undefined && event !== null) {
    const early = edge.agent.precheck(request, context);
    if (early !== null) return early;
    const said = askHook(hook, event);
    return said instanceof Promise
      ? orStopped(edge, out, request, context, event, orAborted(said, signal, out)).then(verdict =>
          decide(edge, out, request, context, signal, event, verdict),
        )
      : decide(edge, out, request, context, signal, event, said);
  }
  return decide(edge, out, request, context, signal, event, 'go');
}

function decide(
  edge: Edge,
  out: Outgoing,
  request: HttpRequest,
  context: CallContext,
  signal: AbortSignal | null,
  event: RequestEvent | null,
  verdict: 'go' | 'refuse' | 'skip',
): Begun | Promise<Begun> {
  if (verdict === 'refuse') {
    return { kind: 'refused', ...edge.agent.refuse('hook_refused', 'refused by beforeRequest', request, context) };
  }
  if (verdict === 'skip') return edge.agent.skip(request, context);
  const begun = edge.agent.begin(request, context);
  if (begun.kind !== 'need_body') return begun;
  const inspected = orAborted(out.inspect(begun.inspectBytes), signal, out);
  return orStopped(edge, out, request, context, event, inspected).then(body => {
    const again = edge.agent.begin({ ...request, headers: out.lines, body }, context);
    if (again.kind !== 'need_body') return again;
    const reason = 'the body was asked for twice';
    return { kind: 'refused', ...edge.agent.refuse('request_invalid', reason, request, context) } as const;
  });
}

export function asRequest(out: Outgoing): HttpRequest {
  return { method: out.head.method, url: out.head.url, headers: out.lines, body: out.unread };
}

export function hasHooks(hooks: Hooks): boolean {
  return hooks.beforeRequest !== undefined || hooks.onAllow !== undefined || hooks.onDeny !== undefined;
}

export function tell(edge: Edge, event: RequestEvent | null, requestId: string, decision: Decision): void {
  const hook = hookFor(edge.hooks, decision);
  if (hook !== undefined && event !== null) tellHook(hook, event, requestId, decision);
}

export function deny(
  edge: Edge,
  out: Outgoing,
  begun: Exclude<Begun, { kind: 'proceed' }>,
  event: RequestEvent | null,
): never {
  if (begun.kind === 'need_body') throw new TypeError('a decision without an answer');
  const denial = denialOf(begun.decision, begun.requestId);
  out.abandon(denial);
  tell(edge, event, begun.requestId, begun.decision);
  throw denial;
}

/** A denial's answer in a flood of them comes later; a caller that gives up is let go at once. */
export async function paced(waitMs: number | undefined, signal: AbortSignal | null, out?: Outgoing): Promise<void> {
  if (waitMs === undefined) return;
  const done = new AbortController();
  try {
    await orAborted(sleep(waitMs, undefined, { signal: done.signal }), signal, out);
  } finally {
    done.abort();
  }
}

/** A refusal this edge makes itself. It binds in every mode: there is nothing sensible to let through. */
export async function refuse(
  edge: Edge,
  code: 'redirect_refused' | 'request_invalid',
  reason: string,
  request: Partial<HttpRequest>,
  context: CallContext,
  signal: AbortSignal | null,
): Promise<never> {
  const { requestId, decision, waitMs } = edge.agent.refuse(code, reason, request, context);
  await paced(waitMs, signal);
  if (hasHooks(edge.hooks)) {
    const { method = '', url = '', headers = [] } = request;
    const event = requestEvent(context.agent, { method, url, headers }, context.parentRequestId, context.traceparent);
    tell(edge, event, requestId, decision);
  }
  throw denialOf(decision, requestId);
}

/** As `work`, but fails with the denial as soon as the switch stops the agent, whatever the work does. */
export async function orStopped<T>(
  edge: Edge,
  out: Outgoing,
  request: HttpRequest,
  context: CallContext,
  event: RequestEvent | null,
  work: Promise<T>,
): Promise<T> {
  const refused = await unlessStopped(edge.agent, request, context, work);
  // At once: calls that end together are no flood of new ones.
  if (refused !== null) return deny(edge, out, refused, event);
  return work;
}

/** As `work`, but ends with the caller's reason when the caller gives up. */
export function orAborted<T>(work: Promise<T>, signal: AbortSignal | null, out?: Outgoing): Promise<T> {
  if (signal === null) return work;
  return new Promise<T>((resolve, reject) => {
    const onAbort = (): void => {
      out?.abandon(signal.reason);
      reject(signal.reason);
    };
    if (signal.aborted) onAbort();
    else listen(signal, onAbort);
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
