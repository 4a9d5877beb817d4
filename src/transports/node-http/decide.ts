/**
 * The decision about one request, and its refusals.
 *
 *   in   : the plan, and what can be had of the request while it is held back
 *   out  : `allow` with the calls, in the turn of the last look at the switch; or `deny`
 *   never: sends
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { CheckrdPolicyDenied } from '../../agent/errors.js';
import type { Begun, Call, CallContext } from '../../agent/types.js';
import type { ActionRequest, Body, HttpRequest } from '../../core/decide/types.js';
import { inActiveTrace } from '../active-trace.js';
import { denialOf, killedDenial } from '../denial.js';
import { askHook, type Hooks, hookFor, type RequestEvent, requestEvent, tellHook } from '../hooks.js';
import { unlessStopped } from '../stopped.js';
import { readTraceparent } from '../traceparent.js';
import type { Plan } from './plan.js';
import type { HttpPort } from './port.js';

/** A call that may proceed. */
export interface Begin {
  readonly requestId: string;
  readonly call: Call;
}

/** The request, held back. */
export interface Waiting {
  /** The program has given it up. */
  readonly gone: boolean;
  /** The body, as it will be sent; null: it cannot be read. Never fails; ends early when the program gives up. */
  inspect(limit: number): Promise<Body | null>;
  /** The program gives it up, in whatever time. */
  readonly givenUp: Promise<void>;
  allow(calls: readonly [Begin, ...Begin[]]): void;
  deny(denial: CheckrdPolicyDenied): void;
}

type Refused = Extract<Begun, { kind: 'refused' }>;

/** Never fails. Without a hook, a body or a disk to wait for it is done when it returns. */
export async function decide(port: HttpPort, plan: Plan, waiting: Waiting): Promise<void> {
  const who = port.caller?.() ?? { agent: port.agentId };
  const hooks = port.hooks ?? {};
  const request = plan.request;
  const traceparent =
    'headers' in request ? readTraceparent(headerOf(request as HttpRequest, 'traceparent')) : undefined;
  const context = inActiveTrace(traceparent === undefined ? who : { ...who, traceparent });
  const begun: Begin[] = [];
  const event = hasHooks(hooks) ? eventOf(who.agent, request, context.traceparent) : null;

  const refused = (answer: Refused): Promise<void> => {
    for (const { call } of begun) call.finish({ result: 'aborted' });
    tell(hooks, event, answer);
    return denyLater(waiting, answer);
  };
  if (plan.kind === 'refuse') {
    return refused({
      kind: 'refused',
      ...port.agent.refuse(plan.code ?? 'request_invalid', plan.reason, request, context),
    });
  }
  let waited = false;
  for (const step of plan.before === null ? [plan.request] : [plan.before, plan.request]) {
    const first = begun[0];
    const own: CallContext = first === undefined ? context : { ...context, parentRequestId: first.requestId };
    const asked = ask(port, step, own, waiting, step === plan.request ? event : null);
    waited ||= asked instanceof Promise;
    const answer = asked instanceof Promise ? await asked : asked;
    if (answer === null) return leave(begun);
    if (answer.kind === 'refused') return refused(answer);
    begun.push(answer);
    const kept = answer.call.onDisk();
    if (kept !== null) {
      waited = true;
      const decision = await kept;
      if (decision !== null) return refused({ kind: 'refused', requestId: answer.requestId, decision });
    }
    if (waiting.gone) return leave(begun);
    if (step === plan.request) tell(hooks, event, answer);
  }
  for (const { call, requestId } of waited ? begun : []) {
    const hold = call.confirm();
    if (hold === null) continue;
    leave(begun);
    return waiting.deny(killedDenial(hold, requestId));
  }
  waiting.allow(begun as [Begin, ...Begin[]]);
}

/** Null where it stands for an answer: the program has given up. */
type Answer = Refused | Extract<Begun, { kind: 'proceed' }>;

function ask(
  port: HttpPort,
  request: ActionRequest,
  context: CallContext,
  waiting: Waiting,
  event: RequestEvent | null,
): Answer | Promise<Answer | null> {
  const hook = port.hooks?.beforeRequest;
  if (hook === undefined || event === null) return judge(port, request, context, waiting);
  const early = port.agent.precheck(request, context);
  if (early !== null) return early;
  const said = askHook(hook, event);
  if (said instanceof Promise) {
    return unlessStopped(port.agent, request, context, Promise.race([said, waiting.givenUp])).then(async stopped => {
      if (stopped !== null) return stopped;
      return waiting.gone ? null : byHook(port, request, context, waiting, await said);
    });
  }
  return byHook(port, request, context, waiting, said);
}

function byHook(
  port: HttpPort,
  request: ActionRequest,
  context: CallContext,
  waiting: Waiting,
  said: 'go' | 'refuse' | 'skip',
): Answer | Promise<Answer | null> {
  if (said === 'skip') return port.agent.skip(request, context);
  if (said === 'go') return judge(port, request, context, waiting);
  return { kind: 'refused', ...port.agent.refuse('hook_refused', 'refused by beforeRequest', request, context) };
}

function judge(
  port: HttpPort,
  request: ActionRequest,
  context: CallContext,
  waiting: Waiting,
): Answer | Promise<Answer | null> {
  const begun = port.agent.begin(request, context);
  return begun.kind === 'need_body' ? withBody(port, request, context, waiting, begun.inspectBytes) : begun;
}

async function withBody(
  port: HttpPort,
  request: ActionRequest,
  context: CallContext,
  waiting: Waiting,
  limit: number,
): Promise<Answer | null> {
  const work = waiting.inspect(limit);
  const stopped = await unlessStopped(port.agent, request, context, work);
  if (stopped !== null) return stopped;
  const body = await work;
  if (waiting.gone) return null;
  const refuse = (reason: string): Refused => {
    return { kind: 'refused', ...port.agent.refuse('request_invalid', reason, request, context) };
  };
  if (body === null) return refuse('the body was not sent to its end, or cannot be read');
  const again = port.agent.begin({ ...request, body }, context);
  return again.kind === 'need_body' ? refuse('the body was asked for twice') : again;
}

async function denyLater(waiting: Waiting, { decision, requestId, waitMs }: Refused): Promise<void> {
  if (waitMs !== undefined) {
    const done = new AbortController();
    await Promise.race([sleep(waitMs, undefined, { signal: done.signal }).catch(() => undefined), waiting.givenUp]);
    done.abort();
  }
  waiting.deny(denialOf(decision, requestId));
}

/** What was begun does not go out after all. */
function leave(begun: readonly Begin[]): void {
  for (const { call } of begun) call.finish({ result: 'aborted' });
}

function hasHooks(hooks: Hooks): boolean {
  return hooks.beforeRequest !== undefined || hooks.onAllow !== undefined || hooks.onDeny !== undefined;
}

function eventOf(agent: string, request: Partial<HttpRequest>, traceparent: string | undefined): RequestEvent {
  const { method = '', url = '', headers = [] } = request;
  return requestEvent(agent, { method, url, headers }, undefined, traceparent);
}

function tell(hooks: Hooks, event: RequestEvent | null, { decision, requestId }: Answer): void {
  const hook = hookFor(hooks, decision);
  if (hook !== undefined && event !== null) tellHook(hook, event, requestId, decision);
}

function headerOf(request: HttpRequest, wanted: string): string | null {
  let found: string | null = null;
  for (const [name, value] of request.headers) {
    if (name.length !== wanted.length || name.toLowerCase() !== wanted) continue;
    if (found !== null) return null;
    found = value;
  }
  return found;
}
