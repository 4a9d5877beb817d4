import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BodyTest } from '#src/core/policy/checked.js';
import { ALLOW, BodyEngine, DENY, FALSE, FORM, LIMIT, TRUE, UNKNOWN } from '../../support/body-engine.js';
import { decimal, on, op } from '../../support/body-values.js';

const engine = await BodyEngine.make();

/** The value stands at `$.a`. */
type Row = readonly [name: string, test: BodyTest, value: string, expected: number];
const json: readonly Row[] = [
  ['exact string', { exact: op('x') }, '"x"', TRUE],
  ['exact string, escaped', { exact: op('x/é😀') }, '"\\u0078\\/\\u00e9\\ud83d\\ude00"', TRUE],
  ['no normalisation', { exact: op('é') }, '"e\\u0301"', FALSE],
  ['a lone surrogate is not U+FFFD', { exact: op('\ufffd') }, '"\\ud800"', FALSE],
  ['exact string, a longer one', { exact: op('x') }, '"xx"', FALSE],
  ['empty string', { exact: op('') }, '""', TRUE],
  ['NUL', { exact: op('a\0') }, '"a\\u0000"', TRUE],
  ['1 is 1.0', { exact: op(1) }, '1.0', TRUE],
  ['1 is 10e-1', { exact: op(1) }, '10e-1', TRUE],
  ['0 is -0.0e9', { exact: op(0) }, '-0.0e9', TRUE],
  ['100 is 1E+2', { exact: op(100) }, '1E+2', TRUE],
  ['-1 is not 1', { exact: op(1) }, '-1', FALSE],
  ['past a double', { exact: { type: 'number', value: decimal('9007199254740993') } }, '9007199254740992', FALSE],
  ['number against numeric string', { exact: op(1) }, '"2"', UNKNOWN],
  ['number against a padded numeric string', { exact: op(1) }, '" +.5e3\\n"', UNKNOWN],
  ['number against other string', { exact: op(1) }, '"1x"', FALSE],
  ['numeric string against number', { exact: op('5.') }, '1', UNKNOWN],
  ['other string against number', { exact: op('five') }, '1', FALSE],
  ['boolean', { exact: op(true) }, 'true', TRUE],
  ['other boolean', { exact: op(true) }, 'false', FALSE],
  ['boolean against "true"', { exact: op(false) }, '"true"', UNKNOWN],
  ['"true" against boolean', { exact: op('true') }, 'false', UNKNOWN],
  ['boolean against "True"', { exact: op(true) }, '"True"', FALSE],
  ['null', { exact: op(null) }, 'null', TRUE],
  ['null against "null"', { exact: op(null) }, '"null"', FALSE],
  ['exact on object', { exact: op('x') }, '{}', FALSE],
  ['exact on array', { exact: op('x') }, '["x"]', FALSE],
  ['in', { in: [op('x'), op(2), op(null)] }, '2.0', TRUE],
  ['in: true beats unknown', { in: [op('2'), op(2)] }, '2', TRUE],
  ['in: unknown', { in: [op('3'), op(2)] }, '5', UNKNOWN],
  ['in: none', { in: [op('x'), op('y')] }, '"z"', FALSE],
  ['not_in: listed', { notIn: [op('x')] }, '"x"', FALSE],
  ['not_in: not listed', { notIn: [op('x')] }, '"y"', TRUE],
  ['not_in: another type', { notIn: [op('x')] }, '1', UNKNOWN],
  ['not_in: object', { notIn: [op('x')] }, '{}', UNKNOWN],
  ['not_in: numeric string', { notIn: [op(1), op('x')] }, '"2"', UNKNOWN],
  ['not_in: null is a type', { notIn: [op('x')] }, 'null', UNKNOWN],
  ['min, equal', { min: decimal('5.50') }, '55e-1', TRUE],
  ['min, below', { min: decimal('5.5') }, '5.49999999999999999999999999', FALSE],
  ['min, negative', { min: decimal('-5') }, '-5.1', FALSE],
  ['min, zero', { min: decimal('0') }, '-0.0', TRUE],
  ['max, equal', { max: decimal('5') }, '5', TRUE],
  ['max, above', { max: decimal('5') }, '5.00001', FALSE],
  ['max, huge', { max: decimal('5') }, '1e99999', FALSE],
  ['min and max', { min: decimal('1'), max: decimal('3') }, '2', TRUE],
  ['min on a string', { min: decimal('1') }, '"5"', UNKNOWN],
  ['max on null', { max: decimal('1') }, 'null', UNKNOWN],
  ['prefix', { prefix: 'ab' }, '"abc"', TRUE],
  ['prefix, escaped', { prefix: 'ab' }, '"\\u0061bc"', TRUE],
  ['prefix, shorter value', { prefix: 'abc' }, '"ab"', FALSE],
  ['suffix', { suffix: 'bc' }, '"abc"', TRUE],
  ['suffix, escaped', { suffix: 'é' }, '"ab\\u00e9"', TRUE],
  ['suffix, longer', { suffix: 'abcd' }, '"bcd"', FALSE],
  ['contains', { contains: 'aab' }, '"aaaaabaa"', TRUE],
  ['contains, escaped', { contains: 'a"b' }, '"xa\\"by"', TRUE],
  ['contains, not', { contains: 'abab' }, '"abaabaabba"', FALSE],
  ['contains nothing', { contains: '' }, '""', TRUE],
  ['string operator on number', { prefix: '1' }, '12', UNKNOWN],
  ['false beats unknown', { exact: op('x'), min: decimal('1') }, '"y"', FALSE],
  ['unknown beats true', { exact: op('x'), min: decimal('1') }, '"x"', UNKNOWN],
  ['exists', { exists: true }, 'null', TRUE],
  ['no operator means exists', {}, '[]', TRUE],
  ['exists: false', { exists: false }, 'null', FALSE],
  ['1,024 digits', { min: decimal('1') }, '7'.repeat(1024), TRUE],
  ['1,025 digits', { exists: true }, '7'.repeat(1025), UNKNOWN],
  ['trailing zeros are not significant', { min: decimal('1') }, `1${'0'.repeat(5000)}`, TRUE],
  ['leading zeros are not significant', { max: decimal('1') }, `0.${'0'.repeat(5000)}1`, TRUE],
  ['zeros between are', { exists: true }, `1${'0'.repeat(1030)}1`, UNKNOWN],
  ['exponent 100000', { min: decimal('1') }, '1e100000', TRUE],
  ['exponent 100001', { min: decimal('1') }, '1e100001', UNKNOWN],
  ['exponent past 32 bits', { min: decimal('1') }, '1e-99999999999999999999', UNKNOWN],
];

for (const [name, given, value, expected] of json) {
  test(`JSON: ${name}`, () => {
    assert.deepEqual(engine.program([on(['a'], given)]).judge({ body: `{"a":${value}}` }), [expected]);
  });
}

const forms: readonly Row[] = [
  ['number', { exact: op(1) }, '1.0', TRUE],
  ['another number', { exact: op(1) }, '2', FALSE],
  ['number, escaped', { exact: op(1) }, '%31', TRUE],
  ['lenient number', { exact: op(1) }, '+1', UNKNOWN], // " 1"
  ['leading zero', { min: decimal('1') }, '01', UNKNOWN],
  ['no number', { exact: op(1) }, 'x', FALSE],
  ['min on no number', { min: decimal('1') }, 'x', UNKNOWN],
  ['min', { min: decimal('50000') }, '6e4', TRUE],
  ['oversized', { min: decimal('1') }, '1e100001', UNKNOWN],
  ['oversized is still a string', { exact: op('1e100001') }, '1e100001', TRUE],
  ['boolean', { exact: op(true) }, 'true', TRUE],
  ['no boolean', { exact: op(true) }, '1', FALSE],
  ['null', { exact: op(null) }, 'null', FALSE],
  ['string', { exact: op('1') }, '1', TRUE],
  ['string, not by value', { exact: op('1') }, '1.0', FALSE],
  ['plus is space', { exact: op('a b') }, 'a+b', TRUE],
  ['contains', { contains: 'a&b' }, 'xa%26b', TRUE],
  ['suffix', { suffix: 'é' }, 'x%C3%A9', TRUE],
  ['not_in', { notIn: [op('x')] }, '1', TRUE],
  ['not_in numbers', { notIn: [op(1)] }, '2', TRUE],
  ['not_in numbers, no number', { notIn: [op(1)] }, 'x', UNKNOWN],
  ['not_in numbers, lenient', { notIn: [op(1)] }, '01', UNKNOWN],
  ['not_in booleans', { notIn: [op(true)] }, 'false', TRUE],
];

for (const [name, given, value, expected] of forms) {
  test(`form: ${name}`, () => {
    assert.deepEqual(engine.program([on(['a'], given)]).judge({ body: `a=${value}`, type: FORM }), [expected]);
  });
}

test('no node and no body, for each effect', () => {
  const program = engine.program([
    on(['a'], { exists: false }),
    on(['a'], { exists: true }),
    on(['a'], { notIn: [op('x')] }),
    on(['a'], { notIn: [op('x')], prefix: 'y' }),
    on(['a'], { exact: op('x') }),
  ]);
  for (const effect of [ALLOW, DENY, LIMIT]) {
    const absent = effect === DENY ? TRUE : FALSE;
    assert.deepEqual(program.judge({ body: '{"b":1}' }, effect), [TRUE, FALSE, absent, FALSE, FALSE]);
    assert.deepEqual(program.judge({ body: '' }, effect), [TRUE, FALSE, FALSE, FALSE, FALSE]);
    assert.deepEqual(program.judge({ body: 'nul' }, effect), [1, 1, 1, 1, 1]);
  }
});

test('10,000 operands are told apart', () => {
  const all = Array.from({ length: 5000 }, (_, i) => [op(`s${i}`), op(i - 2500)]).flat();
  engine.program([on([], { in: all })]);
  for (const i of [0, 1, 17, 2499, 4999]) {
    assert.deepEqual(engine.judge({ body: `"s${i}"` }), [TRUE]);
    assert.deepEqual(engine.judge({ body: `${i - 2500}` }), [TRUE]);
  }
  assert.deepEqual(engine.judge({ body: '"s5000"' }), [FALSE]);
  assert.deepEqual(engine.judge({ body: '2500' }), [FALSE]);
});
