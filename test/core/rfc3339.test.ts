import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { rfc3339Ms } from '#src/core/time/rfc3339.js';

test('what Date writes is read back', () => {
  fc.assert(
    fc.property(
      fc.date({ min: new Date('0000-01-01T00:00:00Z'), max: new Date('9999-12-31T23:59:59Z'), noInvalidDate: true }),
      d => {
        assert.equal(rfc3339Ms(d.toISOString()), d.getTime());
      },
    ),
  );
});

const read: readonly (readonly [text: string, same: string])[] = [
  ['2026-01-07t12:00:00z', '2026-01-07T12:00:00.000Z'],
  ['2026-01-07T12:00:00-01:30', '2026-01-07T13:30:00.000Z'],
  ['2026-01-07T12:00:00.123456789Z', '2026-01-07T12:00:00.123Z'],
  ['2016-12-31T23:59:60Z', '2016-12-31T23:59:59.999Z'],
  ['2024-02-29T00:00:00Z', '2024-02-29T00:00:00.000Z'],
];
for (const [text, same] of read) {
  test(`${text} is ${same}`, () => assert.equal(rfc3339Ms(text), Date.parse(same)));
}

for (const text of [
  '2026-01-07',
  '2026-01-07T12:00:00',
  '2026-01-07 12:00:00Z',
  '2026-02-29T00:00:00Z',
  '1900-02-29T00:00:00Z',
  '2026-13-01T00:00:00Z',
  '2026-01-00T00:00:00Z',
  '2026-01-01T24:00:00Z',
  '2026-01-01T00:60:00Z',
  '2026-01-01T00:00:61Z',
  '2026-01-01T00:00:00.Z',
  '2026-01-01T00:00:00+24:00',
  '2026-01-01T00:00:00+0100',
  ' 2026-01-01T00:00:00Z',
  'Wed, 07 Jan 2026 12:00:00 GMT',
]) {
  test(`'${text}' is no RFC 3339 date-time`, () => assert.equal(rfc3339Ms(text), null));
}
