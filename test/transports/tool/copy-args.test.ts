/** What survives JSON, and what does not. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runInNewContext } from 'node:vm';
import { copyArgs } from '#src/transports/tool/copy-args.js';

const cycle: Record<string, unknown> = {};
cycle.self = cycle;
let deep: unknown = 1;
for (let i = 0; i < 200_000; i++) deep = [deep];
class Point {
  x = 1;
}
const sparse: number[] = [1];
sparse[2] = 3;

const revoked = Proxy.revocable({}, {});
revoked.revoke();

const survives: readonly (readonly [string, unknown])[] = [
  ['an object', { a: [1, 'x', null, true, { b: {} }], 'ü "\\': -0.5 }],
  ['a string', 'x'],
  ['null', null],
  ['no prototype', Object.assign(Object.create(null), { a: 1 })],
  ['another realm', runInNewContext('({ a: [1, { b: 2 }] })')],
  ['__proto__ as a name', JSON.parse('{"__proto__":{"a":1},"constructor":1}')],
  ['half a pair', '\ud800'],
  ['a negative zero', -0],
];
for (const [name, args] of survives) {
  test(`survives: ${name}`, () => {
    const got = copyArgs(args);
    assert.ok(got.kind === 'json');
    assert.equal(got.lost, false);
    assert.equal(JSON.stringify(got.copy), got.text);
    if (typeof args === 'object' && args !== null) assert.notEqual(got.copy, args);
  });
}

const lost: readonly (readonly [string, unknown])[] = [
  ['an undefined property', { a: 1, b: undefined }],
  ['undefined in a list', [undefined]],
  ['a function in it', { a: () => 1 }],
  ['NaN', { a: Number.NaN }],
  ['infinity', [1 / 0]],
  ['a date', { a: new Date(0) }],
  ['a map', { a: new Map([[1, 2]]) }],
  ['bytes', { a: new Uint8Array([1]) }],
  ['an instance', new Point()],
  ['a symbol as a name', { [Symbol('s')]: 1 }],
  ['a symbol', { a: Symbol('s') }],
  ['a hole', sparse],
  ['a property of a list', Object.assign([1], { extra: 2 })],
  ['a hidden property', Object.defineProperty({}, 'a', { value: 1 })],
  ['its own toJSON', { a: 1, toJSON: () => ({ a: 1 }) }],
  ['a boxed string', { a: Object('x') }],
  [
    'a getter that changes its mind',
    Object.defineProperty({}, 'a', {
      enumerable: true,
      get: (
        n => () =>
          ++n
      )(0),
    }),
  ],
];
for (const [name, args] of lost) {
  test(`lost: ${name}`, () => {
    const got = copyArgs(args);
    assert.ok(got.kind === 'json');
    assert.equal(got.lost, true);
    assert.equal(JSON.stringify(got.copy), got.text);
  });
}

const impossible: readonly (readonly [string, unknown])[] = [
  ['a cycle', cycle],
  ['a bigint', { a: 1n }],
  ['a function', () => 1],
  ['a symbol', Symbol('s')],
  ['a toJSON that throws', { toJSON: () => JSON.parse('') as unknown }],
  ['a nest without end', deep],
  ['a revoked proxy', revoked.proxy],
];
for (const [name, args] of impossible) {
  test(`impossible: ${name}`, () => assert.equal(copyArgs(args).kind, 'impossible'));
}

test('no arguments are none', () => assert.deepEqual(copyArgs(undefined), { kind: 'none', copy: undefined }));
