/**
 * A request that Node has made and not sent.
 *
 *   in   : a session, what the program gave `request`
 *   out  : Node's own stream, and what sends its head once the session is connected
 *   never: sends by itself; runs code of the program's while Node makes the stream, as far as arguments can bring it in
 *
 * Node sends at once on a session that is connected, and later on one that is not. While it makes the stream it is told that
 * the session is not.
 */
import type { ClientHttp2Session, ClientHttp2Stream } from 'node:http2';
import { isProxy } from 'node:util/types';
import { listen } from '../fetch/caller-signal.js';
import { normalTarget } from '../node-http/target.js';
import type { AnyFunction } from '../patch.js';
import { sending } from './handles.js';

export interface HeldRequest {
  readonly stream: ClientHttp2Stream;
  /** Null: Node has refused it already; nothing is left to send. */
  readonly send: (() => void) | null;
  /** The stream has closed: nothing of the caller's is listened to any more. */
  readonly forget: () => void;
}

type Session = ClientHttp2Session & Record<PropertyKey, unknown>;

/** What waits for a session's connection, in order. */
const waiting = new WeakMap<object, (() => void)[]>();

/** @throws what Node's `request` throws. */
export function holdRequest(native: AnyFunction, session: ClientHttp2Session, args: readonly unknown[]): HeldRequest {
  if (isProxy(session)) throw new TypeError('a session that stands for another');
  const { options, forget } = readOptions(args[1]);
  const own = [readHeaders(args[0]), options];
  let pending: (() => void)[] | null = null;
  const shadowed = session as Session;
  const key = Object.getOwnPropertySymbols(session).find(({ description }) => description === 'kPendingRequestCalls');
  if (key === undefined) throw new TypeError('a session of a kind that is not known');
  const before = ['connecting', 'once'].map(name => [name, Object.getOwnPropertyDescriptor(session, name)] as const);
  Object.defineProperty(session, 'connecting', { configurable: true, value: true });
  Object.defineProperty(session, 'once', {
    configurable: true,
    value: () => {
      pending = shadowed[key] as (() => void)[];
      return session;
    },
  });
  let stream: ClientHttp2Stream;
  try {
    stream = Reflect.apply(native, session, own) as ClientHttp2Stream;
  } finally {
    if (pending !== null) shadowed[key] = null;
    for (const [name, descriptor] of before) {
      delete shadowed[name];
      if (descriptor !== undefined) Object.defineProperty(session, name, descriptor);
    }
  }
  const calls = pending as (() => void)[] | null;
  if (calls === null || session.destroyed) return { stream, send: null, forget };
  const send = (): void =>
    whenConnected(session, () => {
      for (const call of calls) sending(call);
    });
  return { stream, send, forget };
}

/** One listener a session, however many requests wait. */
function whenConnected(session: ClientHttp2Session, run: () => void): void {
  if (!session.connecting) {
    run();
    return;
  }
  const others = waiting.get(session);
  if (others !== undefined) {
    others.push(run);
    return;
  }
  const all = [run];
  waiting.set(session, all);
  session.once('connect', () => {
    waiting.delete(session);
    for (const one of all) one();
  });
}

/** A copy that reads the same twice, with the path in the one form that is judged and sent. */
function readHeaders(given: unknown): unknown {
  if (typeof given !== 'object' || given === null) return given;
  if (Array.isArray(given)) {
    const list = given.map(plain);
    for (let at = 0; at < list.length; at += 2) {
      if (String(list[at]).toLowerCase() === ':path') list[at + 1] = normalPath(list[at + 1]);
    }
    return list;
  }
  const copy: Record<PropertyKey, unknown> = { ...given };
  for (const name of Object.keys(copy)) {
    const value = copy[name];
    copy[name] = Array.isArray(value) ? value.map(plain) : plain(value);
  }
  if (copy[':path'] !== undefined) copy[':path'] = normalPath(copy[':path']);
  return copy;
}

/** What would be turned into text anew at each reading. */
function plain(value: unknown): unknown {
  return (typeof value === 'object' && value !== null) || typeof value === 'function' ? String(value) : value;
}

function normalPath(path: unknown): unknown {
  return typeof path === 'string' ? normalTarget(path) : path;
}

interface ReadOptions {
  readonly options: unknown;
  readonly forget: () => void;
}

/** The caller's signal is followed by one of ours. */
function readOptions(given: unknown): ReadOptions {
  const nothing = (): void => undefined;
  if (typeof given !== 'object' || given === null || Array.isArray(given)) return { options: given, forget: nothing };
  const copy: Record<PropertyKey, unknown> = { ...given };
  const signal = copy.signal as AbortSignal | null | undefined;
  if (typeof signal !== 'object' || signal === null || !('aborted' in signal))
    return { options: copy, forget: nothing };
  const own = new AbortController();
  copy.signal = own.signal;
  const follow = (): void => own.abort(signal.reason);
  if (signal.aborted) follow();
  else if (signal instanceof AbortSignal) listen(signal, follow);
  else (signal as AbortSignal).addEventListener('abort', follow);
  return { options: copy, forget: () => signal.removeEventListener('abort', follow) };
}
