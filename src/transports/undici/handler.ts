/**
 * What undici tells of a call while it runs, listened to and passed on.
 *
 *   in   : a handler of either of undici's two forms, the agent's Call
 *   out  : a handler that does the same; the outcome, once; an end when the switch is engaged
 *   never: holds a body, changes the order of what is told
 */
import type { Socket } from 'node:net';
import type { CheckrdPolicyDenied } from '../../agent/errors.js';
import type { Call } from '../../agent/types.js';
import { killedDenial } from '../denial.js';
import type { AnyFunction } from '../patch.js';
import { endWith } from '../sockets/install.js';

type Handler = Readonly<Record<string, unknown>>;

const TOLD = [
  ...['onConnect', 'onHeaders', 'onData', 'onComplete', 'onError', 'onUpgrade', 'onInfo', 'onBodySent'],
  ...['onRequestSent', 'onResponseStarted', 'onRequestStart', 'onRequestUpgrade', 'onResponseStart'],
  ...['onResponseData', 'onResponseEnd', 'onResponseError'],
];

export function watched(handler: object, call: Call, requestId: string, requestBytes: number | undefined): object {
  let status: number | undefined;
  let bytes = 0;
  let abort: ((reason: unknown) => void) | null = null;
  let denial: CheckrdPolicyDenied | null = null;
  const finish = (result: 'ok' | 'error' | 'killed'): void =>
    call.finish({
      result,
      responseBytes: bytes,
      ...(status === undefined ? {} : { statusCode: status }),
      ...(requestBytes === undefined ? {} : { requestBytes }),
    });
  const answered = (code: unknown): void => {
    if (typeof code !== 'number' || code < 200) return;
    status = code;
    call.answered(code);
  };
  const counted = (chunk: unknown): void => {
    bytes += (chunk as Uint8Array).length;
  };
  call.onKill(() => {
    denial = killedDenial(call.killed, requestId);
    finish('killed');
    abort?.(denial);
  });
  const upgraded = (code: unknown, socket: unknown): void => {
    answered(code === 101 ? undefined : code);
    endWith(socket as Socket, call, requestId);
  };
  const started = (stop: (reason: unknown) => void): void => {
    abort = stop;
    if (denial !== null) stop(denial);
  };
  const hears: Readonly<Record<string, (args: unknown[]) => void>> = {
    onConnect: ([stop]) => started(stop as (reason: unknown) => void),
    onRequestStart: ([controller]) => started(reason => (controller as { abort(why: unknown): void }).abort(reason)),
    onHeaders: ([code]) => answered(code),
    onResponseStart: ([, code]) => answered(code),
    onData: ([chunk]) => counted(chunk),
    onResponseData: ([, chunk]) => counted(chunk),
    onComplete: () => finish('ok'),
    onResponseEnd: () => finish('ok'),
    onUpgrade: ([code, , socket]) => upgraded(code, socket),
    onRequestUpgrade: ([, code, , socket]) => upgraded(code, socket),
    onError: args => {
      finish('error');
      args[0] = denial ?? args[0];
    },
    onResponseError: args => {
      finish('error');
      args[1] = denial ?? args[1];
    },
  };
  const out: Record<string, AnyFunction> = {};
  for (const name of TOLD) {
    const tell = (handler as Handler)[name];
    if (typeof tell !== 'function') continue;
    out[name] = (...args) => {
      hears[name]?.(args);
      return Reflect.apply(tell, handler, args);
    };
  }
  return out;
}

/** Tells a handler that its call will not be made; in a later turn, as the network would say it. */
export function fail(handler: object, error: unknown): void {
  setImmediate(() => {
    const { onResponseError, onError } = handler as Record<string, unknown>;
    if (typeof onResponseError === 'function') Reflect.apply(onResponseError, handler, [null, error]);
    else if (typeof onError === 'function') Reflect.apply(onError, handler, [error]);
  });
}
