/**
 * Time windows and zones (the language, section 3.5). Local arithmetic is the engine's.
 */
import type { TimeWindow } from './checked.js';
import { flawed, good, type Parsed, quoted } from './issue-list.js';
import { nearest } from './suggest.js';
import { zoneNames } from './zone-names.js';

const WINDOW = /^([0-9]{2}):([0-9]{2})-([0-9]{2}):([0-9]{2})$/;
const OFFSET = /^([+-])([0-9]{2}):([0-9]{2})$/;
const DAY_MINUTES = 1440;

/** `HH:MM-HH:MM` as minutes; an end of `00:00` is that of `24:00`. */
export function parseWindow(kind: TimeWindow['kind'], text: string): Parsed<Omit<TimeWindow, 'days'>> {
  const parts = WINDOW.exec(text);
  const start = parts === null ? null : minuteOfDay(parts[1], parts[2]);
  const end = parts === null ? null : minuteOfDay(parts[3], parts[4]);
  if (start === null || end === null) {
    return flawed('time_invalid', `${quoted(text)} is not a time window`, 'write it as "09:00-17:00"');
  }
  if (start === DAY_MINUTES) {
    return flawed('time_invalid', 'a window cannot begin at 24:00', 'write 00:00; 24:00 is only an end');
  }
  if (start === end) {
    return flawed(
      'time_invalid',
      'both ends of the window are the same',
      'for a whole day write "00:00-24:00", or leave the window out',
    );
  }
  return good({ kind, startMinute: start, endMinute: end === 0 ? DAY_MINUTES : end });
}

/** Minutes east of UTC, or the name of a zone as IANA spells it. Whether this machine knows that zone is the host's question. */
export function parseZone(text: string): Parsed<number | string> {
  if (text === 'UTC' || text === 'utc') return good(0);
  const parts = OFFSET.exec(text);
  if (parts !== null) {
    const minutes = minuteOfDay(parts[2], parts[3]);
    if (minutes !== null && minutes < DAY_MINUTES) return good(parts[1] === '-' && minutes > 0 ? -minutes : minutes);
  }
  if (zoneNames().has(text)) return good(text);
  return flawed('time_invalid', `${quoted(text)} is not a time zone`, zoneSuggestion(text));
}

function zoneSuggestion(text: string): string {
  const plain = text.trim().toLowerCase().replaceAll(' ', '_');
  if (plain === 'utc') return 'did you mean `UTC`?';
  const names = [...zoneNames()];
  const lower = names.map(name => name.toLowerCase());
  const exact = lower.indexOf(plain);
  const place = exact >= 0 ? exact : lower.findIndex(name => name.endsWith(`/${plain}`));
  const meant = names[place] ?? nearest(plain, names);
  if (meant !== null) return `did you mean \`${meant}\`?`;
  return 'use a name such as `Europe/Berlin`, `UTC`, or an offset such as "+01:00"';
}

/** Up to 24:00, which is 1440. */
function minuteOfDay(hours = '', minutes = ''): number | null {
  const h = Number(hours);
  const m = Number(minutes);
  return m > 59 || h > 24 || (h === 24 && m > 0) ? null : h * 60 + m;
}
