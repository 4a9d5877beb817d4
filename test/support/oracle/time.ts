/** Windows of the local day, §3.5. Named zones by the local fields that Intl prints; offsets by arithmetic. */
import { all, is, type Three } from './three.js';

export interface TimeTest {
  readonly windows: readonly { readonly within: boolean; readonly start: number; readonly end: number }[];
  /** 0 is Monday; null: every day. */
  readonly days: ReadonlySet<number> | null;
  readonly zone: string;
}

interface Written {
  readonly within: string | null;
  readonly outside: string | null;
  readonly days: readonly string[] | null;
  readonly zone: string;
}

const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];

export function timeOf({ within, outside, days, zone }: Written): TimeTest | null {
  const windows = [
    ...(within === null ? [] : [{ within: true, ...hours(within) }]),
    ...(outside === null ? [] : [{ within: false, ...hours(outside) }]),
  ];
  if (windows.length === 0 && days === null) return null;
  // Alone, days are a window of whole days.
  if (windows.length === 0) windows.push({ within: true, start: 0, end: 1440 });
  return { windows, days: days === null ? null : new Set(days.flatMap(daysOf)), zone };
}

function hours(window: string): { start: number; end: number } {
  const [start = 0, end = 0] = window.split('-').map(time => {
    const [hour, minute] = time.split(':').map(Number);
    return hour! * 60 + minute!;
  });
  return { start, end };
}

/** `fri-mon` runs over the end of the week. */
function daysOf(text: string): readonly number[] {
  const [first, last = first] = text
    .toLowerCase()
    .split('-')
    .map(day => DAYS.indexOf(day)) as [number, number?];
  const days = [first];
  for (let day = first; day !== last; ) {
    day = (day + 1) % 7;
    days.push(day);
  }
  return days;
}

export function matchTime(test: TimeTest, nowMs: number): Three {
  const { day, minute } = localOf(nowMs, test.zone);
  const on = (d: number): boolean => test.days === null || test.days.has((d + 7) % 7);
  return all(
    test.windows.map(({ within, start, end }) => {
      const inside =
        start < end
          ? start <= minute && minute < end && on(day)
          : // Across midnight the day is that of the start.
            (start <= minute && on(day)) || (minute < end && on(day - 1));
      return is(inside === within);
    }),
  );
}

const FORMATS = new Map<string, Intl.DateTimeFormat>();

/** Day of the week (0 is Monday) and minute of the day. */
function localOf(nowMs: number, zone: string): { readonly day: number; readonly minute: number } {
  const offset = /^([+-])(\d\d):(\d\d)$/.exec(zone);
  if (offset !== null || /^utc$/i.test(zone)) {
    const [, sign, h, m] = offset ?? [];
    const east = (Number(h ?? 0) * 60 + Number(m ?? 0)) * (sign === '-' ? -1 : 1);
    const local = new Date(nowMs + east * 60_000);
    return { day: (local.getUTCDay() + 6) % 7, minute: local.getUTCHours() * 60 + local.getUTCMinutes() };
  }
  let format = FORMATS.get(zone);
  if (format === undefined) {
    const fields = { weekday: 'short', hour: '2-digit', minute: '2-digit' } as const;
    format = new Intl.DateTimeFormat('en-US', { ...fields, hourCycle: 'h23', timeZone: zone });
    FORMATS.set(zone, format);
  }
  const parts = new Map(format.formatToParts(nowMs).map(({ type, value }) => [type as string, value]));
  return {
    day: DAYS.indexOf(parts.get('weekday')!.toLowerCase()),
    minute: Number(parts.get('hour')) * 60 + Number(parts.get('minute')),
  };
}
