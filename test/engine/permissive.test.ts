import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Ask, decide, load } from '../support/engine.js';

const LONG = 'x'.repeat(100);
const json: Ask = { method: 'POST', url: 'https://a.com/x', body: `{"a":5,"pad":"${LONG}"}` };
const form: Ask = {
  url: 'https://a.com/x',
  method: 'POST',
  headers: [['content-type', 'application/x-www-form-urlencoded']],
  body: `a=5&_method=GET&pad=${LONG}`,
};

const ask = (policy: string, given: Ask, permissive: boolean): string =>
  decide(load(policy, 64), { ...given, permissive });

const cases: readonly (readonly [name: string, policy: string, given: Ask, strict: string, permissive: string])[] = [
  [
    'a deny that looks into it is FALSE',
    'default: allow\nrules:\n  - { name: r, deny: { body: { jsonpath: $.a, min: 1 } } }',
    json,
    'body_too_large',
    'default_allowed ?',
  ],
  [
    'an allow that looks into it is UNKNOWN',
    'default: deny\nrules:\n  - { name: r, allow: { body: { jsonpath: $.a, min: 1 } } }',
    json,
    'body_too_large',
    'default_denied ?',
  ],
  [
    'a limit that looks into it is UNKNOWN and counts',
    'default: allow\nrules:\n  - { name: r, limit: { calls_per_day: 1, per: global, body: { jsonpath: $.a, min: 9 } } }',
    json,
    'body_too_large',
    'default_allowed ?',
  ],
  [
    'a deny whose other matchers are FALSE does not matter',
    'default: allow\nrules:\n  - { name: r, deny: { method: GET, body: { jsonpath: $.a } } }',
    json,
    'default_allowed',
    'default_allowed',
  ],
  [
    'a sure deny stays sure',
    'default: allow\nrules:\n  - { name: r, deny: { method: POST } }\n  - { name: q, deny: { body: { jsonpath: $.a } } }',
    json,
    'body_too_large',
    'rule_denied r',
  ],
  [
    'an allow that does not look still allows',
    'default: deny\nrules:\n  - { name: r, allow: { method: POST } }\n  - { name: q, deny: { body: { jsonpath: $.a } } }',
    json,
    'body_too_large',
    'rule_allowed r ?',
  ],
  [
    'a deny of the method written holds whatever the form says',
    'default: allow\nrules:\n  - { name: r, deny: { method: POST } }',
    form,
    'body_too_large',
    'rule_denied r',
  ],
  [
    'a deny of another method does not guess at the form',
    'default: allow\nrules:\n  - { name: r, deny: { method: GET } }',
    form,
    'body_too_large',
    'default_allowed ?',
  ],
  [
    'an allow of the method cannot know what the form says',
    'default: deny\nrules:\n  - { name: r, allow: { method: POST } }',
    form,
    'body_too_large',
    'default_denied ?',
  ],
  [
    'without a rule that looks nothing is guessed',
    'default: allow\nrules: []',
    json,
    'default_allowed',
    'default_allowed',
  ],
];
for (const [name, policy, given, strict, permissive] of cases) {
  test(`a body over the limit: ${name}`, () => {
    assert.equal(ask(policy, given, false), strict);
    assert.equal(ask(policy, given, true), permissive);
  });
}

test('a limit that was guessed to apply refuses the second call, and says it was a guess', () => {
  const loaded = load(
    'default: allow\nrules:\n  - { name: r, limit: { calls_per_second: 1, per: global, body: { jsonpath: $.a } } }',
    64,
  );
  assert.equal(decide(loaded, { ...json, permissive: true }), 'default_allowed ?');
  assert.equal(decide(loaded, { ...json, permissive: true }), 'rate_limited r ? 1000');
});

test('a body within the limit is judged alike in both modes', () => {
  const policy = 'default: allow\nrules:\n  - { name: r, deny: { body: { jsonpath: $.a, min: 1 } } }';
  for (const permissive of [false, true]) {
    assert.equal(ask(policy, { method: 'POST', url: 'https://a.com/', body: '{"a":5}' }, permissive), 'rule_denied r');
  }
});
