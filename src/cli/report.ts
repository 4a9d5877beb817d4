import { resolve } from 'node:path';
import { COUNTED_BY, type CountedBy, ReportTally } from '../core/report/tally.js';
import { type Args, Misuse } from './args.js';
import { ANY, FILE, LOG_KEY, TIME } from './flags.js';
import { type Command, EXIT } from './io.js';
import { type LogVerdict, readLogs } from './log-records.js';
import { timeOf } from './record-flags.js';
import { type FilesRead, readRecords } from './report-files.js';
import { printCsv, printJson, printTables, type Reported } from './report-print.js';
import { FROM, restoreFrom } from './restore-from.js';

export const report: Command = {
  name: 'report',
  summary: 'count calls, denials and changes over a period',
  synopsis: [
    '[--since TIME] [--until TIME] [--by WHAT[,WHAT...]] [--verify [--key KEY]...] [--from SHIPPER] [--json | --csv] FILE...',
  ],
  about: `
Counts the decisions of audit logs and how their calls ended, with quantiles of latency (within 0.4 %), and lists what
happened to kill switch, policy and log. Files may be given in any order, also those that logrotate has compressed; a record
that is in two of them counts once. Without --verify the files are taken as they are, and the report says so.`,
  operands: { min: 1, max: ANY, what: 'at least one file of a log', takes: FILE },
  flags: {
    since: { takes: TIME, means: 'only calls decided from this time on (RFC 3339)' },
    until: { takes: TIME, means: 'only calls decided before this time (RFC 3339)' },
    by: {
      takes: { called: 'WHAT', is: COUNTED_BY },
      means: 'what the tables count by, days in UTC; `result` if nothing is said; several with a comma between',
    },
    verify: {
      means:
        'verifies the files first, as `checkrd verify` does; of a log that was tampered with, or of which the key signed nothing, nothing is reported',
    },
    key: { ...LOG_KEY, means: "the log's public key, or the path of its .pub file; may be repeated" },
    from: FROM,
    csv: { means: "the tables alone, RFC 4180; a text that a spreadsheet would take for a formula gets a ' before it" },
  },
  exit: {
    ok: 'reported',
    unknown: 'a file cannot be read, has no record, or with --verify was tampered with or signed by no key given',
  },
  async run(given, io) {
    if (given.on('json') && given.on('csv')) throw new Misuse('--json and --csv are given', 'keep one');
    if (given.list('key').length > 0 && !given.on('verify')) throw new Misuse('--key is of use with --verify only');
    const by = countedBy(given.text('by'));
    const tally = new ReportTally({ sinceMs: timeOf(given, 'since'), untilMs: timeOf(given, 'until') }, by);
    let read: FilesRead | null = null;
    let verified: readonly LogVerdict[] | null = null;
    if (given.on('verify')) {
      const { usable, logs } = await readLogs(
        wholeLogs(given),
        io,
        'without --verify it is reported all the same',
        () => record => tally.add(record),
      );
      if (!usable) {
        if (given.on('json')) io.out(JSON.stringify({ ok: false, verified: logs }));
        return EXIT.unknown;
      }
      verified = logs;
    } else {
      read = await readRecords(
        given.words.map(word => resolve(io.cwd, word)),
        restoreFrom(given),
        record => tally.add(record),
      );
    }
    const reported: Reported = { tally, by, read, verified };
    if (given.on('json')) printJson(reported, io);
    else if (given.on('csv')) printCsv(reported, io);
    else printTables(reported, io);
    const empty = read !== null && tally.recordCount === 0;
    if (empty) io.err('error: there is no record in these files');
    return empty ? EXIT.unknown : EXIT.ok;
  },
};

/** The tally looks at the period itself: a call decided in it may end after it. */
function wholeLogs(given: Args): Args {
  return { ...given, text: flag => (flag === 'since' || flag === 'until' ? null : given.text(flag)) };
}

/** @throws Misuse */
function countedBy(text: string | null): readonly CountedBy[] {
  const named = text === null ? ['result'] : [...new Set(text.split(','))];
  return named.map(name => {
    const known = COUNTED_BY.find(one => one === name);
    if (known === undefined)
      throw new Misuse(`--by: '${name}' is nothing to count by`, `write ${COUNTED_BY.join(', ')}`);
    return known;
  });
}
