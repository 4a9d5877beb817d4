import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonPath, PathStep } from '#src/core/policy/checked.js';
import { parseJsonPath } from '#src/core/policy/json-path.js';

const every: PathStep = { kind: 'every' };
const below = (name: string): PathStep => ({ kind: 'below', name });

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
  ['$[*]', [every]],
  ['$.*', [every]],
  ['$ .a\n[ * ]', ['a', every]],
  ['a.*.0', ['a', every, 0]],
  ['$..a', [below('a')]],
  ["$..['a b']", [below('a b')]],
  ['$..[ "\\u0061" ].*..é', [below('a'), every, below('é')]],
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
  ['$[*,1]', 'jsonpath_invalid', /unions/],
  ['$.*a', 'jsonpath_invalid', /`\.` or `\[`/],
  ['$..*', 'jsonpath_invalid', /descendant wildcards/],
  ['$..[*]', 'jsonpath_invalid', /descendant wildcards/],
  ['$..[0]', 'jsonpath_invalid', /descendant indexes/],
  ["$..['a','b']", 'jsonpath_invalid', /unions/],
  ['$..[?@.a]', 'jsonpath_invalid', /filters/],
  ['$..[-1]', 'jsonpath_invalid', /negative/],
  ['$..[1:2]', 'jsonpath_invalid', /slices/],
  ['$..', 'jsonpath_invalid', /name/],
  ['$...a', 'jsonpath_invalid', /name/],
  ['$..1', 'jsonpath_invalid', /name/],
  ['$.. a', 'jsonpath_invalid', /name/],
  ['$. *', 'jsonpath_invalid', /name/],
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
