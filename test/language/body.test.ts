// T-23, T-24 of THREAT-MODEL.md.
/** policy language §3.4: JSON bodies and forms. */
import { type Ask, form, type Group, json, runGroups } from './run-cases.js';

const URL = 'https://api.example.com/v1/pay';
const allow = (body: string): string =>
  `default: deny\nrules:\n  - name: r\n    allow: { method: POST, url: "api.example.com/v1/pay" }\n    body: ${body}\n`;
const deny = (body: string): string =>
  `default: allow\nrules:\n  - name: r\n    deny: { url: "api.example.com/v1/pay" }\n    body: ${body}\n`;
const YES = 'allow rule_allowed r';
const NO = 'deny default_denied -';
const FIRES = 'deny rule_denied r';
const PASSES = 'allow default_allowed -';
const UNSURE = 'deny rule_denied r ?';
const typed = (type: string | null, body: string, ...more: [string, string][]): Ask => ({
  method: 'POST',
  url: URL,
  headers: [...(type === null ? [] : [['content-type', type] as [string, string]]), ...more],
  body,
});
const j = (body: unknown): Ask => json(URL, body);
const f = (body: string): Ask => form(URL, body);

const groups: Group[] = [
  {
    name: 'a cap in an allow',
    policy: allow('{ jsonpath: "$.amount", max: 50000 }'),
    cases: [
      [j({ amount: 50000 }), YES],
      [j('{"amount":50000.0}'), YES],
      [j('{"amount":5e4}'), YES],
      [j('{"amount":50000.000000000000000000001}'), NO],
      [j('{"amount":50001}'), NO],
      [j('{"amount":"50000"}'), NO],
      [j('{"amount":-1}'), YES],
      [j('{"amount":null}'), NO],
      [j('{"amount":[1]}'), NO],
      [j('{"other":1}'), NO],
      [j('{"amount":1,"amount":99999}'), NO],
      [j('{"amount":1,"\\u0061mount":99999}'), NO],
      [j('{"amount":1}x'), NO],
      [j('{"amount":01}'), NO],
      [j('[{"amount":1}]'), NO],
      [j(`{"amount":1,"deep":${'['.repeat(127)}${']'.repeat(127)}}`), YES],
      [j(`{"amount":1,"deep":${'['.repeat(128)}${']'.repeat(128)}}`), NO],
      [j('{"amount":1,"s":"\\ud800"}'), YES],
      [{ method: 'POST', url: URL }, NO],
      [j(''), NO],
      [typed(null, '{"amount":1}'), YES],
      [typed('text/plain', '{"amount":1}'), YES],
      [typed('application/vnd.api+json; charset=utf-8', '{"amount":1}'), YES],
      [typed('application/json; charset=iso-8859-1', '{"amount":1}'), NO],
      [typed('application/json', '{"amount":1}', ['content-type', 'text/plain']), NO],
      [typed('application/json', '{"amount":1}', ['content-encoding', 'gzip']), NO],
      [j('{"amount":1}\n{"amount":2}'), NO],
      [typed('multipart/form-data; boundary=x', '--x\r\n'), NO],
    ],
  },
  {
    name: 'a cap over every item',
    policy: allow('{ jsonpath: "$.items[*].price", max: 100 }'),
    cases: [
      [j({ items: [{ price: 1 }, { price: 100 }] }), YES],
      [j({ items: [{ price: 1 }, { price: 101 }] }), NO],
      [j({ items: [{ price: 1 }, { price: '1' }] }), NO],
      [j({ items: [{ cost: 1 }, { price: 1 }] }), YES],
      [j({ items: [] }), NO],
      [j('{"items":[{"price":1}],"x":{"y":1,"y":1}}'), NO],
      [f('items[0][price]=1&items[1][price]=100'), YES],
      [f('items[0][price]=1&items[1][price]=101'), NO],
    ],
  },
  {
    name: 'a name at any depth',
    policy: deny('{ jsonpath: "$..role", in: [admin, root] }'),
    cases: [
      [j({ role: 'admin' }), FIRES],
      [j({ a: [{ b: { role: 'root' } }] }), FIRES],
      [j('[[{"r\\u006fle":"admin"}]]'), FIRES],
      [j({ role: 'user', a: { roles: ['admin'] } }), PASSES],
      [j('{"role":"user","a":{"b":1,"b":1}}'), UNSURE],
      [f('a[b][role]=root'), FIRES],
    ],
  },
  {
    name: 'lines of JSON in an allow: every line has it',
    policy: allow('{ jsonpath: "$.amount", max: 50000 }'),
    cases: [
      [typed('application/x-ndjson', '{"amount":1}'), YES],
      [typed('application/x-ndjson', '{"amount":1}\r\n\r\n{"amount":2}\r\n'), YES],
      [typed('application/x-ndjson', '{"amount":1}\n{"amount":50001}\n'), NO],
      [typed('application/x-ndjson', '{"amount":1}\n{}\n'), NO],
      [typed('application/x-ndjson', '{"amount":1}\n{"amount":1\n'), NO],
      [typed(null, '{"amount":1}\n{"amount":2}'), YES],
      [typed('text/plain', '{"amount":1}\n{"amount":50001}'), NO],
    ],
  },
  {
    name: 'lines of JSON in a deny: any line has it',
    policy: deny('{ jsonpath: "$.amount", min: 60000 }'),
    cases: [
      [typed('application/jsonl', '{"amount":1}\n{"amount":60000}\n'), FIRES],
      [typed('application/jsonl', '{"amount":1}\n{"b":60000}\n'), PASSES],
      [typed('application/jsonl', '{"amount":1}\n{"b":'), UNSURE],
      [typed('text/plain', '{"amount":1}\n{"amount":60000}'), FIRES],
      [j('{"amount":1}\n{"amount":2}'), UNSURE],
      [f('{"amount":1}\n{"amount":60000}'), FIRES],
    ],
  },
  {
    name: 'a floor in a deny fires on whatever cannot be judged',
    policy: deny('{ jsonpath: "$.amount", min: 60000 }'),
    cases: [
      [j({ amount: 60000 }), FIRES],
      [j('{"amount":6e4}'), FIRES],
      [j('{"amount":60000.0}'), FIRES],
      [j({ amount: 59999 }), PASSES],
      [j('{"amount":"60000"}'), UNSURE],
      [j('{"amount":59999,"amount":1}'), UNSURE],
      [j('{"x":{"amount":1,"amount":2}}'), PASSES],
      [j('{'), UNSURE],
      [j(`{"amount":1e100001}`), UNSURE],
      [j(`{"amount":${'1'.repeat(1025)}}`), UNSURE],
      [j(`{"amount":${'1'.repeat(1024)}}`), FIRES],
      [j({}), PASSES],
      [{ method: 'POST', url: URL }, PASSES],
      [f('amount=60000'), FIRES],
      [f('amount=59999'), PASSES],
      [f('amount=lots'), UNSURE],
      [f('amount=1&amount=60000'), UNSURE],
      [f('other=1&other=2'), UNSURE],
      [typed('application/x-www-form-urlencoded', '{"amount":60000}'), FIRES],
      [{ method: 'POST', url: 'https://api.example.com/other', body: '{"amount":60000}' }, PASSES],
    ],
  },
  {
    name: 'exact compares by type and value',
    policy: deny('{ jsonpath: "$.v", exact: 5 }'),
    cases: [
      [j('{"v":5}'), FIRES],
      [j('{"v":5.0}'), FIRES],
      [j('{"v":50e-1}'), FIRES],
      [j('{"v":6}'), PASSES],
      [j('{"v":"5"}'), UNSURE],
      [j('{"v":"five"}'), PASSES],
      [j('{"v":true}'), PASSES],
      [j('{"v":{}}'), PASSES],
      [f('v=5.0'), FIRES],
      [f('v=six'), PASSES],
    ],
  },
  {
    name: 'strings compare unescaped',
    policy: deny('{ jsonpath: "$.v", exact: "é/a" }'),
    cases: [
      [j('{"v":"é/a"}'), FIRES],
      [j('{"v":"\\u00e9\\/a"}'), FIRES],
      [j('{"v":"e\\u0301/a"}'), PASSES],
      [f('v=%C3%A9/a'), FIRES],
      [f('v=%C3'), UNSURE],
    ],
  },
  {
    name: 'string operators',
    policy: deny('{ jsonpath: "$.v", prefix: "ab", suffix: "yz", contains: "mm" }'),
    cases: [
      [j({ v: 'ab mm yz' }), FIRES],
      [j({ v: 'abmmyz' }), FIRES],
      [j({ v: 'ab yz' }), PASSES],
      [j({ v: 'b mm yz' }), PASSES],
      [j({ v: 5 }), UNSURE],
      [j({ v: null }), UNSURE],
    ],
  },
  {
    name: 'booleans and null',
    policy: deny('{ jsonpath: "$.v", in: [true, null, "x"] }'),
    cases: [
      [j('{"v":true}'), FIRES],
      [j('{"v":null}'), FIRES],
      [j('{"v":"x"}'), FIRES],
      [j('{"v":false}'), PASSES],
      [j('{"v":"true"}'), UNSURE],
      [j('{"v":1}'), PASSES],
    ],
  },
  {
    name: 'not_in in a deny',
    policy: deny('{ jsonpath: "$.model", not_in: [a, b] }'),
    cases: [
      [j({ model: 'a' }), PASSES],
      [j({ model: 'c' }), FIRES],
      [j({}), FIRES],
      [j({ model: 5 }), UNSURE],
      [j({ model: ['a'] }), UNSURE],
      [{ method: 'POST', url: URL }, PASSES],
    ],
  },
  {
    name: 'not_in in an allow',
    policy: allow('{ jsonpath: "$.model", not_in: [a, b] }'),
    cases: [
      [j({ model: 'c' }), YES],
      [j({ model: 'a' }), NO],
      [j({}), NO],
      [j({ model: 5 }), NO],
    ],
  },
  {
    name: 'exists, and absence',
    policy: allow('[{ jsonpath: "$.a", exists: false }, { jsonpath: "$.b" }]'),
    cases: [
      [j({ b: null }), YES],
      [j({ a: 1, b: 1 }), NO],
      [j({}), NO],
    ],
  },
  {
    name: 'absence holds without a body, not with one that cannot be read',
    policy: allow('{ jsonpath: "$.a", exists: false }'),
    cases: [
      [{ method: 'POST', url: URL }, YES],
      [j({}), YES],
      [j('{'), NO],
    ],
  },
  {
    name: 'paths through arrays and odd names',
    policy: allow('[{ jsonpath: "messages.0.role", exact: user }, { jsonpath: "$[\'odd name\'][1]", max: 2 }]'),
    cases: [
      [j({ messages: [{ role: 'user' }], 'odd name': [9, 2] }), YES],
      [j({ messages: [{ role: 'system' }], 'odd name': [9, 2] }), NO],
      [j({ messages: { 0: { role: 'user' } }, 'odd name': [9, 2] }), NO],
      [j({ messages: [{ role: 'user' }], 'odd name': [9] }), NO],
    ],
  },
  {
    name: 'forms with brackets',
    policy: allow('[{ jsonpath: "$.a.b[0]", exact: c }, { jsonpath: "$.ok", exact: true }]'),
    cases: [
      [f('a[b][0]=c&ok=true'), YES],
      [f('a%5Bb%5D%5B%5D=c&ok=true'), YES],
      [f('a[b][]=c&ok=false'), NO],
      [f('a[b][0]=c&ok=true&a=1'), NO],
      [f('a[b][0]=c&ok=true&a[b=1'), NO],
      [f('a[b][0]=c&ok=true&x[1000]=1'), NO],
      [f('a[b][0]=c&ok=true&a[]=1'), NO],
      [f(`a[b][0]=c&ok=true${'&x=1'.repeat(0)}`), YES],
      [f(`a[b][0]=c&ok=true&${Array.from({ length: 1000 }, (_, i) => `x${i}=1`).join('&')}`), NO],
      [f('a[b][0]=c&ok=true&s=a+b%20c'), YES],
    ],
  },
  {
    name: '_method in a form re-reads the call',
    policy: `default: allow\nrules:\n  - { name: r, deny: { method: DELETE, url: "api.example.com/**" } }\n`,
    cases: [
      [f('_method=delete'), FIRES],
      [f('a=1&_method=PUT'), PASSES],
      [f('a=%zz'), UNSURE],
      [j('{"_method":"DELETE"}'), PASSES],
    ],
  },
  {
    name: 'a body over the inspection limit',
    policy: `default: allow
rules:
  - { name: r, deny: { method: POST, url: "api.example.com/v1/pay", body: { jsonpath: "$.a", exact: 1 } } }
  - { name: any, deny: { method: DELETE, url: "api.example.com/**" } }
`,
    cases: [
      [j(`{"a":2,"pad":"${'x'.repeat(1_048_600)}"}`), 'deny body_too_large -'],
      [json(URL, `{"a":2,"pad":"${'x'.repeat(1_048_600)}"}`, 'PUT'), PASSES],
      [json('https://api.example.com/other', `"${'x'.repeat(1_048_600)}"`), PASSES],
      [form('https://api.example.com/other', `a=${'x'.repeat(1_048_600)}`), 'deny body_too_large -'],
      [form('https://other.example.com/', `a=${'x'.repeat(1_048_600)}`), PASSES],
    ],
  },
];

runGroups(groups);
