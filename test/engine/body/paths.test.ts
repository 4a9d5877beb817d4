/** Paths with several nodes: wildcards, descendants, forms, and what bounds them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { BodyTest, PathStep } from '#src/core/policy/checked.js';
import { parseJsonPath } from '#src/core/policy/json-path.js';
import { ALLOW, BodyEngine, DENY, FALSE, FORM, type Given, LIMIT, TRUE, UNKNOWN } from '../../support/body-engine.js';
import { decimal, on, op } from '../../support/body-values.js';
import { cpuMs } from '../../support/cpu-time.js';
import { below, every, isContainer, type Json, liveMost, places, selects } from '../../support/json-places.js';

const engine = await BodyEngine.make();

function path(text: string): readonly PathStep[] {
  const parsed = parseJsonPath(text);
  assert.ok(parsed.ok, text);
  return parsed.value;
}

type Row = readonly [path: string, test: BodyTest, given: Given | string, allow: number, deny: number];
const rows: readonly Row[] = [
  ['$[*]', { min: decimal('2') }, '[2,3]', TRUE, TRUE],
  ['$[*]', { min: decimal('2') }, '[1,3]', FALSE, TRUE],
  ['$[*]', { min: decimal('2') }, '[1,1]', FALSE, FALSE],
  ['$[*]', { min: decimal('2') }, '[]', FALSE, FALSE],
  ['$[*]', { min: decimal('2') }, '["x",3]', UNKNOWN, TRUE],
  ['$[*]', { min: decimal('2') }, '["x",1]', FALSE, UNKNOWN],
  ['$[*]', { min: decimal('2') }, '{"a":3,"b":[]}', UNKNOWN, TRUE],
  ['$.*', { exact: op('x') }, '{"a":"x","b":"x"}', TRUE, TRUE],
  ['$.*', { exact: op('x') }, '"x"', FALSE, FALSE],
  ['$.a[*].b', { in: [op(1), op(2)] }, '{"a":[{"b":1},{"b":2},{"c":3}]}', TRUE, TRUE],
  ['$.a[*].b', { in: [op(1), op(2)] }, '{"a":[{"b":1},{"b":3}]}', FALSE, TRUE],
  ['$..a', { exact: op(1) }, '{"a":1,"b":{"a":1}}', TRUE, TRUE],
  ['$..a', { exact: op(1) }, '{"a":1,"b":[[{"a":2}]]}', FALSE, TRUE],
  ['$..a', { exact: op(1) }, '{"a":{"a":1}}', FALSE, TRUE],
  ['$..a', { exact: op(1) }, '[{"\\u0061":1}]', TRUE, TRUE],
  ['$.b..a', { exact: op(1) }, '{"a":1,"b":1}', FALSE, FALSE],
  ['$..a..a', { exact: op(1) }, '{"a":{"a":{"b":{"a":1}}}}', FALSE, TRUE],
  ['$..a..b', { exact: op(1) }, '{"a":{"a":{"b":1}}}', TRUE, TRUE],
  ['$..a[*]', { exact: op(1) }, '{"a":[1,1],"b":{"a":[1]}}', TRUE, TRUE],
  ['$..a[0]', { exact: op(1) }, '{"a":[1,2],"b":{"a":[1]}}', TRUE, TRUE],
  ['$[*]..a', { exact: op(1) }, '{"a":2,"b":{"c":[{"a":1}]}}', TRUE, TRUE],
  ['$..a', { exists: true }, '[{"b":[{}]},{"a":null}]', TRUE, TRUE],
  ['$..a', { exists: false }, '[{"b":[{}]},{"a":null}]', FALSE, FALSE],
  ['$..a', { exists: false }, '[{"b":[{}]}]', TRUE, TRUE],
  ['$..a', { exists: false }, '', TRUE, TRUE],
  ['$..a', { notIn: [op('x')] }, '{"b":1}', FALSE, TRUE],
  ['$..a', { notIn: [op('x')] }, '{"a":"y"}', TRUE, TRUE],
  ['$..a', { notIn: [op('x')] }, '{"a":"x"}', FALSE, FALSE],
  ['$..a', { notIn: [op('x')] }, '[{"a":"x"},{"a":"y"}]', FALSE, TRUE],
  ['$..a', { notIn: [op('x')] }, '[{"a":"y"},{"a":1}]', UNKNOWN, TRUE],
  ['$..a', { notIn: [op('x')] }, '', FALSE, FALSE],
  ['$..a', { exact: op(1) }, '{"a":1,"b":{"c":0,"c":0}}', UNKNOWN, UNKNOWN],
  ['$.a[*]', { exact: op(1) }, '{"a":[1],"b":[[{"c":0,"\\u0063":0}]]}', UNKNOWN, UNKNOWN],
  ['$.a[*]', { exact: op(1) }, '{"a":[1],"b":[{"c":0},{"c":0}]}', TRUE, TRUE],
  ['$..a', { exact: op(1) }, '{"a":1', UNKNOWN, UNKNOWN],
  ['$..a', { exact: op(1) }, '{"a":1}}', UNKNOWN, UNKNOWN],
  ['$..a', { contains: 'bc' }, '[{"a":"abcd"},{"a":""},{"a":"b"}]', FALSE, TRUE],
  ['$..a', { contains: 'é' }, '[{"a":"\\u00e9"},{"a":"é"}]', TRUE, TRUE],
  ['$..a', { suffix: 'bcd' }, '[{"a":"abcd"},{"a":"d"}]', FALSE, TRUE],
  ['$..a', { prefix: 'b' }, '[{"a":"b"},{"a":1}]', UNKNOWN, TRUE],
  ['$..c', { exact: op(1) }, { body: 'a[b][c]=1&c=01', type: FORM }, UNKNOWN, TRUE],
  ['$..c', { exact: op(1) }, { body: 'a[b][c]=1&c=1.0', type: FORM }, TRUE, TRUE],
  ['$.a[*]', { exact: op('x') }, { body: 'a[]=x&b=0&a[]=y', type: FORM }, FALSE, TRUE],
  ['$.a.*', { exact: op('x') }, { body: 'a[p]=x&b=0&a[q]=x', type: FORM }, TRUE, TRUE],
  ['$.a[*].b', { exact: op('x') }, { body: 'a[0][b]=x&b=0&a[7][b]=x&a[0][c]=y', type: FORM }, TRUE, TRUE],
  ['$.*', { exists: true }, { body: 'a[p][q]=1', type: FORM }, TRUE, TRUE],
  ['$.*', { notIn: [op('x')] }, { body: 'a[p][q]=1', type: FORM }, UNKNOWN, UNKNOWN],
  ['$.a[*]', { exact: op('x') }, { body: 'a[]=x&b[c]=0&b[c]=0', type: FORM }, UNKNOWN, UNKNOWN],
  ['$.a[*]', { exact: op('x') }, { body: 'a[]=x&i[][p]=1&i[][q]=2', type: FORM }, UNKNOWN, UNKNOWN],
  ['$..a', { exact: op(1) }, { body: '{"a":1}', type: FORM }, FALSE, TRUE],
];
for (const [text, given, body, allow, deny] of rows) {
  test(`${text} ${JSON.stringify(given)} on ${JSON.stringify(body)}`, () => {
    const asked = typeof body === 'string' ? { body } : body;
    engine.program([on(path(text), given)]);
    assert.deepEqual(engine.judge(asked, ALLOW), [allow]);
    assert.deepEqual(engine.judge(asked, DENY), [deny]);
    const onlyNotIn =
      given.notIn !== undefined && deny === TRUE && allow === FALSE && !/"a"/.test(JSON.stringify(asked));
    if (!onlyNotIn) assert.deepEqual(engine.judge(asked, LIMIT), [deny]);
  });
}

const name = fc.constantFrom('a', 'b', 'é');
const { value } = fc.letrec<{ value: Json }>(tie => ({
  value: fc.oneof(
    { depthSize: 'medium', withCrossShrink: true },
    fc.constantFrom<Json>(null, true, 1, 2, 3, 'x', 'y'),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(name, tie('value'), { maxKeys: 3 }),
  ),
}));
const step: fc.Arbitrary<PathStep> = fc.oneof(name, fc.nat({ max: 2 }), fc.constant(every), name.map(below));
const paths = fc.array(fc.array(step, { maxLength: 4 }), { minLength: 1, maxLength: 8 });
const tests: readonly BodyTest[] = [
  { exists: true },
  { exists: false },
  { exact: op('x') },
  { in: [op(1), op('y'), op(true)] },
  { notIn: [op('x'), op(2)] },
  { min: decimal('2') },
];

/** One node, by the text of the language, for the operators above and texts that are neither numbers nor booleans. */
function judgeNode(given: BodyTest, node: Json): number {
  if (given.exists !== undefined) return given.exists ? TRUE : FALSE;
  if (given.exact !== undefined) return node === 'x' ? TRUE : FALSE;
  if (given.in !== undefined) return node === 1 || node === 'y' || node === true ? TRUE : FALSE;
  if (given.notIn !== undefined) {
    if (node === 'x' || node === 2) return FALSE;
    return typeof node === 'string' || typeof node === 'number' ? TRUE : UNKNOWN;
  }
  return typeof node === 'number' ? (node >= 2 ? TRUE : FALSE) : UNKNOWN;
}

/** `bodies`: the readings, one or a line each. */
function expected(given: BodyTest, steps: readonly PathStep[], bodies: readonly Json[], effect: number): number {
  const said = bodies.flatMap(root => {
    const nodes = places(root).filter(({ keys }) => selects(steps, keys));
    if (nodes.length > 0) return nodes.map(node => judgeNode(given, node.value));
    return [given.exists === false || (given.notIn !== undefined && effect === DENY) ? TRUE : FALSE];
  });
  return effect === ALLOW ? Math.min(...said) : Math.max(...said);
}

test('random paths in random values, and in lines of them, select what a slow reading of the language selects', () => {
  fc.assert(
    fc.property(fc.array(value, { minLength: 1, maxLength: 3 }), paths, (bodies, asked) => {
      engine.program(asked.flatMap(steps => tests.map(given => on(steps, given))));
      const full = bodies.some(root => liveMost(root, asked) > 8);
      const type = bodies.length > 1 ? 'application/x-ndjson' : 'application/json';
      const body = bodies.map(root => JSON.stringify(root)).join('\n');
      for (const effect of [ALLOW, DENY, LIMIT]) {
        const want = asked.flatMap(steps =>
          tests.map(given => (full ? UNKNOWN : expected(given, steps, bodies, effect))),
        );
        assert.deepEqual(engine.judge({ body, type }, effect), want);
      }
    }),
    { numRuns: 500, seed: 4 },
  );
});

test('random descents in deep values: nine partial matches in a container make the body UNKNOWN, eight do not', () => {
  const chain = fc.array(fc.constantFrom('a', 'b', 'c', 0), { minLength: 6, maxLength: 10 });
  const descent = fc.array(fc.constantFrom(below('a'), below('b'), below('c'), every), { minLength: 1, maxLength: 4 });
  const seen = { full: 0, most: 0 };
  fc.assert(
    fc.property(chain, fc.array(descent, { minLength: 4, maxLength: 7 }), (keys, asked) => {
      const root = keys.reduceRight<Json>((inner, key) => (typeof key === 'number' ? [inner] : { [key]: inner }), 'x');
      const live = liveMost(root, asked);
      if (live > 8) seen.full += 1;
      if (live === 8) seen.most += 1;
      engine.program(asked.map(steps => on(steps, { exact: op('x') })));
      for (const effect of [ALLOW, DENY]) {
        const want = asked.map(steps => (live > 8 ? UNKNOWN : expected({ exact: op('x') }, steps, [root], effect)));
        assert.deepEqual(engine.judge({ body: JSON.stringify(root) }, effect), want);
      }
    }),
    { numRuns: 500, seed: 6 },
  );
  assert.ok(seen.full > 20 && seen.most > 10, JSON.stringify(seen));
});

function formOf(root: Json, prefix = ''): string[] {
  if (!isContainer(root)) return [`${prefix}=${encodeURIComponent(String(root))}`];
  return Object.entries(root).flatMap(([key, child]) => formOf(child, prefix === '' ? key : `${prefix}[${key}]`));
}

test('a form selects as the tree it stands for, in any order of its pairs', () => {
  const { tree } = fc.letrec<{ tree: Json }>(tie => ({
    tree: fc.oneof(
      { depthSize: 'medium', withCrossShrink: true },
      fc.constantFrom<Json>('x', 'y', 'z'),
      fc.array(tie('tree'), { minLength: 1, maxLength: 3 }),
      fc.dictionary(name, tie('tree'), { minKeys: 1, maxKeys: 3 }),
    ),
  }));
  const asked: readonly BodyTest[] = [{ exists: true }, { exists: false }, { exact: op('x') }];
  fc.assert(
    fc.property(
      fc.dictionary(name, tree, { minKeys: 1 }),
      paths,
      fc.infiniteStream(fc.nat()),
      (root, wanted, order) => {
        engine.program(wanted.flatMap(steps => asked.map(given => on(steps, given))));
        const pairs = formOf(root).map(pair => ({ pair, at: order.next().value }));
        const body = pairs
          .sort((a, b) => a.at - b.at)
          .map(({ pair }) => pair)
          .join('&');
        const full = liveMost(root, wanted) > 8;
        for (const effect of [ALLOW, DENY]) {
          const want = wanted.flatMap(steps =>
            asked.map(given => (full ? UNKNOWN : expected(given, steps, [root], effect))),
          );
          assert.deepEqual(engine.judge({ body, type: FORM }, effect), want, body);
        }
      },
    ),
    { numRuns: 400, seed: 5 },
  );
});

test('a field with several nodes has no key of its own', () => {
  const key = (body: string, type = 'application/json', text = '$..a') => {
    engine.program([], [path(text)]).open({ body, type });
    engine.scan();
    return engine.key(0);
  };
  assert.notEqual(key('{"a":1}'), '');
  assert.equal(key('{"a":1}'), key('[[{"a":1.0}]]'));
  for (const none of [
    '{"a":1,"b":{"a":1}}',
    '[{"a":1},{"a":2},{"a":3}]',
    '{"b":1}',
    '{"a":{"a":1}}',
    '{"a":1,"b":[{"c":1,"c":1}]}',
  ]) {
    assert.equal(key(none), '', none);
  }
  assert.equal(key('["x"]', undefined, '$[*]'), key('a=x', FORM, '$.*'));
  assert.equal(key('a[]=x&a[]=y', FORM, '$.a[*]'), '');
});

test('eight partial matches in a container, and no ninth', () => {
  const wide = (n: number) => Array.from({ length: n }, (_, i) => on(path(`$..a${i}..x`), { exists: true }));
  const nest = (n: number) => `${Array.from({ length: n }, (_, i) => `{"a${i}":`).join('')}{"x":1}${'}'.repeat(n)}`;
  // The root goes on everywhere, so seven more have room.
  assert.deepEqual(engine.program(wide(7)).judge({ body: nest(7) }), Array(7).fill(TRUE));
  assert.deepEqual(engine.program(wide(8)).judge({ body: nest(8) }), Array(8).fill(UNKNOWN));
  // Not asked for, not counted.
  engine.program(wide(8)).open({ body: nest(8) });
  engine.scan([0, 1, 2, 3, 4, 5, 6]);
  assert.equal(engine.exports.bodyTest(0, DENY), TRUE);
  // In a form too; what says its method is still read.
  const form = (n: number) => ({
    body: `_method=PUT&a0${Array.from({ length: n - 1 }, (_, i) => `[a${i + 1}]`).join('')}[x]=1`,
    type: FORM,
  });
  assert.deepEqual(engine.program(wide(7)).judge(form(7)), Array(7).fill(TRUE));
  assert.deepEqual(engine.program(wide(8)).judge(form(8)), Array(8).fill(UNKNOWN));
  assert.deepEqual(engine.methods(), ['PUT']);
  // A value that is no container holds no partial match.
  const eight = Array.from({ length: 8 }, (_, i) => on(path(`$.a..b${i}.c`), { exists: false }));
  assert.deepEqual(engine.program(eight).judge({ body: '{"a":[1,{"b0":1}]}' }), Array(8).fill(TRUE));
});

test('one place on two ways is one node', () => {
  engine.program([on(path('$..a..b'), { exact: op(1) }), on(path('$.*'), { exists: true })], [path('$..a..b')]);
  assert.deepEqual(engine.judge({ body: '{"a":{"a":{"a":{"b":1}}}}' }, ALLOW), [TRUE, TRUE]);
  assert.notEqual(engine.key(0), '');
});

test('a scan asks matchers 4 Mi times about one of several nodes; past it nothing is judged', t => {
  const nodes = 4096;
  const body = `[${'1,'.repeat(nodes - 1)}1]`;
  const asking = (n: number) => [
    ...Array.from({ length: n }, (_, i) => on(path('$[*]'), { min: decimal(`${i + 2}`) })),
    on(path('$[0]'), { min: decimal('1') }),
  ];
  const most = (4 << 20) / nodes;
  assert.deepEqual(engine.program(asking(most - 1)).judge({ body }), [...Array(most - 1).fill(FALSE), TRUE]);
  const over = asking(most);
  assert.deepEqual(engine.program(over, [path('$[1]')]).judge({ body }), Array(most + 1).fill(UNKNOWN));
  assert.equal(engine.key(0), '');
  // The next body, and whoever asks less, is judged again.
  assert.deepEqual(engine.judge({ body: '[1]' }), [...Array(most).fill(FALSE), TRUE]);
  engine.open({ body });
  engine.scan([0, most]);
  assert.deepEqual([engine.exports.bodyTest(0, DENY), engine.exports.bodyTest(most, DENY)], [FALSE, TRUE]);
  const ms = cpuMs(() => void engine.program(asking(2000)).judge({ body: `[${'1,'.repeat(520_000)}1]` }));
  t.diagnostic(`${ms.toFixed(0)} ms`);
  assert.ok(ms < 5000, `${ms} ms`);
});

test('hostile bodies', async t => {
  const deep = (n: number) => `${'{"b":'.repeat(n)}{"a":1}${'}'.repeat(n)}`;
  const names = (n: number) => `{"a":1,"b":{${Array.from({ length: n }, (_, i) => `"n${i}":0`).join(',')}}}`;
  engine.program([on(path('$..a'), { exact: op(1) })]);
  assert.deepEqual(engine.judge({ body: deep(127) }), [TRUE]);
  assert.deepEqual(engine.judge({ body: deep(128) }), [UNKNOWN]);
  assert.deepEqual(engine.judge({ body: names(4094) }), [TRUE]);
  assert.deepEqual(engine.judge({ body: names(4095) }), [UNKNOWN]);

  const long = 'x'.repeat(1024);
  const many: readonly (readonly [name: string, body: string])[] = [
    ['numbers', `[${'1,'.repeat(520_000)}1]`],
    ['texts', `[${'"a",'.repeat(260_000)}1]`],
    ['objects', `[${'{"a":1},'.repeat(130_000)}1]`],
    ['empty objects', `[${'{},'.repeat(350_000)}1]`],
    ['one long text', `["${'x'.repeat(1 << 20)}"]`],
    ['lines', '1\n'.repeat(520_000)],
    ['nested', `[${'{"a0":{"a1":{"a2":{"a3":{"x":[]}}}}},'.repeat(27_000)}1]`],
    ['deep', `[${`${'['.repeat(126)}${']'.repeat(126)},`.repeat(4_100)}1]`],
  ];
  for (const [what, body] of many) {
    engine.program([
      on(path('$[*]'), { notIn: [op('y'), op(7)] }),
      on(path('$..a'), { contains: long }),
      on(path('$..a..b[*]'), { min: decimal('5'), suffix: long }),
      on(path('$[*].*'), { contains: long }),
      on(path('$'), { contains: long }),
      ...[0, 1, 2, 3].map(i => on(path(`$..a${i}..x`), { exists: false })),
    ]);
    const ms = cpuMs(() => void engine.judge({ body, type: null }));
    t.diagnostic(`${what}: ${ms.toFixed(0)} ms for ${body.length} bytes`);
    assert.ok(ms < 5000, `${what}: ${ms} ms`);
  }
});
