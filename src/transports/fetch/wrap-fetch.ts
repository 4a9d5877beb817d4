/**
 * `fetch`, with every call and every redirect hop decided and recorded before it leaves.
 *
 *   in   : the agent, the fetch to wrap, the program's hooks
 *   out  : a fetch that behaves as the wrapped one for what is allowed
 *   never: knows policies; builds a Request for a string or a URL
 *
 * The order of a hop: read the arguments once → (hook: valid? kill switch? ask) → begin → (body, begin again) → send.
 * Where nothing had to be waited for, the begin that lets a hop proceed and the send happen in one turn; otherwise the
 * call is confirmed just before the send.
 */

import { findPolicyDenied } from '../../agent/errors.js';
import type { Agent, CallContext } from '../../agent/types.js';
import type { AgentId } from '../../core/brand.js';
import type { HttpRequest } from '../../core/decide/types.js';
import { REDIRECT_MAX_HOPS } from '../../core/limits.js';
import { inActiveTrace } from '../active-trace.js';
import { killedDenial } from '../denial.js';
import { type Hooks, requestEvent } from '../hooks.js';
import { handOverJudged } from '../judged.js';
import { readTraceparent } from '../traceparent.js';
import { ask, asRequest, deny, type Edge, hasHooks, orAborted, orStopped, paced, refuse, tell } from './decide-hop.js';
import { deniedResponse, type OnDenied } from './denied.js';
import { Flight } from './flight.js';
import { guardResponse } from './guard.js';
import { knownAs, unguarded } from './guarded.js';
import { NO_TRAIL } from './guarded-stream.js';
import { type HttpCall, nativeRequest, readCall } from './init.js';
import { keepsIntegrity } from './integrity.js';
import { Outgoing } from './outgoing.js';
import { ownTimeouts } from './own-timeouts.js';
import { isCross, isRedirect, nextHop } from './redirect.js';

export interface WrapFetchOptions {
  readonly agentId: AgentId;
  /** Who a call that begins now is made for; absent: `agentId`. */
  readonly caller?: () => CallContext;
  /** True: a caller's `dispatcher` that does more than wait is refused, since it may send the call anywhere. */
  readonly strict: boolean;
  readonly hooks?: Hooks;
  /** Default `throw`. */
  readonly onDenied?: OnDenied;
}

/** Wraps `base`. The promise rejects with CheckrdPolicyDenied, or answers 403, where a call must not proceed. */
export function wrapFetch(agent: Agent, base: typeof fetch, options: WrapFetchOptions): typeof fetch {
  const caller = options.caller ?? (() => ({ agent: options.agentId }));
  const plain = unguarded(base, agent);
  const send: typeof fetch = (input, init) => handOverJudged(() => plain(input, init));
  const edge: Edge = {
    agent,
    base: send,
    caller,
    strict: options.strict,
    // Asked for at each call: those of a process may come later.
    get hooks() {
      return options.hooks ?? {};
    },
  };
  const answers = options.onDenied === 'response';
  // The default keeps `length` at plain fetch's 1.
  const guarded = async function fetch(input: unknown, init: unknown = undefined): Promise<Response> {
    try {
      return await run(edge, input, init);
    } catch (error) {
      const denial = answers ? findPolicyDenied(error) : null;
      if (denial === null) throw error;
      return deniedResponse(denial);
    }
  } as typeof globalThis.fetch;
  knownAs(guarded, agent, plain);
  return guarded;
}

async function run(edge: Edge, input: unknown, init: unknown): Promise<Response> {
  const call = readCall(input, init, edge.strict);
  const context = inActiveTrace(edge.caller());
  if (call.kind === 'local') return edge.base(call.input, call.init as RequestInit);
  if (call.kind === 'unparsable') {
    const request = { method: call.method };
    return refuse(edge, 'request_invalid', 'the URL is relative or cannot be parsed', request, context, null);
  }
  const timeouts = call.rest.dispatcher === undefined ? null : ownTimeouts(call.rest.dispatcher);
  if (timeouts !== null) call.rest.dispatcher = timeouts;
  const out = new Outgoing({ url: call.url, method: call.method, headers: call.headers }, call.body, call.rest);
  if (call.signal?.aborted) {
    nativeRequest(call);
    out.abandon(call.signal.reason);
    throw call.signal.reason;
  }
  if (edge.strict && timeouts === null && call.rest.dispatcher !== undefined) {
    const request = asRequest(out);
    return refuse(
      edge,
      'request_invalid',
      'a dispatcher of its own may send the call anywhere',
      request,
      context,
      call.signal,
    );
  }
  return await follow(edge, call, out, context);
}

/** Decides, sends and follows until there is an answer. */
async function follow(edge: Edge, call: HttpCall, first: Outgoing, caller: CallContext): Promise<Response> {
  const follows = call.redirect === 'follow';
  let out = first;
  let parentRequestId: string | undefined;
  let trail = NO_TRAIL;
  for (let hops = 0; ; hops++) {
    const traceparent = readTraceparent(out.traceparent) ?? caller.traceparent;
    const context: CallContext = {
      ...caller,
      ...(parentRequestId === undefined ? {} : { parentRequestId }),
      ...(traceparent === undefined ? {} : { traceparent }),
    };
    const request = asRequest(out);
    const event = hasHooks(edge.hooks) ? requestEvent(caller.agent, request, parentRequestId, traceparent) : null;
    const asked = ask(edge, out, request, context, call.signal, event);
    // Awaited only where it must be: what was decided is handed over in the same turn.
    const begun = asked instanceof Promise ? await asked : asked;
    if (begun.kind !== 'proceed') {
      if (begun.kind === 'refused') await paced(begun.waitMs, call.signal, out);
      return deny(edge, out, begun, event);
    }
    const kept = begun.call.onDisk();
    const unkept = kept === null ? null : await kept;
    if (unkept !== null)
      return deny(edge, out, { kind: 'refused', requestId: begun.requestId, decision: unkept }, event);
    const hold = asked instanceof Promise || kept !== null ? begun.call.confirm() : null;
    if (hold !== null) {
      out.abandon(undefined);
      throw killedDenial(hold, begun.requestId);
    }

    const flight = new Flight(begun.call, begun.requestId, call.signal, out, call.keep);
    let answer: Promise<Response>;
    try {
      answer = out.send(edge.base, flight.signal, follows ? 'manual' : call.redirect, follows);
    } catch (error) {
      answer = Promise.reject(error);
    }
    tell(edge, event, begun.requestId, begun.decision);
    const response = await settled(flight, answer);
    flight.answered(response.status);
    if (!follows) return guardResponse(response, flight, NO_TRAIL);
    if (response.redirected) return misled(edge, response, flight, request, context, call.signal);

    const location = isRedirect(response.status) ? response.headers.get('location') : null;
    const next = nextHop(out.head, response.status, location);
    if (next.kind === 'none') {
      await keepsIntegrity(response, call.integrity, flight);
      return guardResponse(response, flight, trail);
    }
    // The hop's answer is used up: nobody reads its body.
    flight.branch().end('read');
    response.body?.cancel().catch(() => undefined);
    parentRequestId ??= begun.requestId;
    const hop: CallContext = { ...context, parentRequestId };
    if (next.kind === 'invalid') throw new TypeError('fetch failed', { cause: next.cause });
    if (next.kind === 'scheme')
      return refuse(edge, 'redirect_refused', 'redirected to a scheme other than http(s)', request, hop, call.signal);
    if (hops === REDIRECT_MAX_HOPS)
      return refuse(edge, 'redirect_refused', `more than ${REDIRECT_MAX_HOPS} redirects`, request, hop, call.signal);

    const body = next.keepsBody
      ? await orStopped(edge, out, request, hop, event, orAborted(out.again(), call.signal))
      : ({ kind: 'none' } as const);
    if (body === null) {
      return refuse(
        edge,
        'redirect_refused',
        'redirected with a body that cannot be sent again',
        request,
        hop,
        call.signal,
      );
    }
    trail = { redirected: true, crossed: trail.crossed || isCross(call.url, next.head.url) };
    if (trail.crossed && call.rest.mode === 'same-origin') {
      throw new TypeError('fetch failed', { cause: new Error('request mode cannot be "same-origin"') });
    }
    out = new Outgoing(next.head, body, call.rest);
  }
}

/** A transport that follows redirects although told not to has gone where nobody decided. */
function misled(
  edge: Edge,
  response: Response,
  flight: Flight,
  request: HttpRequest,
  context: CallContext,
  signal: AbortSignal | null,
): Promise<never> {
  flight.branch().end('failed');
  response.body?.cancel().catch(() => undefined);
  return refuse(edge, 'redirect_refused', 'the transport followed a redirect by itself', request, context, signal);
}

async function settled(flight: Flight, answer: Promise<Response>): Promise<Response> {
  try {
    return await flight.race(answer);
  } catch (error) {
    // Should the transport answer after all, nobody is left to read it.
    answer.then(late => late.body?.cancel()).catch(() => undefined);
    throw flight.failed(error);
  }
}
