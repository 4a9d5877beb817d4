/**
 * The global dispatcher of undici: whatever any copy of undici, WebSocket or EventSource sends through it is decided.
 *
 *   in   : calls as `dispatch` is given them
 *   out  : the runtime's own dispatcher in front of which a decision stands
 *   never: decides what the guarded `fetch` has decided (it sends past this)
 */
import type { CheckrdPolicyDenied } from '../../agent/errors.js';
import type { HttpRequest } from '../../core/decide/types.js';
import { denialOf, killedDenial } from '../denial.js';
import type { Undo } from '../patch.js';
import { type ProcessPort, refuseNow } from '../port.js';
import { GLOBAL_DISPATCHERS } from './global.js';
import { fail, watched } from './handler.js';
import type { Pool } from './pool.js';
import { type Dispatched, inspect, readDispatch } from './request.js';

type Judged = Extract<Dispatched, { kind: 'judge' }>;

export function install(port: ProcessPort, pool: Pool): Undo {
  const ours = new Proxy(pool.dispatcher, {
    get(target, key, receiver): unknown {
      if (key === 'dispatch') return dispatch;
      return Reflect.get(target, key, receiver) as unknown;
    },
  });
  function dispatch(options: object, handler: object): boolean {
    return start(port, pool, options, handler);
  }
  const globals = globalThis as unknown as Record<symbol, unknown>;
  const before = GLOBAL_DISPATCHERS.map(name => globals[name]);
  GLOBAL_DISPATCHERS.forEach((name, at) => {
    if (before[at] !== undefined) globals[name] = ours;
  });
  const isOnTop = (): boolean =>
    GLOBAL_DISPATCHERS.every((name, at) => before[at] === undefined || globals[name] === ours);
  port.coverage.covers('undici', 'wrapped', null, isOnTop);
  return () => {
    port.coverage.forget('undici');
    GLOBAL_DISPATCHERS.forEach((name, at) => {
      if (globals[name] === ours) globals[name] = before[at];
    });
  };
}

function start(port: ProcessPort, pool: Pool, given: object, handler: object): boolean {
  const read = readDispatch(given);
  if (read.kind === 'refuse') {
    fail(handler, refuseNow(port, read.code, read.reason, {}).denial);
    return true;
  }
  return decide(port, pool, read, read.request, handler, false);
}

function decide(
  port: ProcessPort,
  pool: Pool,
  read: Judged,
  request: HttpRequest,
  handler: object,
  waited: boolean,
): boolean {
  const begun = port.agent.begin(request, { agent: port.agentId });
  if (begun.kind === 'need_body') {
    if (waited)
      return denied(handler, refuseNow(port, 'request_invalid', 'the body was asked for twice', request).denial);
    inspect(read.options.body, begun.inspectBytes).then(
      body => {
        if (body === null) {
          const reason = 'a rule looks into the body, and this kind of body cannot be looked into';
          denied(handler, refuseNow(port, 'request_invalid', reason, request).denial);
          return;
        }
        read.options.body = body.body;
        decide(port, pool, read, { ...request, body: body.judged }, handler, true);
      },
      error => fail(handler, error),
    );
    return true;
  }
  if (begun.kind === 'refused') return denied(handler, denialOf(begun.decision, begun.requestId));
  const { call, requestId } = begun;
  const send = (): boolean => {
    pool.admit(read.url);
    const size = request.body.kind === 'bytes' ? request.body.bytes.length : undefined;
    return pool.dispatcher.dispatch(read.options, watched(handler, call, requestId, size));
  };
  const kept = call.onDisk();
  if (kept === null && !waited) return send();
  (kept ?? Promise.resolve(null)).then(unkept => {
    if (unkept !== null) return denied(handler, denialOf(unkept, requestId));
    const hold = call.confirm();
    return hold === null ? send() : denied(handler, killedDenial(hold, requestId));
  });
  return true;
}

function denied(handler: object, denial: CheckrdPolicyDenied): true {
  fail(handler, denial);
  return true;
}
