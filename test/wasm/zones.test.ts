/** Offsets of named zones, against Intl's own wall clock by another way, and against Python's zone data. T-55 of THREAT-MODEL.md. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { zoneNames } from '#src/core/policy/zone-names.js';
import { knowsZone, offsetAt, ZoneClock } from '#src/wasm/zones.js';
import { SWITCHES, ZONES } from '../support/zones.js';

/** `2026-03-29 03:00:00` in the zone, as Intl writes it. */
function wall(zone: string, ms: number): string {
  return new Date(ms).toLocaleString('sv-SE', { timeZone: zone });
}

/** The same, from an offset. */
function shifted(seconds: number | null, ms: number): string {
  assert.ok(seconds !== null);
  return new Date(ms + seconds * 1000).toISOString().slice(0, 19).replace('T', ' ');
}

test('every name of the language is in the zone data of this Node', () => {
  const unknown = [...zoneNames()].filter(name => !knowsZone(name));
  // Coyhaique came with 2025b; a Node that is older has not heard of it, and says so when it loads a policy.
  assert.deepEqual(
    unknown.filter(name => name !== 'America/Coyhaique'),
    [],
  );
  assert.ok(zoneNames().size > 590);
});

test('every zone that Intl lists is a name of the language', () => {
  const names = zoneNames();
  const listed = Intl.supportedValuesOf('timeZone').filter(name => name !== 'UTC' && !names.has(name));
  assert.deepEqual(listed, []);
});

for (const [zone, instants] of Object.entries(SWITCHES)) {
  for (const instant of instants) {
    test(`${zone}, the second of the switch at ${instant}`, () => {
      const at = Date.parse(instant);
      const before = offsetAt(zone, at - 1);
      const after = offsetAt(zone, at);
      assert.notEqual(before, after);
      for (const ms of [at - 86_400_000, at - 1000, at - 1, at, at + 999, at + 86_400_000]) {
        assert.equal(shifted(offsetAt(zone, ms), ms), wall(zone, ms));
        assert.equal(offsetAt(zone, ms), ms < at ? before : after);
      }
    });
  }
}

test('a clock that is kept for a minute is right at the very millisecond of each switch, forwards and backwards', () => {
  const names = [...ZONES, null];
  const view = new DataView(new ArrayBuffer(names.length * 4));
  const clock = new ZoneClock(names);
  const check = (ms: number): void => {
    clock.write(view, 0, ms);
    ZONES.forEach((zone, i) => {
      assert.equal(view.getInt32(i * 4, true), offsetAt(zone, ms), `${zone} at ${ms}`);
    });
    assert.equal(view.getInt32(ZONES.length * 4, true), 0);
  };
  for (const instant of Object.values(SWITCHES).flat()) {
    const at = Date.parse(instant);
    for (const ms of [at - 60_001, at - 60_000, at - 1, at, at + 1, at + 59_999, at + 60_000, at - 1, at]) check(ms);
  }
});

test('a switch within a minute, as long ago: right on either side of its second', () => {
  // Berlin left its local mean time, 53 minutes and 28 seconds, at the end of March 1893.
  const at = Date.parse('1893-03-31T23:06:32Z');
  assert.deepEqual([offsetAt('Europe/Berlin', at - 1), offsetAt('Europe/Berlin', at)], [3208, 3600]);
  const view = new DataView(new ArrayBuffer(4));
  const clock = new ZoneClock(['Europe/Berlin']);
  for (const [ms, seconds] of [
    [at - 20_000, 3208],
    [at - 1, 3208],
    [at, 3600],
    [at - 1, 3208],
    [at + 20_000, 3600],
  ] as const) {
    clock.write(view, 0, ms);
    assert.equal(view.getInt32(0, true), seconds);
  }
});

test('a time before our era, an unknown zone, no time', () => {
  const ancient = -1e14;
  assert.equal(offsetAt('Europe/Berlin', ancient), 3208);
  assert.equal(offsetAt('Europe/Atlantis', 0), null);
  assert.equal(offsetAt('Europe/Berlin', Number.NaN), null);
  assert.equal(offsetAt('Europe/Berlin', 8.64e15 + 1), null);
  const view = new DataView(new ArrayBuffer(8));
  new ZoneClock(['Europe/Atlantis', 'Europe/Berlin']).write(view, 0, 0);
  assert.deepEqual([view.getInt32(0, true), view.getInt32(4, true)], [0x7fffffff, 3600]);
});

const PYTHON = `
import sys, zoneinfo, datetime
for zone in sys.argv[1].split(","):
    z = zoneinfo.ZoneInfo(zone)
    for s in range(946684800, 1735689600, 29 * 3607):
        t = datetime.datetime.fromtimestamp(s, z)
        print(zone, s, int(t.utcoffset().total_seconds()))
`;

test('twenty-five years of eight zones agree with Python', t => {
  const { status, stdout, error } = spawnSync('python3', ['-c', PYTHON, ZONES.join(',')], {
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  });
  if (error !== undefined || status !== 0) return t.skip('no python3 with zone data on this machine');
  const lines = stdout.trim().split('\n');
  assert.ok(lines.length > 50_000);
  for (const line of lines) {
    const [zone = '', seconds, offset] = line.split(' ');
    assert.equal(offsetAt(zone, Number(seconds) * 1000), Number(offset), line);
  }
});
