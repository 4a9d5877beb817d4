import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { JsonPath } from '#src/core/policy/checked.js';
import { parseJsonPath } from '#src/core/policy/json-path.js';
import { vectors } from '../../support/vectors.js';

const read: readonly (readonly [text: string, path: JsonPath])[] = [
  ['$', []],
  ['$.a.b', ['a', 'b']],
  ['a.b', ['a', 'b']],
  ['amount', ['amount']],
  ["$['a b']", ['a b']],
  ['$["a"]["b"]', ['a', 'b']],
  ["$['\\'\\\\\\u00e9\\n']", ["'\\é\n"]],
  ["$['']", ['']],
  ['$[0]', [0]],
  ['$.messages.0.role', ['messages', 0, 'role']],
  ['messages.0.role', ['messages', 0, 'role']],
  ['$.messages[0].role', ['messages', 0, 'role']],
  ['$.é.日本', ['é', '日本']],
  ['$[ 0 ][ "a" ]', [0, 'a']],
];
for (const [text, path] of read) {
  test(`JSON path ${text}`, () => {
    assert.deepEqual(parseJsonPath(text), { ok: true, value: path });
  });
}

const refused: readonly (readonly [text: string, code: string, word: RegExp])[] = [
  ['', 'empty_value', /empty/],
  ['$.', 'jsonpath_invalid', /name/],
  ['$.a.', 'jsonpath_invalid', /name/],
  ['$a', 'jsonpath_invalid', /`\.` or `\[`/],
  ['$.a-b', 'jsonpath_invalid', /`-`/],
  ['$.1a', 'jsonpath_invalid', /digit/],
  ['$.01', 'jsonpath_invalid', /leading zeros/],
  ['$[01]', 'jsonpath_invalid', /leading zeros/],
  ['$[-1]', 'jsonpath_invalid', /negative/],
  ['$[1:2]', 'jsonpath_invalid', /slices/],
  ['$[:]', 'jsonpath_invalid', /slices/],
  ['$[0,1]', 'jsonpath_invalid', /unions/],
  ["$['a','b']", 'jsonpath_invalid', /unions/],
  ['$[?@.a]', 'jsonpath_invalid', /filters/],
  ["$['a]", 'jsonpath_invalid', /closed/],
  ["$['\\ud800']", 'jsonpath_invalid', /surrogate/],
  ['$.a ', 'jsonpath_invalid', /`\.` or `\[`/],
  ['$[99999999999]', 'jsonpath_invalid', /too large/],
  ['$[*]', 'not_supported', /wildcards/],
  ['$.*', 'not_supported', /wildcards/],
  ['$..a', 'not_supported', /descendants/],
  [`$.${'a'.repeat(1100)}`, 'bound_exceeded', /1,102 bytes; the most is 1,024/],
  [`$${'.a'.repeat(65)}`, 'bound_exceeded', /65 segments; the most is 64/],
];
for (const [text, code, word] of refused) {
  test(`JSON path refused: ${JSON.stringify(text.slice(0, 24))}`, () => {
    const parsed = parseJsonPath(text);
    assert.ok(!parsed.ok);
    assert.equal(parsed.flaw.code, code);
    assert.match(parsed.flaw.message, word);
  });
}

interface Case {
  readonly name: string;
  readonly selector: string;
  readonly document?: unknown;
  readonly result?: readonly unknown[];
  readonly invalid_selector?: true;
}

/** Ours alone: a name of digits is an index, and the `$` may be left out. */
const OURS = /^[^$]|^\$\.\d+$/;

function walk(value: unknown, path: JsonPath): readonly unknown[] {
  let at = value;
  for (const step of path) {
    if (typeof step === 'number' ? !Array.isArray(at) : typeof at !== 'object' || at === null || Array.isArray(at))
      return [];
    if (!Object.hasOwn(at as object, step)) return [];
    at = (at as Record<string | number, unknown>)[step];
  }
  return [at];
}

const suite = vectors('jsonpath', 'cts.json');
test('the JSONPath compliance suite, as far as one node is meant', { skip: suite.skip }, () => {
  const { tests } = JSON.parse(readFileSync(suite.path, 'utf8')) as { tests: readonly Case[] };
  let valid = 0;
  for (const { name, selector, document, result, invalid_selector } of tests) {
    const parsed = parseJsonPath(selector);
    if (invalid_selector === true) {
      assert.ok(!parsed.ok || OURS.test(selector), `${name}: ${selector} must be refused`);
    } else if (parsed.ok && result !== undefined) {
      assert.deepEqual(walk(document, parsed.value), result, name);
      valid += 1;
    } else if (!parsed.ok) {
      assert.match(selector, /[*?:,]|\.\.|-\d|\d{11}/, `${name}: ${selector} is one we should read`);
    }
  }
  assert.ok(valid > 60, `only ${valid} cases were read`);
});
