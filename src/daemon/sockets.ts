/**
 * Unix sockets: taken over from the dead, never from the living.
 *
 *   in   : an absolute path, an owner group
 *   out  : a claim (kernel lock beside the path, stale socket removed), then a listening server with mode 0660
 *   never: removes what is no socket, or what somebody listens on
 *
 * The lock decides between daemons that start together; the connect test finds a process that knows no lock.
 */
import { chmodSync, chownSync, lstatSync, mkdirSync, unlinkSync } from 'node:fs';
import type { Server } from 'node:http';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import type { LoopbackAddress } from '../core/config/loopback.js';
import { Fault } from '../core/fault.js';
import { errno } from '../disk/errno.js';
import { type Lock, takeLock } from '../disk/lock.js';

/** Everyone may look up a socket by name; who may connect is the socket's own mode. */
const FOLDER_MODE = 0o755;
/** Leaves rw for owner and group. */
const SOCKET_UMASK = 0o117;

/** Whatever the umask: under 0027, as the unit has it, no agent could reach its socket. */
function makeFolder(path: string): void {
  if (mkdirSync(path, { recursive: true, mode: FOLDER_MODE }) !== undefined) chmodSync(path, FOLDER_MODE);
}

/**
 * Makes the folder, takes the lock and clears a dead socket away.
 *
 * @throws Fault `socket_in_use`, `socket_path_taken` or `socket_failed`
 */
export async function claimSocket(path: string): Promise<Lock> {
  let lock: Lock;
  try {
    makeFolder(dirname(path));
    const locking = takeLock(`${path}.lock`, 'flock');
    if (locking.is === 'taken') throw new Fault('socket_in_use', { path });
    lock = locking.lock;
  } catch (error) {
    throw failed(path, error);
  }
  try {
    await clear(path);
    return lock;
  } catch (error) {
    lock.release();
    throw failed(path, error);
  }
}

/** Removes a socket that nobody listens on. For sockets below a claimed one, too. */
export async function clear(path: string): Promise<void> {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return;
  if (!stat.isSocket()) throw new Fault('socket_path_taken', { path });
  const answer = await knock(path);
  if (answer === 'ENOENT') return;
  if (answer !== 'ECONNREFUSED') throw new Fault('socket_in_use', { path });
  unlinkSync(path);
}

/** Null when somebody answers; else why not. A full backlog (EAGAIN) or a closed door (EACCES) is somebody's, too. */
function knock(path: string): Promise<string | null> {
  return new Promise(resolve => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(null);
    });
    socket.once('error', error => resolve(errno(error)));
  });
}

/**
 * Listens at `path`, readable and writable for owner and group.
 *
 * @param group Number of the group, null: the process's own.
 * @returns False when the group could not be given: the socket works, but only for the process's own group.
 * @throws Fault `socket_failed`
 */
export async function listen(server: Server, path: string, group: number | null): Promise<boolean> {
  makeFolder(dirname(path));
  await new Promise<void>((resolve, reject) => {
    server.once('error', error => reject(failed(path, error)));
    // The socket is made inside listen(): with the mask it never exists with a wider mode.
    const mask = process.umask(SOCKET_UMASK);
    try {
      // As many as may be open may also wait: while we are held up, the kernel refuses whom the queue has no room for.
      server.listen({ path, backlog: server.maxConnections }, resolve);
    } finally {
      process.umask(mask);
    }
  });
  if (group === null) return true;
  try {
    chownSync(path, -1, group);
    return true;
  } catch (error) {
    if (errno(error) === 'EPERM') return false;
    throw failed(path, error);
  }
}

/** @throws Fault `metrics_listen_failed` */
export async function listenOnLoopback(server: Server, { host, port }: LoopbackAddress): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', error =>
      reject(new Fault('metrics_listen_failed', { host, port: String(port), why: errno(error) }, { cause: error })),
    );
    server.listen({ host, port }, resolve);
  });
}

/** A web page that has its own name lead here (DNS rebinding) says that name. */
export function isLoopbackHost(host: string | undefined): boolean {
  return /^(127(\.\d{1,3}){3}|\[::1\]|localhost)(:\d+)?$/.test(host ?? '');
}

function failed(path: string, error: unknown): Fault {
  return error instanceof Fault ? error : new Fault('socket_failed', { path, why: errno(error) }, { cause: error });
}
