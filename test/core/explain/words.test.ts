import assert from 'node:assert/strict';
import { test } from 'node:test';
import { partsOf } from '#src/core/explain/parts.js';
import { partWords } from '#src/core/explain/words.js';
import { policyOf } from '../../support/engine.js';

test('each matcher in the words of a policy, one thing that must hold each', () => {
  const { rules } = policyOf(`
default: deny
rules:
  - name: all
    allow:
      method: [get, post]
      url: "https://api.example.com:*/v1/{id}"
      query: [{ name: q, prefix: a, suffix: b }, { name: debug, present: false }]
      headers: [{ name: X-Team }]
      body:
        - { jsonpath: "$['odd name'][0]", in: [1.50, "a", true, null] }
        - { jsonpath: $.n, min: -0.005, max: 6e4 }
        - { jsonpath: $.m, not_in: [1, 2, 3, 4, 5, 6, 7, 8, 9] }
        - { jsonpath: "$.items[*]..price..['odd name']" }
      time_outside: "22:00-06:30"
      timezone: "-05:30"
  - name: tools
    allow: { tool: [read_*, "github/**"], args: { jsonpath: $.path, regex: '^/srv/[0-9]+$', not_in: [a] } }
  - name: days
    allow: { days: [sat-mon], timezone: Europe/Berlin }
`);
  const [rule] = rules;
  assert.ok(rule);
  assert.deepEqual(partsOf(rule.matcher).map(partWords), [
    'method GET, POST',
    'url https://api.example.com:*/v1/{id}',
    'query q prefix "a" suffix "b"',
    'query debug present false',
    'headers x-team',
    'body $["odd name"][0] in [1.5, "a", true, null]',
    'body $.n min -0.005 max 60000',
    'body $.m not_in [1, 2, 3, 4, 5, 6, 7, 8, … 1 more]',
    'body $.items[*]..price..["odd name"] exists true',
    'time_outside 22:00-06:30 UTC-05:30',
  ]);
  const [, tools, days] = rules;
  assert.ok(tools);
  assert.deepEqual(partsOf(tools.matcher).map(partWords), [
    'tool read_*, github/**',
    'args $.path not_in ["a"] regex "^/srv/[0-9]+$"',
  ]);
  assert.ok(days);
  assert.deepEqual(partsOf(days.matcher).map(partWords), ['time_within 00:00-24:00 days mon, sat, sun Europe/Berlin']);
});
