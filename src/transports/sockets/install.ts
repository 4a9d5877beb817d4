/**
 * `node:net` and `node:tls`: every connection that no other edge has decided is decided as `CONNECT tcp://host:port/`, one to
 * a Unix socket or a pipe as the tool `node:net`.
 *
 *   in   : the arguments of net.Socket.prototype.connect, which all of Node's own clients end in
 *   out  : the connection as ever; or a socket that is destroyed with CheckrdPolicyDenied before a name is looked up
 *   never: connects anywhere but where it was judged to
 */
import dns from 'node:dns';
import type { Socket } from 'node:net';
import net from 'node:net';
import type { CheckrdPolicyDenied } from '../../agent/errors.js';
import type { Call } from '../../agent/types.js';
import type { ActionRequest } from '../../core/decide/types.js';
import { denialOf, killedDenial } from '../denial.js';
import { type AnyFunction, allOnTop, patchMethod, type Undo, undoAll } from '../patch.js';
import { type Answer, asTool, decideNow, type ProcessPort, refuseNow } from '../port.js';
import { handOver, holderOf, isSanctioned } from '../sanctioned.js';
import { type Destination, destinationOf, tcpUrl } from './destination.js';
import { patchHandles } from './handles.js';

/** The tool as which a connection without host and port is decided. */
const SOCKET_TOOL = 'node:net';

interface Known {
  /** What names are looked up with where nobody says otherwise. */
  readonly lookup: unknown;
  /** The sockets that may connect. */
  readonly letThrough: WeakSet<object>;
}

type Go = Extract<Answer, { kind: 'go' }>;

export function install(port: ProcessPort): Undo {
  const lookup = dns.lookup;
  const letThrough = new WeakSet<object>();
  const patch = patchMethod(
    net.Socket.prototype,
    'connect',
    native =>
      function connect(this: unknown, ...args: unknown[]): unknown {
        return guarded(port, native, this as Socket, args, { lookup, letThrough });
      },
  );
  const patches = [patch, ...patchHandles(port, letThrough)];
  const isOnTop = allOnTop(patches);
  const undo = undoAll(patches);
  port.coverage.covers('sockets', 'wrapped', null, isOnTop);
  port.coverage.covers('unix_sockets', 'wrapped', null, isOnTop);
  return () => {
    undo();
    port.coverage.forget('sockets');
    port.coverage.forget('unix_sockets');
  };
}

function guarded(port: ProcessPort, native: AnyFunction, socket: Socket, args: unknown[], known: Known): unknown {
  const to = destinationOf(args);
  const run = (): unknown => {
    known.letThrough.add(socket);
    return handOver(() => Reflect.apply(native, socket, args));
  };
  // Node refuses these by itself, in its own words.
  if (to === null) return run();
  if (to.kind !== 'shifty' && isOurs(port, to)) {
    const holder = holderOf(to.options);
    if (holder === null) return run();
    holder.holds(() => known.letThrough.add(socket));
    return handOver(() => Reflect.apply(native, socket, args));
  }
  const answer = ask(port, to, known.lookup);
  if (answer.kind === 'denied') return end(socket, native, answer.denial);
  const kept = answer.call.onDisk();
  if (kept === null) return follow(socket, answer, run);
  // As a socket that looks a name up: connecting, and not there yet.
  Object.assign(socket, { connecting: true });
  kept.then(unkept => {
    const denial = unkept === null ? confirmed(answer) : denialOf(unkept, answer.requestId);
    if (socket.destroyed) answer.call.finish({ result: 'aborted' });
    else if (denial !== null) socket.destroy(denial);
    else follow(socket, answer, run);
  });
  return socket;
}

function isOurs(port: ProcessPort, to: Exclude<Destination, { kind: 'shifty' }>): boolean {
  if (Object.hasOwn(to.options, port.ownSocket)) return true;
  return to.kind === 'tcp' ? isSanctioned(to.options, to.host, to.port) : isSanctioned(to.options, to.path, 0);
}

function ask(port: ProcessPort, to: Destination, lookup: unknown): Answer {
  if (to.kind === 'shifty') {
    const reason = 'where the socket goes is computed when it is read, so it cannot be judged';
    return refuseNow(port, 'request_invalid', reason, { method: 'CONNECT' });
  }
  if (to.kind === 'unix') return decideNow(port, asTool(SOCKET_TOOL, { path: to.path }));
  const request = { method: 'CONNECT', url: tcpUrl(to.host, to.port), headers: [], body: { kind: 'none' } } as const;
  if (net.isIP(to.host) === 0 && leadsElsewhere(to.options, lookup)) {
    return ownLookup(port, request);
  }
  return decideNow(port, request);
}

/** A lookup of the program's own says which address a judged name stands for; it may stand in the module itself. */
function leadsElsewhere(options: object, known: unknown): boolean {
  const { lookup } = options as { readonly lookup?: unknown };
  return (lookup ?? dns.lookup) !== known;
}

function ownLookup(port: ProcessPort, request: ActionRequest): Answer {
  const reason = 'a lookup of its own may lead the socket to any address';
  if (port.egress.coverage === 'strict') return refuseNow(port, 'not_covered', reason, request);
  const answer = decideNow(port, request);
  if (answer.kind === 'go') port.coverage.passed('sockets', reason);
  return answer;
}

/** Null: the switch is not engaged. */
function confirmed({ call, requestId }: Go): CheckrdPolicyDenied | null {
  const hold = call.confirm();
  return hold === null ? null : killedDenial(hold, requestId);
}

/** Connects, and writes the outcome when the socket has closed. */
function follow(socket: Socket, { call, requestId }: Go, run: () => unknown): unknown {
  let result: unknown;
  try {
    result = run();
  } catch (error) {
    call.finish({ result: 'error' });
    throw error;
  }
  endWith(socket, call, requestId);
  return result;
}

/** The call lives as long as the socket; the switch ends both. */
export function endWith(socket: Socket, call: Call, requestId: string): void {
  call.onKill(() => {
    socket.destroy(killedDenial(call.killed, requestId));
    call.finish({ result: 'killed' });
  });
  socket.once('close', (failed: boolean) => {
    call.finish({
      result: failed ? 'error' : 'ok',
      requestBytes: socket.bytesWritten,
      responseBytes: socket.bytesRead,
    });
  });
}

/**
 * As a connection to a name that cannot be looked up: with all that Node sets up for one, and then 'error' and 'close'. A
 * microtask later: whoever awaits what made the socket before it listens is not brought down by a denial.
 */
function end(socket: Socket, native: AnyFunction, denial: CheckrdPolicyDenied): unknown {
  const lookup = (_name: string, _options: unknown, done: (error: Error) => void): void => {
    queueMicrotask(() => done(denial));
  };
  const options = { host: 'denied.invalid', port: 1, lookup, autoSelectFamily: false };
  return handOver(() => Reflect.apply(native, socket, [options]));
}
