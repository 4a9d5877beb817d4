/** Names against patterns, compared with the shortest matcher one can write; small words, so that they meet. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decide, load } from '../support/engine.js';

const split = (text: string): string[] => (text.endsWith('/') ? text.slice(0, -1) : text).split('/');

function segmentMatches(pattern: string, name: string): boolean {
  if (pattern === '{id}') return /^[0-9]+$/.test(name);
  const parts = pattern
    .split('*')
    .map(part => part.replace(/[^a-z0-9]/gu, c => `\\u{${c.codePointAt(0)!.toString(16)}}`));
  return new RegExp(`^${parts.join('.*')}$`, 'su').test(name);
}

function matches([head, ...rest]: readonly string[], names: readonly string[]): boolean {
  if (head === undefined) return names.length === 0;
  if (head === '**') return matches(rest, names) || (names.length > 0 && matches([head, ...rest], names.slice(1)));
  return names.length > 0 && segmentMatches(head, names[0]!) && matches(rest, names.slice(1));
}

const joined = (...words: readonly string[]) =>
  fc
    .array(fc.constantFrom(...words), { minLength: 1, maxLength: 4 })
    .map(segments => segments.join('/'))
    .filter(text => text !== '');
const PATTERN = joined('a', 'b', 'ab', '*', '**', '{id}', 'a*', '*b', 'a*b', '', 'é', '.', '..', 'a;b', 'a b');
const NAME = joined(
  'a',
  'b',
  'ab',
  'axb',
  '7',
  'aé',
  'é',
  '',
  '.',
  '..',
  '%61',
  'a;b',
  'a b',
  '*',
  '**',
  '{id}',
  'a\\b',
);

test('the engine and the shortest matcher agree', () => {
  const rules = fc.array(fc.array(PATTERN, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(rules, fc.array(NAME, { minLength: 1, maxLength: 8 }), (lists, names) => {
      const yaml = lists.map(
        (list, i) => `  - { name: r${i}, mode: dry_run, deny: { tool: ${JSON.stringify(list)} } }`,
      );
      const loaded = load(`default: allow\nrules:\n${yaml.join('\n')}`);
      for (const tool of names) {
        const fired = lists.flatMap((list, i) => (list.some(p => matches(split(p), split(tool))) ? [`r${i}`] : []));
        const want = fired.length === 0 ? 'default_allowed' : `default_allowed (${fired.join(' ')})`;
        assert.equal(decide(loaded, { tool }), want, JSON.stringify([lists, tool]));
      }
    }),
    { numRuns: 150 },
  );
});
