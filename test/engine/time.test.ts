/** Windows, days and zones in the engine (the language, section 3.5). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseDays } from '#src/core/policy/days.js';
import { H } from '#src/core/policy/program/format.js';
import { both, decide, engineModule, type Loaded, load, policyOf, programOf, value } from '../support/engine.js';
import { SWITCHES, ZONES } from '../support/zones.js';

const URL = 'https://a.example/';
const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];

// 2026-01-07 was a Wednesday, 2026-01-11 a Sunday.
const cases: readonly (readonly [matcher: string, at: string, expected: string])[] = [
  ['{ days: [wed] }', '2026-01-07T00:00:00Z', 'T'],
  ['{ days: [wed] }', '2026-01-07T23:59:59.999Z', 'T'],
  ['{ days: [wed] }', '2026-01-08T00:00:00Z', 'F'],
  ['{ days: [wed] }', '2026-01-06T23:59:59.999Z', 'F'],
  ['{ days: [wed], timezone: "+01:00" }', '2026-01-06T23:00:00Z', 'T'],
  ['{ days: [wed], timezone: "-00:01" }', '2026-01-07T00:00:00Z', 'F'],
  ['{ days: [wed], timezone: Pacific/Kiritimati }', '2026-01-06T10:00:00Z', 'T'],
  ['{ days: [mon-fri] }', '2026-01-09T23:59:00Z', 'T'],
  ['{ days: [mon-fri] }', '2026-01-10T00:00:00Z', 'F'],
  ['{ days: [mon-fri] }', '2026-01-12T00:00:00Z', 'T'],
  ['{ days: [sat-mon] }', '2026-01-10T12:00:00Z', 'T'],
  ['{ days: [sat-mon] }', '2026-01-11T12:00:00Z', 'T'],
  ['{ days: [sat-mon] }', '2026-01-12T12:00:00Z', 'T'],
  ['{ days: [sat-mon] }', '2026-01-13T12:00:00Z', 'F'],
  ['{ days: [sat-mon] }', '2026-01-09T12:00:00Z', 'F'],
  ['{ days: [mon, mon, wed, mon-wed] }', '2026-01-06T12:00:00Z', 'T'],
  ['{ time_within: "09:00-17:00", days: [mon-fri] }', '2026-01-07T09:00:00Z', 'T'],
  ['{ time_within: "09:00-17:00", days: [mon-fri] }', '2026-01-07T17:00:00Z', 'F'],
  ['{ time_within: "09:00-17:00", days: [mon-fri] }', '2026-01-10T12:00:00Z', 'F'],
  // True at every other moment: the nights, and the weekend whole.
  ['{ time_outside: "09:00-17:00", days: [mon-fri] }', '2026-01-07T12:00:00Z', 'F'],
  ['{ time_outside: "09:00-17:00", days: [mon-fri] }', '2026-01-07T17:00:00Z', 'T'],
  ['{ time_outside: "09:00-17:00", days: [mon-fri] }', '2026-01-10T12:00:00Z', 'T'],
  // Across midnight the day is that of the start.
  ['{ time_within: "22:00-06:00", days: [fri] }', '2026-01-09T22:00:00Z', 'T'],
  ['{ time_within: "22:00-06:00", days: [fri] }', '2026-01-10T05:59:00Z', 'T'],
  ['{ time_within: "22:00-06:00", days: [fri] }', '2026-01-10T06:00:00Z', 'F'],
  ['{ time_within: "22:00-06:00", days: [fri] }', '2026-01-10T22:00:00Z', 'F'],
  ['{ time_within: "22:00-06:00", days: [fri] }', '2026-01-09T05:59:00Z', 'F'],
  ['{ time_within: "22:00-06:00", days: [fri] }', '2026-01-09T12:00:00Z', 'F'],
  ['{ time_within: "22:00-06:00", days: [sun] }', '2026-01-12T01:00:00Z', 'T'],
  ['{ time_within: "22:00-06:00", days: [sun] }', '2026-01-11T01:00:00Z', 'F'],
  ['{ time_within: "22:00-06:00", days: [mon] }', '2026-01-12T01:00:00Z', 'F'],
  ['{ time_within: "22:00-24:00", days: [fri] }', '2026-01-09T23:59:00Z', 'T'],
  ['{ time_within: "22:00-24:00", days: [fri] }', '2026-01-10T00:00:00Z', 'F'],
  ['{ time_outside: "22:00-06:00", days: [fri] }', '2026-01-10T05:59:00Z', 'F'],
  ['{ time_outside: "22:00-06:00", days: [fri] }', '2026-01-09T05:59:00Z', 'T'],
  // Both windows take the days.
  ['{ time_within: "08:00-18:00", time_outside: "12:00-13:00", days: [wed] }', '2026-01-07T12:30:00Z', 'F'],
  ['{ time_within: "08:00-18:00", time_outside: "12:00-13:00", days: [wed] }', '2026-01-07T13:30:00Z', 'T'],
  ['{ time_within: "08:00-18:00", time_outside: "12:00-13:00", days: [wed] }', '2026-01-08T13:30:00Z', 'F'],
  // Before 1970, and fractions of a second.
  ['{ days: [wed] }', '1969-12-31T23:59:59.999Z', 'T'],
  ['{ days: [thu] }', '1970-01-01T00:00:00Z', 'T'],
  ['{ time_within: "23:59-00:00" }', '1969-12-31T23:59:59.999Z', 'T'],
  ['{ time_within: "09:00-17:00", timezone: Europe/Berlin }', '2026-01-07T08:00:00Z', 'T'],
  ['{ time_within: "09:00-17:00", timezone: Europe/Berlin }', '2026-07-07T07:00:00Z', 'T'],
  ['{ time_within: "09:00-17:00", timezone: Europe/Berlin }', '2026-01-07T07:59:59.999Z', 'F'],
  ['{ time_within: "09:00-17:00", timezone: Asia/Kolkata }', '2026-01-07T03:30:00Z', 'T'],
  ['{ time_within: "09:00-17:00", timezone: EST }', '2026-07-07T13:59:00Z', 'F'],
  ['{ time_within: "09:00-17:00", timezone: Etc/GMT+5 }', '2026-07-07T14:00:00Z', 'T'],
];
for (const [matcher, at, expected] of cases) {
  test(`${matcher} at ${at}: ${expected}`, () => assert.equal(value(both(matcher), { url: URL, at }), expected));
}

test('a time that is none is UNKNOWN, in a named zone too', () => {
  for (const zone of ['UTC', 'Europe/Berlin']) {
    const pair = both(`{ time_within: "00:00-24:00", timezone: ${zone} }`);
    assert.equal(value(pair, { url: URL, at: 'never' }), 'U');
    assert.equal(value(pair, { url: URL, at: '2026-01-07T12:00:00Z' }), 'T');
  }
});

test('one policy, many zones: each rule by its own', () => {
  const loaded = load(
    `default: allow\nrules:\n${ZONES.map(
      (zone, i) =>
        `  - { name: r${i}, deny: { url: "z${i}.example", time_outside: "09:00-17:00", timezone: ${zone} } }\n`,
    ).join('')}  - { name: fixed, deny: { url: "f.example", time_outside: "09:00-17:00", timezone: "+03:00" } }\n`,
  );
  for (let hour = 0; hour < 24; hour++) {
    const at = new Date(Date.UTC(2026, 6, 7, hour)).toISOString();
    ZONES.forEach((zone, i) => {
      const local = Number(new Date(at).toLocaleTimeString('en-GB', { timeZone: zone }).slice(0, 2));
      const open = local >= 9 && local < 17;
      const said = decide(loaded, { url: `https://z${i}.example/`, at });
      assert.equal(said, open ? 'default_allowed' : `rule_denied r${i}`, `${zone} ${at}`);
    });
    const open = hour >= 6 && hour < 14;
    assert.equal(decide(loaded, { url: 'https://f.example/', at }), open ? 'default_allowed' : 'rule_denied fixed');
  }
});

type WallClock = (ms: number) => readonly [day: number, minute: number];

/** What a wall clock in the zone shows, as Intl prints it: the weekday from Monday, and the minute. */
function wallClockOf(zone: string): WallClock {
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone: zone,
    weekday: 'short',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  });
  return ms => {
    const [, day = '', hour, minute] = /^(\w{3})\D+(\d\d):(\d\d)$/.exec(format.format(ms)) ?? [];
    return [DAYS.indexOf(day.toLowerCase()), Number(hour) * 60 + Number(minute)];
  };
}

const WINDOWS: readonly (readonly [window: string, days: string | null])[] = [
  ['01:00-02:00', null],
  ['01:30-02:30', null],
  ['02:00-03:00', 'sun'],
  ['00:00-01:00', 'sun'],
  ['23:00-24:00', 'sat'],
  ['22:15-02:15', 'sat'],
  ['23:30-00:30', 'sun-tue'],
  ['00:00-24:00', 'wed-thu'],
  ['00:00-24:00', 'sat-mon'],
];

function holds(window: string, days: string | null, day: number, minute: number): boolean {
  const [start = 0, end = 0] = window.split('-').map(t => Number(t.slice(0, 2)) * 60 + Number(t.slice(3)));
  const on = (d: number): boolean => {
    if (days === null) return true;
    const [from = '', to = from] = days.split('-');
    const span = (DAYS.indexOf(to) - DAYS.indexOf(from) + 7) % 7;
    return (d - DAYS.indexOf(from) + 7) % 7 <= span;
  };
  if (start < end) return minute >= start && minute < end && on(day);
  return (minute >= start && on(day)) || (minute < end && on((day + 6) % 7));
}

for (const zone of ZONES) {
  test(`${zone}: each minute around its switches, as its wall clock says`, () => {
    const policies = WINDOWS.map(([window, days]) =>
      load(
        `default: allow\nrules:\n  - { name: r, deny: { time_within: "${window}", timezone: ${zone}${days === null ? '' : `, days: [${days}]`} } }\n`,
      ),
    );
    const wallClock = wallClockOf(zone);
    const seen = new Set<boolean>();
    for (const instant of SWITCHES[zone]) {
      const at = Date.parse(instant);
      for (let minute = -180; minute <= 180; minute++) {
        for (const ms of [at + minute * 60_000, at + minute * 60_000 - 1]) {
          const [day, local] = wallClock(ms);
          WINDOWS.forEach(([window, days], i) => {
            const expected = holds(window, days, day, local);
            seen.add(expected);
            const said = decide(policies[i]!, { url: URL, at: new Date(ms).toISOString() });
            assert.equal(said, expected ? 'rule_denied r' : 'default_allowed', `${window} ${days} ${ms}`);
          });
        }
      }
    }
    assert.equal(seen.size, 2);
  });
}

test('every day and every range of days', () => {
  for (let from = 0; from < 7; from++) {
    for (let to = 0; to < 7; to++) {
      if (from === to) continue;
      const parsed = parseDays(`${DAYS[from]}-${DAYS[to]}`);
      let bits = 0;
      for (let day = 0; day < 7; day++) if ((day - from + 7) % 7 <= (to - from + 7) % 7) bits |= 1 << day;
      assert.deepEqual(parsed, { ok: true, value: bits });
    }
    assert.deepEqual(parseDays(DAYS[from]!), { ok: true, value: 1 << from });
  }
});

const POLICY = `
default: allow
rules:
  - { name: r, deny: { time_within: "09:00-17:00", days: [mon], timezone: Europe/Berlin } }
  - { name: s, deny: { time_within: "09:00-17:00", timezone: "+01:00" } }
`;

/** Where word `k` of row `i` of a section stands. */
function cell(program: Uint8Array, head: number, width: number, i: number, k: number): number {
  return new DataView(program.buffer).getUint32(head * 4, true) + (i * width + k) * 4;
}

const spoilt: readonly (readonly [name: string, head: number, width: number, row: number, word: number, to: number])[] =
  [
    ['a third kind of window', H.windows, 4, 0, 0, 2],
    ['a start at 24:00', H.windows, 4, 0, 1, 1440],
    ['an end past 24:00', H.windows, 4, 0, 2, 1441],
    ['equal ends', H.windows, 4, 0, 2, 540],
    ['no days', H.windows, 4, 0, 3, 0],
    ['an eighth day', H.windows, 4, 0, 3, 128],
    ['a named zone with an offset', H.zones, 3, 0, 2, 3600],
    ['a name outside the texts', H.zones, 3, 0, 0, 4],
    ['a name that runs past the texts', H.zones, 3, 0, 1, 1 << 20],
    ['a name of no bytes', H.zones, 3, 0, 1, 0],
    ['a fixed zone that points somewhere', H.zones, 3, 1, 0, 200],
    ['an offset over 26 hours', H.zones, 3, 1, 2, 93_601],
    ['an offset under minus 26 hours', H.zones, 3, 1, 2, -93_601 >>> 0],
  ];
for (const [name, head, width, row, word, to] of spoilt) {
  test(`a program is refused: ${name}`, () => {
    const program = programOf(policyOf(POLICY)).slice();
    engineModule().instantiate(program, { inspectBytes: 16 });
    new DataView(program.buffer).setUint32(cell(program, head, width, row, word), to, true);
    assert.throws(() => engineModule().instantiate(program, { inspectBytes: 16 }), { code: 'engine_program_refused' });
  });
}

test('a zone that the host does not know is UNKNOWN: the name is another in the program', () => {
  const policy = policyOf('default: allow\nrules:\n  - { name: r, deny: { days: [mon], timezone: Europe/Berlin } }');
  const program = programOf(policy).slice();
  const text = Buffer.from(program.buffer).indexOf('Europe/Berlin');
  program[text + 12] = 0x78;
  const loaded: Loaded = { policy, engine: engineModule().instantiate(program, { inspectBytes: 16 }) };
  assert.equal(decide(loaded, { url: URL, at: '2026-01-07T12:00:00Z' }), 'rule_denied r ?');
});
