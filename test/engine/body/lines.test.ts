/** JSON Lines: which bodies they are, and what is said of several. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BodyTest, PathStep } from '#src/core/policy/checked.js';
import {
  ALLOW,
  BodyEngine,
  DENY,
  FALSE,
  FORM,
  type Given,
  JSON_TYPE,
  LIMIT,
  TRUE,
  UNKNOWN,
} from '../../support/body-engine.js';
import { decimal, on, op } from '../../support/body-values.js';
import { below, every } from '../../support/json-places.js';

const engine = await BodyEngine.make();
const LINES = 'application/x-ndjson';

/** Asked of each: is `$.a` the number 1? */
const bodies: readonly (readonly [name: string, given: Given, allow: number, deny: number])[] = [
  ['one line', { body: '{"a":1}', type: LINES }, TRUE, TRUE],
  ['one line, ended', { body: '{"a":1}\n', type: LINES }, TRUE, TRUE],
  ['two that match', { body: '{"a":1}\n{"a":1.0}', type: LINES }, TRUE, TRUE],
  ['one of two matches', { body: '{"a":1}\n{"a":2}\n', type: LINES }, FALSE, TRUE],
  ['a line without the node', { body: '{"a":1}\n{"b":1}\n', type: LINES }, FALSE, TRUE],
  ['no line with the node', { body: '{"b":1}\n[1]\n', type: LINES }, FALSE, FALSE],
  ['a line that cannot be judged', { body: '{"a":1}\n{"a":"1"}\n', type: LINES }, UNKNOWN, TRUE],
  ['CRLF', { body: '{"a":1}\r\n{"a":1}\r\n', type: LINES }, TRUE, TRUE],
  ['blank lines', { body: '\n \t\r\n{"a":1}\n\n\r\n{"a":1}\n\n', type: LINES }, TRUE, TRUE],
  ['a bad line', { body: '{"a":1}\n{"a":1\n', type: LINES }, UNKNOWN, UNKNOWN],
  ['a bad first line', { body: '{"a":1,}\n{"a":1}\n', type: LINES }, UNKNOWN, UNKNOWN],
  ['two values on a line', { body: '{"a":1} {"a":1}\n', type: LINES }, UNKNOWN, UNKNOWN],
  ['a carriage return is no line end', { body: '{"a":1}\r{"a":1}\n', type: LINES }, UNKNOWN, UNKNOWN],
  ['one value over two lines', { body: '{"a":\n1}', type: LINES }, UNKNOWN, UNKNOWN],
  ['a duplicate in one line', { body: '{"a":1}\n{"a":1,"b":1,"b":1}\n', type: LINES }, UNKNOWN, UNKNOWN],
  ['the same names in two lines', { body: '{"a":1,"b":1}\n{"a":1,"b":1}\n', type: LINES }, TRUE, TRUE],
  ['bad UTF-8 in a line', { body: Buffer.from('{"a":1}\n"\xff"\n', 'latin1'), type: LINES }, UNKNOWN, UNKNOWN],
  ['a byte order mark', { body: '\ufeff{"a":1}\n{"a":1}', type: LINES }, UNKNOWN, UNKNOWN],
  ['blank lines alone', { body: '\n\n', type: LINES }, UNKNOWN, UNKNOWN],
  ['zero bytes', { body: '', type: LINES }, FALSE, FALSE],
  ['charset', { body: '{"a":1}', type: `${LINES}; charset=latin1` }, UNKNOWN, UNKNOWN],
  ['encoded', { body: '{"a":1}', type: LINES, encoded: true }, UNKNOWN, UNKNOWN],

  ['no type, lines', { body: '{"a":1}\n{"a":2}', type: null }, FALSE, TRUE],
  ['no type, CRLF lines', { body: '{"a":1}\r\n{"a":1}\r\n', type: null }, TRUE, TRUE],
  ['another type, lines', { body: '{"a":1}\n{"a":2}', type: 'text/plain' }, FALSE, TRUE],
  ['another type, a bad line', { body: '{"a":1}\nx', type: 'text/plain' }, UNKNOWN, UNKNOWN],
  ['another type, blank lines first', { body: '\n{"a":1}\n{"a":2}', type: 'text/plain' }, FALSE, TRUE],
  ['another type, one value over lines', { body: '{\n"a":1\n}\n', type: 'text/plain' }, TRUE, TRUE],
  ['another type, one value and blank lines', { body: '\n{"a":1}\n\n', type: 'text/plain' }, TRUE, TRUE],
  ['another type, values over lines', { body: '{"a":1}\n{\n"a":1}', type: 'text/plain' }, UNKNOWN, UNKNOWN],
  ['another type, a line that only begins like a value', { body: '1 2\n{"a":1}', type: null }, UNKNOWN, UNKNOWN],
  ['another type, texts first', { body: '"x"\n{"a":1}', type: null }, FALSE, TRUE],
  ['JSON by type is one value', { body: '{"a":1}\n{"a":1}', type: JSON_TYPE }, UNKNOWN, UNKNOWN],
  ['+json is one value', { body: '{"a":1}\n{"a":1}', type: 'application/problem+JSON ; a=b' }, UNKNOWN, UNKNOWN],
  ['+json over lines', { body: '{"a":1\n}', type: 'application/problem+json' }, TRUE, TRUE],

  ['a form that looks like JSON', { body: '{"a":1}', type: FORM }, FALSE, TRUE],
  ['a form that looks like lines', { body: '{"a":2}\n{"a":1}', type: FORM }, FALSE, TRUE],
  ['a form that looks like a bad line', { body: '{"a":1}\n{"a":1', type: FORM }, FALSE, UNKNOWN],
  ['a form whose first line is a value', { body: '2\n{"a":1}', type: FORM }, FALSE, TRUE],
  ['a form whose first line is none', { body: 'b=1\n&a=1', type: FORM }, TRUE, TRUE],
  ['a form of one line that is a value', { body: '2\n', type: FORM }, FALSE, FALSE],
];
for (const [name, given, allow, deny] of bodies) {
  test(`lines: ${name}`, () => {
    engine.program([on(['a'], { exact: op(1) })]);
    assert.deepEqual(engine.judge(given, ALLOW), [allow]);
    assert.deepEqual(engine.judge(given, DENY), [deny]);
    assert.deepEqual(engine.judge(given, LIMIT), [deny]);
  });
}

test('names of the type', () => {
  // One value over two lines is bad lines and good JSON.
  const isLines = (type: string) => engine.judge({ body: '{"a":\n1}', type })[0] === UNKNOWN;
  engine.program([on(['a'], { exact: op(1) })]);
  for (const part of ['ndjson', 'x-ndjson', 'jsonl', 'x-jsonl', 'jsonlines', 'x-jsonlines']) {
    assert.ok(isLines(`application/${part}`), part);
    assert.ok(isLines(` Application/${part.toUpperCase()} ; charset=UTF-8`), part);
  }
  for (const other of [
    'application/json',
    'application/jsonline',
    'application/y-ndjson',
    'text/ndjson-',
    'application/x-',
  ]) {
    assert.ok(!isLines(other), other);
  }
});

test('each line is a reading', () => {
  const tests: readonly BodyTest[] = [{ exists: true }, { exists: false }, { notIn: [op('x')] }, { min: decimal('1') }];
  const ask = (path: readonly PathStep[], body: string, effect: number) =>
    engine.program(tests.map(given => on(path, given))).judge({ body, type: LINES }, effect);
  for (const path of [['a'], [below('a')], [every]] as const) {
    assert.deepEqual(ask(path, '{"a":"y"}\n{}\n', ALLOW), [FALSE, FALSE, FALSE, FALSE]);
    assert.deepEqual(ask(path, '{"a":"y"}\n{}\n', DENY), [TRUE, TRUE, TRUE, UNKNOWN]);
    assert.deepEqual(ask(path, '{"a":"x"}\n{}\n', DENY), [TRUE, TRUE, TRUE, UNKNOWN]);
    assert.deepEqual(ask(path, '{"a":"x"}\n{}\n', LIMIT), [TRUE, TRUE, FALSE, UNKNOWN]);
    assert.deepEqual(ask(path, '{}\n{}\n', ALLOW), [FALSE, TRUE, FALSE, FALSE]);
    assert.deepEqual(ask(path, '{"a":1}\n{"a":2}\n', ALLOW), [TRUE, FALSE, UNKNOWN, TRUE]);
  }
  assert.deepEqual(ask([], '1\n"x"\n', ALLOW), [TRUE, FALSE, FALSE, UNKNOWN]);
  assert.deepEqual(ask([every], '[1]\n[]\n', ALLOW), [FALSE, FALSE, FALSE, FALSE]);
});

test('a field has a key of its own in one line alone', () => {
  const key = (body: string, type: string | null = LINES) => {
    engine.program([], [['a']]).open({ body, type });
    engine.scan();
    return engine.key(0);
  };
  const one = key('{"a":1}', JSON_TYPE);
  assert.notEqual(one, '');
  assert.equal(key('{"a":1}'), one);
  assert.equal(key('\n{"a":1}\n\n', null), one);
  for (const several of ['{"a":1}\n{"a":1}', '{"a":1}\n{"b":1}', '{"b":1}\n{"a":1}', '{"a":1}\n{'])
    assert.equal(key(several), '');
});

test('nothing of an earlier look, scan or request is left', () => {
  engine.program([on(['a'], { exact: op(1) }), on([below('a')], { exact: op(1) })], [['a']]);
  // The first line alone has the node; the whole is one value without it.
  assert.deepEqual(engine.judge({ body: '{"a":1}\n{"a":1}', type: null }), [TRUE, TRUE]);
  assert.deepEqual(engine.judge({ body: '{"a":2}', type: null }), [FALSE, FALSE]);
  assert.deepEqual(engine.judge({ body: '[{"a":1},\n2]', type: null }), [FALSE, TRUE]);
  assert.deepEqual(engine.judge({ body: '{"a":1}\n{"a":1}', type: FORM }, ALLOW), [FALSE, FALSE]);
  assert.equal(engine.key(0), '');
  // What the first line alone gave does not count beside the whole.
  engine.open({ body: '{"a":1,\n"b":2}', type: null });
  engine.scan();
  assert.notEqual(engine.key(0), '');
  // More is wanted after a scan.
  engine.open({ body: '{"a":1}\n{"a":2}', type: LINES });
  engine.scan([1]);
  assert.equal(engine.exports.bodyTest(0, DENY), UNKNOWN);
  engine.scan();
  engine.scan();
  assert.equal(engine.exports.bodyTest(0, DENY), TRUE);
  assert.equal(engine.exports.bodyTest(1, ALLOW), FALSE);
});
