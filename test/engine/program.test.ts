// T-32 of THREAT-MODEL.md.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decide, load, policyOf, programOf } from '../support/engine.js';
import { spoilMany } from '../support/spoil-many.js';
import { judge, POLICY } from '../support/spoilt-program.js';

const SEED = 20_260_107;

test('100,000 spoilt programs: each is refused or decides, none hangs, and nothing escapes the host', async t => {
  const { refused, decided } = await spoilMany(SEED, 100_000, 1);
  t.diagnostic(`seed ${SEED}: ${refused} refused, ${decided} decided`);
  assert.ok(refused > 10_000 && decided > 1_000, 'both ways are walked');
});

test('a program cut anywhere is refused', () => {
  const good = programOf(policyOf(POLICY));
  for (let n = 0; n < good.length; n += 1 + (n >> 5)) assert.equal(judge(good.subarray(0, n)), 'refused');
  assert.equal(judge(Uint8Array.of(...good, 0, 0, 0, 0)), 'refused');
});

test('the same policy gives the same program, and offsets do not depend on where it lies', () => {
  const a = programOf(policyOf(POLICY));
  const shifted = new Uint8Array(a.length + 3);
  shifted.set(a, 3);
  assert.deepEqual(programOf(policyOf(POLICY)), a);
  assert.equal(judge(shifted.subarray(3)), judge(a));
});

test('an engine that traps denies from then on', () => {
  const loaded = load('default: allow\nrules: []');
  const body = { kind: 'bytes', bytes: null } as never;
  assert.equal(decide(loaded, { url: 'https://a.example/', body }), 'broken');
  assert.equal(decide(loaded, { url: 'https://a.example/' }), 'broken');
  assert.throws(() => loaded.engine.exportLimits(), { code: 'limit_state_invalid' });
});

test('headerNames are the lower-case names that rules read', () => {
  assert.deepEqual(load('default: allow\nrules: []').engine.headerNames, []);
  const { engine } = load(
    'default: allow\nrules:\n  - { name: a, deny: { headers: [{ name: X-A }, { name: x-b, present: false }] } }\n  - { name: b, deny: { method: GET } }',
  );
  assert.deepEqual(engine.headerNames, [
    'x-a',
    'x-b',
    'x-http-method-override',
    'x-http-method',
    'x-method-override',
    'content-type',
    'content-encoding',
  ]);
});

test('a rule that would be considered twice is refused: charged twice, a limit would never end', () => {
  const program = programOf(policyOf(POLICY)).slice();
  const view = new DataView(program.buffer);
  // Header word 16: where the list of the rules without a URL begins; 17: how many there are (program/format.ts).
  const list = view.getUint32(16 * 4, true);
  const last = view.getUint32(17 * 4, true) - 1;
  assert.ok(last > 0);
  view.setUint32(list, view.getUint32(list + last * 4, true), true);
  assert.equal(judge(program), 'refused');
});

/** Word `k` of the flags and ranges of a rule (program/format.ts): 19 flags, 20 and 21 matchers of arguments. */
function spoiltRule(name: string, k: number, value: number): string {
  const policy = policyOf(POLICY);
  const program = programOf(policy).slice();
  const view = new DataView(program.buffer);
  const row = view.getUint32(4 * 4, true) + policy.rules.findIndex(rule => rule.name === name) * 22 * 4;
  view.setUint32(row + k * 4, value, true);
  return judge(program);
}

test('flags of a rule that contradict the rest of it are refused', () => {
  for (const [name, k, value] of [
    ['t1', 19, 2],
    ['t1', 19, 4],
    ['t1', 19, 8],
    ['t2', 19, 2],
    ['t3', 19, 1],
    ['t3', 21, 0],
    ['d1', 19, 2],
    ['d1', 19, 6],
    ['d1', 21, 1],
    ['t3', 20, 999],
  ] as const) {
    assert.equal(spoiltRule(name, k, value), 'refused', `${name} ${k} ${value}`);
  }
  assert.notEqual(spoiltRule('d1', 19, 1), 'refused');
});

test('a trie of tool names that does not exist is refused', () => {
  const program = programOf(policyOf(POLICY)).slice();
  const view = new DataView(program.buffer);
  const roots = view.getUint32(13 * 4, true);
  view.setUint32(50 * 4, roots + 1, true);
  assert.equal(judge(program), 'refused');
  // Another trie than its own names no rule that is not checked before it is considered.
  for (let root = 0; root <= roots; root++) {
    view.setUint32(50 * 4, root, true);
    assert.notEqual(judge(program), '');
  }
});
