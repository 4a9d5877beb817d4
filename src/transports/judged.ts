/**
 * What a guard has let through, for whoever watches for calls that no guard saw.
 *
 *   in   : the hand-over to a transport
 *   out  : whether what happens now belongs to one
 *   never: decides; while nobody watches it costs nothing
 */
import { AsyncLocalStorage } from 'node:async_hooks';

const inside = new AsyncLocalStorage<true>();
let watchers = 0;

/** Runs the hand-over of a call that a guard has decided. */
export function handOverJudged<T>(act: () => T): T {
  return watchers === 0 ? act() : inside.run(true, act);
}

export function isJudged(): boolean {
  return inside.getStore() === true;
}

/** Somebody looks from now on. The answer ends it. */
export function watchJudged(): () => void {
  watchers++;
  let watches = true;
  return () => {
    if (watches) watchers--;
    watches = false;
  };
}
