/**
 * The public JSONPath compliance suite: what this language has selects in the engine exactly the nodes that RFC 9535 says;
 * what it has not is refused by the name of its kind, and what is no JSONPath is refused.
 *
 * A matcher answers yes or no, so each place of a document is asked for alone: the value there becomes a text that stands
 * nowhere else (which selects the same, as nothing here depends on values) and `exact` asks for it.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseJsonPath } from '#src/core/policy/json-path.js';
import { ALLOW, BodyEngine, DENY, FALSE, TRUE } from '../support/body-engine.js';
import { on, op } from '../support/body-values.js';
import { type Json, type Keys, places } from '../support/json-places.js';
import { vectorJson, vectors } from '../support/vectors.js';

interface Case {
  readonly name: string;
  readonly selector: string;
  readonly document?: Json;
  readonly result_paths?: readonly string[];
  readonly results_paths?: readonly (readonly string[])[];
  readonly invalid_selector?: true;
}

const MARK = 'stands nowhere else';

/** The kinds a selector has that the language has not, told from its text without the quoted names. */
function foreignKinds(selector: string): string[] {
  const bare = selector.replace(/'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"/gs, 'q');
  const kinds: readonly (readonly [RegExp, string])[] = [
    [/\?/, 'filters'],
    [/:/, 'slices'],
    [/,/, 'unions'],
    [/-\d/, 'negative indexes'],
    [/\.\.(\*|\[\s*\*)/, 'descendant wildcards'],
    [/\.\.\[\s*\d/, 'descendant indexes'],
    [/\d{11}/, 'an index is too large'],
  ];
  return kinds.filter(([sign]) => sign.test(bare)).map(([, kind]) => kind);
}

const SHORT: Readonly<Record<string, string>> = { '\b': '\\b', '\t': '\\t', '\n': '\\n', '\f': '\\f', '\r': '\\r' };

/** RFC 9535, section 2.7. */
function normalized(keys: Keys): string {
  const letter = (c: string): string =>
    SHORT[c] ??
    (c < ' ' ? `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}` : c === "'" || c === '\\' ? `\\${c}` : c);
  const part = (key: string | number): string =>
    typeof key === 'number' ? `${key}` : `'${[...key].map(letter).join('')}'`;
  return `$${keys.map(key => `[${part(key)}]`).join('')}`;
}

function marked(root: Json, keys: Keys): Json {
  const [key, ...rest] = keys;
  if (key === undefined) return MARK;
  if (Array.isArray(root)) return root.map((item, i) => (i === key ? marked(item, rest) : item));
  return Object.fromEntries(
    Object.entries(root as object).map(([name, item]) => [name, name === key ? marked(item, rest) : item]),
  );
}

const suite = vectors('jsonpath', 'cts.json');
const engine = await BodyEngine.make();

test('the JSONPath compliance suite', { skip: suite.skip }, t => {
  const { tests } = vectorJson('jsonpath/cts.json') as { readonly tests: readonly Case[] };
  const counts = { agree: 0, places: 0, refused: 0, invalid: 0, dialect: 0 };
  for (const { name, selector, document, result_paths, results_paths, invalid_selector } of tests) {
    const parsed = parseJsonPath(selector);
    if (invalid_selector === true) {
      // Ours alone: the `$` may be left out, and a name of digits is an index.
      if (/^[^$]|^\$\.\d+$/.test(selector) && parsed.ok) counts.dialect += 1;
      else {
        assert.ok(!parsed.ok, `${name}: ${selector} must be refused`);
        counts.invalid += 1;
      }
      continue;
    }
    const foreign = foreignKinds(selector);
    if (foreign.length > 0) {
      assert.ok(!parsed.ok, `${name}: ${selector} must be refused`);
      assert.ok(
        foreign.some(kind => parsed.flaw.message.includes(kind)),
        `${name}: ${parsed.flaw.message}`,
      );
      counts.refused += 1;
      continue;
    }
    assert.ok(parsed.ok, `${name}: ${selector} must be read`);
    const selected = new Set(result_paths ?? results_paths?.[0]);
    engine.program([
      on(parsed.value, { exists: true }),
      on(parsed.value, { exists: false }),
      on(parsed.value, { exact: op(MARK) }),
    ]);
    const root = document as Json;
    const [some, none] = selected.size > 0 ? [TRUE, FALSE] : [FALSE, TRUE];
    for (const effect of [ALLOW, DENY]) {
      assert.deepEqual(engine.judge({ body: JSON.stringify(root) }, effect), [some, none, FALSE], name);
    }
    const all = places(root);
    for (const { keys } of all) {
      const body = JSON.stringify(marked(root, keys));
      const here = selected.delete(normalized(keys));
      assert.equal(engine.judge({ body }, DENY)[2], here ? TRUE : FALSE, `${name}: ${selector} at ${normalized(keys)}`);
      counts.places += 1;
    }
    assert.deepEqual([...selected], [], `${name}: every place of the result was asked for`);
    counts.agree += 1;
  }
  t.diagnostic(JSON.stringify(counts));
  assert.equal(counts.agree + counts.refused + counts.invalid + counts.dialect, tests.length);
  assert.ok(counts.agree > 75, JSON.stringify(counts));
});
