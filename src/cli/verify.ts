/**
 * `checkrd verify`: is this log what was written, as far as its files and a key can tell?
 *
 * Exit codes fail closed. 0 is said only when everything is in order and a pinned key signed it: without a key anybody who
 * can write the file could have written all of it anew, so a consistent log is 2, "cannot say", with a loud line. A torn
 * end is 2 as well: a crash and a cut look alike. 1 is any trace of tampering. Lines after the last checkpoint (a second's
 * worth in a log being written) do not change the code; `signed` says where signing ends.
 */
import { resolve } from 'node:path';
import { boundedText } from '../core/audit/text.js';
import type { Finding, Report, Verdict } from '../core/verify/findings.js';
import { Misuse, readArgs } from './args.js';
import { painter } from './colour.js';
import { expectedEnd, isOfLog } from './expected-end.js';
import { type CliIo, type Command, EXIT } from './io.js';
import { logKeys } from './log-keys.js';
import { groupFiles, verifyFiles } from './verify-files.js';

export const verify: Command = {
  name: 'verify',
  summary: 'say whether an audit log is what was written',
  usage: `
usage: checkrd verify [--key KEY] [--expect SIZE:ROOT | --expect @NOTE --witness VKEY] [--json] FILE...

Reads the files of a log in any order and says how far it is intact, how far it is signed and by which keys, whether its
end is attested, and names the first bad line and what is wrong with it.

--key     the log's public key, or the path of its .pub file, obtained before any intrusion; without it
          trust/log/*.pub of the configuration directory are used, and without those the origin is unproven
--expect  a size and root kept elsewhere (hexadecimal or base64), or after @ the path of a note that a witness has
          signed: finds a shortened end
--witness the witness's key, as \`checkrd witness --vkey\` prints it, or the path of a file with one a line

exit: 0 intact and signed by a pinned key, 1 tampered, 2 cannot say (no key, no signature, a torn end), 64 misuse`,
  async run(args, io) {
    const given = readArgs(args, {
      texts: ['key', 'expect', 'witness'],
      words: { min: 1, max: Number.MAX_SAFE_INTEGER, what: 'at least one file of the log' },
    });
    const end = expectedEnd(given, io);
    const { expect } = end;
    const keys = logKeys(given.text('key'), io);
    const logs = groupFiles(given.words.map(word => resolve(io.cwd, word)));
    if (expect !== null && logs.length > 1)
      throw new Misuse('--expect speaks of one log, and the files are of several');
    isOfLog(end, logs[0]?.origin);
    const reports = logs.map(log => verifyFiles(log, { keys, expect }));
    const verdict = worst(reports);
    if (given.on('json')) io.out(JSON.stringify({ verdict, logs: reports }));
    else if (reports.length === 0) io.out('no record in these files: cannot say');
    else for (const report of reports) print(report, io);
    return { intact: EXIT.ok, tampered: EXIT.no, cannot_say: EXIT.unknown }[verdict];
  },
};

function worst(reports: readonly Report[]): Verdict {
  const verdicts = reports.map(report => report.verdict);
  if (verdicts.includes('tampered')) return 'tampered';
  return verdicts.length === 0 || verdicts.includes('cannot_say') ? 'cannot_say' : 'intact';
}

/** Names and details come from files that somebody else may have written: nothing of them reaches a terminal raw. */
const LINE_MAX_BYTES = 4096;

function print(report: Report, io: CliIo): void {
  const paint = painter(io);
  const say = (text: string): void => io.out(boundedText(text, LINE_MAX_BYTES));
  for (const finding of report.findings) say(sentence(finding));
  const unsaid = report.findingCount - report.findings.length;
  if (unsaid > 0) say(`… and ${unsaid} more`);
  for (const note of report.notes) say(`${placeOf(note)}note: ${note.detail}`);
  say(`log     ${report.origin}`);
  if (report.firstSeq > 0) say(`begins  at record ${report.firstSeq}; earlier files were not given`);
  say(`intact  up to ${report.intactTo} of ${report.size} records`);
  const by = report.keyIds.length > 0 ? ` by ${report.keyIds.join(', ')}` : '';
  say(report.signedTo > report.firstSeq ? `signed  up to ${report.signedTo}${by}` : 'signed  no record');
  say(`end     ${endOf(report)}`);
  if (report.root !== null) say(`head    ${report.size}:${report.root}`);
  io.out(verdictLine(report, paint));
}

const placeOf = ({ place }: Finding): string => (place ? `${place.file}:${place.line}: ` : '');
const sentence = (finding: Finding): string => `${placeOf(finding)}${finding.code}: ${finding.detail}`;

function endOf({ attestedTo, size }: Report): string {
  if (attestedTo === null) return 'not attested';
  return attestedTo === size ? 'attested' : `attested up to ${attestedTo}; ${size - attestedTo} records came later`;
}

function verdictLine(report: Report, paint: ReturnType<typeof painter>): string {
  if (report.verdict === 'tampered') return paint('red', 'TAMPERED');
  if (report.verdict === 'intact') return paint('green', 'INTACT');
  if (report.findingCount > 0) return paint('yellow', 'CANNOT SAY: the end is torn, or cannot be compared');
  if (report.signedTo === report.firstSeq) return paint('yellow', 'CANNOT SAY: consistent, and nothing is signed');
  return paint('yellow', 'CANNOT SAY: consistent, origin unproven (give the key you pinned with --key)');
}
