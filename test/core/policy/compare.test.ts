// T-80 of THREAT-MODEL.md: each kind of change, and which way it goes.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DocumentRole } from '#src/core/policy/compare/agents.js';
import { comparePolicies } from '#src/core/policy/compare/compare.js';
import { policyOf } from '../../support/engine.js';

const base = (rules: string, head = 'default: deny'): string => `${head}\nrules: [${rules}]`;
const A = '{ name: a, allow: { url: "https://a.example/v1/**" } }';
const NO = '{ name: "no", deny: { url: "https://a.example/v1/admin/**" } }';
const SLOW = '{ name: slow, limit: { calls_per_minute: 10, per: agent } }';

type Row = readonly [what: string, old: string, next: string, says: string, role?: DocumentRole];

const ROWS: readonly Row[] = [
  ['nothing', base(A), base(A), ''],
  ['the order', base(`${A}, ${NO}`), base(`${NO}, ${A}`), ''],
  ['a spelling', base(A), base('{ name: a, allow: { url: "https://A.example./v1/**" } }'), ''],
  [
    'a hint and a test',
    base(NO),
    base(`{ name: "no", deny: { url: "https://a.example/v1/admin/**" }, hint: ask }`),
    '',
  ],
  ['a new allow', base(A), base(`${A}, { name: b, allow: { url: "https://b.example/**" } }`), 'b widens'],
  [
    'a new allow of what was allowed',
    base(A),
    base(`${A}, { name: b, allow: { url: "https://a.example/v1/x" } }`),
    'b same',
  ],
  ['an allow renamed', base(A), base(A.replace('name: a', 'name: z')), 'z same, a narrows'],
  ['an allow wider', base(A), base('{ name: a, allow: { url: "https://a.example/**" } }'), 'a widens'],
  ['an allow narrower', base(A), base('{ name: a, allow: { url: "https://a.example/v1/x" } }'), 'a narrows'],
  ['an allow elsewhere', base(A), base('{ name: a, allow: { url: "https://b.example/v1/**" } }'), 'a unclear'],
  ['an allow gone', base(A), base(''), 'a narrows'],
  ['an allow that became a deny', base(A), base(A.replace('allow', 'deny')), 'a narrows, a narrows'],
  [
    'a deny that became an allow',
    base(NO),
    base(NO.replace('deny', 'allow')),
    '"no" widens, "no" widens'.replaceAll('"', ''),
  ],
  ['a deny gone', base(`${A}, ${NO}`), base(A), 'no widens'],
  ['a deny in the shade', base(NO), base(NO.replace(/ \}$/, ', mode: dry_run }')), 'no widens'],
  ['a deny wider', base(NO), base('{ name: "no", deny: { url: "https://a.example/**" } }'), 'no narrows'],
  ['a deny narrower', base(NO), base('{ name: "no", deny: { url: "https://a.example/v1/admin/x" } }'), 'no widens'],
  ['a limit raised', base(SLOW), base(SLOW.replace('10', '11')), 'slow widens'],
  ['a limit lowered', base(SLOW), base(SLOW.replace('10', '9')), 'slow narrows'],
  ['a limit by another key', base(SLOW), base(SLOW.replace('agent', 'host')), 'slow unclear'],
  [
    'a limit of another name, whose counters begin anew',
    base(SLOW),
    base(SLOW.replace('name: slow', 'name: s')),
    's narrows, slow widens',
  ],
  ['a limit gone', base(SLOW), base(''), 'slow widens'],
  ['default', base(A), base(A, 'default: allow'), 'default widens'],
  ['default, back', base(A, 'default: allow'), base(A), 'default narrows'],
  ['mode', base(A), base(A, 'default: deny\nmode: dry_run'), 'mode widens'],
  ['more agents', base(A, 'default: deny\nagents: [ci]'), base(A, 'default: deny\nagents: [ci, x]'), 'agents widens'],
  ['fewer agents', base(A), base(A, 'default: deny\nagents: [ci]'), 'agents narrows'],
  ['more agents of a layer', base(A, 'default: deny\nagents: [ci]'), base(A), 'agents narrows', 'layer'],
  ['fewer agents of a layer', base(A), base(A, 'default: deny\nagents: [ci]'), 'agents widens', 'layer'],
  ['other agents', base(A, 'default: deny\nagents: [ci]'), base(A, 'default: deny\nagents: [x]'), 'agents unclear'],
  [
    'a bound of an allow raised',
    base(A.replace(' }', ', body: { jsonpath: $.n, max: 5 } }')),
    base(A.replace(' }', ', body: { jsonpath: $.n, max: 6 } }')),
    'a widens',
  ],
  [
    'a bound of an allow lowered',
    base(A.replace(' }', ', body: { jsonpath: $.n, max: 5 } }')),
    base(A.replace(' }', ', body: { jsonpath: $.n, max: 4 } }')),
    'a narrows',
  ],
  [
    'an allow that looks into bodies gone, where another lets them pass unseen',
    base(`${A}, { name: b, allow: { url: "https://a.example/v1/x", body: { jsonpath: "$..n", max: 5 } } }`),
    base(A),
    'b unclear',
  ],
  [
    'an allow that looks into bodies gone, where nothing else lets them pass',
    base(`${A}, { name: b, allow: { url: "https://b.example/x", body: { jsonpath: "$..n", max: 5 } } }`),
    base(A),
    'b narrows',
  ],
];

test('every change has a direction', () => {
  for (const [what, old, next, says, role = 'main'] of ROWS) {
    const got = comparePolicies(policyOf(old), policyOf(next), role);
    const said = got.changes.map(change => `${change.name ?? change.what} ${change.goes}`).join(', ');
    assert.equal(said, says, what);
    assert.equal(got.weaker, /widens|unclear/.test(says), what);
  }
});

test('what enforced nothing cannot be weakened', () => {
  const dry = policyOf(base(NO, 'default: deny\nmode: dry_run'));
  assert.equal(comparePolicies(dry, policyOf(base('', 'default: allow')), 'main').weaker, false);
});
