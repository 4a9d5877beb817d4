/** What a verification says, in the words of every face: the command and the page. Nothing of it is made safe to show. */
import type { Finding, Report } from './findings.js';

export interface ReportText {
  /** In the order of the lines. */
  readonly findings: readonly string[];
  readonly notes: readonly string[];
  /** Name and what it is. */
  readonly facts: readonly (readonly [name: string, text: string])[];
  readonly verdict: string;
}

/** @param howToPin How this face is given a key. */
export function reportText(report: Report, howToPin: string): ReportText {
  const { origin, firstSeq, intactTo, signedTo, size, root, keyIds } = report;
  const findings = report.findings.map(sentence);
  const unsaid = report.findingCount - report.findings.length;
  if (unsaid > 0) findings.push(`… and ${unsaid} more`);
  const facts: [string, string][] = [['log', origin]];
  if (firstSeq > 0) facts.push(['begins', `at record ${firstSeq}; earlier files were not given`]);
  facts.push(['intact', `up to ${intactTo} of ${size} records`]);
  const by = keyIds.length > 0 ? ` by ${keyIds.join(', ')}` : '';
  facts.push(['signed', signedTo > firstSeq ? `up to ${signedTo}${by}` : 'no record']);
  if (report.endorsed !== null) {
    const { by: identity, proven } = report.endorsed;
    facts.push(['of', `identity ${identity}${proven ? '' : ' by its own word; --identity would prove it'}`]);
  }
  facts.push(['end', endOf(report)]);
  if (root !== null) facts.push(['head', `${size}:${root}`]);
  const notes = report.notes.map(note => `${placeOf(note)}note: ${note.detail}`);
  return { findings, notes, facts, verdict: verdictOf(report, howToPin) };
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

function verdictOf({ verdict, findingCount, signedTo, firstSeq }: Report, howToPin: string): string {
  if (verdict === 'tampered') return 'TAMPERED';
  if (verdict === 'intact') return 'INTACT';
  if (findingCount > 0) return 'CANNOT SAY: the end is torn, or something cannot be compared';
  if (signedTo === firstSeq) return 'CANNOT SAY: consistent, and nothing is signed';
  return `CANNOT SAY: consistent, origin unproven (${howToPin})`;
}

/** Of several logs the worst; of none, nothing can be said. */
export function worstVerdict(reports: readonly Report[]): Report['verdict'] {
  const verdicts = reports.map(report => report.verdict);
  if (verdicts.includes('tampered')) return 'tampered';
  return verdicts.length === 0 || verdicts.includes('cannot_say') ? 'cannot_say' : 'intact';
}
