/** Signals to acts. Resolves when a stop has ended; a second SIGTERM or SIGINT leaves at once. */
import type { RunningDaemon } from './daemon.js';

/** As a shell reports a process ended by the signal. */
const EXIT_OF = { SIGINT: 130, SIGTERM: 143 } as const;

export async function onSignals(daemon: RunningDaemon, from: NodeJS.Process = process): Promise<void> {
  const hangup = () => daemon.hangup();
  from.on('SIGHUP', hangup);
  await new Promise<void>((resolve, reject) => {
    let stopping = false;
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      from.on(signal, () => {
        if (stopping) from.exit(EXIT_OF[signal]);
        stopping = true;
        daemon.stop().then(resolve, reject);
      });
    }
  });
  from.off('SIGHUP', hangup);
}
