import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { readJson } from '#src/core/json/reader.js';
import { plain } from '../../support/tree.js';
import { vectors } from '../../support/vectors.js';

/** Good JSON by RFC 8259 that this reader refuses on purpose. */
const STRICTER = new Map([
  ['y_object_duplicated_key.json', 'duplicate_key'],
  ['y_object_duplicated_key_and_value.json', 'duplicate_key'],
]);

function decode(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}

const suite = vectors('json');
test('the JSON parsing suite', { skip: suite.skip }, async t => {
  for (const name of readdirSync(suite.path).filter(file => file.endsWith('.json'))) {
    await t.test(name, () => {
      const text = decode(readFileSync(join(suite.path, name)));
      const reading = text === null ? null : readJson(text);
      if (name.startsWith('n_')) assert.notEqual(reading?.ok, true);
      if (!name.startsWith('y_')) return;
      assert.ok(reading !== null && text !== null);
      const stricter = STRICTER.get(name);
      if (stricter !== undefined) assert.equal(reading.ok ? null : reading.error.code, stricter);
      else assert.deepEqual(reading.ok ? plain(reading.root) : reading.error, JSON.parse(text));
    });
  }
});

const refused: readonly (readonly [text: string, code: string, at: number])[] = [
  ['', 'json_syntax', 0],
  ['{"a":1,"b":2,"a":3}', 'duplicate_key', 13],
  ['{"a":1,"\\u0061":3}', 'duplicate_key', 7],
  [`{${Array.from({ length: 40 }, (_, i) => `"k${i}":0,`).join('')}"k7":1}`, 'duplicate_key', 311],
  ['["\\ud800"]', 'not_unicode', 1],
  ['["\\udc00\\ud800"]', 'not_unicode', 1],
  ['[1,]', 'json_syntax', 3],
  ['01', 'json_syntax', 1],
  ['"a\nb"', 'json_syntax', 2],
  ['"abc', 'json_syntax', 0],
  ['"\\x"', 'json_syntax', 1],
  ['"\\', 'json_syntax', 1],
  ['nul', 'json_syntax', 0],
  ['1 2', 'json_syntax', 2],
  ['\uFEFF1', 'json_syntax', 0],
  ['\u00a01', 'json_syntax', 0],
  ['['.repeat(129), 'too_deep', 128],
  ['{"a":'.repeat(200_000), 'too_deep', 640],
];
for (const [text, code, at] of refused) {
  test(`JSON refused: ${JSON.stringify(text.slice(0, 24))} (${code})`, () => {
    const reading = readJson(text);
    assert.ok(!reading.ok);
    assert.equal(reading.error.code, code);
    assert.equal(reading.error.at, at);
  });
}

test('128 levels are read, and numbers keep their text', () => {
  assert.ok(readJson(`${'['.repeat(128)}${']'.repeat(128)}`).ok);
  assert.deepEqual(readJson(' 1.50E+400 '), { ok: true, root: { kind: 'number', at: 1, source: '1.50E+400' } });
});

test('places are those of the text', () => {
  assert.deepEqual(readJson('{"a": [true, "\\u00e9"]}'), {
    ok: true,
    root: {
      kind: 'map',
      at: 0,
      entries: [
        {
          key: 'a',
          keyAt: 1,
          value: {
            kind: 'list',
            at: 6,
            items: [
              { kind: 'boolean', at: 7, value: true },
              { kind: 'string', at: 13, value: 'é' },
            ],
          },
        },
      ],
    },
  });
});

test('the JSON text of any value reads as that value', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 6, stringUnit: 'grapheme' }), fc.constantFrom(0, 2), (value, indent) => {
      const text = JSON.stringify(value, null, indent);
      const reading = readJson(text);
      assert.deepEqual(reading.ok ? plain(reading.root) : reading.error, JSON.parse(text));
    }),
    { numRuns: 300 },
  );
});

test('what is read is what JSON.parse reads, for any text', () => {
  const piece = fc.constantFrom(
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    '"',
    '\\',
    '\\u00',
    '1',
    '-',
    '.',
    'e',
    'true',
    'null',
    ' ',
    '\n',
    'a',
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 14 }), pieces => {
      const text = pieces.join('');
      const reading = readJson(text);
      let expected: unknown;
      try {
        expected = JSON.parse(text);
      } catch {
        assert.equal(reading.ok, false);
        return;
      }
      if (reading.ok) assert.deepEqual(plain(reading.root), expected);
      else assert.notEqual(reading.error.code, 'json_syntax');
    }),
    { numRuns: 3000 },
  );
});
