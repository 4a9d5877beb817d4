/**
 * A tool, with every call decided and recorded before it starts.
 *
 *   in   : the agent, the tool's name and function, the program's hooks
 *   out  : a function that takes the same arguments and promises the same result
 *   never: gives the tool anything of the caller's but the copy that was judged; stops a tool that has started (none can be)
 *
 * Where nothing had to be waited for, the decision and the start happen in one turn; otherwise the call is confirmed just
 * before the start. When the switch fires later, the tool's signal fires, the caller gets the denial at once and the record says
 * `killed_late`.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Agent, Begun, Call, CallContext } from '../../agent/types.js';
import type { AgentId } from '../../core/brand.js';
import { TOOL_METHOD } from '../../core/decide/tool-request.js';
import type { Decision, ToolArgs, ToolRequest } from '../../core/decide/types.js';
import { inActiveTrace } from '../active-trace.js';
import { denialOf, killedDenial } from '../denial.js';
import { askHook, type Hooks, type HookVerdict, hookFor, type RequestEvent, requestEvent, tellHook } from '../hooks.js';
import { unlessStopped } from '../stopped.js';
import { type CopiedArgs, copyArgs } from './copy-args.js';

export interface GuardToolOptions {
  readonly agentId: AgentId;
  /** Who a call that begins now is made for; absent: `agentId`. */
  readonly caller?: () => CallContext;
  readonly hooks: Hooks;
}

/** What a tool is given beside its arguments. */
export interface ToolContext {
  /** Fires with the denial when the kill switch ends the call: for what the tool itself waits for or starts. */
  readonly signal: AbortSignal;
}

/** One guarded call on its way. */
interface Asking {
  readonly agent: Agent;
  readonly hooks: Hooks;
  readonly context: CallContext;
  readonly request: ToolRequest;
  readonly event: RequestEvent;
}

type Settled = Exclude<Begun, { kind: 'need_body' }>;

const encoder = new TextEncoder();

/** Guards `tool`. The promise rejects with CheckrdPolicyDenied where a call must not proceed. */
export function guardTool<A, T>(
  agent: Agent,
  name: string,
  tool: (args: A, context: ToolContext) => T,
  { agentId, caller, hooks }: GuardToolOptions,
): (args: A) => Promise<Awaited<T>> {
  return async (args: A): Promise<Awaited<T>> => {
    const copied = copyArgs(args);
    const request: ToolRequest = { tool: name, args: judged(copied), method: TOOL_METHOD, url: null };
    const context = inActiveTrace(caller?.() ?? { agent: agentId });
    const event = requestEvent(context.agent, request, undefined, context.traceparent);
    const asking = { agent, hooks, context, request, event };
    if (copied.kind === 'impossible') {
      const reason = 'the arguments of the tool cannot be copied as JSON';
      throw refused(asking, agent.refuse('request_invalid', reason, request, context));
    }
    const asked = ask(asking);
    const begun = asked instanceof Promise ? await asked : asked;
    if (begun.kind === 'refused') {
      if (begun.waitMs !== undefined) await sleep(begun.waitMs);
      throw refused(asking, begun);
    }
    const kept = begun.call.onDisk();
    const unkept = kept === null ? null : await kept;
    if (unkept !== null) throw refused(asking, { requestId: begun.requestId, decision: unkept });
    const hold = asked instanceof Promise || kept !== null ? begun.call.confirm() : null;
    if (hold !== null) throw killedDenial(hold, begun.requestId);
    const result = start(() => tool(copied.copy as A, contextOf(begun.call)), begun.call, begun.requestId);
    tell(asking, begun.requestId, begun.decision);
    return await result;
  };
}

/** A signal is made for a tool that asks for one. */
function contextOf(call: Call): ToolContext {
  return Object.freeze({
    get signal() {
      return call.signal;
    },
  });
}

function judged(copied: CopiedArgs): ToolArgs {
  if (copied.kind === 'none') return { kind: 'none' };
  if (copied.kind === 'impossible' || copied.lost) return { kind: 'lost' };
  return { kind: 'bytes', bytes: encoder.encode(copied.text) };
}

/** A promise only where a hook has to be waited for. */
function ask(asking: Asking): Settled | Promise<Settled> {
  const hook = asking.hooks.beforeRequest;
  if (hook === undefined) return decide(asking, 'go');
  const early = asking.agent.precheck(asking.request, asking.context);
  if (early !== null) return early;
  const said = askHook(hook, asking.event);
  return said instanceof Promise ? answered(asking, said) : decide(asking, said);
}

/** The hook's verdict, unless the switch comes first. */
async function answered(asking: Asking, said: Promise<HookVerdict>): Promise<Settled> {
  const { agent, request, context } = asking;
  const refused = await unlessStopped(agent, request, context, said);
  if (refused === null) return decide(asking, await said);
  // At once: calls that end together are no flood of new ones.
  const { kind, requestId, decision } = refused;
  return { kind, requestId, decision };
}

function decide({ agent, request, context }: Asking, verdict: HookVerdict): Settled {
  if (verdict === 'refuse') {
    return { kind: 'refused', ...agent.refuse('hook_refused', 'refused by beforeRequest', request, context) };
  }
  if (verdict === 'skip') return agent.skip(request, context);
  const begun = agent.begin(request, context);
  if (begun.kind !== 'need_body') return begun;
  // Arguments are handed over whole; an agent that still asks must not be taken for a yes.
  const reason = 'the arguments were asked for twice';
  return { kind: 'refused', ...agent.refuse('request_invalid', reason, request, context) };
}

/** Runs the tool; its outcome is written once, at its end or when the switch fires. */
function start<T>(run: () => T, call: Call, requestId: string): Promise<Awaited<T>> {
  return new Promise((resolve, reject) => {
    const killed = (): void => {
      call.finish({ result: 'killed_late' });
      reject(killedDenial(call.killed, requestId));
    };
    call.onKill(killed);
    const failed = (error: unknown): void => {
      call.finish({ result: call.killed === null ? 'error' : 'killed_late' });
      reject(error);
    };
    try {
      Promise.resolve(run()).then(value => {
        call.finish({ result: 'ok' });
        resolve(value);
      }, failed);
    } catch (error) {
      failed(error);
    }
  });
}

function refused(asking: Asking, { requestId, decision }: { requestId: string; decision: Decision }): Error {
  tell(asking, requestId, decision);
  return denialOf(decision, requestId);
}

function tell({ hooks, event }: Asking, requestId: string, decision: Decision): void {
  const hook = hookFor(hooks, decision);
  if (hook !== undefined) tellHook(hook, event, requestId, decision);
}
