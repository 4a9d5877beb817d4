/** Signals to acts, from before the start on: one that comes while starting stops the daemon once it has started. */
import type { RunningDaemon } from './daemon.js';

/** As a shell reports a process ended by the signal. */
const EXIT_OF = { SIGINT: 130, SIGTERM: 143 } as const;

export interface Signals {
  /** Resolves when a stop has ended. A second SIGTERM or SIGINT leaves at once. */
  serve(daemon: RunningDaemon): Promise<void>;
}

export function catchSignals(from: NodeJS.Process = process): Signals {
  let daemon: RunningDaemon | null = null;
  let asked = () => {};
  const stopAsked = new Promise<void>(resolve => {
    asked = resolve;
  });
  let stopping = false;
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    from.on(signal, () => {
      if (stopping) from.exit(EXIT_OF[signal]);
      stopping = true;
      asked();
    });
  }
  // Before the start there is nothing to reopen: everything is about to be read afresh.
  from.on('SIGHUP', () => daemon?.hangup());
  return {
    serve: async running => {
      daemon = running;
      await stopAsked;
      await running.stop();
    },
  };
}
