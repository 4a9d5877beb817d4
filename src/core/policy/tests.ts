/**
 * `tests:`, the policy's own tests (the language, section 9).
 *
 *   in   : the list, and the names of the policy's rules
 *   out  : tests whose every part means something; everything else has become an issue
 *   never: runs one
 */
import { agentId } from '../brand.js';
import type { BatchRequest } from '../decide/batch-line.js';
import { TOOL_METHOD } from '../decide/tool-request.js';
import type { DecisionCode, HeaderLines } from '../decide/types.js';
import { jsonText } from '../json/text.js';
import type { ListNode, TreeNode } from '../json/tree.js';
import { LIST_MAX_STRINGS, RULE_NAME_MAX_BYTES, TEST_MAX_REPEAT, TESTS_MAX, TESTS_MAX_COST } from '../limits.js';
import { rfc3339Ms } from '../time/rfc3339.js';
import type { CheckContext } from './check-context.js';
import { EXPECT_KEYS, ONE_LINE, TEST_KEYS, TEST_REQUEST_KEYS } from './definition.js';
import { type Fields, integerWithin, readFields, wrongType } from './fields.js';
import { type IssueList, overBound, quoted } from './issue-list.js';
import { isToken } from './matcher-method.js';
import { listItems, withinBytes } from './strings.js';
import { didYouMean } from './suggest.js';
import { type Expectation, type PolicyTest, testCost } from './test-case.js';

/** 2026-01-07T12:00:00Z, a Wednesday: tests mean the same by night. */
const DEFAULT_WALL_MS = 1_767_787_200_000;
const OF_RULES: ReadonlySet<DecisionCode> = new Set<DecisionCode>([
  'rule_allowed',
  'rule_denied',
  'rate_limited',
  'limit_keys_exhausted',
  'body_too_large',
]);
const NAME = new RegExp(ONE_LINE, 'u');
const CODES: readonly DecisionCode[] = EXPECT_KEYS.code.values;

/** Usable only if nothing was reported. */
export function readTests(
  context: CheckContext,
  list: ListNode,
  ruleNames: ReadonlySet<string>,
): readonly PolicyTest[] {
  const { issues } = context;
  const tests: PolicyTest[] = [];
  const firstOf = new Map<string, number>();
  for (const item of listItems(issues, list, '`tests`', TESTS_MAX) ?? []) {
    if (issues.full) break;
    const test = readTest(context, item, ruleNames);
    if (test === null) continue;
    const first = firstOf.get(test.name);
    if (first !== undefined) {
      const place = context.place(first);
      const where = place === null ? '' : ` (line ${place.line})`;
      const message = `another test is called ${quoted(test.name)}${where}`;
      issues.add('duplicate_name', item.at, message, 'give each test its own name');
    }
    firstOf.set(test.name, item.at);
    tests.push(test);
  }
  const cost = testCost(tests);
  if (cost > TESTS_MAX_COST) {
    const unit = 'decisions, each KiB of a body counted as one more';
    issues.addFlaw(list.at, overBound('running `tests`', cost, TESTS_MAX_COST, unit));
  }
  return tests;
}

function readTest(context: CheckContext, node: TreeNode, ruleNames: ReadonlySet<string>): PolicyTest | null {
  const { issues } = context;
  const fields = readFields(issues, node, TEST_KEYS, () => nameOf(node));
  if (fields === null) return null;
  const name = readName(issues, fields);
  const request = fields.node('request');
  const asked = request === null ? null : readRequest(issues, request);
  const expect = fields.node('expect');
  const wanted = expect === null ? null : readExpectation(issues, expect, ruleNames);
  if (name === null || asked === null || wanted === null) return null;
  return { name, ...asked, expect: wanted, at: context.place(fields.map.at) };
}

function nameOf(node: TreeNode): string {
  const name = node.kind === 'map' ? node.entries.find(entry => entry.key === 'name')?.value : undefined;
  return name?.kind === 'string' && name.value !== '' ? `the test ${quoted(name.value)}` : 'a test';
}

function readName(issues: IssueList, fields: Fields<keyof typeof TEST_KEYS>): string | null {
  const name = fields.string('name');
  if (name === null) return null;
  const at = fields.node('name')?.at ?? fields.map.at;
  if (name === '') {
    issues.add('empty_value', at, 'the name of a test is empty');
    return null;
  }
  if (!withinBytes(issues, at, name, 'the name of a test', RULE_NAME_MAX_BYTES)) return null;
  if (NAME.test(name)) return name;
  issues.add(
    'name_invalid',
    at,
    `${quoted(name)}: the name of a test has no control character`,
    'use spaces or dashes',
  );
  return null;
}

type RequestFields = Fields<keyof typeof TEST_REQUEST_KEYS>;
type Asked = Pick<PolicyTest, 'request' | 'agent' | 'wallMs' | 'repeat'>;

function readRequest(issues: IssueList, node: TreeNode): Asked | null {
  const fields = readFields(issues, node, TEST_REQUEST_KEYS, '`request`');
  if (fields === null) return null;
  const body = readBody(fields);
  const headers = readHeaders(issues, fields);
  const repeat = integerWithin(issues, fields.node('repeat'), '`repeat`', 1, TEST_MAX_REPEAT) ?? 1;
  for (const key of ['method', 'url', 'agent', 'at', 'tool'] as const) {
    if (fields.string(key) === '') issues.add('empty_value', fields.at(key), `\`${key}\` of a request is empty`);
  }
  checkKind(issues, fields);
  const tool = fields.string('tool');
  const args = fields.node('args');
  const request: BatchRequest = {
    method: fields.string('method') ?? (tool === null ? 'GET' : TOOL_METHOD),
    url: fields.string('url'),
    headers: body?.isJson === true && !headers.some(isContentType) ? [...headers, JSON_TYPE] : headers,
    body: body?.text ?? null,
    tool,
    args: args === null ? null : jsonText(args),
  };
  return { request, agent: readAgent(issues, fields), wallMs: readTime(issues, fields), repeat };
}

/** A request is HTTP, with a URL, or the call of a tool, without headers and body. */
function checkKind(issues: IssueList, fields: RequestFields): void {
  const { at } = fields.map;
  if (!fields.has('tool')) {
    if (!fields.meant('url')) issues.add('missing_key', at, '`request` has neither `url` nor `tool`', 'add `url`');
    if (fields.has('args')) {
      issues.add('missing_key', fields.at('args'), '`request` has `args` and no `tool`', 'add the name of the tool');
    }
    if (fields.has('body') && !fields.has('method')) {
      issues.add('missing_key', at, '`request` has a `body` and no `method`', 'add for example `method: POST`');
    }
    return;
  }
  for (const key of ['headers', 'body'] as const) {
    if (!fields.has(key)) continue;
    const message = `the call of a tool has no \`${key}\``;
    issues.add('test_invalid', fields.at(key), message, 'leave it out, or leave out `tool`; arguments are `args`');
  }
}

const JSON_TYPE = ['Content-Type', 'application/json'] as const;
const isContentType = ([name]: HeaderLines[number]): boolean => name.toLowerCase() === 'content-type';

/** A mapping or list as JSON, a string as it is. */
function readBody(fields: RequestFields): { readonly text: string; readonly isJson: boolean } | null {
  const node = fields.node('body');
  if (node === null) return null;
  return node.kind === 'string' ? { text: node.value, isJson: false } : { text: jsonText(node), isJson: true };
}

function readHeaders(issues: IssueList, fields: RequestFields): HeaderLines {
  const list = fields.list('headers');
  const items = list === null ? null : listItems(issues, list, '`headers` of a request', LIST_MAX_STRINGS);
  const lines: (readonly [string, string])[] = [];
  for (const item of items ?? []) {
    const [name, value, more] = item.kind === 'list' ? item.items : [];
    if (name?.kind !== 'string' || value?.kind !== 'string' || more !== undefined) {
      if (item.kind === 'list') {
        const message = 'a header is a list of two strings, its name and its value';
        issues.add('test_invalid', item.at, message, 'write `[name, value]`, and quote a number');
      } else wrongType(issues, item, 'an item of `headers` of a request', 'list');
      continue;
    }
    if (!isToken(name.value)) issues.add('test_invalid', name.at, `${quoted(name.value)} is not a header name`);
    if (/[\0\r\n]/.test(value.value)) issues.add('test_invalid', value.at, 'a header value has no line break');
    lines.push([name.value, value.value]);
  }
  return lines;
}

function readAgent(issues: IssueList, fields: RequestFields) {
  const text = fields.string('agent');
  const id = text === null ? null : agentId(text);
  if (id !== null || text === null || text === '') return id;
  const message = `${quoted(text)} is no agent ID`;
  issues.add('test_invalid', fields.at('agent'), message, 'use 1 to 128 of A-Z a-z 0-9 . _ -, a letter or digit first');
  return null;
}

function readTime(issues: IssueList, fields: RequestFields): number {
  const text = fields.string('at');
  const ms = text === null ? DEFAULT_WALL_MS : rfc3339Ms(text);
  if (ms !== null || text === '') return ms ?? DEFAULT_WALL_MS;
  issues.add('test_invalid', fields.at('at'), `${quoted(text ?? '')} is no time`, 'write it as 2026-01-07T12:00:00Z');
  return DEFAULT_WALL_MS;
}

function readExpectation(issues: IssueList, node: TreeNode, ruleNames: ReadonlySet<string>): Expectation | null {
  const fields = readFields(issues, node, EXPECT_KEYS, '`expect`');
  if (fields === null) return null;
  const result = fields.choice('result', EXPECT_KEYS.result.values);
  const code = fields.choice('code', CODES);
  const rule = fields.string('rule');
  if (rule !== null && !ruleNames.has(rule)) {
    const message = `\`rule\`: no rule is called ${quoted(rule)}`;
    issues.add('unknown_value', fields.at('rule'), message, nearRule(rule, ruleNames));
  }
  if (result === null) return null;
  if (code !== null && code.endsWith('_allowed') !== (result === 'allow')) {
    issues.add(
      'test_invalid',
      fields.at('code'),
      `\`${code}\` never comes with \`result: ${result}\``,
      'change one of them',
    );
  }
  if (rule !== null && code !== null && !OF_RULES.has(code)) {
    issues.add('test_invalid', fields.at('rule'), `\`${code}\` is never a rule's`, 'leave `rule` or `code` out');
  }
  return { result, code, rule };
}

function nearRule(rule: string, ruleNames: ReadonlySet<string>): string | null {
  const suggestion = ruleNames.size > 200 ? null : didYouMean(rule, [...ruleNames]);
  return suggestion?.startsWith('did') === true ? suggestion : 'write the name of a rule of this policy';
}
