/** Reports as elements. What stands in a log is text and never markup, bounded and without control characters. */
import { boundedText } from '../core/audit/text.js';
import type { Report } from '../core/verify/findings.js';
import { reportText, worstVerdict } from '../core/verify/report-text.js';

/** As `checkrd verify` prints it. */
const LINE_MAX_BYTES = 4096;
const HOW_TO_PIN = 'give the key you pinned';
const EXPLAINED = {
  intact: 'Nothing is wrong with it, and a key you gave signed it, as far as “signed” says.',
  tampered: 'The files are not what was written. The first finding names the first bad line.',
  cannot_say: 'This proves nothing either way.',
} as const;

export function reportElements(reports: readonly Report[]): readonly HTMLElement[] {
  if (reports.length === 0) return [verdict('cannot_say', 'CANNOT SAY: there is no record in these files')];
  const several = reports.length > 1;
  const all = several ? [element('p', `${reports.length} logs, each judged by itself; the worst is:`)] : [];
  const worst = reports.find(report => report.verdict === worstVerdict(reports)) as Report;
  if (several) all.push(verdict(worst.verdict, reportText(worst, HOW_TO_PIN).verdict));
  return [...all, ...reports.map(one => oneReport(one))];
}

function oneReport(report: Report): HTMLElement {
  const section = document.createElement('section');
  const text = reportText(report, HOW_TO_PIN);
  section.append(verdict(report.verdict, text.verdict));
  const facts = document.createElement('dl');
  for (const [name, value] of text.facts) facts.append(element('dt', name), element('dd', value));
  section.append(facts);
  if (text.findings.length > 0) section.append(element('h3', `Findings (${report.findingCount})`), list(text.findings));
  if (text.notes.length > 0) section.append(element('h3', 'Notes'), list(text.notes));
  if (report.attestedTo === null)
    section.append(
      element(
        'p',
        'The end is not attested: a shortened log looks just like this. Give a head kept elsewhere.',
        'hint',
      ),
    );
  return section;
}

function verdict(which: Report['verdict'], text: string): HTMLElement {
  const box = element('div', '', `verdict ${which}`);
  box.append(element('strong', text), element('span', EXPLAINED[which]));
  return box;
}

function list(lines: readonly string[]): HTMLElement {
  const items = document.createElement('ol');
  for (const line of lines) items.append(element('li', line));
  return items;
}

export function element(tag: string, text: string, className = ''): HTMLElement {
  const made = document.createElement(tag);
  made.textContent = boundedText(text, LINE_MAX_BYTES);
  if (className !== '') made.className = className;
  return made;
}
