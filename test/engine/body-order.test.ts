/** How a decision and a body meet; what a body says is in the tests of the body itself. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HeaderLines } from '#src/core/decide/types.js';
import { type Ask, both, decide, type Loaded, load, value } from '../support/engine.js';

const U = 'https://api.example.com/v1/charges';
const JSON_TYPE: HeaderLines = [['Content-Type', 'application/json']];
const FORM: HeaderLines = [['content-type', 'application/x-www-form-urlencoded']];
const BIG = `{"pad":"${'x'.repeat(10_000)}","amount":100}`;

const values: readonly (readonly [matcher: string, ask: Partial<Ask>, value: string])[] = [
  ['body: { jsonpath: "$.amount", max: 50000 }', { headers: JSON_TYPE, body: '{"amount":50000}' }, 'T'],
  ['body: { jsonpath: "$.amount", max: 50000 }', { headers: JSON_TYPE, body: '{"amount":50001}' }, 'F'],
  ['body: { jsonpath: "$.amount", max: 50000 }', { headers: FORM, body: 'amount=50000' }, 'T'],
  ['body: { jsonpath: "$.amount", max: 50000 }', { headers: FORM, body: 'amount=50001' }, 'F'],
  ['body: { jsonpath: "$.amount", max: 50000 }', { headers: JSON_TYPE, body: '{"amount":' }, 'U'],
  ['body: { jsonpath: "$.amount", max: 50000 }', {}, 'F'],
  ['body: { jsonpath: "$.amount", max: 50000 }', { body: '' }, 'F'],
  ['body: { jsonpath: "$.amount", exists: false }', {}, 'T'],
  ['body: { jsonpath: "$.amount", exists: false }', { body: '' }, 'T'],
  ['body: { jsonpath: "$.amount", exists: false }', { body: '{"a":1}' }, 'T'],
  ['body: { jsonpath: "$.amount", not_in: [1] }', { body: '{"a":1}' }, 'D'],
  [
    'body: { jsonpath: "$.amount", min: 1 }',
    { headers: [...JSON_TYPE, ['Content-Encoding', 'gzip']], body: '{"amount":1}' },
    'U',
  ],
  [
    'body: { jsonpath: "$.amount", min: 1 }',
    { headers: [...JSON_TYPE, ['Content-Encoding', 'Identity']], body: '{"amount":1}' },
    'T',
  ],
  ['body: { jsonpath: "$.amount", min: 1 }', { headers: [...JSON_TYPE, ...JSON_TYPE], body: '{"amount":1}' }, 'U'],
  ['body: [{ jsonpath: "$.a", exact: 1 }, { jsonpath: "$.b", exact: 2 }]', { body: '{"a":1,"b":2}' }, 'T'],
  ['body: [{ jsonpath: "$.a", exact: 1 }, { jsonpath: "$.b", exact: 2 }]', { body: '{"a":1,"b":3}' }, 'F'],
  ['body: { jsonpath: "$.amount", exact: 100 }', { headers: JSON_TYPE, body: BIG }, 'T'],
  ['method: POST, body: { jsonpath: "$.amount", exact: 100 }', { headers: JSON_TYPE, body: BIG }, 'T'],
  ['method: PUT, body: { jsonpath: "$.amount", exact: 100 }', { headers: JSON_TYPE, body: BIG }, 'F'],
  ['method: DELETE', { headers: FORM, body: '_method=delete&a=1' }, 'D'],
  ['method: DELETE', { headers: FORM, body: 'a=1' }, 'F'],
  ['method: POST', { headers: FORM, body: 'a=1' }, 'T'],
  ['method: POST', { headers: FORM, body: 'a=1&_method=DELETE' }, 'D'],
  ['method: DELETE', { headers: FORM, body: 'a=%ZZ' }, 'U'],
  ['method: DELETE', { headers: JSON_TYPE, body: '{"_method":"DELETE"}' }, 'F'],
  ['method: DELETE', { headers: FORM }, 'F'],
];
for (const [matcher, ask, wanted] of values) {
  test(`${matcher} on ${JSON.stringify(ask).slice(0, 90)} is ${wanted}`, () => {
    assert.equal(value(both(`{ ${matcher} }`), { url: U, method: 'POST', ...ask }), wanted);
  });
}

const form = (rule: string): Loaded => load(`default: allow\nrules:\n  - { name: r, ${rule} }`);
const orders: readonly (readonly [rule: string, ask: Partial<Ask>, answer: string])[] = [
  ['deny: { method: DELETE }', { headers: FORM, body: { kind: 'unread' } }, 'need_body'],
  ['deny: { method: DELETE }', { headers: JSON_TYPE, body: { kind: 'unread' } }, 'default_allowed'],
  ['deny: { method: DELETE }', { headers: FORM, body: { kind: 'too_large' } }, 'body_too_large'],
  ['deny: { method: DELETE, url: "other.example" }', { headers: FORM, body: { kind: 'too_large' } }, 'default_allowed'],
  ['allow: { method: DELETE }', { headers: FORM, body: { kind: 'too_large' } }, 'body_too_large'],
  [
    'limit: { calls_per_day: 9, per: global, method: DELETE }',
    { headers: FORM, body: { kind: 'too_large' } },
    'body_too_large',
  ],
  ['limit: { calls_per_day: 9, per: global, body: { jsonpath: "$.a" } }', { body: { kind: 'unread' } }, 'need_body'],
];
for (const [rule, ask, answer] of orders) {
  test(`${rule} and ${JSON.stringify(ask)}: ${answer}`, () => {
    assert.equal(decide(form(rule), { url: U, method: 'POST', ...ask }), answer);
  });
}

const model = (name: unknown): Partial<Ask> => ({ body: JSON.stringify({ model: name }) });
const long = 'm'.repeat(300);
const pairs: readonly (readonly [Partial<Ask>, Partial<Ask>, boolean])[] = [
  [model('a'), model('a'), true],
  [model('a'), model('b'), false],
  [model(1), { body: '{"model":1.0}' }, true],
  [model(1), model('1'), false],
  [model(long), model(long), true],
  [model(long), model(`${long}x`), false],
  [model('m'.repeat(256)), model('m'.repeat(256)), true],
  [model('m'.repeat(256)), model(`${'m'.repeat(255)}n`), false],
  [{}, { body: '{"other":1}' }, true],
  [{}, { body: '{"model":' }, true],
  [{}, { body: { kind: 'too_large' } }, true],
  [{ body: '{"model":1,"model":2}' }, {}, true],
  [{}, model(null), false],
];
for (const [a, b, same] of pairs) {
  test(`per field: ${JSON.stringify(a).slice(0, 50)} and ${JSON.stringify(b).slice(0, 50)} share a key: ${same}`, () => {
    const loaded = form('limit: { calls_per_minute: 1, per: body_field, field: "$.model" }');
    const ask = (one: Partial<Ask>): string => decide(loaded, { url: U, method: 'POST', headers: JSON_TYPE, ...one });
    assert.deepEqual([ask(a), ask(b).split(' ')[0]], ['default_allowed', same ? 'rate_limited' : 'default_allowed']);
  });
}
