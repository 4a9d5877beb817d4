/**
 * Time windows and zones (the language, "Time"). Local arithmetic is the engine's.
 */
import type { TimeWindow } from './checked.js';
import { flawed, good, type Parsed, quoted } from './issue-list.js';

const WINDOW = /^([0-9]{2}):([0-9]{2})-([0-9]{2}):([0-9]{2})$/;
const OFFSET = /^([+-])([0-9]{2}):([0-9]{2})$/;
const AREA_AND_PLACE = /^[A-Za-z][A-Za-z_]*(?:\/[A-Za-z0-9_+-]+)+$/;
const DAY_MINUTES = 1440;

/** `HH:MM-HH:MM` as minutes; an end of `00:00` is that of `24:00`. */
export function parseWindow(kind: TimeWindow['kind'], text: string): Parsed<TimeWindow> {
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

/** Minutes east of UTC. Named zones other than UTC wait for a later version. */
export function parseZone(text: string): Parsed<number> {
  if (text === 'UTC' || text === 'utc') return good(0);
  const parts = OFFSET.exec(text);
  if (parts !== null) {
    const minutes = minuteOfDay(parts[2], parts[3]);
    if (minutes !== null && minutes < DAY_MINUTES) return good(parts[1] === '-' && minutes > 0 ? -minutes : minutes);
  }
  if (AREA_AND_PLACE.test(text)) {
    return flawed(
      'not_supported',
      `${quoted(text)}: named time zones are not in this version`,
      'use `UTC` or a fixed offset such as "+01:00"',
    );
  }
  const suggestion = text.toLowerCase() === 'utc' ? 'did you mean `UTC`?' : 'use `UTC` or an offset such as "+01:00"';
  return flawed('time_invalid', `${quoted(text)} is not a time zone that this version knows`, suggestion);
}

/** Up to 24:00, which is 1440. */
function minuteOfDay(hours = '', minutes = ''): number | null {
  const h = Number(hours);
  const m = Number(minutes);
  return m > 59 || h > 24 || (h === 24 && m > 0) ? null : h * 60 + m;
}
