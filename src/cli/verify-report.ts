/** A report of `checkrd verify` for people. */
import { boundedText } from '../core/audit/text.js';
import type { Report } from '../core/verify/findings.js';
import { reportText } from '../core/verify/report-text.js';
import { painter } from './colour.js';
import type { CliIo } from './io.js';

/** Names and details come from files that somebody else may have written: nothing of them reaches a terminal raw. */
const LINE_MAX_BYTES = 4096;
const COLOURS = { tampered: 'red', intact: 'green', cannot_say: 'yellow' } as const;

/** @param witness What a witness signed of the log, if it is held against that. */
export function printReport(report: Report, witness: string | null, io: CliIo): void {
  const say = (text: string): void => io.out(boundedText(text, LINE_MAX_BYTES));
  const { findings, notes, facts, verdict } = reportText(report, 'give the key you pinned with --key');
  for (const line of [...findings, ...notes]) say(line);
  for (const [name, text] of facts) say(`${name.padEnd(8)}${text}`);
  if (witness !== null) say(`witness ${witness}`);
  io.out(painter(io)(COLOURS[report.verdict], verdict));
}
