/**
 * Keeps systemd from killing us, as long as there is no reason to.
 *
 *   in   : within what time it wants to hear of us, and whether we are well
 *   out  : a word at half that time while we are; none while we are not, so that it kills us and starts us anew
 *   never: decides what well means
 */
import type { Timers } from '../disk/timers.js';

export interface Watched {
  /** Asked on the event loop: one that does not turn says nothing. */
  isWell(): Promise<boolean>;
  alive(): void;
  /** Told each time that it was not well; asked again a tenth of the time later. */
  ailing(): void;
}

/** The first word goes out at once. The answer ends it. */
export function startWatchdog(watchdogMs: number, watched: Watched, timers: Timers): () => void {
  let ended = false;
  let cancel = (): void => {};
  const look = async (): Promise<void> => {
    const well = await watched.isWell().catch(() => false);
    if (ended) return;
    if (well) watched.alive();
    else watched.ailing();
    cancel = timers.after(well ? watchdogMs / 2 : watchdogMs / 10, () => void look());
  };
  void look();
  return () => {
    ended = true;
    cancel();
  };
}
