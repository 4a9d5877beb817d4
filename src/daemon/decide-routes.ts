/**
 * What one agent's socket answers: decisions before its calls, outcomes after them.
 *
 *   in   : a batch `request` line or an outcome, as JSON text
 *   out  : the batch answer with its request_id; the record is in the log before the answer is made
 *   never: believes an agent about who it is: the socket is the identity
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Begun, CallContext } from '../agent/types.js';
import type { AgentId } from '../core/brand.js';
import { recordedText } from '../core/decide/answer-text.js';
import { type BatchRequest, type RequestLine, readBatchLine } from '../core/decide/batch-line.js';
import { killDecision } from '../core/decide/kill.js';
import { readOutcome } from '../core/decide/outcome-body.js';
import { checkAction } from '../core/decide/tool-request.js';
import type { ActionRequest, Body, Decision } from '../core/decide/types.js';
import type { DaemonAgent } from './agent-port.js';
import { fail, type Reply, type Route } from './http.js';
import type { OpenCalls } from './open-calls.js';

export interface DecideParts {
  readonly agent: DaemonAgent;
  readonly calls: OpenCalls;
  readonly inspectBytes: number;
  /** True once a stop has begun: no new calls. */
  readonly stopping: () => boolean;
}

export function decideRoutes(parts: DecideParts, owner: AgentId): readonly Route[] {
  return [
    { method: 'POST', path: '/v1/decide', handle: body => decide(parts, owner, body) },
    { method: 'POST', path: '/v1/outcome', handle: body => outcome(parts, owner, body) },
  ];
}

function decide(parts: DecideParts, owner: AgentId, text: string): Reply | Promise<Reply> {
  if (parts.stopping()) return fail(503, 'daemon_unavailable', 'the daemon is stopping');
  const line = readBatchLine(text);
  if (line.is === 'bad') return fail(400, line.error.code, line.error.message);
  if (line.is !== 'request') return fail(400, 'unknown_key', 'the daemon decides by its own policy; send a `request`');
  const forbidden = notOverSocket(line, text);
  if (forbidden !== null) return forbidden;
  if (line.agent !== null && line.agent !== owner) {
    return fail(403, 'agent_mismatch', `this socket belongs to agent '${owner}'`);
  }
  const context: CallContext = { agent: owner };
  const begun = parts.agent.begin(asAction(line.request, parts.inspectBytes), context);
  switch (begun.kind) {
    case 'need_body':
      // The body was handed over whole; an agent that still asks for it must not be taken for a yes.
      return fail(500, 'internal', 'internal error');
    case 'refused': {
      const reply: Reply = { status: 200, body: recordedText(begun.decision, begun.requestId) };
      return begun.waitMs === undefined ? reply : sleep(begun.waitMs, reply);
    }
    case 'proceed': {
      const go = (): Reply => {
        parts.calls.add(owner, begun.requestId, begun.call);
        return { status: 200, body: recordedText(begun.decision, begun.requestId) };
      };
      return begun.call.onDisk()?.then(unkept => whenOnDisk(begun, unkept, go)) ?? go();
    }
  }
}

/** The switch is looked at again: time has passed since the decision. */
function whenOnDisk(begun: Extract<Begun, { kind: 'proceed' }>, unkept: Decision | null, go: () => Reply): Reply {
  if (unkept !== null) return { status: 200, body: recordedText(unkept, begun.requestId) };
  const hold = begun.call.confirm();
  return hold === null ? go() : { status: 200, body: recordedText(killDecision(hold), begun.requestId) };
}

/** The clock and the switch are the daemon's own. */
function notOverSocket(line: RequestLine, text: string): Reply | null {
  const key = line.atMs !== null ? 'at' : Object.hasOwn(JSON.parse(text) as object, 'killed') ? 'killed' : null;
  return key === null
    ? null
    : fail(400, 'unknown_key', `\`${key}\` is for \`checkrd decide\`; the daemon looks for itself`);
}

function asAction(request: BatchRequest, inspectBytes: number): ActionRequest {
  const { method, headers, tool } = request;
  const url = request.url ?? '';
  if (tool === null) return { method, url: normal(url), headers, body: bodyOf(request.body, inspectBytes) };
  const checked = checkAction({ tool, method, url: request.url });
  return { tool, args: bodyOf(request.args, inspectBytes), method, url: checked.ok ? checked.url : request.url };
}

function normal(url: string): string {
  try {
    // As any client will send it; what does not parse is refused by the agent, and recorded.
    return new URL(url).href;
  } catch {
    return url;
  }
}

function bodyOf(text: string | null, inspectBytes: number): Extract<Body, { kind: 'none' | 'bytes' | 'too_large' }> {
  if (text === null || text === '') return { kind: 'none' };
  const bytes = Buffer.from(text, 'utf8');
  return bytes.length > inspectBytes ? { kind: 'too_large' } : { kind: 'bytes', bytes };
}

function outcome(parts: DecideParts, owner: AgentId, text: string): Reply {
  const read = readOutcome(text);
  if (!read.ok) return fail(400, read.error.code, read.error.message);
  const { requestId, result, statusCode, latencyMs, requestBytes, responseBytes, usage } = read.outcome;
  const call = parts.calls.take(owner, requestId);
  if (call === null) return fail(404, 'call_unknown', 'no call of this agent with this ID is open');
  call.finish({
    result,
    ...(statusCode === null ? {} : { statusCode }),
    ...(latencyMs === null ? {} : { latencyMs }),
    ...(requestBytes === null ? {} : { requestBytes }),
    ...(responseBytes === null ? {} : { responseBytes }),
    ...(usage === null ? {} : { usage }),
  });
  return { status: 200, body: '{"ok":true}' };
}
