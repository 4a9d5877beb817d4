/** Promise: what compiles to many states is never taken for cheap, and what people write most is. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { REGEX_INLINE_MAX_COST } from '#src/core/limits.js';
import { compileRegex } from '#src/core/policy/regex/compile.js';
import { regexCost } from '#src/core/policy/regex/cost.js';

const ofYaml = (pattern: string): number => regexCost(`      regex: '${pattern}'\n`);
const ofJson = (pattern: string): number => regexCost(`{"rules":[{"regex":${JSON.stringify(pattern)}}]}`);

const DEAR = [
  'a.{7}b',
  'a.......b.',
  '(a|b).{10}c',
  '\\pL+',
  '^\\pL{20}$',
  '\\b(?:\\d[ -]?){13,16}\\b',
  '^[a-z]{2,200}[a-z0-9]{2,200}$',
];
const CHEAP = [
  'hello',
  '^[a-z0-9._-]+$',
  'secret|password|token',
  '^v[0-9]{1,3}$',
  'a'.repeat(256),
  '\\bdrop\\s+table\\b',
];

test('dear patterns are dear, cheap ones cheap, in either form', () => {
  for (const pattern of DEAR) {
    const compiled = compileRegex(pattern);
    assert.ok(!compiled.ok || compiled.value.states > 100, pattern);
    assert.ok(ofYaml(pattern) > REGEX_INLINE_MAX_COST, pattern);
    assert.ok(ofJson(pattern) > REGEX_INLINE_MAX_COST, pattern);
  }
  for (const pattern of CHEAP) {
    const compiled = compileRegex(pattern);
    assert.ok(compiled.ok && compiled.value.states < 300, pattern);
    assert.ok(ofYaml(pattern) < REGEX_INLINE_MAX_COST / 4, pattern);
    assert.ok(ofJson(pattern) < REGEX_INLINE_MAX_COST / 4, pattern);
  }
});

test('many cheap ones add up, on lines of their own and on one; a pattern elsewhere is taken for dear', () => {
  const many = Array.from({ length: 60 }, (_, i) => `{ regex: 'word${i}' }`);
  assert.ok(regexCost(many.join('\n')) > REGEX_INLINE_MAX_COST);
  assert.ok(regexCost(many.join(', ')) > REGEX_INLINE_MAX_COST);
  for (const text of ['regex: >\n  a\n', 'regex: *same\n', 'regex:\n  "a"\n', 'regex: |-\n  a\n']) {
    assert.ok(regexCost(text) > REGEX_INLINE_MAX_COST, text);
  }
  assert.equal(regexCost('default: deny\nrules: []\n'), 0);
});
