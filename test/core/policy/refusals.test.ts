/** Everything that must not load: the code, the line and the column of its first issue. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeIssue, POLICY_ISSUES, type PolicyIssue, type PolicyIssueCode } from '#src/core/policy/issues.js';
import { readPolicy, readPolicyObject } from '#src/core/policy/read.js';

function issuesOf(text: string | Uint8Array, format: 'yaml' | 'json' = 'yaml'): readonly PolicyIssue[] {
  const reading = readPolicy(typeof text === 'string' ? new TextEncoder().encode(text) : text, format);
  return reading.ok ? [] : reading.issues;
}

type Refused = readonly [
  name: string,
  text: string,
  code: PolicyIssueCode,
  line: number,
  column: number,
  word?: RegExp,
];

const HEAD = 'default: deny\nrules:\n  - name: a\n';
/** A policy with one rule whose line 4, from column 5, is `line`. */
const rule = (line: string): string => `${HEAD}    ${line}\n`;
const body = (test: string): string => rule(`allow: { body: { jsonpath: $.a, ${test} } }`);

const files: readonly Refused[] = [
  ['an empty file', '', 'policy_empty', 1, 1],
  ['white space alone', ' \n\n', 'policy_empty', 1, 1],
  ['comments alone', '# nothing\n', 'policy_empty', 1, 1],
  ['no final newline', 'default: deny\nrules: []', 'final_newline', 2, 10],
  ['a byte order mark', '\uFEFFdefault: deny\nrules: []\n', 'byte_order_mark', 1, 1],
  ['NUL bytes', 'default: deny\0\n', 'not_text', 1, 1],
  ['two documents', 'default: deny\nrules: []\n---\na: 1\n', 'multiple_documents', 3, 1],
  ['an open bracket', 'default: deny\nrules: [\n', 'yaml_syntax', 3, 1],
  ['an open quote', 'default: "deny\nrules: []\n', 'yaml_syntax', 3, 1],
  ['wrong indentation', 'default: deny\nrules:\n  - name: a\n   allow: {}\n', 'yaml_syntax', 4, 1],
  ['a tab as indentation', 'default: deny\nrules:\n\t- name: a\n', 'yaml_syntax', 3, 1, /tab/],
  ['another YAML version', '%YAML 1.1\n---\ndefault: deny\nrules: []\n', 'yaml_syntax', 1, 1, /1\.1/],
  ['an unknown directive', '%FOO\n---\ndefault: deny\nrules: []\n', 'yaml_syntax', 1, 1],
  ['a duplicate key', 'default: deny\ndefault: allow\nrules: []\n', 'duplicate_key', 2, 1, /`default`/],
  ['a duplicate key in two spellings', 'default: deny\n"default": allow\nrules: []\n', 'duplicate_key', 2, 1],
  [
    'a duplicate key among many',
    `${HEAD}    description: d\n    source: s\n    hint: h\n    mode: dry_run\n    method: GET\n    url: a.example\n    days: [mon]\n    allow: {}\n    name: b\n`,
    'duplicate_key',
    12,
    5,
    /`name`/,
  ],
  ['a custom tag', 'default: !mine deny\nrules: []\n', 'yaml_tag', 1, 16],
  ['a YAML 1.1 tag', 'default: deny\nrules: []\nagent: !!binary aa\n', 'yaml_tag', 3, 17],
  ['a tag that does not fit', 'default: !!int deny\nrules: []\n', 'yaml_tag', 1, 16],
  ['a merge key', `${HEAD}    <<: { allow: {} }\n`, 'merge_key', 4, 5],
  ['a number as a key', 'default: deny\nrules: []\n1: x\n', 'key_not_string', 3, 1],
  ['a list as a key', 'default: deny\nrules: []\n? [a]\n: x\n', 'key_not_string', 3, 3],
  ['an alias as a key', 'default: &x deny\nrules: []\n? *x\n: a\n', 'alias_invalid', 3, 3],
  ['an unknown alias', 'default: deny\nrules: *x\n', 'alias_invalid', 2, 8],
  ['an alias inside its anchor', 'default: deny\nrules: &x [ *x ]\n', 'alias_invalid', 2, 13],
  ['half of a surrogate pair', 'default: deny\nrules: []\nagent: "\\ud800"\n', 'not_unicode', 3, 8],
  ['200 levels', `default: deny\nrules: ${'['.repeat(200)}${']'.repeat(200)}\n`, 'too_deep', 2, 136],
  ['20,000 levels', `${'['.repeat(20_000)}\n`, 'too_deep', 1, 0],
  ['a list as the document', '- a\n', 'wrong_type', 1, 1],
  ['nothing as the document', '~\n', 'null_value', 1, 1],
];

const documents: readonly Refused[] = [
  ['an unknown key', 'default: deny\nrulse: []\n', 'unknown_key', 2, 1, /did you mean `rules`/],
  ['a key of Object.prototype', 'default: deny\nrules: []\ntoString: x\n', 'unknown_key', 3, 1],
  ['no default', 'rules: []\n', 'missing_key', 1, 1, /`default`/],
  ['no rules', 'default: deny\n', 'missing_key', 1, 1, /`rules`/],
  ['rules without a value', 'default: deny\nrules:\n', 'null_value', 2, 7, /give it a list; `\[\]` is an empty one \[/],
  ['default without a value', 'default:\nrules: []\n', 'null_value', 1, 9, /write `allow` or `deny` \[/],
  ['rules as a mapping', 'default: deny\nrules: {}\n', 'wrong_type', 2, 8, /begin each item/],
  [
    'a mode in the wrong case',
    'default: deny\nmode: Enforce\nrules: []\n',
    'unknown_value',
    2,
    7,
    /did you mean `enforce`/,
  ],
  ['a mode with a dash', 'default: deny\nmode: dry-run\nrules: []\n', 'unknown_value', 2, 7, /did you mean `dry_run`/],
  ['another default', 'default: block\nrules: []\n', 'unknown_value', 1, 10],
  ['a boolean default', 'default: true\nrules: []\n', 'wrong_type', 1, 10],
  ['an empty agent', 'default: deny\nagent: ""\nrules: []\n', 'empty_value', 2, 1],
  ['no agents', 'default: deny\nagents: []\nrules: []\n', 'empty_list', 2, 9],
  ['an empty glob', 'default: deny\nagents: [a, ""]\nrules: []\n', 'empty_value', 2, 13],
  ['a number among agents', 'default: deny\nagents: [a, 5]\nrules: []\n', 'wrong_type', 2, 13, /quote it: "5"/],
  ['a negative version', 'default: deny\nversion: -1\nrules: []\n', 'number_invalid', 2, 10],
  ['a broken version', 'default: deny\nversion: 1.5\nrules: []\n', 'number_invalid', 2, 10],
  ['a version past 2^53', 'default: deny\nversion: 9007199254740993\nrules: []\n', 'number_invalid', 2, 10],
  ['a version in quotes', 'default: deny\nversion: "1"\nrules: []\n', 'wrong_type', 2, 10, /leave out the quotes/],
];

const rules: readonly Refused[] = [
  ['a rule that is a string', 'default: deny\nrules:\n  - a\n', 'wrong_type', 3, 5],
  ['no name', 'default: deny\nrules:\n  - allow: {}\n', 'missing_key', 3, 5, /`name`/],
  ['an empty name', 'default: deny\nrules:\n  - name: ""\n    allow: {}\n', 'empty_value', 3, 11],
  ['a comma in a name', 'default: deny\nrules:\n  - name: a,b\n    allow: {}\n', 'name_invalid', 3, 11],
  ['a control in a name', 'default: deny\nrules:\n  - name: "a\\tb"\n    allow: {}\n', 'name_invalid', 3, 11],
  [
    'a long name',
    `default: deny\nrules:\n  - name: ${'é'.repeat(65)}\n    allow: {}\n`,
    'bound_exceeded',
    3,
    11,
    /130 bytes; the most is 128/,
  ],
  ['two rules of one name', `${rule('allow: {}')}  - name: a\n    deny: {}\n`, 'duplicate_name', 5, 5, /line 3/],
  ['no effect', 'default: deny\nrules:\n  - name: a\n', 'effect_count', 3, 5],
  ['two effects', rule('allow: {}\n    deny: {}'), 'effect_count', 3, 5, /`allow` and `deny`/],
  ['an effect without a value', rule('allow:'), 'null_value', 4, 11],
  ['an effect that is true', rule('allow: true'), 'wrong_type', 4, 12],
  ['a mistyped effect', rule('alow: {}'), 'unknown_key', 4, 5, /did you mean `allow`/],
  ['a mistyped matcher', rule('allow: { methods: [GET] }'), 'unknown_key', 4, 14, /did you mean `method`/],
  ['one matcher twice', rule('allow: { url: a.com }\n    url: b.com'), 'matcher_twice', 5, 5],
  ['a rule in another mode', rule('allow: {}\n    mode: enforce'), 'unknown_value', 5, 11, /is `dry_run`, not/],
  ['an empty hint', rule('deny: {}\n    hint: ""'), 'empty_value', 5, 11],
  ['a hint of two lines', rule('deny: {}\n    hint: "a\\nb"'), 'hint_invalid', 5, 11],
  [
    'a long hint',
    rule(`deny: {}\n    hint: ${'é'.repeat(257)}`),
    'bound_exceeded',
    5,
    11,
    /514 bytes; the most is 512/,
  ],
  ['an empty tool', rule('deny: { tool: "" }'), 'empty_value', 4, 19],
  ['no tools', rule('deny: { tool: [] }'), 'empty_list', 4, 19],
  ['a tool that is a number', rule('deny: { tool: [a, 5] }'), 'wrong_type', 4, 23, /quote it/],
  ['a tool with a brace', rule('deny: { tool: [a, "b{c}"] }'), 'tool_pattern_invalid', 4, 23, /braces/],
  ['a tool with a percent sign', rule('deny: { tool: "a%2fb" }'), 'tool_pattern_invalid', 4, 19, /%/],
  ['a tool with a line break', rule('deny: { tool: "a\\nb" }'), 'tool_pattern_invalid', 4, 19, /control/],
  ['a long tool', rule(`deny: { tool: ${'x'.repeat(1025)} }`), 'bound_exceeded', 4, 19, /1,025 bytes/],
  ['a deep tool', rule(`deny: { tool: ${'x/'.repeat(65)} }`), 'bound_exceeded', 4, 19, /65 path segments/],
  ['257 tools', rule(`deny: { tool: [${'a,'.repeat(257)}] }`), 'bound_exceeded', 4, 19, /257 items/],
  ['arguments without a path', rule('deny: { args: { exact: 1 } }'), 'missing_key', 4, 19, /`args` matcher/],
  ['a tool inside and beside', rule('deny: { tool: a }\n    tool: b'), 'matcher_twice', 5, 5],
  ['no days', rule('deny: { days: [] }'), 'empty_list', 4, 19],
  ['days as a string', rule('deny: { days: mon-fri, timezone: UTC }'), 'wrong_type', 4, 19, /put it in `\[ \]`/],
  ['a number among days', rule('deny: { days: [mon, 5] }'), 'wrong_type', 4, 25],
  ['an empty day', rule('deny: { days: [""] }'), 'empty_value', 4, 20],
  ['a day in the wrong case', rule('deny: { days: [Mon] }'), 'time_invalid', 4, 20, /did you mean `mon`/],
  ['a day in full', rule('deny: { days: [sat, Sunday] }'), 'time_invalid', 4, 25, /did you mean `sun`/],
  ['a range in full', rule('deny: { days: [mon - Friday] }'), 'time_invalid', 4, 20, /did you mean `mon-fri`/],
  ['no day', rule('deny: { days: [weekdays] }'), 'time_invalid', 4, 20, /`mon`, `tue`.*`mon-fri`/],
  ['a range of three', rule('deny: { days: [mon-tue-wed] }'), 'time_invalid', 4, 20],
  ['a range without an end', rule('deny: { days: [mon-] }'), 'time_invalid', 4, 20],
  ['a range of one day', rule('deny: { days: [mon-mon] }'), 'time_invalid', 4, 20, /write `mon`/],
  ['257 days', rule(`deny: { days: [${'mon,'.repeat(257)}] }`), 'bound_exceeded', 4, 19, /257 items; the most is 256/],
  ['a null description', rule('deny: {}\n    description:'), 'null_value', 5, 17],
  ['a number as source', rule('deny: {}\n    source: 5'), 'wrong_type', 5, 13],
];

const zone = (name: string): string => rule(`deny: { time_within: "09:00-17:00", timezone: ${name} }`);

const matchers: readonly Refused[] = [
  ['an empty method', rule('deny: { method: "" }'), 'empty_value', 4, 21],
  ['no methods', rule('deny: { method: [] }'), 'empty_list', 4, 21],
  ['two methods in one string', rule('deny: { method: "GET, POST" }'), 'method_invalid', 4, 21, /list them/],
  ['a number as method', rule('deny: { method: [GET, 5] }'), 'wrong_type', 4, 27],
  ['a long method', rule(`deny: { method: ${'A'.repeat(65)} }`), 'bound_exceeded', 4, 21],
  [
    '257 methods',
    rule(`deny: { method: [${'A,'.repeat(257)}] }`),
    'bound_exceeded',
    4,
    21,
    /257 items; the most is 256/,
  ],
  ['an empty URL pattern', rule('deny: { url: "" }'), 'empty_value', 4, 18],
  ['a query in a URL pattern', rule('deny: { url: "a.com/?x" }'), 'url_pattern_invalid', 4, 18, /`query`/],
  ['a list of URL patterns', rule('deny: { url: [a.com] }'), 'wrong_type', 4, 18],
  ['a mapping as query', rule('deny: { query: { name: a } }'), 'wrong_type', 4, 20],
  ['an empty query', rule('deny: { query: [] }'), 'empty_list', 4, 20],
  ['a query without a name', rule('deny: { query: [{ exact: a }] }'), 'missing_key', 4, 21],
  ['an empty query name', rule('deny: { query: [{ name: "" }] }'), 'empty_value', 4, 29],
  ['a number to compare with', rule('deny: { query: [{ name: a, exact: 5 }] }'), 'wrong_type', 4, 39, /quote it: "5"/],
  ['a number in a list of strings', rule('deny: { query: [{ name: a, in: [5] }] }'), 'wrong_type', 4, 37],
  ['an empty `in`', rule('deny: { query: [{ name: a, in: [] }] }'), 'empty_list', 4, 36],
  [
    'absence with a test',
    rule('deny: { query: [{ name: a, present: false, exact: b }] }'),
    'field_matcher_invalid',
    4,
    32,
  ],
  ['presence in quotes', rule('deny: { query: [{ name: a, present: "true" }] }'), 'wrong_type', 4, 41],
  ['a long prefix', rule(`deny: { query: [{ name: a, prefix: ${'x'.repeat(1025)} }] }`), 'bound_exceeded', 4, 32],
  [
    'a regex that looks around',
    rule('deny: { headers: [{ name: a, regex: "x(?=b)" }] }'),
    'regex_invalid',
    4,
    41,
    /looks around, at character 2; RE2 has no look-around/,
  ],
  [
    'a regex that nothing matches',
    rule('deny: { query: [{ name: a, regex: a^ }] }'),
    'regex_invalid',
    4,
    39,
    /no text/,
  ],
  ['an empty regex', body('regex: ""'), 'empty_value', 4, 44],
  ['a regex that is a number', body('regex: 5'), 'wrong_type', 4, 44, /quote it/],
  ['a long regex', body(`regex: ${'x'.repeat(257)}`), 'bound_exceeded', 4, 44, /257 characters; the most is 256/],
  ['a regex that unfolds too far', body('regex: "(a|b)*a(a|b){14}"'), 'bound_exceeded', 4, 44, /4,096 states/],
  ['no headers', rule('deny: { headers: [] }'), 'empty_list', 4, 22],
  ['no arguments', rule('deny: { args: [] }'), 'empty_list', 4, 19],
  ['no header name', rule('deny: { headers: [{ name: "a b" }] }'), 'field_matcher_invalid', 4, 31],
  ['an empty body', rule('deny: { body: [] }'), 'empty_list', 4, 19],
  ['a body without a path', rule('deny: { body: { exact: 1 } }'), 'missing_key', 4, 19],
  ['a filter', rule('deny: { body: { jsonpath: "$[?@.a]" } }'), 'jsonpath_invalid', 4, 31, /filters/],
  ['a slice', rule('deny: { body: { jsonpath: "$.a[1:2]" } }'), 'jsonpath_invalid', 4, 31, /slices/],
  ['every descendant', rule('deny: { body: { jsonpath: "$..*" } }'), 'jsonpath_invalid', 4, 31, /descendant wildcards/],
  ['an object to compare with', body('exact: {}'), 'wrong_type', 4, 44],
  ['a list in a list', body('in: [[a]]'), 'wrong_type', 4, 42],
  ['an empty `not_in`', body('not_in: []'), 'empty_list', 4, 45],
  ['a bound in quotes', body('max: "5"'), 'wrong_type', 4, 42, /leave out the quotes/],
  ['a null bound', body('max: ~'), 'null_value', 4, 42],
  ['a hexadecimal number', body('max: 0x10'), 'number_invalid', 4, 42],
  ['an octal number', body('max: 0o17'), 'number_invalid', 4, 42],
  ['a zero-led number', body('max: 017'), 'number_invalid', 4, 42],
  ['infinity', body('max: .inf'), 'number_invalid', 4, 42],
  ['not a number', body('exact: .NaN'), 'number_invalid', 4, 44],
  ['1,025 digits', body(`max: ${'1'.repeat(1025)}`), 'number_invalid', 4, 42, /1024/],
  ['a huge exponent', body('max: 1e100001'), 'number_invalid', 4, 42, /100000/],
  ['absence with an operator', body('exists: false, exact: 1'), 'body_matcher_invalid', 4, 37],
  ['no window', rule('deny: { time_within: "9-17" }'), 'time_invalid', 4, 26],
  ['25 o’clock', rule('deny: { time_within: "09:00-25:00" }'), 'time_invalid', 4, 26],
  ['24:01', rule('deny: { time_within: "09:00-24:01" }'), 'time_invalid', 4, 26],
  ['a start at 24:00', rule('deny: { time_within: "24:00-01:00" }'), 'time_invalid', 4, 26, /begin/],
  ['equal ends', rule('deny: { time_outside: "09:00-09:00" }'), 'time_invalid', 4, 27, /same/],
  ['a zone alone', rule('deny: { timezone: UTC }'), 'time_zone_alone', 4, 13],
  ['no zone', zone('Nowhere'), 'time_invalid', 4, 51, /Europe\/Berlin/],
  ['a zone without its area', zone('berlin'), 'time_invalid', 4, 51, /did you mean `Europe\/Berlin`/],
  ['a named zone in the wrong case', zone('europe/berlin'), 'time_invalid', 4, 51, /did you mean `Europe\/Berlin`/],
  ['a misspelt zone', zone('America/New_Yrok'), 'time_invalid', 4, 51, /did you mean `America\/New_York`/],
  ['a zone with a space', zone('America/New York'), 'time_invalid', 4, 51, /did you mean `America\/New_York`/],
  ['the zone of no place', zone('Factory'), 'time_invalid', 4, 51, /Europe/],
  ['what only some programs take as a zone', zone('PST'), 'time_invalid', 4, 51, /./],
  ['an offset past a day', zone('"+24:00"'), 'time_invalid', 4, 51, /offset/],
  ['an empty zone', zone('""'), 'time_invalid', 4, 51, /./],
  [
    'a zone in the wrong case',
    rule('deny: { time_within: "09:00-17:00", timezone: Utc }'),
    'time_invalid',
    4,
    51,
    /did you mean `UTC`/,
  ],
  [
    '65 matchers',
    rule(`deny: { method: GET, headers: [${'{ name: a },'.repeat(64)}] }`),
    'bound_exceeded',
    3,
    5,
    /65 matchers; the most is 64/,
  ],
];

const limits: readonly Refused[] = [
  ['no rate', rule('limit: { per: global }'), 'limit_invalid', 4, 12],
  ['two rates', rule('limit: { per: global, calls_per_day: 5, calls_per_hour: 1 }'), 'limit_invalid', 4, 12],
  ['no `per`', rule('limit: { calls_per_day: 5 }'), 'missing_key', 4, 12, /`per`/],
  ['another `per`', rule('limit: { calls_per_day: 5, per: Host }'), 'unknown_value', 4, 37, /did you mean `host`/],
  ['no calls', rule('limit: { calls_per_day: 0, per: host }'), 'number_invalid', 4, 29],
  ['too many calls', rule('limit: { calls_per_day: 1000001, per: host }'), 'number_invalid', 4, 29],
  ['half a call', rule('limit: { calls_per_day: 0.5, per: host }'), 'number_invalid', 4, 29],
  ['a field for another `per`', rule('limit: { calls_per_day: 5, per: host, field: $.a }'), 'limit_invalid', 4, 43],
  ['no field', rule('limit: { calls_per_day: 5, per: body_field }'), 'limit_invalid', 4, 32],
  [
    'a bad field',
    rule('limit: { calls_per_day: 5, per: body_field, field: "$[1:]" }'),
    'jsonpath_invalid',
    4,
    56,
    /slices/,
  ],
];

for (const [name, text, code, line, column, word] of [...files, ...documents, ...rules, ...matchers, ...limits]) {
  test(`refused: ${name}`, () => {
    const [issue] = issuesOf(text);
    assert.ok(issue !== undefined, 'it loads');
    assert.equal(issue.code, code, describeIssue('policy.yaml', issue));
    assert.equal(issue.line, line);
    if (column > 0) assert.equal(issue.column, column);
    if (word !== undefined) assert.match(describeIssue('policy.yaml', issue), word);
  });
}

test('bytes that are not UTF-8 are refused', () => {
  assert.deepEqual(
    issuesOf(Uint8Array.of(0x61, 0xff, 0x0a)).map(issue => issue.code),
    ['not_utf8'],
  );
});

test('several issues come in file order, each on one line', () => {
  const text = 'mode: Enforce\ndefault: deny\nrulse: []\nrules:\n  - name: a\n    allow: { url: "" }\n';
  assert.deepEqual(
    issuesOf(text).map(issue => describeIssue('p.yaml', issue)),
    [
      'p.yaml:1:7: `mode` is `enforce` or `dry_run`, not `Enforce`; did you mean `enforce`? [unknown_value]',
      'p.yaml:3:1: unknown key `rulse` in the policy; did you mean `rules`? [unknown_key]',
      'p.yaml:6:19: the URL pattern is empty; write `*` for everything [empty_value]',
    ],
  );
});

test('no more than fifty issues are kept', () => {
  const text = `default: deny\nrules:\n${'  - name: a\n'.repeat(80)}`;
  assert.equal(issuesOf(text).length, 50);
});

test('JSON has places too, and a policy given as an object has none', () => {
  const text = '{"default": "deny",\n "rules": [{"name": "a", "alow": {}}]}\n';
  const places = (issues: readonly PolicyIssue[]) => issues.map(({ code, line, column }) => [code, line, column]);
  assert.deepEqual(places(issuesOf(text, 'json')), [['unknown_key', 2, 26]]);
  const reading = readPolicyObject(text);
  assert.ok(!reading.ok);
  assert.deepEqual(places(reading.issues), [['unknown_key', null, null]]);
  assert.match(describeIssue('the policy', reading.issues[0] as PolicyIssue), /^the policy: unknown key `alow`/);
});

const json: readonly Refused[] = [
  ['YAML', 'default: deny\nrules: []\n', 'json_syntax', 1, 1],
  ['a comma too many', '{"default": "deny",\n"rules": [],}\n', 'json_syntax', 2, 13],
  ['a duplicate key', '{"default": "deny",\n"default": "deny"}\n', 'duplicate_key', 2, 1],
  ['no final newline', '{"default": "deny", "rules": []}', 'final_newline', 1, 33],
  ['129 levels', `{"rules": ${'['.repeat(128)}\n`, 'too_deep', 1, 138],
];
for (const [name, text, code, line, column] of json) {
  test(`refused as JSON: ${name}`, () => {
    const [issue] = issuesOf(text, 'json');
    assert.deepEqual([issue?.code, issue?.line, issue?.column], [code, line, column]);
  });
}

test('every code is in the tables above, and the list of codes is in order', () => {
  const shown = new Set<string>([...files, ...documents, ...rules, ...matchers, ...limits, ...json].map(row => row[2]));
  shown.add('not_utf8');
  // Known only where the policy is loaded: test/agent/compile.test.ts.
  shown.add('time_zone_missing');
  // Of embedded tests; tests.test.ts and the tests of the runner show them.
  for (const code of ['test_invalid', 'test_failed']) shown.add(code);
  const codes = Object.keys(POLICY_ISSUES);
  assert.deepEqual(
    codes.filter(code => !shown.has(code)),
    [],
  );
  assert.deepEqual(codes, [...codes].sort());
});
