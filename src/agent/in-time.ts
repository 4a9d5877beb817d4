import { Fault } from '../core/fault.js';
import type { Timers } from '../disk/timers.js';

/** A build that takes longer has hung; reloads must not wait for it for ever. */
const BUILD_TIMEOUT_MS = 60_000;

/** What `building` comes to; one that hangs is given up. @throws Fault `policy_build_failed`, and what `building` throws. */
export async function inTime<T>(building: Promise<T>, path: string, timers: Timers): Promise<T> {
  let stop = () => {};
  const late = new Promise<never>((_, refuse) => {
    const error = new Fault('policy_build_failed', { path, error: 'it took too long' });
    stop = timers.after(BUILD_TIMEOUT_MS, () => refuse(error));
  });
  try {
    return await Promise.race([building, late]);
  } finally {
    stop();
  }
}
