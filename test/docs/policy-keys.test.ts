/** docs/policy-keys.md has every key of the definition with what it takes; `CHECKRD_WRITE_DOCS=1` writes the tables anew. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { DOCUMENT_KEYS, type KeyRow, type KeyTable, MATCHER_KEYS, TABLES } from '#src/core/policy/definition.js';
import { tableUnder } from '../support/fenced.js';

const PATH = 'docs/policy-keys.md';

const TABLES_UNDER: Readonly<Record<string, KeyTable>> = {
  '## The document': DOCUMENT_KEYS,
  '## A rule': without(TABLES.rule, MATCHER_KEYS),
  '## `limit`': without(TABLES.limit, MATCHER_KEYS),
  '## Matchers': MATCHER_KEYS,
  '## `query` and `headers`': TABLES.field,
  '## `body` and `args`': TABLES.body,
  '## A test': TABLES.test,
  '## The `request` of a test': TABLES.request,
  '## What a test expects': TABLES.expect,
};

function without(table: KeyTable, others: KeyTable): KeyTable {
  return Object.fromEntries(Object.entries(table).filter(([key]) => !Object.hasOwn(others, key)));
}

const TAKES: Readonly<Record<KeyRow['type'], string>> = {
  string: 'a text',
  boolean: '`true` or `false`',
  integer: 'a whole number',
  number: 'a number',
  operand: 'a text, a number, `true`, `false` or null',
  list: 'a list',
  map: 'a mapping',
  string_or_list: 'a text or a list of texts',
  map_or_list: 'a mapping or a list of them',
  string_map_or_list: 'a text, a mapping or a list',
};
const ITEMS = { string: ' of texts', operand: ' of such values', header: '', any: '' } as const;

function takes(row: KeyRow): string {
  const listed = row.values?.map(value => `\`${value}\``).join(', ');
  const of = row.type !== 'list' ? '' : row.of !== undefined ? ' of mappings' : ITEMS[row.items ?? 'any'];
  const range =
    row.from === undefined ? '' : row.to === undefined ? `, from ${row.from}` : `, ${row.from} to ${row.to}`;
  return `${listed ?? TAKES[row.type] + of + range}${row.required ? '; required' : ''}`;
}

for (const [heading, table] of Object.entries(TABLES_UNDER)) {
  test(`${PATH}: ${heading}`, () => {
    const rows = Object.entries(table).map(([key, row]) => [`\`${key}\``, takes(row), row.means]);
    if (process.env.CHECKRD_WRITE_DOCS === '1') {
      const text = rows.map(row => `| ${row.join(' | ')} |\n`).join('');
      const place = new RegExp(`(\n${heading}\n.*?\n\\| -[^\n]*\n)(?:\\|[^\n]*\n)*`, 's');
      const page = readFileSync(PATH, 'utf8').replace(place, (_all, head) => head + text);
      writeFileSync(PATH, page);
    }
    assert.deepEqual(tableUnder(PATH, heading), rows);
  });
}

test('it has no other tables', () => {
  const headings = [...readFileSync(PATH, 'utf8').matchAll(/^## .*$/gm)].map(([heading]) => heading);
  assert.deepEqual(headings.sort(), Object.keys(TABLES_UNDER).sort());
});
