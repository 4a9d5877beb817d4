/**
 * Which thread this is, and whether another still is the one it was.
 *
 *   in   : /proc
 *   out  : numbers that together name one thread of one start of the machine; `lives`, `over`, or that it cannot be told
 *   never: throws; sends a signal (0 is none)
 */
import { readFileSync, readlinkSync } from 'node:fs';
import type { ThreadIdentity } from '../core/status/process-report.js';
import { bootId } from './boot-id.js';
import { errorCode } from './error-code.js';

/** Of the thread that calls. */
export function ownIdentity(): ThreadIdentity {
  const { pid } = process;
  const tid = ownTid();
  return {
    pid,
    tid,
    startTicks: tid === null ? null : startTicks(pid, tid),
    bootId: bootId(),
    pidNamespace: namespace(),
  };
}

/** `unknown`: it is in another container, or this system does not say. */
export type Life = 'lives' | 'over' | 'unknown';

/** `machine` is what {@link thisMachine} said: many are asked about at once. */
export function lifeOf(of: ThreadIdentity, machine: Pick<ThreadIdentity, 'bootId' | 'pidNamespace'>): Life {
  if (of.bootId !== null && machine.bootId !== null && of.bootId !== machine.bootId) return 'over';
  if (of.pidNamespace !== machine.pidNamespace) return 'unknown';
  const ticks = of.tid === null ? null : startTicks(of.pid, of.tid);
  if (ticks !== null) return ticks === of.startTicks ? 'lives' : 'over';
  try {
    process.kill(of.pid, 0);
    // A process of ours: where /proc shows its threads, one that it does not show is over.
    return of.tid !== null && machine.pidNamespace !== null ? 'over' : 'unknown';
  } catch (error) {
    // EPERM: it is another user's, and /proc is closed to us (hidepid).
    return errorCode(error) === 'ESRCH' ? 'over' : 'unknown';
  }
}

export function thisMachine(): Pick<ThreadIdentity, 'bootId' | 'pidNamespace'> {
  return { bootId: bootId(), pidNamespace: namespace() };
}

/** `<pid>/task/<tid>` of the thread that reads it. */
function ownTid(): number | null {
  try {
    const [, tid] = /\/task\/(\d+)$/.exec(readlinkSync('/proc/thread-self')) ?? [];
    return tid === undefined ? null : Number(tid);
  } catch {
    return null;
  }
}

function namespace(): string | null {
  try {
    const text = readlinkSync('/proc/self/ns/pid');
    return /^pid:\[\d{1,20}\]$/.test(text) ? text : null;
  } catch {
    return null;
  }
}

/** Field 22 of `stat`, counted from behind the name, which may hold spaces and parentheses. */
function startTicks(pid: number, tid: number): number | null {
  try {
    const text = readFileSync(`/proc/${pid}/task/${tid}/stat`, 'latin1');
    const ticks = Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[19]);
    return Number.isSafeInteger(ticks) ? ticks : null;
  } catch {
    return null;
  }
}
