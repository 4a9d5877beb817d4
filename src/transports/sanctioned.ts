/**
 * The process's one truth about "already decided".
 *
 *   in   : the options of a socket that an edge opens for calls it has decided; a stretch of code of the runtime
 *   out  : whether a socket may be opened, or a name looked up, without another decision
 *   never: a name that other code could guess, a mark that outlives its destination or reaches code that runs later
 *
 * The mark is a symbol of this module, and what hangs on it says where the socket may go: found out, it opens no other way.
 */
const SANCTION = Symbol('checkrd.sanction');

/** Where the sockets of decided calls may go. `port` is 0 and `host` the path for a Unix socket. */
export interface Sanction {
  permits(host: string, port: number): boolean;
  /** The socket does not connect yet: told how its handle is let through when it does. Absent: it connects at once. */
  holds?(letThrough: () => void): void;
}

/** A copy of the options of a socket (or of what opens sockets, as an http.Agent or undici's `connect`) that carries the mark. */
export function sanctioned<T extends object>(options: T, sanction: Sanction): T {
  return { ...options, [SANCTION]: sanction };
}

/** Whether these options were marked, for this place. Own properties only: nothing inherits the right to pass. */
export function isSanctioned(options: object, host: string, port: number): boolean {
  if (!Object.hasOwn(options, SANCTION)) return false;
  return (options as { readonly [SANCTION]: Sanction })[SANCTION].permits(host, port);
}

/** Of options that are sanctioned: the sanction, where it holds the socket back. */
export function holderOf(options: object): Pick<Required<Sanction>, 'holds'> | null {
  const sanction = Object.hasOwn(options, SANCTION) ? (options as { readonly [SANCTION]: Sanction })[SANCTION] : null;
  return sanction?.holds === undefined ? null : (sanction as Required<Sanction>);
}

let depth = 0;

/** Runs what the runtime does in one turn for a decided call: the lookup of the host's name is part of that call. */
export function handOver<T>(run: () => T): T {
  depth++;
  try {
    return run();
  } finally {
    depth--;
  }
}

/** True inside `handOver`, synchronously. */
export function isHandingOver(): boolean {
  return depth > 0;
}
