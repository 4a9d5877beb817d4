import assert from 'node:assert/strict';
import { test } from 'node:test';
import { matchesGlob } from '#src/core/config/agent-glob.js';
import { type KillContents, readKillFile, readRfc3339, writeKillFile } from '#src/core/config/kill-file.js';

const read = (text: string) => readKillFile(new TextEncoder().encode(text));

const plain: readonly (readonly [string, string])[] = [
  ['an empty file', ''],
  ['blank lines', '\n\n'],
  ['a word', 'stop\n'],
  ['a list', '- a\n'],
  ['an empty mapping', '{}\n'],
  ['an unknown key', 'reason: x\nagent: a\n'],
  ['an unknown key beside agents', 'agents: [a]\nunitl: "2026-01-01T00:00:00Z"\n'],
  ['a duplicate key', 'agents: [a]\nagents: [b]\n'],
  ['no agents', 'agents: []\n'],
  ['agents as text', 'agents: a\n'],
  ['agents null', 'agents:\n'],
  ['an agent that is a number', 'agents: [1]\n'],
  ['an agent that no ID can be', 'agents: ["a b"]\n'],
  ['an empty agent', 'agents: [""]\n'],
  ['a date without a time', 'until: 2026-01-01\n'],
  ['a date without an offset', 'until: "2026-01-01T00:00:00"\n'],
  ['until null', 'until:\n'],
  ['a reason that is a number', 'reason: 5\n'],
  ['a reason too long', `reason: ${'x'.repeat(201)}\nagents: [a]\n`],
  ['over 4 KiB', `agents: [a]\n#${'x'.repeat(4096)}\n`],
  ['broken YAML', 'agents: [a\n'],
  ['two documents', 'agents: [a]\n---\nagents: [b]\n'],
  ['a custom tag', 'agents: !x [a]\n'],
  ['an alias', 'reason: &r x\nagents: [*r]\n'],
  ['a merge key', '<<: {agents: [a]}\n'],
];
for (const [name, text] of plain) {
  test(`kill file: ${name} is the plain form`, () => assert.equal(read(text), null));
}
test('kill file: bytes that are not UTF-8 are the plain form', () => {
  assert.equal(readKillFile(Uint8Array.of(0x61, 0xff)), null);
});

test('kill file: what it may say is read', () => {
  assert.deepEqual(read('reason: bad deploy\nagents: [crm-*, billing]\nuntil: 2026-01-01T00:00:00Z\n'), {
    reason: 'bad deploy',
    agents: ['crm-*', 'billing'],
    untilMs: Date.UTC(2026, 0, 1),
  });
  assert.deepEqual(read(`reason: ${'€'.repeat(200)}\n`), { reason: '€'.repeat(200), agents: null, untilMs: null });
});

test('kill file: what is written is read back', () => {
  const cases: readonly KillContents[] = [
    { reason: 'a "quoted": #reason\n', agents: null, untilMs: null },
    { reason: null, agents: ['*', 'a.b'], untilMs: 1_900_000_000_123 },
  ];
  for (const contents of cases) assert.deepEqual(read(writeKillFile(contents)), contents);
});

const times: readonly (readonly [string, number | null])[] = [
  ['1970-01-01T00:00:00Z', 0],
  ['1970-01-01t00:00:00.5z', 500],
  ['1970-01-01T00:00:00.0001Z', 1],
  ['1970-01-01T02:00:00+02:00', 0],
  ['1969-12-31T18:30:00-05:30', 0],
  ['2024-02-29T00:00:00Z', Date.UTC(2024, 1, 29)],
  ['2026-02-29T00:00:00Z', null],
  ['2026-13-01T00:00:00Z', null],
  ['2026-01-01T24:00:00Z', null],
  ['2026-01-01T00:60:00Z', null],
  ['2026-01-01 00:00:00Z', null],
  ['2026-01-01T00:00Z', null],
  ['tomorrow', null],
];
for (const [text, ms] of times) test(`RFC 3339: ${text}`, () => assert.equal(readRfc3339(text), ms));

const globs: readonly (readonly [string, string, boolean])[] = [
  ['*', 'anything', true],
  ['crm-*', 'crm-1', true],
  ['crm-*', 'crm', false],
  ['*-*-x', 'a-b-c-x', true],
  ['a*b*c', 'abcbc', true],
  ['a*b*c', 'abcb', false],
  ['A', 'a', false],
  ['a.c', 'abc', false],
];
for (const [glob, text, matches] of globs) {
  test(`glob ${glob} and ${text}`, () => assert.equal(matchesGlob(glob, text), matches));
}
