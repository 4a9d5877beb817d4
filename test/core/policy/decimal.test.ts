import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readDecimal, safeInteger } from '#src/core/policy/decimal.js';

const read: readonly (readonly [source: string, negative: boolean, digits: string, pointExponent: number])[] = [
  ['0', false, '', 0],
  ['-0', false, '', 0],
  ['0.000e5', false, '', 0],
  ['1', false, '1', 1],
  ['1.0', false, '1', 1],
  ['10e-1', false, '1', 1],
  ['50000', false, '5', 5],
  ['6e4', false, '6', 5],
  ['60000.0', false, '6', 5],
  ['-12.50', true, '125', 2],
  ['0.00120', false, '12', -2],
  ['+.5', false, '5', 0],
  ['5.', false, '5', 1],
  ['1e100000', false, '1', 100_001],
  ['-0.01e-100000', true, '1', -100_001],
  ['9007199254740993', false, '9007199254740993', 16],
  ['1e-0000000005', false, '1', -4],
];
for (const [source, negative, digits, pointExponent] of read) {
  test(`decimal ${source}`, () => {
    assert.deepEqual(readDecimal(source), { ok: true, value: { negative, digits, pointExponent } });
  });
}

const refused: readonly (readonly [source: string, why: string])[] = [
  ['', 'form'],
  ['.', 'form'],
  ['1e', 'form'],
  ['0x10', 'form'],
  ['1_000', 'form'],
  ['Infinity', 'form'],
  ['1e100001', 'exponent'],
  ['0e100001', 'exponent'],
  ['1e-99999999999999999999', 'exponent'],
  ['1'.repeat(1025), 'digits'],
];
for (const [source, why] of refused) {
  test(`decimal refuses ${source.slice(0, 24)}`, () => {
    assert.deepEqual(readDecimal(source), { ok: false, why });
  });
}

test('1,024 significant digits are read, and zeros around them do not count', () => {
  assert.ok(readDecimal(`000${'1'.repeat(1024)}000`).ok);
});

test('only integers that a double holds exactly are safe', () => {
  const integer = (source: string): number | null => {
    const reading = readDecimal(source);
    return reading.ok ? safeInteger(reading.value) : null;
  };
  assert.equal(integer('60'), 60);
  assert.equal(integer('6e1'), 60);
  assert.equal(integer('-3'), -3);
  assert.equal(integer('0'), 0);
  assert.equal(integer('1.5'), null);
  assert.equal(integer('9007199254740991'), Number.MAX_SAFE_INTEGER);
  assert.equal(integer('9007199254740992'), null);
  assert.equal(integer('1e99999'), null);
});
