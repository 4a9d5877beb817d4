/**
 * The operational log (not the audit log): pino, to stderr or to a file of its own.
 *
 * Under systemd each line begins with its priority (`<3>`, sd-daemon(3)), which journald takes off again.
 */
import { writeSync } from 'node:fs';
import { type DestinationStream, pino } from 'pino';
import type { Settings } from '../core/config/settings.js';
import { Fault } from '../core/fault.js';

type Say = { (fields: object, message: string): void; (message: string): void };
export interface Logger {
  readonly debug: Say;
  readonly info: Say;
  readonly warn: Say;
  readonly error: Say;
}

const STDERR = 2;

/**
 * @param journal True under journald (`JOURNAL_STREAM` is set).
 * @throws Fault `log_file_failed`
 */
export async function openLogger(log: Settings['log'], journal: boolean): Promise<Logger> {
  const options = { level: log.level, base: null, timestamp: pino.stdTimeFunctions.isoTime };
  if (log.file === null) return plain(pino(options, stderrStream(journal)));
  try {
    // Loaded only here: its dependencies weigh more than all of checkrd.
    const { default: roll } = await import('pino-roll');
    const stream = await roll({ file: log.file, frequency: 'daily', dateFormat: 'yyyy-MM-dd', mkdir: true });
    return plain(pino(options, stream));
  } catch (error) {
    throw new Fault('log_file_failed', { path: log.file, why: error instanceof Error ? error.message : String(error) });
  }
}

/** pino's own type has every name, `then` among them, which no promise may hold. */
function plain(logger: Logger): Logger {
  return logger;
}

/** Synchronous: the last words of a dying process must not be lost. A reader that is gone must not take us with it. */
function stderrStream(journal: boolean): DestinationStream {
  const stream = {
    /** pino sets it before each write because of the mark below. */
    lastLevel: 30,
    write(line: string) {
      try {
        writeSync(STDERR, journal ? `<${priority(stream.lastLevel)}>${line}` : line);
      } catch {
        // Nothing is left to say it to.
      }
    },
  };
  return Object.assign(stream, { [Symbol.for('pino.metadata')]: true });
}

/** syslog(3) priority of a pino level. */
function priority(level: number): number {
  if (level >= 60) return 2;
  if (level >= 50) return 3;
  if (level >= 40) return 4;
  return level >= 30 ? 6 : 7;
}
