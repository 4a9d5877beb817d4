/** RFC 3339 date-times, strictly (section 5.6): what JavaScript's own parser takes besides is refused. */

/**
 * Milliseconds since 1970-01-01T00:00:00Z, fractions below one cut off; null when `text` is no RFC 3339 date-time.
 * A leap second counts as the last millisecond before the next minute.
 */
export function rfc3339Ms(text: string): number | null {
  const year = digits(text, 0, 4);
  const month = digits(text, 5, 2);
  const day = digits(text, 8, 2);
  const hour = digits(text, 11, 2);
  const minute = digits(text, 14, 2);
  const second = digits(text, 17, 2);
  if ((year | month | day | hour | minute | second) < 0) return null;
  const t = text[10];
  if (text[4] !== '-' || text[7] !== '-' || (t !== 'T' && t !== 't') || text[13] !== ':' || text[16] !== ':')
    return null;
  if (month < 1 || month > 12 || day < 1 || day > daysIn(year, month)) return null;
  if (hour > 23 || minute > 59 || second > 60) return null;

  let at = 19;
  let ms = 0;
  if (text[at] === '.') {
    let unit = 100;
    const first = ++at;
    for (let d = digits(text, at, 1); d >= 0; d = digits(text, ++at, 1)) {
      ms += d * unit;
      unit = Math.trunc(unit / 10);
    }
    if (at === first || at - first > FRACTION_MAX_DIGITS) return null;
  }
  const offset = offsetMinutes(text, at);
  if (offset === null) return null;
  const leap = second === 60;
  const minutes = (daysFromEpoch(year, month, day) * 24 + hour) * 60 + minute - offset;
  return minutes * 60_000 + (leap ? 59_999 : second * 1000 + ms);
}

const FRACTION_MAX_DIGITS = 18;

/** The number that `count` digits at `at` stand for, -1 when they are none. */
function digits(text: string, at: number, count: number): number {
  let value = 0;
  for (let i = at; i < at + count; i++) {
    const d = text.charCodeAt(i) - 0x30;
    if (!(d >= 0 && d <= 9)) return -1;
    value = value * 10 + d;
  }
  return value;
}

/** East of UTC; the offset must end the text. */
function offsetMinutes(text: string, at: number): number | null {
  const sign = text[at];
  if (sign === 'Z' || sign === 'z') return text.length === at + 1 ? 0 : null;
  const hour = digits(text, at + 1, 2);
  const minute = digits(text, at + 4, 2);
  if ((sign !== '+' && sign !== '-') || text[at + 3] !== ':' || text.length !== at + 6) return null;
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59) return null;
  return (sign === '-' ? -1 : 1) * (hour * 60 + minute);
}

function daysIn(year: number, month: number): number {
  if (month === 2) return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

/** Proleptic Gregorian days since 1970-01-01, years beginning in March so that a leap day is the last. */
function daysFromEpoch(year: number, month: number, day: number): number {
  const y = month > 2 ? year : year - 1;
  const era = Math.floor(y / 400);
  const yearOfEra = y - era * 400;
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1;
  return (
    era * 146_097 + yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear - 719_468
  );
}
