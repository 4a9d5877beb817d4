import { identityFrom } from '../agent/identity.js';
import { openAgent } from '../agent/open.js';
import { readSettings } from '../agent/read-settings.js';
import { packageVersion } from '../agent/version.js';
import { startDaemon } from '../daemon/daemon.js';
import { Events } from '../daemon/events.js';
import { keepYoungHeapSmall } from '../daemon/heap.js';
import { openLogger } from '../daemon/logger.js';
import { notifier } from '../daemon/notify.js';
import { catchSignals } from '../daemon/signals.js';
import { JsonFileSink } from '../sinks/json-file.js';
import { Misuse } from './args.js';
import { FILE } from './flags.js';
import { type Command, EXIT } from './io.js';

export const daemon: Command = {
  name: 'daemon',
  summary: 'serve decisions to agents on Unix sockets',
  synopsis: ['--config FILE'],
  about: `
Runs in the foreground: one socket for each agent of the settings, and one for health.
SIGHUP ends the log file and begins the next; SIGTERM and SIGINT stop after calls in flight, a second one at once.`,
  flags: {
    config: { takes: FILE, means: 'the settings' },
  },
  exit: { ok: 'stopped', unknown: 'could not start' },
  async run(given, io) {
    const config = given.text('config');
    if (config === null) throw new Misuse('no settings are given', 'add --config FILE');
    keepYoungHeapSmall();
    const settings = readSettings('daemon', io, config);
    const identity = identityFrom(process.env);
    const isJournal = (io.env.JOURNAL_STREAM ?? '') !== '';
    const logger = await openLogger(settings.log, isJournal);
    const events = new Events(logger, isJournal);
    const copies = settings.telemetry.file;
    const signals = catchSignals();
    const running = await startDaemon({
      settings,
      version: packageVersion(),
      logger,
      events,
      notifier: notifier(io.env, error => logger.warn({ err: error }, 'systemd could not be told')),
      openAgent: async known =>
        openAgent(known, {
          policyObject: null,
          disabled: false,
          warn: text => logger.warn(text),
          telemetrySink: copies === null ? null : new JsonFileSink(copies),
          identity,
          observer: events,
        }),
    });
    await signals.serve(running);
    return EXIT.ok;
  },
};
