/**
 * The language differs on purpose from the published SDK where that lets an unsafe call through. For each such paragraph: the
 * policy its documentation would have, the call that slips past there, and that it is refused here, by the real program.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Ask, batch, form, type Group, json, runGroups, withHeaders } from './run-cases.js';

const charges = 'https://api.stripe.com/v1/charges';
const FIRES = 'deny rule_denied r';
const PASSES = 'allow default_allowed -';
const deny = (matcher: string): string => `default: allow\nrules:\n  - { name: r, deny: ${matcher} }\n`;
const floor = deny('{ url: "api.stripe.com/v1/charges", body: { jsonpath: "$.amount", min: 60000 } }');
const at = (url: string, time: string): Ask => ({ url, at: `2026-01-07T${time}Z` });

const groups: Group[] = [
  {
    name: 'differs §2: without a mode denials bind',
    policy: 'default: deny\nrules: []\n',
    cases: [['DELETE https://api.example.com/users/1', 'deny default_denied -']],
  },
  {
    name: 'differs §2: keys beside the effect are kept, so a spending cap caps',
    policy: `default: deny
rules:
  - name: small
    allow: { method: [POST], url: "api.stripe.com/v1/charges" }
    body: { jsonpath: "$.amount", max: 50000 }
`,
    cases: [
      [json(charges, { amount: 50000 }), 'allow rule_allowed small'],
      [json(charges, { amount: 50001 }), 'deny default_denied -'],
    ],
  },
  {
    name: 'differs §3.2: a part of a segment can be matched, and id-like segments are not folded first',
    policy: deny('{ url: "mcp.example.com/tools/write_*" }'),
    cases: [
      ['POST https://mcp.example.com/tools/write_file_0123456789', FIRES],
      ['POST https://mcp.example.com/tools/read_file_0123456789', PASSES],
    ],
  },
  {
    name: 'differs §3.2: every reading of a path, `host.` and other ports',
    policy: deny('{ url: "api.example.com/admin/keys" }'),
    cases: [
      'https://api.example.com/admin%2Fkeys',
      'https://api.example.com//admin/keys',
      'https://api.example.com/admin%5ckeys',
      'https://api.example.com/admin;x/keys',
      'https://api.example.com/x/%252e%252e/admin/keys',
      'https://api.example.com./admin/keys',
      'https://api.example.com:8443/admin/keys',
      'http://API.EXAMPLE.COM/admin/keys/',
    ].map(url => [`GET ${url}`, FIRES] as const),
  },
  {
    name: 'differs §3.4: an amount in any spelling, twice, or in a form',
    policy: floor,
    cases: [
      ...['60000', '60000.0', '6e4', '"60000"', '6000000e-2', '60000.00000000000000000001', '99999999999999999999'].map(
        amount => [json(charges, `{"amount":${amount}}`), FIRES] as const,
      ),
      [json(charges, '{"amount":60000,"amount":1}'), FIRES],
      [json(charges, '{"amount":60000,"\\u0061mount":1}'), FIRES],
      [form(charges, 'amount=60000&currency=usd'), FIRES],
      [form(charges, 'amount=60000&amount=1'), FIRES],
      [json(charges, '{"amount":59999}'), PASSES],
    ],
  },
  {
    name: 'differs §3.5: a named zone is its zone, in summer and in winter',
    policy: deny('{ url: "crm.example.com", time_outside: "09:00-17:00", timezone: "Europe/Berlin" }'),
    cases: [
      [at('https://crm.example.com/', '07:59:59'), FIRES],
      [at('https://crm.example.com/', '08:00:00'), PASSES],
      [at('https://crm.example.com/', '16:00:00'), FIRES],
      [{ url: 'https://crm.example.com/', at: '2026-07-07T07:00:00Z' }, PASSES],
      [{ url: 'https://crm.example.com/', at: '2026-07-07T15:00:00Z' }, FIRES],
    ],
  },
  {
    name: 'differs §5: a call that a rule denies costs nothing',
    policy: `default: allow
rules:
  - { name: r, deny: { method: DELETE } }
  - { name: one, limit: { calls_per_hour: 1, per: global } }
`,
    cases: [
      ['DELETE https://a.example/', FIRES],
      ['DELETE https://a.example/', FIRES],
      ['GET https://a.example/', PASSES],
      ['GET https://a.example/', 'deny rate_limited one'],
    ],
  },
  {
    name: 'differs §5: the first limit is not charged when the second refuses, and each global limit counts for itself',
    policy: `default: allow
rules:
  - { name: all, limit: { calls_per_hour: 3, per: global } }
  - { name: posts, limit: { calls_per_hour: 1, per: global, method: POST } }
`,
    cases: [
      ['POST https://a.example/', PASSES],
      ['POST https://a.example/', 'deny rate_limited posts'],
      ['POST https://a.example/', 'deny rate_limited posts'],
      ['GET https://a.example/', PASSES],
      ['GET https://a.example/', PASSES],
      ['GET https://a.example/', 'deny rate_limited all'],
    ],
  },
  {
    name: 'differs §3.1: an override of the method is a reading of it',
    policy: deny('{ method: DELETE }'),
    cases: [[withHeaders('POST https://a.example/', ['X-HTTP-Method-Override', 'DELETE']), FIRES]],
  },
];

runGroups(groups);

test('differs §5: no live key is evicted, however many come after it', async () => {
  const policy = { default: 'allow', rules: [{ name: 'r', limit: { calls_per_day: 1, per: 'endpoint' } }] };
  const paths = ['first', ...Array.from({ length: 9_999 }, (_, i) => `p-${i}`), 'one-more', 'first'];
  const asked = paths.map(path => ({
    request: { method: 'GET', url: `https://a.example/${path}` },
    at: '2026-01-07T12:00:00Z',
  }));
  const [loaded, ...answers] = await batch([{ load: policy }, ...asked].map(line => JSON.stringify(line)));
  assert.deepEqual(loaded, { ok: true });
  const codes = answers.map(answer => answer.code);
  assert.deepEqual(new Set(codes.slice(0, 10_000)), new Set(['default_allowed']));
  assert.deepEqual(codes.slice(10_000), ['limit_keys_exhausted', 'rate_limited']);
});

/** Policies that the SDK takes and that could not mean what they say. */
const REFUSED: readonly (readonly [name: string, rule: object, says: RegExp])[] = [
  ['§3.4: a regex that does not compile', { deny: { headers: [{ name: 'x', regex: '(' }] } }, /regex|regular/],
  ['§3.5: a zone that nobody knows', { deny: { time_within: '09:00-17:00', timezone: 'Europe/Berlim' } }, /time zone/],
  ['§5: a limit of 0', { limit: { calls_per_hour: 0, per: 'global' } }, /calls_per_hour/],
];

for (const [name, rule, says] of REFUSED) {
  test(`differs ${name} is refused when the policy loads`, async () => {
    const [answer] = await batch([JSON.stringify({ load: { default: 'allow', rules: [{ name: 'r', ...rule }] } })]);
    assert.equal(answer?.ok, false);
    assert.match(JSON.stringify(answer?.errors), says);
  });
}
