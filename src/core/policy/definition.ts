/**
 * Every key of the policy language with its type: the parser reads these tables, and so can whoever describes the language.
 */
import { POLICY_CODES } from '../decide/types.js';
import {
  LIMIT_MAX_CALLS,
  LIST_MAX_OPERANDS,
  LIST_MAX_STRINGS,
  RULE_MAX_MATCHERS,
  TEST_MAX_REPEAT,
  TESTS_MAX,
} from '../limits.js';

export type ValueType =
  | 'string'
  | 'boolean'
  | 'integer'
  | 'number'
  /** A string, number, boolean or null. */
  | 'operand'
  | 'list'
  | 'map'
  | 'string_or_list'
  | 'map_or_list'
  /** Text as it is, or a mapping or list that stands for its JSON. */
  | 'string_map_or_list';

export interface KeyRow {
  readonly type: ValueType;
  readonly means: string;
  readonly required?: true;
  /** The only values. */
  readonly values?: readonly string[];
  /** The table of the mapping, or of each mapping in the list. */
  readonly of?: TableName;
  /** What a list holds, where it holds no mappings; `any` is data, whatever it is. */
  readonly items?: 'string' | 'operand' | 'header' | 'any';
  /** Most items. */
  readonly most?: number;
  /** An empty string, or for `rules` an empty list, means something. */
  readonly mayBeEmpty?: true;
  /** An integer's bounds. */
  readonly from?: number;
  readonly to?: number;
  /** For text, as a regular expression in Unicode mode. */
  readonly pattern?: string;
}

export type KeyTable = Readonly<Record<string, KeyRow>>;
export type TableName = 'rule' | 'matcher' | 'limit' | 'field' | 'body' | 'test' | 'request' | 'expect';

/**
 * Of rules. Bytes are counted beside it. The control characters stand in it themselves, as `\\p{Cc}` lists them: validators
 * of the schema have regular expressions of their own, and many do not know the name.
 */
export const RULE_NAME = '^[^\u0000-\u001f\u007f-\u009f,]+$';
export const ONE_LINE = '^[^\u0000-\u001f\u007f-\u009f]+$';

export const DOCUMENT_KEYS = {
  agent: { type: 'string', means: 'a label recorded with every decision' },
  agents: {
    type: 'list',
    items: 'string',
    most: LIST_MAX_STRINGS,
    means: 'globs of the agents this document speaks for',
  },
  default: { type: 'string', required: true, values: ['allow', 'deny'], means: 'the result when no rule decides' },
  mode: { type: 'string', values: ['enforce', 'dry_run'], means: 'whether denials bind' },
  version: { type: 'integer', from: 0, means: 'monotonic where signatures are required' },
  rules: { type: 'list', required: true, of: 'rule', mayBeEmpty: true, means: 'the rules, in file order' },
  tests: { type: 'list', of: 'test', most: TESTS_MAX, means: "the policy's own tests" },
} as const satisfies KeyTable;

export const MATCHER_KEYS = {
  method: { type: 'string_or_list', items: 'string', most: LIST_MAX_STRINGS, means: 'methods, or `*`' },
  url: { type: 'string', means: 'a URL pattern' },
  query: { type: 'list', of: 'field', most: RULE_MAX_MATCHERS, means: 'tests of query parameters' },
  headers: { type: 'list', of: 'field', most: RULE_MAX_MATCHERS, means: 'tests of request headers' },
  body: { type: 'map_or_list', of: 'body', most: RULE_MAX_MATCHERS, means: 'tests of values in the body' },
  time_within: { type: 'string', means: 'true inside the window' },
  time_outside: { type: 'string', means: 'true outside the window' },
  timezone: { type: 'string', means: 'the zone of the windows and days' },
  days: { type: 'list', items: 'string', most: LIST_MAX_STRINGS, means: 'local days of the windows' },
  tool: { type: 'string_or_list', items: 'string', most: LIST_MAX_STRINGS, means: 'patterns of the names of tools' },
  args: {
    type: 'map_or_list',
    of: 'body',
    most: RULE_MAX_MATCHERS,
    means: 'tests of values in the arguments of a tool call',
  },
} as const satisfies KeyTable;

export const LIMIT_KEYS = {
  calls_per_second: { type: 'integer', from: 1, to: LIMIT_MAX_CALLS, means: 'calls in any second' },
  calls_per_minute: { type: 'integer', from: 1, to: LIMIT_MAX_CALLS, means: 'calls in any minute' },
  calls_per_hour: { type: 'integer', from: 1, to: LIMIT_MAX_CALLS, means: 'calls in any hour' },
  calls_per_day: { type: 'integer', from: 1, to: LIMIT_MAX_CALLS, means: 'calls in any day' },
  per: {
    type: 'string',
    required: true,
    values: ['global', 'agent', 'host', 'endpoint', 'body_field'],
    means: 'what is counted apart',
  },
  field: { type: 'string', means: 'the JSON path of the value that `per: body_field` counts by' },
} as const satisfies KeyTable;

const RULE_ONLY_KEYS = {
  name: { type: 'string', required: true, pattern: RULE_NAME, means: 'unique; named in records and denials' },
  allow: { type: 'map', of: 'matcher', means: 'lets a matching call pass' },
  deny: { type: 'map', of: 'matcher', means: 'refuses a matching call' },
  limit: { type: 'map', of: 'limit', means: 'bounds how often matching calls pass' },
  description: { type: 'string', mayBeEmpty: true, means: 'for people' },
  source: { type: 'string', mayBeEmpty: true, means: 'a label: where the rule comes from' },
  mode: { type: 'string', values: ['dry_run'], means: 'a shadow rule: recorded, never decides' },
  hint: { type: 'string', pattern: ONE_LINE, means: 'part of every denial by this rule: what an agent may do instead' },
} as const satisfies KeyTable;

/** Matcher keys stand inside the effect or beside it. */
export const RULE_KEYS = { ...RULE_ONLY_KEYS, ...MATCHER_KEYS } as const satisfies KeyTable;
export const LIMIT_EFFECT_KEYS = { ...LIMIT_KEYS, ...MATCHER_KEYS } as const satisfies KeyTable;

export const FIELD_KEYS = {
  name: { type: 'string', required: true, means: 'of the parameter or header' },
  present: { type: 'boolean', means: 'whether it is there' },
  exact: { type: 'string', mayBeEmpty: true, means: 'the whole value' },
  in: { type: 'list', items: 'string', most: LIST_MAX_OPERANDS, mayBeEmpty: true, means: 'one of these' },
  prefix: { type: 'string', mayBeEmpty: true, means: 'how the value begins' },
  suffix: { type: 'string', mayBeEmpty: true, means: 'how the value ends' },
  contains: { type: 'string', mayBeEmpty: true, means: 'a part of the value' },
  regex: { type: 'string', means: 'RE2 syntax, a match anywhere in the value' },
} as const satisfies KeyTable;

export const BODY_KEYS = {
  jsonpath: { type: 'string', required: true, means: 'which value' },
  exists: { type: 'boolean', means: 'whether it is there' },
  exact: { type: 'operand', means: 'the whole value' },
  in: { type: 'list', items: 'operand', most: LIST_MAX_OPERANDS, means: 'one of these' },
  not_in: { type: 'list', items: 'operand', most: LIST_MAX_OPERANDS, means: 'none of these' },
  min: { type: 'number', means: 'at least, inclusive' },
  max: { type: 'number', means: 'at most, inclusive' },
  prefix: { type: 'string', mayBeEmpty: true, means: 'how the value begins' },
  suffix: { type: 'string', mayBeEmpty: true, means: 'how the value ends' },
  contains: { type: 'string', mayBeEmpty: true, means: 'a part of the value' },
  regex: { type: 'string', means: 'RE2 syntax, a match anywhere in the value' },
} as const satisfies KeyTable;

export const TEST_KEYS = {
  name: { type: 'string', required: true, pattern: ONE_LINE, means: 'unique; what the test shows' },
  request: { type: 'map', required: true, of: 'request', means: 'what is decided' },
  expect: { type: 'map', required: true, of: 'expect', means: 'what must come of it' },
} as const satisfies KeyTable;

export const TEST_REQUEST_KEYS = {
  method: { type: 'string', means: 'the method; `GET` without a body' },
  url: { type: 'string', means: 'the whole URL; a tool call needs none' },
  headers: { type: 'list', items: 'header', most: LIST_MAX_STRINGS, means: 'header lines, each `[name, value]`' },
  body: {
    type: 'string_map_or_list',
    items: 'any',
    mayBeEmpty: true,
    means: 'text as it is; a mapping or list is sent as JSON, with that type',
  },
  agent: { type: 'string', means: 'the ID of the agent that asks; `default` where absent' },
  at: { type: 'string', means: 'when, in RFC 3339; 2026-01-07T12:00:00Z, a Wednesday, where absent' },
  repeat: { type: 'integer', from: 1, to: TEST_MAX_REPEAT, means: 'how often it is decided; the last counts' },
  tool: { type: 'string', means: 'the name of the tool that is called' },
  args: { type: 'map', items: 'any', mayBeEmpty: true, means: 'the arguments of the tool' },
} as const satisfies KeyTable;

export const EXPECT_KEYS = {
  result: {
    type: 'string',
    required: true,
    values: ['allow', 'deny'],
    means: 'what the policy says, in `dry_run` too',
  },
  code: {
    type: 'string',
    values: POLICY_CODES,
    means: 'the code of the decision',
  },
  rule: { type: 'string', means: 'the rule that decides' },
} as const satisfies KeyTable;

export const TABLES = {
  rule: RULE_KEYS,
  matcher: MATCHER_KEYS,
  limit: LIMIT_EFFECT_KEYS,
  field: FIELD_KEYS,
  body: BODY_KEYS,
  test: TEST_KEYS,
  request: TEST_REQUEST_KEYS,
  expect: EXPECT_KEYS,
} as const satisfies Readonly<Record<TableName, KeyTable>>;
