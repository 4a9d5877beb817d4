/**
 * `days`: days of the week and ranges of them (the language, section 3.5).
 */
import type { ListNode } from '../json/tree.js';
import { LIST_MAX_STRINGS } from '../limits.js';
import { flawed, good, type IssueList, type Parsed, quoted } from './issue-list.js';
import { strings } from './strings.js';

const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
const LONG = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'] as const;
export const EVERY_DAY = 0x7f;

/** The days of `list` as bits, 0 being Monday; null after reporting. A day that is named twice is one day. */
export function readDays(issues: IssueList, list: ListNode): number | null {
  const texts = strings(issues, list, '`days`', LIST_MAX_STRINGS);
  if (texts === null) return null;
  let days = 0;
  let whole = true;
  texts.forEach((text, i) => {
    const bits = issues.take(list.items[i]!.at, parseDays(text));
    if (bits === null) whole = false;
    else days |= bits;
  });
  return whole ? days : null;
}

/** One day, or a range of days that may go past the end of the week. */
export function parseDays(text: string): Parsed<number> {
  if (text === '') return flawed('empty_value', 'a day of `days` is empty', 'write for example `mon` or `mon-fri`');
  const ends = text.split('-');
  const [from = -1, to = from] = ends.map(end => DAYS.indexOf(end as (typeof DAYS)[number]));
  if (ends.length > 2 || from < 0 || to < 0) {
    return flawed('time_invalid', `${quoted(text)} is no day of the week and no range of days`, suggestion(ends));
  }
  if (ends.length === 2 && from === to) {
    return flawed(
      'time_invalid',
      `both ends of the range ${quoted(text)} are the same day`,
      `write \`${DAYS[from]}\` for that day; for every day leave \`days\` out`,
    );
  }
  let bits = 1 << to;
  for (let day = from; day !== to; day = (day + 1) % 7) bits |= 1 << day;
  return good(bits);
}

/** The same in the right spelling where it can be guessed. */
function suggestion(ends: readonly string[]): string {
  const meant = ends.map(end => {
    const word = end.trim().toLowerCase();
    return DAYS.find((day, i) => word === day || (word.length > 3 && LONG[i]!.startsWith(word)));
  });
  if (meant.length <= 2 && meant.every(day => day !== undefined)) return `did you mean \`${meant.join('-')}\`?`;
  return `days are ${DAYS.map(day => `\`${day}\``).join(', ')}, and ranges such as \`mon-fri\``;
}
