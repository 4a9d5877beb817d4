/** Shadow rules: what would have fired is named, and nothing else changes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Ask, decide, load } from '../support/engine.js';

const URL = 'https://api.example.com/v1/x';
const policy = (rules: readonly string[], base = 'deny') =>
  load(`default: ${base}\nrules:\n${rules.map(rule => `  - ${rule}`).join('\n')}`, 64);
const post = (body: Ask['body']): Ask => ({ url: URL, method: 'POST', ...(body === undefined ? {} : { body }) });

test('a shadow deny that fires is named, and the call is allowed; also on UNKNOWN', () => {
  const loaded = policy([
    '{ name: a, allow: { url: "*" } }',
    '{ name: s, mode: dry_run, deny: { body: { jsonpath: $.n, min: 5 } } }',
  ]);
  assert.equal(decide(loaded, post('{"n":4}')), 'rule_allowed a');
  assert.equal(decide(loaded, post('{"n":5}')), 'rule_allowed a (s)');
  assert.equal(decide(loaded, post('{"n":"5"}')), 'rule_allowed a (s)');
});

test('a shadow allow fires on TRUE only, and allows nothing', () => {
  const loaded = policy(['{ name: s, mode: dry_run, allow: { body: { jsonpath: $.n, min: 5 } } }']);
  assert.equal(decide(loaded, post('{"n":5}')), 'default_denied (s)');
  assert.equal(decide(loaded, post('{"n":"5"}')), 'default_denied');
});

test('a shadow rule is judged whatever decides, however specific that is', () => {
  const loaded = policy([
    '{ name: s1, mode: dry_run, deny: { url: "*" } }',
    '{ name: d, deny: { url: "api.example.com/v1/x" } }',
    '{ name: s2, mode: dry_run, allow: { method: GET } }',
    '{ name: s3, mode: dry_run, deny: { tool: "*" } }',
  ]);
  assert.equal(decide(loaded, { url: URL }), 'rule_denied d (s1 s2)');
  assert.equal(decide(loaded, { url: `${URL}/y` }), 'default_denied (s1 s2)');
  assert.equal(decide(loaded, { tool: 't' }), 'default_denied (s1 s3)');
});

test('the first eight in file order are kept, in whatever order they were met', () => {
  const rules = Array.from({ length: 12 }, (_, i) =>
    i % 3 === 0
      ? `{ name: s${i}, mode: dry_run, deny: { url: "*" } }`
      : `{ name: s${i}, mode: dry_run, deny: { url: "api.example.com/**" } }`,
  );
  rules[1] = '{ name: s1, mode: dry_run, deny: { body: { jsonpath: $.n } } }';
  const loaded = policy(rules);
  assert.equal(decide(loaded, post('{"n":1}')), 'default_denied (s0 s1 s2 s3 s4 s5 s6 s7)');
  assert.equal(decide(loaded, post('{}')), 'default_denied (s0 s2 s3 s4 s5 s6 s7 s8)');
  assert.equal(decide(loaded, { url: 'https://b.example/' }), 'default_denied (s0 s3 s6 s9)');
});

test('nothing of one answer is left in the next', () => {
  const loaded = policy(['{ name: s, mode: dry_run, deny: { method: DELETE } }'], 'allow');
  assert.equal(decide(loaded, { url: URL, method: 'DELETE' }), 'default_allowed (s)');
  assert.equal(decide(loaded, { url: URL }), 'default_allowed');
  assert.equal(decide(loaded, { url: URL, method: 'DELETE' }), 'default_allowed (s)');
  assert.equal(decide(loaded, { url: 'https://', raw: true }), 'request_invalid');
});

test('a body that only shadow rules want is asked for, but its size refuses nothing', () => {
  const looks = 'body: { jsonpath: $.n }';
  const loaded = policy(['{ name: a, allow: { url: "*" } }', `{ name: s, mode: dry_run, deny: { ${looks} } }`]);
  const large = post({ kind: 'too_large' });
  assert.equal(decide(loaded, post({ kind: 'unread' })), 'need_body');
  assert.equal(decide(loaded, large), 'rule_allowed a');
  assert.equal(decide(loaded, { ...large, permissive: true }), 'rule_allowed a');
  const allow = policy([`{ name: s, mode: dry_run, allow: { ${looks} } }`], 'allow');
  assert.equal(decide(allow, large), 'default_allowed');
  const form = policy(['{ name: s, mode: dry_run, deny: { method: DELETE } }'], 'allow');
  const type = [['content-type', 'application/x-www-form-urlencoded']] as const;
  assert.equal(decide(form, { ...large, headers: type }), 'default_allowed');
  assert.equal(decide(form, { ...post('_method=delete'), headers: type }), 'default_allowed (s)');
  // With a rule that binds beside it, all is as ever.
  const mixed = policy([`{ name: a, allow: { ${looks} } }`, `{ name: s, mode: dry_run, deny: { ${looks} } }`]);
  assert.equal(decide(mixed, large), 'body_too_large');
  assert.equal(decide(mixed, { ...large, permissive: true }), 'default_denied ?');
  assert.equal(decide(mixed, post('{"n":1}')), 'rule_allowed a (s)');
});

const LIMIT = (name: string, n: number, more = '') =>
  `{ name: ${name}, ${more}limit: { calls_per_second: ${n}, per: global } }`;
const run = (loaded: ReturnType<typeof load>, times: readonly number[], ask: Ask = { url: URL }) =>
  times.map(ms => decide(loaded, { ...ask, ms }));

test('a shadow limit refuses nothing, counts as if it did, and keeps its own counters', () => {
  const loaded = policy([LIMIT('s', 2, 'mode: dry_run, ')], 'allow');
  const pass = 'default_allowed';
  assert.deepEqual(run(loaded, [0, 1, 2, 999, 1000, 1001]), [pass, pass, `${pass} (s)`, `${pass} (s)`, pass, pass]);
});

test('a shadow limit is charged only for what is let through', () => {
  const loaded = policy(
    [LIMIT('s', 2, 'mode: dry_run, '), LIMIT('l', 1), '{ name: d, deny: { method: DELETE } }'],
    'allow',
  );
  assert.deepEqual(run(loaded, [0, 1, 2]), ['default_allowed', 'rate_limited l 999', 'rate_limited l 998']);
  assert.deepEqual(run(loaded, [3], { url: URL, method: 'DELETE' }), ['rule_denied d']);
  // One charge at 0, one now; the third would have been refused.
  assert.deepEqual(run(loaded, [1000, 1001]), ['default_allowed', 'rate_limited l 999']);
  const both = policy([LIMIT('s', 1, 'mode: dry_run, '), LIMIT('t', 3, 'mode: dry_run, '), LIMIT('l', 3)], 'allow');
  const pass = 'default_allowed';
  assert.deepEqual(run(both, [0, 1, 2, 3]), [pass, `${pass} (s)`, `${pass} (s)`, 'rate_limited l 997 (s t)']);
});

test('the wait of a refusal is that of the limits that bind', () => {
  const slow = '{ name: s, mode: dry_run, limit: { calls_per_hour: 1, per: global } }';
  const loaded = policy([slow, LIMIT('l', 1)], 'allow');
  assert.deepEqual(run(loaded, [0, 1]), ['default_allowed', 'rate_limited l 999 (s)']);
});

test('the counters of a shadow limit are taken over', () => {
  const before = policy([LIMIT('s', 1, 'mode: dry_run, ')], 'allow');
  run(before, [0]);
  const after = policy([LIMIT('s', 1)], 'allow');
  after.engine.importLimits(before.engine.exportLimits());
  assert.deepEqual(run(after, [1]), ['rate_limited s 999']);
});
