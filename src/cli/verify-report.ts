/** A report of `checkrd verify` for people. */
import { boundedText } from '../core/audit/text.js';
import type { Finding, Report } from '../core/verify/findings.js';
import { painter } from './colour.js';
import type { CliIo } from './io.js';

/** Names and details come from files that somebody else may have written: nothing of them reaches a terminal raw. */
const LINE_MAX_BYTES = 4096;

export function printReport(report: Report, io: CliIo): void {
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
  if (report.endorsed !== null) {
    const { by, proven } = report.endorsed;
    say(`of      identity ${by}${proven ? '' : ' by its own word; --identity would prove it'}`);
  }
  say(`end     ${endOf(report)}`);
  if (report.root !== null) say(`head    ${report.size}:${report.root}`);
  io.out(verdictLine(report, paint));
}

const placeOf = ({ place }: Finding): string => (place ? `${place.file}:${place.line}: ` : '');
const sentence = (finding: Finding): string => `${placeOf(finding)}${finding.code}: ${finding.detail}`;

function endOf({ attestedTo, attestedBy, size }: Report): string {
  if (attestedTo === null) return 'not attested';
  const by = attestedBy === '--expect' ? '' : ` by ${attestedBy}`;
  return attestedTo === size
    ? `attested${by}`
    : `attested up to ${attestedTo}${by}; ${size - attestedTo} records came later`;
}

function verdictLine(report: Report, paint: ReturnType<typeof painter>): string {
  if (report.verdict === 'tampered') return paint('red', 'TAMPERED');
  if (report.verdict === 'intact') return paint('green', 'INTACT');
  if (report.findingCount > 0) return paint('yellow', 'CANNOT SAY: the end is torn, or something cannot be compared');
  if (report.signedTo === report.firstSeq) return paint('yellow', 'CANNOT SAY: consistent, and nothing is signed');
  return paint('yellow', 'CANNOT SAY: consistent, origin unproven (give the key you pinned with --key)');
}
