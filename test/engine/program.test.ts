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
