/** The JSON Schema against the parser: what loads is valid, and wrong keys and types are wrong in both. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { parse } from 'yaml';
import { STARTER_POLICY } from '#src/cli/starter.js';
import { DOCUMENT_KEYS, type KeyTable, TABLES } from '#src/core/policy/definition.js';
import { readPolicy, readPolicyObject } from '#src/core/policy/read.js';
import { policySchema, SCHEMA_ID } from '#src/core/policy/schema.js';
import { fencedBlocks } from '../../support/fenced.js';
import { policyText } from '../../support/oracle/arbitrary.js';

const ajv = new Ajv2020({ strict: true, allowUnionTypes: true, strictRequired: false });
const valid = ajv.compile(policySchema());

test('it is a schema of its dialect, with an ID that no host has to answer for', () => {
  assert.equal(policySchema().$schema, 'https://json-schema.org/draft/2020-12/schema');
  assert.equal(policySchema().$id, SCHEMA_ID);
  assert.ok(ajv.validateSchema(policySchema()));
});

test('its patterns are regular expressions for every validator: no class by name, none that a flag changes', () => {
  const patterns = [...JSON.stringify(policySchema()).matchAll(/"pattern":("(?:[^"\\]|\\.)*")/g)];
  assert.ok(patterns.length >= 3);
  for (const [, text = ''] of patterns) {
    const pattern: string = JSON.parse(text);
    assert.doesNotMatch(
      pattern,
      /\\/,
      'no escapes: `\\p{Cc}` is an error in Python, and letters in JavaScript without `u`',
    );
    for (const flags of ['', 'u', 'v']) assert.ok(new RegExp(pattern, flags).test('charges {p} ünï 🚀'), flags);
    for (const control of ['\u0000', '\n', '\u001f', '\u007f', '\u0085', '\u009f']) {
      assert.ok(!new RegExp(pattern).test(`a${control}b`), JSON.stringify(control));
    }
  }
});

test('every policy of the guide, and the starter, are valid where they load', () => {
  const policies = fencedBlocks('docs/policy.md').filter(block => block.language === 'yaml');
  assert.ok(policies.length >= 10);
  for (const { text, line } of [...policies, { text: STARTER_POLICY, line: 0 }]) {
    const loads = readPolicy(new TextEncoder().encode(text), 'yaml').ok;
    if (loads) assert.ok(valid(parse(text)), `line ${line}: ${JSON.stringify(valid.errors)}`);
  }
});

const RULE = { name: 'r', allow: {} };
const REQUEST = { url: 'https://a.test/' };
const TEST = { name: 't', request: REQUEST, expect: { result: 'deny' } };
const document = (change: object) => ({ default: 'deny', rules: [], ...change });
const rule = (change: object) => document({ rules: [{ ...RULE, ...change }] });
const matcher = (allow: object) => rule({ allow });
const limit = (change: object) =>
  document({ rules: [{ name: 'r', limit: { calls_per_day: 1, per: 'global', ...change } }] });
const body = (change: object) => matcher({ body: { jsonpath: '$.a', ...change } });
const header = (change: object) => matcher({ headers: [{ name: 'a', ...change }] });
const own = (change: object) => document({ tests: [{ ...TEST, ...change }] });
const asked = (change: object) => own({ request: { ...REQUEST, ...change } });
const wanted = (change: object) => own({ expect: { result: 'deny', ...change } });

/** A sound policy with one more thing in a mapping of each table. */
const IN: Readonly<Record<string, readonly [KeyTable, (change: object) => object]>> = {
  document: [DOCUMENT_KEYS, document],
  rule: [TABLES.rule, rule],
  matcher: [TABLES.matcher, matcher],
  limit: [TABLES.limit, limit],
  field: [TABLES.field, header],
  body: [TABLES.body, body],
  test: [TABLES.test, own],
  request: [TABLES.request, asked],
  expect: [TABLES.expect, wanted],
};

for (const [name, [table, make]] of Object.entries(IN)) {
  test(`both refuse an unknown key, null and every other type in: ${name}`, () => {
    both(make({}), true);
    both(make({ nonsense: 1 }), false);
    both(make({ toString: 1 }), false);
    for (const [key, row] of Object.entries(table)) {
      const wrong: unknown[] = [{ a: 1 }, [[]], 5, 1.5, true, ''].filter(value => !fits(row.type, value));
      if (row.type !== 'operand') wrong.push(null);
      if (row.values !== undefined) wrong.push('nonsense');
      for (const value of wrong) both(make({ [key]: value }), false);
    }
  });
}

/** Whether a value is of a type; what it then says is another matter. */
function fits(type: string, value: unknown): boolean {
  const kind = Array.isArray(value) ? 'list' : typeof value === 'object' ? 'map' : typeof value;
  if (type === 'operand') return kind !== 'list' && kind !== 'map';
  if (type === 'integer') return Number.isInteger(value);
  return type.split('_').includes(kind);
}

test('both refuse', () => {
  const refused: readonly object[] = [
    {},
    { default: 'deny' },
    { rules: [] },
    document({ agents: [] }),
    document({ agents: [''] }),
    document({ agents: ['a', 5] }),
    document({ agents: Array.from({ length: 257 }, () => 'a') }),
    document({ version: -1 }),
    document({ tests: [] }),
    document({ rules: [{ name: 'r' }] }),
    rule({ deny: {} }),
    rule({ name: '' }),
    rule({ name: 'a,b' }),
    rule({ name: 'a\u0007b' }),
    matcher({ url: '' }),
    matcher({ tool: '' }),
    matcher({ tool: [] }),
    matcher({ tool: [5] }),
    matcher({ args: [] }),
    matcher({ args: { exact: 1 } }),
    rule({ mode: 'enforce' }),
    rule({ hint: '' }),
    rule({ hint: 'a\nb' }),
    own({ request: { method: 'POST' } }),
    own({ request: { tool: 'a', args: 'text' } }),
    asked({ args: {} }),
    own({ request: { tool: 'a', body: 'x' } }),
    own({ request: { tool: 'a', headers: [['a', 'b']] } }),
    matcher({ method: [] }),
    matcher({ method: [''] }),
    matcher({ headers: [] }),
    matcher({ headers: [{}] }),
    header({ present: false, exact: 'a' }),
    body({ exists: false, prefix: 'a' }),
    rule({ allow: { url: '*' }, url: '*' }),
    matcher({ timezone: 'UTC' }),
    rule({ timezone: 'UTC' }),
    asked({ body: 'a' }),
    matcher({ body: {} }),
    matcher({ body: [] }),
    body({ in: [] }),
    body({ in: [{}] }),
    body({ not_in: [[]] }),
    header({ in: [5] }),
    limit({ calls_per_hour: 1 }),
    limit({ calls_per_day: 0 }),
    limit({ calls_per_day: 1_000_001 }),
    limit({ per: 'body_field' }),
    limit({ field: '$.a' }),
    document({ rules: [{ name: 'r', limit: { per: 'global' } }] }),
    own({ name: 'a\nb' }),
    asked({ headers: [['a']] }),
    asked({ headers: [['a', 'b', 'c']] }),
    asked({ headers: [['a', 5]] }),
    asked({ repeat: 0 }),
    asked({ url: '' }),
    wanted({ code: 'kill_switch' }),
  ];
  for (const policy of refused) both(policy, false);
});

test('both take', () => {
  const taken: readonly object[] = [
    rule({ description: '', source: '' }),
    rule({ mode: 'dry_run', hint: 'ask Ada' }),
    matcher({ tool: ['read_*', 'github/**'], args: [{ jsonpath: '$.path', regex: '^/srv/' }, { jsonpath: '$.n' }] }),
    rule({ tool: '**', args: { jsonpath: '$' } }),
    own({ request: { tool: 'a/b', args: { a: [null, 1.5] } } }),
    own({ request: { tool: 'a/b', args: {}, url: 'tool://a/b', repeat: 2 } }),
    matcher({ method: 'get', url: '*', query: [{ name: 'q', exact: '' }] }),
    header({ in: ['', 'a'] }),
    header({ present: false }),
    header({ present: true, exact: 'a' }),
    body({ exists: false }),
    rule({ allow: { time_within: '09:00-17:00' }, timezone: 'UTC' }),
    rule({ allow: { timezone: 'UTC' }, days: ['mon'] }),
    body({ in: ['', 1.5, true, null], prefix: '' }),
    limit({ per: 'body_field', field: '$.a' }),
    asked({ method: 'POST', body: '', headers: [['a', 'b']], repeat: 100_000 }),
    asked({ method: 'POST', body: [] }),
    asked({ method: 'POST', body: { a: null } }),
  ];
  for (const policy of taken) both(policy, true);
});

test('whatever loads is valid', () => {
  const seen = new Set<string>();
  fc.assert(
    fc.property(policyText, text => {
      // A number too large for a double becomes null.
      const kept = JSON.stringify(JSON.parse(text));
      fc.pre(readPolicyObject(kept).ok);
      const policy: unknown = JSON.parse(kept);
      assert.ok(valid(policy), `${JSON.stringify(valid.errors)} of ${text}`);
      for (const [key] of text.matchAll(/"(tool|args|mode|hint|regex|days)":/g)) seen.add(key);
    }),
    { seed: 12, numRuns: 500 },
  );
  assert.equal(seen.size, 6);
});

test('every list of the tables says what it holds', () => {
  for (const table of [DOCUMENT_KEYS, ...Object.values(TABLES)]) {
    for (const [key, row] of Object.entries<KeyTable[string]>(table)) {
      if (/list/.test(row.type)) assert.ok((row.of ?? row.items) !== undefined, key);
    }
  }
});

function both(policy: object, loads: boolean): void {
  const text = JSON.stringify(policy);
  const reading = readPolicyObject(text);
  assert.equal(reading.ok, loads, `the parser: ${text} ${JSON.stringify(reading)}`);
  assert.equal(valid(policy), loads, `the schema: ${text} ${JSON.stringify(valid.errors)}`);
}
