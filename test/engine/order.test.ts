import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Ask, decide, load } from '../support/engine.js';

const U = 'https://api.example.com/v1/things/42';

interface Row {
  readonly name: string;
  readonly policy: string;
  readonly ask?: Partial<Ask>;
  readonly answer: string;
}

const rows: readonly Row[] = [
  { name: 'no rule, default deny', policy: 'default: deny\nrules: []', answer: 'default_denied' },
  { name: 'no rule, default allow', policy: 'default: allow\nrules: []', answer: 'default_allowed' },
  {
    name: 'a deny beats an allow, whatever the order',
    policy: 'default: allow\nrules:\n  - { name: a, allow: { url: "*" } }\n  - { name: d, deny: { url: "*" } }',
    answer: 'rule_denied d',
  },
  {
    name: 'an empty matcher matches everything',
    policy: 'default: deny\nrules:\n  - { name: a, allow: {} }',
    answer: 'rule_allowed a',
  },
  {
    name: 'of two denies the more specific is named',
    policy:
      'default: allow\nrules:\n  - { name: wide, deny: { url: "*" } }\n  - { name: narrow, deny: { url: "api.example.com/v1/things/*" } }',
    answer: 'rule_denied narrow',
  },
  {
    name: '{id} counts as a segment, a glob does not',
    policy:
      'default: allow\nrules:\n  - { name: glob, deny: { url: "api.example.com/v1/things/4*" } }\n  - { name: id, deny: { url: "api.example.com/v1/things/{id}" } }',
    answer: 'rule_denied id',
  },
  {
    name: 'of equally specific denies the first is named',
    policy:
      'default: allow\nrules:\n  - { name: one, deny: { method: GET } }\n  - { name: two, deny: { method: GET } }',
    answer: 'rule_denied one',
  },
  {
    name: 'a certain deny is named before a more specific uncertain one',
    policy:
      'default: allow\nrules:\n  - { name: unsure, deny: { url: "api.example.com/v1/things/*" } }\n  - { name: sure, deny: { method: GET } }',
    ask: { url: 'https://api.example.com/%FF' },
    answer: 'rule_denied sure',
  },
  {
    name: 'an uncertain deny denies',
    policy: 'default: allow\nrules:\n  - { name: unsure, deny: { url: "api.example.com/v1/things/*" } }',
    ask: { url: 'https://api.example.com/%FF' },
    answer: 'rule_denied unsure ?',
  },
  {
    name: 'an uncertain allow does not allow',
    policy: 'default: deny\nrules:\n  - { name: unsure, allow: { url: "api.example.com/v1/things/*" } }',
    ask: { url: 'https://api.example.com/%FF' },
    answer: 'default_denied',
  },
  {
    name: 'of two allows the more specific is named',
    policy:
      'default: deny\nrules:\n  - { name: wide, allow: { url: "*" } }\n  - { name: narrow, allow: { url: "**.example.com/**" } }',
    answer: 'rule_allowed narrow',
  },
  {
    name: 'another agent is not spoken for',
    policy: 'default: allow\nagents: ["crm-*", "x"]\nrules: []',
    ask: { agent: 'billing' },
    answer: 'no_policy_for_agent',
  },
  {
    name: 'an agent glob takes any run, case counts',
    policy: 'default: allow\nagents: ["crm-*-b"]\nrules: []',
    ask: { agent: 'crm-a.a-b' },
    answer: 'default_allowed',
  },
  {
    name: 'case counts in an agent glob',
    policy: 'default: allow\nagents: ["crm-*"]\nrules: []',
    ask: { agent: 'CRM-1' },
    answer: 'no_policy_for_agent',
  },
  {
    name: 'an unknown agent comes after an invalid request',
    policy: 'default: allow\nagents: ["x"]\nrules: []',
    ask: { method: 'a b' },
    answer: 'request_invalid',
  },
  {
    name: 'a body too large for a rule that looks into it',
    policy: 'default: allow\nrules:\n  - { name: d, deny: { body: { jsonpath: "$.a", exact: 1 } } }',
    ask: { body: { kind: 'too_large' } },
    answer: 'body_too_large',
  },
  {
    name: 'a body longer than the inspection limit',
    policy: 'default: allow\nrules:\n  - { name: d, deny: { body: { jsonpath: "$.a", exact: 1 } } }',
    ask: { body: 'x'.repeat(65_537) },
    answer: 'body_too_large',
  },
  {
    name: 'a body too large for a rule that is out anyway',
    policy: 'default: allow\nrules:\n  - { name: d, deny: { method: PUT, body: { jsonpath: "$.a", exact: 1 } } }',
    ask: { body: { kind: 'too_large' } },
    answer: 'default_allowed',
  },
  {
    name: 'an unread body is asked for by a rule that may apply',
    policy: 'default: allow\nrules:\n  - { name: d, deny: { body: { jsonpath: "$.a", exact: 1 } } }',
    ask: { body: { kind: 'unread' } },
    answer: 'need_body',
  },
  {
    name: 'an unread body is not asked for by a rule that is out',
    policy: 'default: allow\nrules:\n  - { name: d, deny: { url: "b.example", body: { jsonpath: "$.a", exact: 1 } } }',
    ask: { body: { kind: 'unread' } },
    answer: 'default_allowed',
  },
  {
    name: 'an unread body is asked for by a limit per body field that applies',
    policy:
      'default: allow\nrules:\n  - { name: l, limit: { calls_per_minute: 1, per: body_field, field: "$.model" } }',
    ask: { body: { kind: 'unread' } },
    answer: 'need_body',
  },
  {
    name: 'but not when the call is denied anyway',
    policy: 'default: deny\nrules:\n  - { name: l, limit: { calls_per_minute: 1, per: body_field, field: "$.model" } }',
    ask: { body: { kind: 'unread' } },
    answer: 'default_denied',
  },
  {
    name: 'a field of a body too large uses the shared key',
    policy:
      'default: allow\nrules:\n  - { name: l, limit: { calls_per_minute: 1, per: body_field, field: "$.model" } }',
    ask: { body: { kind: 'too_large' } },
    answer: 'default_allowed',
  },
  ...['a b', '', 'x'.repeat(65), 'GET\n'].map(method => ({
    name: `the method ${JSON.stringify(method.slice(0, 8))} is no token`,
    policy: 'default: allow\nrules: []',
    ask: { method },
    answer: 'request_invalid',
  })),
  ...[
    'ftp://a.example/',
    'data:text/plain,x',
    'https://u@a.example/',
    'https://a..example/',
    'https://.a.example/',
    'https://a.example../',
    'https:///x',
    'https://A.example/',
    'https://a.example:/',
    'https://a.example:99999/',
    'https://[::1',
    'https://[::1]x/',
    'https://[1:2:3]/',
    'https://a.example/a/../b',
    'https://a.example/%2e%2E/b',
    'https://a.example/a\\b',
    'https://a.example/ü',
    'https://a.example/a b',
    '/relative',
    'https://a.example',
    `https://a.example/${'x'.repeat(16_384)}`,
    `https://a.example${'/x'.repeat(257)}`,
    '',
  ].map(url => ({
    name: `${JSON.stringify(url.slice(0, 30))} cannot be judged`,
    policy: 'default: allow\nrules: []',
    ask: { url, raw: true },
    answer: 'request_invalid',
  })),
  {
    name: '256 segments and a trailing slash can be judged',
    policy: 'default: allow\nrules: []',
    ask: { url: `https://a.example${'/x'.repeat(256)}/` },
    answer: 'default_allowed',
  },
  {
    name: 'headers past their bound cannot be judged',
    policy: 'default: allow\nrules:\n  - { name: d, deny: { headers: [{ name: x-a, exact: "1" }] } }',
    ask: { headers: [['X-A', 'x'.repeat(256 * 1024)]] },
    answer: 'request_invalid',
  },
  {
    name: 'headers that no rule reads do not count',
    policy: 'default: allow\nrules: []',
    ask: { headers: [['X-A', 'x'.repeat(256 * 1024)]] },
    answer: 'default_allowed',
  },
];

for (const { name, policy, ask, answer } of rows) {
  test(name, () => {
    assert.equal(decide(load(policy), { url: U, ...ask }), answer);
  });
}

test('an engine remembers nothing of the request before', () => {
  const loaded = load(
    'default: allow\nagents: ["a*"]\nrules:\n  - { name: d, deny: { url: "b.example/**/x", query: [{ name: q, exact: "1" }] } }',
  );
  const asks: readonly (readonly [Ask, string])[] = [
    [{ url: 'https://b.example/a/x?q=1', agent: 'a' }, 'rule_denied d'],
    [{ url: 'https://b.example/a/x', agent: 'a' }, 'default_allowed'],
    [{ url: 'https://b.example/%FF?q=1', agent: 'a' }, 'rule_denied d ?'],
    [{ url: 'https://c.example/x?q=1', agent: 'a' }, 'default_allowed'],
    [{ url: 'https://b.example/x?q=1', agent: 'b' }, 'no_policy_for_agent'],
    [{ url: 'https://b.example/x?q=1', agent: 'a', method: '' }, 'request_invalid'],
  ];
  for (let i = 0; i < 200; i++) {
    const [ask, answer] = asks[(i * 7 + (i >> 3)) % asks.length]!;
    assert.equal(decide(loaded, ask), answer);
  }
});
