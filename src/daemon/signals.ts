/** Signals to acts, from before the start on: what one asks for that comes while starting is done once that is over. */
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
  let isHangupDue = false;
  from.on('SIGHUP', () => {
    if (daemon === null) isHangupDue = true;
    else daemon.hangup();
  });
  return {
    serve: async running => {
      daemon = running;
      // Whoever was told that it is ready may wait for the word that it has reloaded.
      if (isHangupDue) running.hangup();
      await stopAsked;
      await running.stop();
    },
  };
}
