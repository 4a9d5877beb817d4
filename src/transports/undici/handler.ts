/**
 * What undici tells of a call while it runs, listened to and passed on.
 *
 *   in   : a handler of either of undici's two forms, the calls behind it
 *   out  : a handler that does the same; the outcome, once; an end when the switch is engaged
 *   never: holds a body, changes the order of what is told
 */
import type { Socket } from 'node:net';
import type { CheckrdPolicyDenied } from '../../agent/errors.js';
import type { OutcomeResult } from '../../agent/types.js';
import { type UsageReader, usageReader } from '../../core/outcome/usage-reader.js';
import { killedDenial } from '../denial.js';
import type { Begin } from '../node-http/decide.js';
import type { AnyFunction } from '../patch.js';
import { endWith } from '../sockets/install.js';

type Handler = Readonly<Record<string, unknown>>;

const TOLD = [
  ...['onConnect', 'onHeaders', 'onData', 'onComplete', 'onError', 'onUpgrade', 'onInfo', 'onBodySent'],
  ...['onRequestSent', 'onResponseStarted', 'onRequestStart', 'onRequestUpgrade', 'onResponseStart'],
  ...['onResponseData', 'onResponseEnd', 'onResponseError'],
];

export function watched(
  handler: object,
  calls: readonly [Begin, ...Begin[]],
  requestBytes: number | undefined,
): object {
  let status: number | undefined;
  let bytes = 0;
  let usage: UsageReader | null = null;
  let abort: ((reason: unknown) => void) | null = null;
  let denial: CheckrdPolicyDenied | null = null;
  const finish = (result: OutcomeResult): void => {
    const found = usage?.usage ?? null;
    for (const { call } of calls) {
      call.finish({
        result,
        responseBytes: bytes,
        ...(status === undefined ? {} : { statusCode: status }),
        ...(requestBytes === undefined ? {} : { requestBytes }),
        ...(found === null ? {} : { usage: found }),
      });
    }
  };
  const answered = (code: unknown, header: (name: string) => string | null): void => {
    if (typeof code !== 'number' || code < 200) return;
    status = code;
    usage = usageReader(header('content-type'), header('content-encoding'));
    for (const { call } of calls) call.answered(code);
  };
  const counted = (chunk: unknown): void => {
    bytes += (chunk as Uint8Array).length;
    usage?.push(chunk as Uint8Array);
  };
  const killed = ({ call, requestId }: Begin): void => {
    denial = killedDenial(call.killed, requestId);
    finish('killed');
    abort?.(denial);
  };
  for (const begin of calls) begin.call.onKill(() => killed(begin));
  const upgraded = (code: unknown, socket: unknown): void => {
    if (code !== 101) answered(code, () => null);
    for (const { call, requestId } of calls) endWith(socket as Socket, call, requestId);
  };
  const started = (stop: (reason: unknown) => void): void => {
    abort = stop;
    if (denial !== null) stop(denial);
  };
  const ended = (args: unknown[], at: number): void => {
    finish(isAbort(args[at]) ? 'aborted' : 'error');
    args[at] = denial ?? args[at];
  };
  const hears: Readonly<Record<string, (args: unknown[]) => void>> = {
    onConnect: ([stop]) => started(stop as (reason: unknown) => void),
    onRequestStart: ([controller]) => started(reason => (controller as { abort(why: unknown): void }).abort(reason)),
    onHeaders: ([code, raw]) => answered(code, name => fromRaw(raw, name)),
    onResponseStart: ([, code, headers]) => answered(code, name => fromObject(headers, name)),
    onData: ([chunk]) => counted(chunk),
    onResponseData: ([, chunk]) => counted(chunk),
    onComplete: () => finish('ok'),
    onResponseEnd: () => finish('ok'),
    onUpgrade: ([code, , socket]) => upgraded(code, socket),
    onRequestUpgrade: ([, code, , socket]) => upgraded(code, socket),
    onError: args => ended(args, 0),
    onResponseError: args => ended(args, 1),
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

/** The program has given the call up, before the answer or while it was read. */
function isAbort(error: unknown): boolean {
  const { name, code } = Object(error) as { readonly name?: unknown; readonly code?: unknown };
  return name === 'AbortError' || code === 'UND_ERR_ABORTED';
}

/** Name, value, name, value; as bytes. */
function fromRaw(raw: unknown, wanted: string): string | null {
  const list = Array.isArray(raw) ? (raw as readonly unknown[]) : [];
  for (let at = 0; at + 1 < list.length; at += 2) {
    if (String(list[at]).toLowerCase() === wanted) return String(list[at + 1]);
  }
  return null;
}

function fromObject(headers: unknown, wanted: string): string | null {
  const value = (Object(headers) as Readonly<Record<string, unknown>>)[wanted];
  return value === undefined ? null : String(value);
}

/** Tells a handler that its call will not be made; in a later turn, as the network would say it. */
export function fail(handler: object, error: unknown): void {
  setImmediate(() => {
    const { onResponseError, onError } = handler as Record<string, unknown>;
    if (typeof onResponseError === 'function') Reflect.apply(onResponseError, handler, [null, error]);
    else if (typeof onError === 'function') Reflect.apply(onError, handler, [error]);
  });
}
