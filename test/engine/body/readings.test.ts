import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ALLOW, BodyEngine, DENY, FALSE, FORM, type Given, TRUE, UNKNOWN } from '../../support/body-engine.js';
import { on, op } from '../../support/body-values.js';

const engine = await BodyEngine.make();
const deep = (n: number) => `{"a":1,"b":${'['.repeat(n)}${']'.repeat(n)}}`;
const manyNames = (n: number) => `{"a":1${Array.from({ length: n - 1 }, (_, i) => `,"n${i}":0`).join('')}}`;

/** Asked of each: is `$.a` the number 1? */
const bodies: readonly (readonly [name: string, given: Given, expected: number])[] = [
  ['JSON', { body: ' {"a":1} ' }, TRUE],
  ['no type', { body: '{"a":1}', type: null }, TRUE],
  ['empty type', { body: '{"a":1}', type: '' }, TRUE],
  ['a type not named', { body: '{"a":1}', type: 'text/plain' }, TRUE],
  ['+json', { body: '{"a":1}', type: 'application/problem+json; charset="UTF-8"' }, TRUE],
  ['charset', { body: '{"a":1}', type: 'application/json;charset=latin1' }, UNKNOWN],
  ['second charset', { body: '{"a":1}', type: 'application/json; charset=utf-8; Charset = us-ascii' }, UNKNOWN],
  ['a comma list', { body: '{"a":1}', type: 'application/json, text/plain' }, UNKNOWN],
  ['a comma in quotes', { body: '{"a":1}', type: 'application/json; profile="a,b"' }, TRUE],
  ['two lines', { body: '{"a":1}', lines: 2 }, UNKNOWN],
  ['encoded', { body: '{"a":1}', encoded: true }, UNKNOWN],
  ['lines, but JSON by type', { body: '{"a":1}\n{"a":1}' }, UNKNOWN],
  ['byte order mark', { body: '\ufeff{"a":1}' }, UNKNOWN],
  ['multipart', { body: '--x\r\n', type: 'multipart/form-data; boundary=x' }, UNKNOWN],
  ['white space only', { body: ' ' }, UNKNOWN],
  ['duplicate in the root', { body: '{"a":1,"b":0,"b":0}' }, UNKNOWN],
  ['duplicate by escape', { body: '{"a":1,"\\u0061":1}' }, UNKNOWN],
  ['duplicate by two escapes', { body: '{"a":1,"\\u0062":1,"\\u0062":1,"\\u0062":1}' }, UNKNOWN],
  ['name by escape', { body: '{"\\u0061":1}' }, TRUE],
  ['duplicate beside the path', { body: '{"a":1,"c":{"b":0,"b":0}}' }, TRUE],
  ['same name in other objects', { body: '{"b":{"a":2},"a":1,"c":[{"a":3}]}' }, TRUE],
  ['128 deep', { body: deep(127) }, TRUE],
  ['129 deep', { body: deep(128) }, UNKNOWN],
  ['4,096 names', { body: manyNames(4096) }, TRUE],
  ['4,097 names', { body: manyNames(4097) }, UNKNOWN],
  ['invalid after the node', { body: '{"a":1,}' }, UNKNOWN],
  ['invalid UTF-8 after the node', { body: Buffer.from('{"a":1,"b":"\xff"}', 'latin1') }, UNKNOWN],
  ['a raw surrogate', { body: Buffer.from('{"a":1,"b":"\xed\xa0\x80"}', 'latin1') }, UNKNOWN],
  ['a control in a string', { body: '{"a":1,"b":"\x1f"}' }, UNKNOWN],
  ['form', { body: 'a=1', type: FORM }, TRUE],
  ['form with charset', { body: 'a=1', type: `${FORM}; charset=utf-8` }, TRUE],
  ['form with another charset', { body: 'a=1', type: `${FORM}; charset=koi8-r` }, UNKNOWN],
  ['form type in other case', { body: '&&a=1&', type: FORM.toUpperCase() }, TRUE],
  ['form without a type', { body: 'a=1', type: null }, UNKNOWN],
  ['form: bad percent', { body: 'a=1&b=%4', type: FORM }, UNKNOWN],
  ['form: bad UTF-8', { body: 'a=1&b=%ff', type: FORM }, UNKNOWN],
  ['form: unfinished UTF-8', { body: 'a=1&b=%c3', type: FORM }, UNKNOWN],
  ['form: name twice', { body: 'a=1&b=1&b=1', type: FORM }, UNKNOWN],
  ['form: name twice beside the path', { body: 'a=1&b[c]=1&b[c]=1', type: FORM }, TRUE],
  ['form: a beside a[b]', { body: 'a=1&c=1&c[b]=1', type: FORM }, UNKNOWN],
  ['form: c[] beside c[b]', { body: 'a=1&c[]=1&c[b]=1', type: FORM }, UNKNOWN],
  ['form: c[0] beside c[b]', { body: 'a=1&c[b]=1&c[0]=1', type: FORM }, UNKNOWN],
  ['form: c[] beside c[0]', { body: 'a=1&c[]=1&c[0]=1', type: FORM }, UNKNOWN],
  ['form: leading bracket', { body: 'a=1&%5Bb]=1', type: FORM }, UNKNOWN],
  ['form: unbalanced', { body: 'a=1&b[c=1', type: FORM }, UNKNOWN],
  ['form: closing alone', { body: 'a=1&b]=1', type: FORM }, UNKNOWN],
  ['form: nested', { body: 'a=1&b[[c]]=1', type: FORM }, UNKNOWN],
  ['form: text after', { body: 'a=1&b[c]d=1', type: FORM }, UNKNOWN],
  ['form: leading zero', { body: 'a=1&b[01]=1', type: FORM }, UNKNOWN],
  ['form: index 999', { body: 'a=1&b[999]=1', type: FORM }, TRUE],
  ['form: index 1000', { body: 'a=1&b[1000]=1', type: FORM }, UNKNOWN],
  ['form: 16 brackets', { body: `a=1&b${'[c]'.repeat(16)}=1`, type: FORM }, TRUE],
  ['form: 17 brackets', { body: `a=1&b${'[c]'.repeat(17)}=1`, type: FORM }, UNKNOWN],
  ['form: 1,000 pairs', { body: `a=1${'&b[]=1'.repeat(999)}`, type: FORM }, TRUE],
  ['form: 1,001 pairs', { body: `a=1${'&b[]=1'.repeat(1000)}`, type: FORM }, UNKNOWN],
];
for (const [name, given, expected] of bodies) {
  test(`reading: ${name}`, () => {
    assert.deepEqual(engine.program([on(['a'], { exact: op(1) })]).judge(given), [expected]);
  });
}

test('a form that begins like JSON has two readings', () => {
  const given = { body: ' {"a":1}', type: FORM };
  engine.program([on(['a'], { exact: op(1) }), on([' {"a":1}'], { exact: op('') })]);
  assert.deepEqual(engine.judge(given, DENY), [TRUE, TRUE]);
  assert.deepEqual(engine.judge(given, ALLOW), [FALSE, FALSE]);
  assert.deepEqual(engine.judge({ body: '{a=1', type: FORM }, DENY), [UNKNOWN, UNKNOWN]);
  assert.deepEqual(engine.judge({ body: '{a=1', type: FORM }, ALLOW), [FALSE, FALSE]);
});

test('form structure', () => {
  engine.program([
    on(['a', 'b', 0], { exact: op('c') }),
    on(['d', 1], { exact: op('y') }),
    on(['d'], { exact: op('x') }),
    on(['e', 5], { exact: op('+') }),
    on([], { exists: true }),
  ]);
  const body = 'a[b][0]=c&d[]=x&d%5B%5D=y&e[5]=%2B';
  assert.deepEqual(engine.judge({ body, type: FORM }), [TRUE, TRUE, FALSE, TRUE, TRUE]);
});

test('objects appended to an array are ambiguous only on the way to a wanted node', () => {
  const body = 'i[][p]=1&i[][q]=2&a=1';
  engine.program([on(['a'], { exact: op(1) })]);
  assert.deepEqual(engine.judge({ body, type: FORM }), [TRUE]);
  engine.program([on(['i', 0, 'p'], { exact: op(1) })]);
  assert.deepEqual(engine.judge({ body, type: FORM }), [UNKNOWN]);
  assert.deepEqual(engine.judge({ body: 'i[][p]=1', type: FORM }), [TRUE]);
});

test('only wanted paths make duplicates matter, and what is not wanted is UNKNOWN', () => {
  engine.program([on(['a', 'b'], { exact: op(1) }), on(['c', 'd'], { exact: op(1) })]);
  engine.open({ body: '{"a":{"b":1},"c":{"x":0,"x":0,"d":1}}' });
  engine.scan([0]);
  assert.equal(engine.exports.bodyTest(0, DENY), TRUE);
  assert.equal(engine.exports.bodyTest(1, DENY), UNKNOWN);
  engine.scan();
  assert.equal(engine.exports.bodyTest(0, DENY), UNKNOWN);
  engine.open({ body: '{"a":{"b":1}}' });
  assert.equal(engine.exports.bodyTest(0, DENY), UNKNOWN);
  engine.exports.bodyReset();
  assert.equal(engine.exports.bodyTest(0, DENY), FALSE);
});

test('_method values of a form', () => {
  const methods = (body: string, type: string = FORM, lines = 1) => {
    engine.program([]).open({ body, type, lines });
    return engine.methods();
  };
  assert.deepEqual(methods('_method=DELETE&a=1&%5Fmethod=p%75t&_method[]=x'), null);
  assert.deepEqual(methods('_method=DELETE&a=1&%5Fmethod=p%75t'), ['DELETE', 'put']);
  assert.deepEqual(methods('{"_method":1}', 'application/json'), []);
  assert.deepEqual(methods('_method=%zz'), null);
  assert.deepEqual(methods('', FORM), []);
  assert.deepEqual(methods('_method=PUT', FORM, 2), null);
  assert.deepEqual(methods(`_method=${'x'.repeat(300)}`), ['x'.repeat(256)]);
});

test('field keys', () => {
  const key = (body: string, type = 'application/json') => {
    engine.program([], [['a']]).open({ body, type });
    engine.scan();
    return engine.key(0);
  };
  const one = key('{"a":1}');
  assert.notEqual(one, '');
  for (const same of ['1.0', '10e-1', '0.1e1']) assert.equal(key(`{"a":${same}}`), one);
  const all = ['"1"', 'true', 'false', 'null', '-1', '"true"', '10', `"${'x'.repeat(257)}"`, '9'.repeat(1000)];
  assert.equal(new Set([one, ...all.map(v => key(`{"a":${v}}`))]).size, all.length + 1);
  for (const none of ['{}', '{"a":{}}', '{"a":[]}', '{"a":1,"a":1}', '{"a":1', '{"a":1e100001}', '[1]']) {
    assert.equal(key(none), '', none);
  }
  assert.equal(key(`{"a":"${'\\u0078'.repeat(257)}"}`), key(`{"a":"${'x'.repeat(257)}"}`));
  assert.notEqual(key(`{"a":"${'x'.repeat(258)}"}`), key(`{"a":"${'x'.repeat(257)}"}`));
  assert.equal(key('a=%31', FORM), key('{"a":"1"}'));
  assert.equal(key('{a=1', FORM), '');
});
