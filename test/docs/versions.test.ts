/**
 * docs/versions.md: the name of the language is the schema's, and its list of keys is the definition's: a key that goes away, or comes
 * without saying since when, fails here.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { DOCUMENT_KEYS, type KeyTable, MATCHER_KEYS, TABLES } from '#src/core/policy/definition.js';
import { cli } from '../support/cli.js';
import { code, tableUnder } from '../support/fenced.js';

const PATH = 'docs/versions.md';

test('the language has the name of its schema', async () => {
  const { $id } = JSON.parse((await cli(['schema'])).out) as { $id: string };
  assert.ok(readFileSync(PATH, 'utf8').includes(`\`${$id}\``), $id);
});

test('every key of the language is listed, and no other', () => {
  const listed = new Map<string, string[]>();
  for (const [since = '', where = '', keys = ''] of tableUnder(PATH, '## What v1 consists of')) {
    assert.match(since, /^\d+\.\d+\.\d+$/);
    listed.set(where, [...(listed.get(where) ?? []), ...keys.split(', ').map(code)]);
  }
  const keysOf = (table: KeyTable, but: KeyTable = {}) => Object.keys(table).filter(key => !Object.hasOwn(but, key));
  assert.deepEqual(Object.fromEntries(listed), {
    'the document': keysOf(DOCUMENT_KEYS),
    'a rule': keysOf(TABLES.rule, MATCHER_KEYS),
    'a matcher': keysOf(MATCHER_KEYS),
    '`limit`': keysOf(TABLES.limit, MATCHER_KEYS),
    '`query`, `headers`': keysOf(TABLES.field),
    '`body`, `args`': keysOf(TABLES.body),
    'a test': keysOf(TABLES.test),
    '`request` of a test': keysOf(TABLES.request),
    '`expect` of a test': keysOf(TABLES.expect),
  });
});

test('a key of a later version is refused with its place, not passed over', async () => {
  const policy = 'default: deny\nrules: []\nlater: true\n';
  const ran = await cli(['check', '-'], { stdin: policy });
  assert.equal(ran.code, 1);
  assert.match(ran.out + ran.err, /:3:1: error: .*\[unknown_key\]/);
});
