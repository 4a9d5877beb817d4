/**
 * A process that writes one log until it is stopped: `node log-child.js <folder> <what> <count>`.
 * Each number on standard output is a record whose append has returned.
 */
import { writeSync } from 'node:fs';
import { openAuditLog } from '#src/agent/audit-log.js';
import { decision, settingsAt } from './audit-log.js';

const [folder = '', what = '', count = '0'] = process.argv.slice(2);
const log = openAuditLog(settingsAt(folder));
const say = (text: string): number => writeSync(1, `${text}\n`);

const many = (from: number, to: number): void => {
  for (let n = from; n < to; n += 1) {
    log.append(decision(n));
    say(String(n));
  }
};

switch (what) {
  // Runs until killed, with checkpoints between the bursts.
  case 'loop': {
    let n = 0;
    setInterval(() => {
      many(n, n + 50);
      n += 50;
    }, 1);
    break;
  }
  // Ends a file with every few records, until killed.
  case 'turning': {
    log.close();
    const turning = openAuditLog({ ...settingsAt(folder), rotation: { maxBytes: 2000, daily: false } });
    for (let n = 0; ; n += 1) turning.append(decision(n));
  }
  // Says its path, writes, closes.
  case 'path':
    say(log.path);
    process.stdin.on('data', () => {
      many(0, Number(count));
      log.close();
      process.exit(0);
    });
    break;
  // Ends while everything is still open but for what an exit handler does.
  case 'exit':
    process.on('exit', () => log.close());
    many(0, Number(count));
    process.exit(3);
    break;
  // Ends by itself: timers of the log must not hold it.
  case 'end':
    process.on('exit', () => log.close());
    many(0, Number(count));
    break;
  // Appends until refused, says why, then until the file may grow no further.
  case 'fill': {
    let refused = 0;
    for (let n = 0; n < Number(count); n += 1) {
      try {
        log.append(decision(n));
        say(String(n));
      } catch (error) {
        refused += 1;
        if (refused === 1) say(`refused ${(error as { code: string }).code} ${(error as Error).message}`);
      }
    }
    say(`total ${refused}`);
    process.exit(0);
  }
}
