/** policy language §3.3, §3.5, §5, §6 and §7: headers, query, time, limits, who is named, what passes, what is said. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Ask, batch, type Group, json, runGroups, withHeaders } from './run-cases.js';

const at = (time: string, url = 'https://a.example/'): Ask => ({ url, at: time });
const lines = (url: string, body: string): Ask => ({
  method: 'POST',
  url,
  headers: [['Content-Type', 'application/x-ndjson']],
  body,
});
const NO = 'deny default_denied -';

const groups: Group[] = [
  {
    name: 'query parameters in a deny: any value counts',
    policy: `default: allow
rules:
  - { name: exact, deny: { url: "a.example", query: [{ name: mode, exact: danger }] } }
  - { name: there, deny: { url: "b.example", query: [{ name: debug }] } }
  - { name: absent, deny: { url: "c.example", query: [{ name: key, present: false }] } }
`,
    cases: [
      ['GET https://a.example/?mode=danger', 'deny rule_denied exact'],
      ['GET https://a.example/?mode=ok&mode=danger', 'deny rule_denied exact'],
      ['GET https://a.example/?%6dode=d%61nger', 'deny rule_denied exact'],
      ['GET https://a.example/?Mode=danger', 'allow default_allowed'],
      ['GET https://a.example/?mode=ok', 'allow default_allowed'],
      ['GET https://a.example/?mode=%ff', 'deny rule_denied exact ?'],
      ['GET https://a.example/', 'allow default_allowed'],
      ['GET https://b.example/?debug', 'deny rule_denied there'],
      ['GET https://b.example/?debug=', 'deny rule_denied there'],
      ['GET https://b.example/', 'allow default_allowed'],
      ['GET https://c.example/', 'deny rule_denied absent'],
      ['GET https://c.example/?key=1', 'allow default_allowed'],
    ],
  },
  {
    name: 'query parameters in an allow: every value counts',
    policy:
      'default: deny\nrules:\n  - { name: r, allow: { url: a.example, query: [{ name: mode, in: [a, "b c"] }] } }\n',
    cases: [
      ['GET https://a.example/?mode=a', 'allow rule_allowed r'],
      ['GET https://a.example/?mode=a&mode=b+c', 'allow rule_allowed r'],
      ['GET https://a.example/?mode=a&mode=x', NO],
      ['GET https://a.example/', NO],
    ],
  },
  {
    name: 'headers: lines, members and joined values',
    policy: `default: deny
rules:
  - { name: bad, deny: { url: "a.example/**", headers: [{ name: X-Mode, exact: danger }] } }
  - { name: good, allow: { url: "a.example/**", headers: [{ name: x-team, prefix: core }] } }
`,
    cases: [
      [withHeaders('GET https://a.example/', ['X-Team', 'core-1']), 'allow rule_allowed good'],
      [withHeaders('GET https://a.example/', ['X-Team', 'core-1'], ['x-team', 'other']), NO],
      [withHeaders('GET https://a.example/', ['X-Team', 'core'], ['x-mode', 'a, danger']), 'deny rule_denied bad'],
      [
        withHeaders('GET https://a.example/', ['X-Team', 'core'], ['x-mode', 'a'], ['X-MODE', 'danger']),
        'deny rule_denied bad',
      ],
      [withHeaders('GET https://a.example/', ['X-Team', 'core'], ['x-mode', 'dangerous']), 'allow rule_allowed good'],
      ['GET https://a.example/', NO],
    ],
  },
  {
    name: 'time windows',
    policy: `default: deny
rules:
  - { name: day, allow: { url: "a.example", time_within: "09:00-17:00", timezone: "+02:00" } }
  - { name: night, allow: { url: "b.example", time_within: "22:00-06:00" } }
  - { name: late, allow: { url: "c.example", time_within: "18:00-24:00", timezone: "-05:30" } }
`,
    cases: [
      [at('2026-01-07T06:59:59.999Z'), NO],
      [at('2026-01-07T07:00:00Z'), 'allow rule_allowed day'],
      [at('2026-01-07T14:59:59Z'), 'allow rule_allowed day'],
      [at('2026-01-07T15:00:00Z'), NO],
      [at('2026-01-07T21:59:00Z', 'https://b.example/'), NO],
      [at('2026-01-07T22:00:00Z', 'https://b.example/'), 'allow rule_allowed night'],
      [at('2026-01-08T05:59:00Z', 'https://b.example/'), 'allow rule_allowed night'],
      [at('2026-01-08T06:00:00Z', 'https://b.example/'), NO],
      [at('2026-01-08T23:29:00Z', 'https://c.example/'), NO],
      [at('2026-01-08T23:30:00Z', 'https://c.example/'), 'allow rule_allowed late'],
      [at('2026-01-09T05:29:00Z', 'https://c.example/'), 'allow rule_allowed late'],
      [at('2026-01-09T05:30:00Z', 'https://c.example/'), NO],
    ],
  },
  {
    name: 'the most specific rule is named, then file order; deny beats allow',
    policy: `default: deny
rules:
  - { name: wide, allow: { url: "**.example.com/**" } }
  - { name: exact, allow: { url: "api.example.com/v1/things" } }
  - { name: again, allow: { url: "api.example.com/v1/things" } }
  - { name: stop, deny: { url: "*/v1/secret" } }
  - { name: stop-here, deny: { url: "api.example.com/v1/secret" } }
`,
    cases: [
      ['GET https://api.example.com/v1/things', 'allow rule_allowed exact'],
      ['GET https://www.example.com/', 'allow rule_allowed wide'],
      ['GET https://api.example.com/v1/secret', 'deny rule_denied stop-here'],
      ['GET https://www.example.com/v1/secret', 'deny rule_denied stop'],
    ],
  },
  {
    name: 'agents',
    policy: 'default: allow\nagents: ["crm-*", exact]\nrules: []\n',
    cases: [
      [{ url: 'https://a.example/', agent: 'crm-1' }, 'allow default_allowed -'],
      [{ url: 'https://a.example/', agent: 'exact' }, 'allow default_allowed'],
      [{ url: 'https://a.example/', agent: 'Exact' }, 'deny no_policy_for_agent -'],
      ['GET https://a.example/', 'deny no_policy_for_agent -'],
      [{ url: 'https://a.example/', agent: 'Exact', killed: true }, 'deny kill_switch -'],
    ],
  },
  {
    name: 'several limits: none is charged unless all admit',
    policy: `default: allow
rules:
  - { name: two, limit: { url: "a.example/**", calls_per_minute: 2, per: global } }
  - { name: one-x, limit: { url: "a.example/x", calls_per_minute: 1, per: global } }
  - { name: by-agent, limit: { url: "b.example/**", calls_per_hour: 1, per: agent } }
  - { name: by-host, limit: { url: "*.c.example/**", calls_per_second: 1, per: host } }
  - { name: no, deny: { url: "a.example/never" } }
`,
    cases: [
      [at('2026-01-07T12:00:00Z', 'https://a.example/x'), 'allow default_allowed'],
      [at('2026-01-07T12:00:00Z', 'https://a.example/never'), 'deny rule_denied no'],
      [at('2026-01-07T12:00:01Z', 'https://a.example/x'), 'deny rate_limited one-x'],
      [at('2026-01-07T12:00:02Z', 'https://a.example/x'), 'deny rate_limited one-x'],
      [at('2026-01-07T12:00:03Z', 'https://a.example/y'), 'allow default_allowed'],
      [at('2026-01-07T12:00:04Z', 'https://a.example/y'), 'deny rate_limited two'],
      [at('2026-01-07T12:00:05Z', 'https://a.example/x'), 'deny rate_limited two'],
      [at('2026-01-07T12:01:00Z', 'https://a.example/x'), 'allow default_allowed'],
      [{ url: 'https://b.example/', agent: 'one', at: '2026-01-07T12:01:00Z' }, 'allow default_allowed'],
      [{ url: 'https://b.example/', agent: 'one', at: '2026-01-07T13:00:59Z' }, 'deny rate_limited by-agent'],
      [{ url: 'https://b.example/', agent: 'two', at: '2026-01-07T13:00:59Z' }, 'allow default_allowed'],
      [at('2026-01-07T14:00:00Z', 'https://x.c.example/'), 'allow default_allowed'],
      [at('2026-01-07T14:00:00.999Z', 'https://x.c.example/'), 'deny rate_limited by-host'],
      [at('2026-01-07T13:00:00Z', 'https://y.c.example/'), 'allow default_allowed'],
      [at('2026-01-07T14:00:01Z', 'https://x.c.example/'), 'allow default_allowed'],
      [at('2026-01-07T10:00:00Z', 'https://x.c.example/'), 'deny rate_limited by-host'],
    ],
  },
  {
    name: 'a limit by body field; what has none shares one key',
    policy: 'default: allow\nrules:\n  - { name: r, limit: { calls_per_day: 1, per: body_field, field: "$.user" } }\n',
    cases: [
      [json('https://a.example/', { user: 1 }), 'allow default_allowed'],
      [json('https://a.example/', '{"user":1.0}'), 'deny rate_limited r'],
      [json('https://a.example/', { user: '1' }), 'allow default_allowed'],
      [json('https://a.example/', { user: null }), 'allow default_allowed'],
      [json('https://a.example/', {}), 'allow default_allowed'],
      [json('https://a.example/', '{'), 'deny rate_limited r'],
      ['GET https://a.example/', 'deny rate_limited r'],
    ],
  },
  {
    name: 'a body field of several nodes or lines shares one key with what is missing',
    policy: 'default: allow\nrules:\n  - { name: r, limit: { calls_per_day: 1, per: body_field, field: "$..user" } }\n',
    cases: [
      [json('https://a.example/', { user: 1 }), 'allow default_allowed'],
      [json('https://a.example/', { a: [{ user: 1 }] }), 'deny rate_limited r'],
      [json('https://a.example/', { user: 2, a: { user: 2 } }), 'allow default_allowed'],
      [json('https://a.example/', { user: 3, a: { user: 4 } }), 'deny rate_limited r'],
      [json('https://a.example/', {}), 'deny rate_limited r'],
      [lines('https://a.example/', '{"user":5}\n{"user":6}\n'), 'deny rate_limited r'],
      [lines('https://a.example/', '{"user":5}\n'), 'allow default_allowed'],
    ],
  },
  {
    name: 'dry run lets pass what the policy denies, not what is invalid or killed',
    policy: `default: deny
mode: dry_run
rules:
  - { name: r, deny: { url: "a.example" } }
`,
    cases: [
      ['GET https://a.example/', 'deny rule_denied r'],
      ['GET https://b.example/', NO],
      ['GET nonsense', 'deny request_invalid'],
    ],
  },
];

runGroups(groups);

test('§6: dry_run lets pass the codes of steps 3 to 7 and no other', async () => {
  const policy = {
    ...{ default: 'deny', mode: 'dry_run', agents: ['a'] },
    rules: [
      { name: 'no', deny: { url: 'a.example/no' } },
      { name: 'all', allow: { url: 'a.example/*' } },
      { name: 'body', deny: { url: 'a.example/body', body: { jsonpath: '$.a' } } },
      { name: 'once', limit: { url: 'a.example/once', calls_per_day: 1, per: 'global' } },
      { name: 'full', limit: { url: 'a.example/full', calls_per_day: 1, per: 'body_field', field: '$.n' } },
    ],
  };
  const call = (path: string, more: object = {}): object => ({
    ...{ request: { method: 'POST', url: `https://a.example/${path}`, ...more }, agent: 'a' },
    at: '2026-01-07T12:00:00Z',
  });
  const full = (n: number): object => call('full', { body: JSON.stringify({ n }) });
  const asked: readonly (readonly [line: object, answer: string])[] = [
    [{ ...call('x'), agent: 'b' }, 'deny false no_policy_for_agent'],
    [call('body', { body: `"${'x'.repeat(1_048_576)}"` }), 'deny false body_too_large'],
    [call('no'), 'deny false rule_denied'],
    [call('a/b'), 'deny false default_denied'],
    [call('once'), 'allow true rule_allowed'],
    [call('once'), 'deny false rate_limited'],
    [call('x', { url: 'nonsense' }), 'deny true request_invalid'],
    [{ ...call('x'), killed: true }, 'deny true kill_switch'],
    ...Array.from({ length: 10_000 }, (_, n) => [full(n), 'allow true rule_allowed'] as const),
    [full(10_000), 'deny false limit_keys_exhausted'],
  ];
  const [loaded, ...answers] = await batch(
    [{ load: policy }, ...asked.map(([line]) => line)].map(l => JSON.stringify(l)),
  );
  assert.deepEqual(loaded, { ok: true });
  assert.deepEqual(
    answers.map(({ result, enforced, code }) => `${result} ${enforced} ${code}`),
    asked.map(([, answer]) => answer),
  );
});

test('§7: no answer holds a value of a header, a query, a body or the arguments', async () => {
  const is = { exact: 'hunter2' };
  const named = [{ name: 'x-key', ...is }];
  const rules = [
    { name: 'header', deny: { url: 'a.example/h', headers: named } },
    { name: 'query', deny: { url: 'a.example/q', query: named } },
    { name: 'body', deny: { url: 'a.example/b', body: { jsonpath: '$.k', ...is } } },
    { name: 'unsure', deny: { url: 'a.example/u', body: { jsonpath: '$.k', min: 1 } } },
    { name: 'args', deny: { tool: 't', args: { jsonpath: '$.k', ...is } } },
    { name: 'many', limit: { calls_per_day: 1, per: 'body_field', field: '$.k', url: 'a.example/l' } },
  ];
  const url = 'https://a.example/';
  const post = (path: string) => ({ method: 'POST', url: `${url}${path}`, body: '{"k":"hunter2"}' });
  const asked: readonly (readonly [request: object, code: string])[] = [
    [{ method: 'GET', url: `${url}h`, headers: [['X-Key', 'hunter2']] }, 'rule_denied header'],
    [{ method: 'GET', url: `${url}q?x-key=hunter2` }, 'rule_denied query'],
    [post('b'), 'rule_denied body'],
    [post('u'), 'rule_denied unsure'],
    [{ tool: 't', args: { k: 'hunter2' } }, 'rule_denied args'],
    [post('l'), 'default_allowed null'],
    [post('l'), 'rate_limited many'],
    [{ method: 'GET', url: 'https://hunter2@a.example/' }, 'request_invalid null'],
  ];
  const lines = [{ load: { default: 'allow', rules } }, ...asked.map(([request]) => ({ request }))];
  const [loaded, ...answers] = await batch(lines.map(line => JSON.stringify(line)));
  assert.deepEqual(loaded, { ok: true });
  assert.deepEqual(
    answers.map(({ code, matched_rule }) => `${code} ${matched_rule}`),
    asked.map(([, code]) => code),
  );
  for (const answer of answers) assert.doesNotMatch(JSON.stringify(answer), /hunter2/);
});
