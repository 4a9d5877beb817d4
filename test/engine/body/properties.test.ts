import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { BodyMatcher, Operand } from '#src/core/policy/checked.js';
import { Automata } from '#src/core/policy/program/automata.js';
import { encodeBodySection } from '#src/core/policy/program/body.js';
import { ALLOW, BodyEngine, DENY, FALSE, FORM, LIMIT, TRUE, UNKNOWN } from '../../support/body-engine.js';
import { decimal, on, op } from '../../support/body-values.js';
import { cpuMs } from '../../support/cpu-time.js';
import { below, every } from '../../support/json-places.js';
import { automatonOf } from '../../support/regex.js';

const engine = await BodyEngine.make();
type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

const name = fc.constantFrom('a', 'b', 'é', 'a"b', '', '__proto__x', '\u2028', 'longer name than sixteen bytes');
const scalar = fc.oneof(
  fc.constantFrom(null, true, false, 'true', '1', 'x\n😀'),
  fc.integer({ min: -3, max: 3 }),
  fc.string(),
);
const { value } = fc.letrec<{ value: Json }>(tie => ({
  value: fc.oneof(
    { depthSize: 'medium', withCrossShrink: true },
    scalar as fc.Arbitrary<Json>,
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(name, tie('value'), { maxKeys: 4 }),
  ),
}));
const path: fc.Arbitrary<(string | number)[]> = fc.array(fc.oneof(name, fc.nat({ max: 3 })), { maxLength: 4 });

function at(root: Json, steps: readonly (string | number)[]): Json | undefined {
  let node: Json | undefined = root;
  for (const step of steps) {
    if (typeof step === 'number') node = Array.isArray(node) ? node[step] : undefined;
    else if (node === null || typeof node !== 'object' || Array.isArray(node)) return undefined;
    else node = Object.hasOwn(node, step) ? node[step] : undefined;
    if (node === undefined) return undefined;
  }
  return node;
}

/** The same text with some characters of its strings as escapes; neither stands outside of strings. */
function escapeSome(text: string): string {
  return text.replace(/[éx]/g, c => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

test('random values at random paths are found as JSON.parse finds them', () => {
  fc.assert(
    fc.property(value, fc.array(path, { minLength: 1, maxLength: 6 }), fc.boolean(), (root, paths, escapes) => {
      const nodes = paths.map(p => at(root, p));
      const operandOf = (node: Json | undefined): Operand =>
        node === undefined || (node !== null && typeof node === 'object') || Object.is(node, -0) ? op('?') : op(node);
      const matchers: BodyMatcher[] = paths.flatMap((p, i) => [
        on(p, { exists: true }),
        on(p, { exact: operandOf(nodes[i]) }),
        on(p, { exact: op('no such text') }),
      ]);
      const text = JSON.stringify(root, null, escapes ? 1 : 0);
      const got = engine.program(matchers).judge({ body: escapes ? escapeSome(text) : text });
      const want = nodes.flatMap(node => {
        if (node === undefined) return [FALSE, FALSE, FALSE];
        const container = node !== null && typeof node === 'object';
        return [TRUE, container || Object.is(node, -0) ? FALSE : TRUE, FALSE];
      });
      assert.deepEqual(got, want);
    }),
    { numRuns: 1500, seed: 1 },
  );
});

test('numbers compare as their decimals', () => {
  const digits = fc.stringMatching(/^-?(0|[1-9][0-9]{0,20})(\.[0-9]{1,20})?$/);
  const exact = (text: string) => {
    const [whole, fraction = ''] = text.replace('-', '').split('.');
    const size = BigInt(whole + fraction.padEnd(20, '0'));
    return text.startsWith('-') ? -size : size;
  };
  fc.assert(
    fc.property(digits, digits, (a, b) => {
      const bound = decimal(b);
      engine.program([
        on([], { min: bound }),
        on([], { max: bound }),
        on([], { exact: { type: 'number', value: bound } }),
      ]);
      const order = exact(a) - exact(b);
      const want = [order >= 0n, order <= 0n, order === 0n].map(held => (held ? TRUE : FALSE));
      assert.deepEqual(engine.judge({ body: a }), want);
    }),
    { numRuns: 2000, seed: 2 },
  );
});

const some: readonly BodyMatcher[] = [
  on(['a', 'b', 0], { min: decimal('1'), max: decimal('-2.5') }),
  on(['a'], { exists: true }),
  on(['é'], { in: [op('x'), op('y'), op(1), op(-1.5), op(null), op('1')] }),
  on(['a', 1], { notIn: [op('true'), op(true)] }),
  on([], { exists: false }),
  on(['c', 'd'], { prefix: 'a', suffix: 'b', contains: 'abab' }),
  on(['a', every, 0], { min: decimal('1') }),
  on([below('b')], { exists: true }),
  on([below('c'), every, 'd'], { notIn: [op('x')] }),
  on([below('b'), below('d')], { exists: false }),
];

test('random bytes and every truncation of a body are answered', () => {
  engine.program(some, [['a'], ['c', 'd']]);
  const ask = (body: Uint8Array, type: string) => {
    const answers = engine.judge({ body, type }, LIMIT);
    engine.key(0);
    engine.methods();
    return answers;
  };
  const alphabet = fc.constantFrom(...Buffer.from('{}[]",:\\u0019eE+-.truefalsnabcd\u0000\x7f %=&é').values());
  fc.assert(
    fc.property(fc.array(fc.oneof(alphabet, fc.nat({ max: 255 })), { maxLength: 80 }), bytes => {
      const body = Uint8Array.from(bytes);
      for (const type of ['application/json', 'application/x-ndjson', 'text/plain', FORM]) {
        for (const answer of ask(body, type)) assert.ok(answer >= FALSE && answer <= TRUE);
      }
      let valid = true;
      try {
        JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body));
      } catch {
        valid = false;
      }
      if (!valid && body.length > 0)
        assert.deepEqual(
          ask(body, 'application/json'),
          some.map(() => UNKNOWN),
        );
    }),
    { numRuns: 3000, seed: 3 },
  );
  const whole = Buffer.from('{"a":{"b":[1.5e1,"\\ud83d\\ude00é"]},"c":{"d":"ababab"},"z":[true,false,null]}');
  for (let cut = 1; cut < whole.length; cut++) {
    assert.deepEqual(
      ask(whole.subarray(0, cut), 'application/json'),
      some.map(() => UNKNOWN),
      `${cut}`,
    );
  }
});

test('a spoilt section is refused or answers; it never traps', () => {
  const automata = new Automata();
  const regex = { pattern: 'b+$', automaton: automatonOf('b+$') };
  const matchers = [...some, on(['c', 'd'], { regex })];
  const { section } = encodeBodySection({ matchers, fields: [['a'], ['c', 'd'], [below('d')]], automata });
  assert.equal(section.length % 4, 0);
  let state = 7;
  const next = (below: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  const words = [0, 1, 2, 3, 0xff, 0x7fffffff, 0x80000000, 0xffffffff, section.length];
  let refused = 0;
  for (let round = 0; round < 20_000; round++) {
    const spoilt = section.slice(0, next(20) === 0 ? next(section.length) : section.length);
    const view = new DataView(spoilt.buffer);
    for (let change = 1 + next(3); change > 0 && spoilt.length >= 4; change--) {
      const place = next(spoilt.length);
      if (next(2) === 0) spoilt[place] = next(256);
      else view.setUint32(Math.min(place & ~3, spoilt.length - 4), words[next(words.length)]!, true);
    }
    if (!engine.load(spoilt, automata)) {
      refused++;
      continue;
    }
    engine.open({
      body: '{"a":{"b":[1,2]},"é":"x","c":{"d":"abab"}}',
      type: next(2) === 0 ? null : 'application/jsonl',
    });
    for (let i = 0; i < 12; i++) engine.exports.bodyWantMatcher(i);
    for (let j = 0; j < 4; j++) engine.exports.bodyWantField(j);
    engine.exports.bodyScan();
    for (let i = 0; i < 12; i++) engine.exports.bodyTest(i, next(2) === 0 ? ALLOW : DENY);
    for (let j = 0; j < 4; j++) engine.key(j);
  }
  assert.ok(refused > 10_000, `${refused} refused`);
});

test('the paths of a section have one encoding: any other word in a row is refused', () => {
  const { section } = encodeBodySection({
    matchers: some,
    fields: [['a'], ['c', 'd'], [below('d')]],
    automata: new Automata(),
  });
  const words = new DataView(section.buffer);
  const count = words.getUint32(12, true);
  const kinds = new Set<number>();
  for (let row = 64; row < 64 + count * 40; row += 40) {
    const kind = words.getUint32(row, true);
    kinds.add(kind);
    for (let word = 0; word < 10; word++) {
      const before = words.getUint32(row + word * 4, true);
      for (const other of [0, 1, 2, 3, 4, 5, before + 1, before - 1, 0x7fffffff, 0xffffffff]) {
        // Another index is another path.
        if (other >>> 0 === before || (kind === 3 && word === 2)) continue;
        words.setUint32(row + word * 4, other, true);
        assert.equal(engine.load(section), false, `row ${(row - 64) / 40}, word ${word}: ${before} as ${other}`);
      }
      words.setUint32(row + word * 4, before, true);
    }
  }
  assert.deepEqual([...kinds].sort(), [0, 1, 2, 3, 4]);
  assert.equal(engine.load(section), true);
});

test('200,000 names in one object are refused quickly', () => {
  engine.program(some);
  const body = `{${Array.from({ length: 200_000 }, (_, i) => `"${i}":0`).join(',')}}`;
  let judged: unknown;
  const ms = cpuMs(() => {
    judged = engine.judge({ body });
  });
  assert.deepEqual(
    judged,
    some.map(() => UNKNOWN),
  );
  assert.ok(ms < 2000, `${ms} ms`);
});
