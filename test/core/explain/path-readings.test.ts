import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pathReadings } from '#src/core/explain/path-readings.js';

const CASES: readonly (readonly [path: string, readings: readonly (readonly [string, string, string | null])[]])[] = [
  ['/v1/charges', [['abd', 'v1|charges', '/v1/charges']]],
  ['/', [['abd', '', '/']]],
  [
    '/v1%2Fcharges',
    [
      ['a', 'v1/charges', null],
      ['bd', 'v1|charges', '/v1/charges'],
    ],
  ],
  [
    '/a//b/',
    [
      ['a', 'a||b', null],
      ['bd', 'a|b', '/a/b'],
    ],
  ],
  [
    '/a/%252e%252e/b',
    [
      ['abd', 'a|%2e%2e|b', null],
      ['c', 'b', '/b'],
    ],
  ],
  [
    '/a;x/b',
    [
      ['ab', 'a;x|b', '/a%3Bx/b'],
      ['d', 'a|b', '/a/b'],
    ],
  ],
];

for (const [path, wanted] of CASES) {
  test(`readings of ${path}`, () => {
    const readings = pathReadings(path)?.map(r => [r.letters, r.segments.join('|'), r.alone]);
    assert.deepEqual(readings, wanted);
  });
}

test('a path that cannot be read has none', () => {
  for (const path of ['/%', '/%ff', '/%00', '/a/%zz']) assert.equal(pathReadings(path), null);
});
