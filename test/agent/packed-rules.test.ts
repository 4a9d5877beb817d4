import assert from 'node:assert/strict';
import { test } from 'node:test';
import { arraysOf, packRules, unpackRules } from '#src/agent/packed-rules.js';

test('rules come out of the pack as they went in, through a clone', () => {
  const ruleNames = ['a', '', 'ünï', 'x'.repeat(128), 'last'];
  const ruleHints = [null, 'ask \ud800 somebody', '', null, 'h'.repeat(512)];
  const ruleKinds = ['allow', 'deny', 'limit', 'deny', 'allow'] as const;
  const packed = packRules({ ruleNames, ruleHints, ruleKinds });
  const there = unpackRules(structuredClone(packed, { transfer: arraysOf(packed) }));
  assert.equal(packed.kinds.length, 0, 'handed over, not copied');
  for (const name of ['ruleNames', 'ruleHints', 'ruleKinds'] as const) {
    const list = there[name];
    const all = Array.from({ length: list.length }, (_, i) => list.at(i));
    assert.deepEqual(all, [...{ ruleNames, ruleHints, ruleKinds }[name]]);
    assert.equal(list.at(5), undefined);
    assert.equal(list.at(-1), undefined);
  }
});

test('no rules at all', () => {
  const { ruleNames } = unpackRules(packRules({ ruleNames: [], ruleHints: [], ruleKinds: [] }));
  assert.equal(ruleNames.length, 0);
  assert.equal(ruleNames.at(0), undefined);
});
