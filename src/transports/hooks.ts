/**
 * The program's own hooks around a decision.
 *
 *   in   : the request and, after it, the decision
 *   out  : frozen events without credentials; what `beforeRequest` answered
 *   never: lets a hook break, change or outlast a call
 */
import type { Decision, DecisionCode, HttpRequest, MatchedRuleKind, ToolRequest } from '../core/decide/types.js';
import { HOOK_TIMEOUT_MS } from '../core/limits.js';

/** What a hook may know of a call. Frozen, a copy; no body, no arguments, and no header whose name speaks of a credential. */
export interface RequestEvent {
  readonly agentId: string;
  readonly method: string;
  /** Empty for the call of a tool that has none. */
  readonly url: string;
  /** The name of the tool; null: HTTP. */
  readonly tool: string | null;
  /** Names in lower case. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** On a redirect hop: the request ID of the first hop. */
  readonly parentRequestId: string | null;
  /** W3C trace ID from the call's `traceparent`. */
  readonly traceId: string | null;
}

export interface DecisionEvent extends RequestEvent {
  readonly requestId: string;
  /** What the policy said; with `enforced: false` a denied call goes on. */
  readonly allowed: boolean;
  readonly enforced: boolean;
  readonly code: DecisionCode;
  readonly reason: string;
  readonly matchedRule: string | null;
  readonly matchedRuleKind: MatchedRuleKind;
  /** With a denial by a rule that has one: what the caller may do instead. */
  readonly hint: string | null;
  readonly retryAfterMs: number | null;
}

/** `false` refuses the call, `null` skips the policy for it, anything else lets the policy decide. */
export type BeforeRequestHook = (event: RequestEvent) => unknown;
export type DecisionHook = (event: DecisionEvent) => unknown;

export interface Hooks {
  readonly beforeRequest?: BeforeRequestHook;
  readonly onAllow?: DecisionHook;
  readonly onDeny?: DecisionHook;
}

export type HookVerdict = 'go' | 'refuse' | 'skip';

const CREDENTIAL = /token|secret|key|auth|cookie/i;

export function requestEvent(
  agentId: string,
  request: Omit<HttpRequest, 'body'> | Omit<ToolRequest, 'args'>,
  parentRequestId: string | undefined,
  traceparent: string | undefined,
): RequestEvent {
  const headers: (readonly [string, string])[] = [];
  for (const [name, value] of 'tool' in request ? [] : request.headers) {
    if (!CREDENTIAL.test(name)) headers.push(Object.freeze([name, value] as const));
  }
  return Object.freeze({
    agentId,
    method: request.method,
    url: request.url ?? '',
    tool: 'tool' in request ? request.tool : null,
    headers: Object.freeze(headers),
    parentRequestId: parentRequestId ?? null,
    traceId: traceparent === undefined ? null : traceparent.slice(3, 35),
  });
}

/** Asks `beforeRequest`. One that throws, rejects or takes over a second refuses. */
export function askHook(hook: BeforeRequestHook, event: RequestEvent): HookVerdict | Promise<HookVerdict> {
  let answer: unknown;
  let waits: boolean;
  try {
    answer = hook(event);
    waits = isThenable(answer);
  } catch {
    return 'refuse';
  }
  if (!waits) return verdict(answer);
  return new Promise(resolve => {
    // After a turn: where the whole process stood still the answer may be here, and the timer is only seen first.
    const late = setTimeout(() => setImmediate(resolve, 'refuse'), HOOK_TIMEOUT_MS);
    Promise.resolve(answer as PromiseLike<unknown>)
      .then(verdict, () => 'refuse' as const)
      .then(said => {
        clearTimeout(late);
        resolve(said);
      });
  });
}

/** Whom to tell: what break glass lets through was not refused to anybody, and says so by its code. */
export function hookFor(hooks: Hooks, { result, code }: Decision): DecisionHook | undefined {
  return result === 'allow' || code === 'break_glass' ? hooks.onAllow : hooks.onDeny;
}

/** Tells `onAllow` or `onDeny`; nobody waits for it, and what it throws ends here. */
export function tellHook(hook: DecisionHook, event: RequestEvent, requestId: string, decision: Decision): void {
  try {
    const answer = hook(
      Object.freeze({
        ...event,
        requestId,
        allowed: decision.result === 'allow',
        enforced: decision.enforced,
        code: decision.code,
        reason: decision.reason,
        matchedRule: decision.matchedRule,
        matchedRuleKind: decision.matchedRuleKind,
        hint: decision.hint ?? null,
        retryAfterMs: decision.retryAfterMs ?? null,
      }),
    );
    if (isThenable(answer)) Promise.resolve(answer).catch(() => undefined);
  } catch {
    // A hook's failure is the hook's; the decision is made and recorded.
  }
}

function verdict(answer: unknown): HookVerdict {
  if (answer === false) return 'refuse';
  return answer === null ? 'skip' : 'go';
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function';
}
