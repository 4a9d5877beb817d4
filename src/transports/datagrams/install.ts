/**
 * `node:dgram`: each datagram to a place, and each connect of a socket, is decided as the tool `node:dgram`.
 *
 *   in   : the arguments of `send` and `connect`
 *   out  : as ever, or CheckrdPolicyDenied: to the callback, else as 'error' of the socket
 *   never: decides a datagram of a connected socket again, or one that Node itself had put off until the socket is bound
 */
import dgram from 'node:dgram';
import type { CheckrdPolicyDenied } from '../../agent/errors.js';
import { type AnyFunction, allOnTop, patchMethod, type Undo, undoAll } from '../patch.js';
import { asTool, type ProcessPort, refuseNow, restricted, watchedAs } from '../port.js';
import { handOver } from '../sanctioned.js';

const DATAGRAM_TOOL = 'node:dgram';

type Answered = (error: Error | null) => void;

export function install(port: ProcessPort): Undo {
  const prototype = dgram.Socket.prototype;
  const patches = [
    patchMethod(prototype, 'send', native => guarded(port, native, 'send', sendTo)),
    patchMethod(prototype, 'connect', native => guarded(port, native, 'connect', args => place(args[0], args[1]))),
  ];
  port.coverage.covers('datagrams', watchedAs(port.egress.datagrams), null, allOnTop(patches));
  const undo = undoAll(patches);
  return () => {
    undo();
    port.coverage.forget('datagrams');
  };
}

/** Where a datagram goes; null: where its socket is connected to; undefined: Node will refuse it, or it cannot be judged. */
type Place = { readonly host: string; readonly port: number } | null | undefined;

function guarded(
  port: ProcessPort,
  native: AnyFunction,
  method: string,
  read: (args: readonly unknown[], socket: dgram.Socket) => Place,
): AnyFunction {
  return function (...args) {
    const socket = this as dgram.Socket;
    const run = (): unknown => handOver(() => withNative(socket, method, native, args));
    const to = read(args, socket);
    // No place to go: of a connected socket, which was decided then.
    if (to === null) return run();
    const rule = port.egress.datagrams;
    const why = 'a datagram by node:dgram';
    const answer =
      to === undefined && rule !== 'report'
        ? refuseNow(port, 'request_invalid', 'where the datagram goes cannot be judged', asTool(DATAGRAM_TOOL, {}))
        : restricted(port, 'datagrams', rule, asTool(DATAGRAM_TOOL, { ...to }), why);
    if (answer === null) return run();
    if (answer.kind === 'denied') return deny(socket, args, answer.denial);
    try {
      const result = run();
      // Nobody is told when a datagram has arrived: it is over when it has been handed over.
      answer.call.finish({ result: 'ok' });
      return result;
    } catch (error) {
      answer.call.finish({ result: 'error' });
      throw error;
    }
  };
}

/** While it runs, `socket.send` is Node's own: a socket that is not bound yet binds that function and calls it later. */
function withNative(socket: dgram.Socket, method: string, native: AnyFunction, args: unknown[]): unknown {
  const own = Object.getOwnPropertyDescriptor(socket, method);
  Object.defineProperty(socket, method, { value: native, configurable: true, writable: true });
  try {
    return Reflect.apply(native, socket, args);
  } finally {
    if (own === undefined) delete (socket as unknown as Record<string, unknown>)[method];
    else Object.defineProperty(socket, method, own);
  }
}

/** send(msg[, offset, length][, port][, address][, callback]); by Node's own reading of it. */
function sendTo(args: readonly unknown[], socket: dgram.Socket): Place {
  if (isConnected(socket)) return null;
  const [, offset, length, port, address] = args;
  const isLong = Boolean(address) || (Boolean(port) && typeof port !== 'function');
  return isLong ? place(port, address) : place(offset, length);
}

function isConnected(socket: dgram.Socket): boolean {
  try {
    socket.remoteAddress();
    return true;
  } catch {
    return false;
  }
}

function place(port: unknown, host: unknown): Place {
  const number = typeof port === 'number' || typeof port === 'string' ? Number(port) : Number.NaN;
  if (!Number.isInteger(number)) return undefined;
  if (host === undefined || host === null || host === '' || typeof host === 'function') {
    return { host: 'localhost', port: number };
  }
  return typeof host === 'string' ? { host, port: number } : undefined;
}

function deny(socket: dgram.Socket, args: readonly unknown[], denial: CheckrdPolicyDenied): void {
  const last = args.at(-1);
  process.nextTick(() => {
    if (typeof last === 'function') (last as Answered)(denial);
    else socket.emit('error', denial);
  });
}
