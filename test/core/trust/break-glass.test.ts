/** What is remembered of break glass, and the decision that it changes: pure parts. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { utf8 } from '#src/core/bytes.js';
import { throughGlass } from '#src/core/decide/break-glass.js';
import { DECISION_CODES, type Decision } from '#src/core/decide/types.js';
import {
  GLASS_MEMORY_MAX_BYTES,
  glassMemoryText,
  joinGlass,
  knownGlass,
  NO_GLASS,
  readGlassMemory,
  seenGlass,
  spentGlass,
} from '#src/core/trust/break-glass-memory.js';

const id = (n: number) => n.toString(16).padStart(64, '0');
const NOW = { wallMs: 1_000_000, bootMs: 50, bootId: 'b' };

test('the memory is bounded, and what falls out of it stays over', () => {
  let memory = NO_GLASS;
  for (let n = 0; n < 600; n++) memory = spentGlass(seenGlass(memory, id(n), 2_000_000 + n, 900, NOW), id(n));
  const text = glassMemoryText(memory);
  assert.ok(text.length < GLASS_MEMORY_MAX_BYTES);
  const read = readGlassMemory(utf8(text));
  assert.deepEqual(read, memory);
  for (let n = 0; n < 600; n++) assert.equal(knownGlass(memory, id(n), 2_000_000 + n)?.isSpent, true);
  assert.equal(knownGlass(memory, id(999), 2_000_600), null);
});

test('two memories are joined to the stricter of both', () => {
  const one = seenGlass(NO_GLASS, id(1), 2_000_000, 900, NOW);
  const other = seenGlass(NO_GLASS, id(1), 2_000_000, 700, { ...NOW, wallMs: 900_000 });
  for (const joined of [joinGlass(one, other), joinGlass(other, one)]) {
    assert.deepEqual(joined.known, [
      { id: id(1), expiresMs: 2_000_000, seenMs: 1_000_000, bootId: 'b', deadlineMs: 750, isSpent: false },
    ]);
  }
  assert.equal(joinGlass(spentGlass(one, id(1)), other).known[0]?.isSpent, true);
  assert.equal(joinGlass(other, spentGlass(one, id(1))).known[0]?.isSpent, true);
});

test('a memory that this did not write is none', () => {
  const good = glassMemoryText(seenGlass(NO_GLASS, id(1), 2_000_000, 900, NOW));
  assert.ok(readGlassMemory(utf8(good)) !== null);
  for (const [from, to] of [
    ['"v":1', '"v":2'],
    ['"known"', '"x":1,"known"'],
    ['"spent":false', '"spent":0'],
    ['"seen_ms":1000000', '"seen_ms":-1'],
    ['"boot_id":"b"', '"boot_id":1'],
    ['"expires_ms"', '"expire_ms"'],
    [id(1), 'x'],
    ['}\n', ''],
  ] as const) {
    assert.ok(good.includes(from), from);
    assert.equal(readGlassMemory(utf8(good.replace(from, to))), null, to);
  }
});

test('of all codes two are let through, only where they held the call back, and only for the agents named', () => {
  const glass = { agents: ['crm-*', 'billing'] };
  const denied = (code: Decision['code'], enforced = true): Decision => ({
    ...{ result: 'deny', enforced, code, matchedRule: 'r', matchedRuleKind: 'deny', reason: 'no', uncertain: false },
    ...{ shadowRules: [], hint: 'ask' },
  });
  const lifted = DECISION_CODES.filter(code => throughGlass(denied(code), glass, 'billing').code !== code);
  assert.deepEqual(lifted, ['rule_denied', 'default_denied']);
  assert.deepEqual(throughGlass(denied('rule_denied'), glass, 'crm-1'), {
    ...{ result: 'deny', enforced: false, code: 'break_glass', matchedRule: 'r', matchedRuleKind: 'deny' },
    ...{ reason: 'let through by break glass: no', uncertain: false, shadowRules: [] },
  });
  for (const [decision, agent] of [
    [denied('rule_denied'), 'other'],
    [denied('rule_denied', false), 'billing'],
  ] as const) {
    assert.equal(throughGlass(decision, glass, agent), decision);
  }
  assert.equal(throughGlass(denied('rule_denied'), null, 'billing').code, 'rule_denied');
});
