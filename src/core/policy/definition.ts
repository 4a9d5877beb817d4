/**
 * Every key of the policy language with its type: the parser reads these tables, and so can whoever describes the language.
 *
 * `later` marks what the language has and this version does not; such a key is refused by name, never ignored.
 */
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
  | 'map_or_list';

export interface KeyRow {
  readonly type: ValueType;
  readonly means: string;
  readonly required?: true;
  /** The only values. */
  readonly values?: readonly string[];
  /** What the feature is called, where this version refuses it. */
  readonly later?: string;
}

export type KeyTable = Readonly<Record<string, KeyRow>>;

export const DOCUMENT_KEYS = {
  agent: { type: 'string', means: 'a label recorded with every decision' },
  agents: { type: 'list', means: 'globs of the agents this document speaks for' },
  default: { type: 'string', required: true, values: ['allow', 'deny'], means: 'the result when no rule decides' },
  mode: { type: 'string', values: ['enforce', 'dry_run'], means: 'whether denials bind' },
  version: { type: 'integer', means: 'monotonic where signatures are required' },
  rules: { type: 'list', required: true, means: 'the rules, in file order' },
  tests: { type: 'list', later: 'embedded tests', means: "the policy's own tests" },
} as const satisfies KeyTable;

export const MATCHER_KEYS = {
  method: { type: 'string_or_list', means: 'methods, or `*`' },
  url: { type: 'string', means: 'a URL pattern' },
  query: { type: 'list', means: 'tests of query parameters' },
  headers: { type: 'list', means: 'tests of request headers' },
  body: { type: 'map_or_list', means: 'tests of values in the body' },
  time_within: { type: 'string', means: 'true inside the window' },
  time_outside: { type: 'string', means: 'true outside the window' },
  timezone: { type: 'string', means: 'the zone of the windows and days' },
  days: { type: 'list', means: 'local days of the windows' },
  tool: { type: 'string_or_list', later: 'matching of tool calls', means: 'names of tools' },
  args: { type: 'map_or_list', later: 'matching of tool arguments', means: 'tests of tool arguments' },
} as const satisfies KeyTable;

export const LIMIT_KEYS = {
  calls_per_second: { type: 'integer', means: 'calls in any second' },
  calls_per_minute: { type: 'integer', means: 'calls in any minute' },
  calls_per_hour: { type: 'integer', means: 'calls in any hour' },
  calls_per_day: { type: 'integer', means: 'calls in any day' },
  per: {
    type: 'string',
    required: true,
    values: ['global', 'agent', 'host', 'endpoint', 'body_field'],
    means: 'what is counted apart',
  },
  field: { type: 'string', means: 'the JSON path of the value that `per: body_field` counts by' },
} as const satisfies KeyTable;

const RULE_ONLY_KEYS = {
  name: { type: 'string', required: true, means: 'unique; named in records and denials' },
  allow: { type: 'map', means: 'lets a matching call pass' },
  deny: { type: 'map', means: 'refuses a matching call' },
  limit: { type: 'map', means: 'bounds how often matching calls pass' },
  description: { type: 'string', means: 'for people' },
  source: { type: 'string', means: 'a label: where the rule comes from' },
  mode: {
    type: 'string',
    later: 'shadow rules',
    means: 'a rule that is recorded and never decides',
  },
  hint: { type: 'string', later: 'hints', means: 'what an agent may do instead' },
} as const satisfies KeyTable;

/** Matcher keys stand inside the effect or beside it. */
export const RULE_KEYS = { ...RULE_ONLY_KEYS, ...MATCHER_KEYS } as const satisfies KeyTable;
export const LIMIT_EFFECT_KEYS = { ...LIMIT_KEYS, ...MATCHER_KEYS } as const satisfies KeyTable;

export const FIELD_KEYS = {
  name: { type: 'string', required: true, means: 'of the parameter or header' },
  present: { type: 'boolean', means: 'whether it is there' },
  exact: { type: 'string', means: 'the whole value' },
  in: { type: 'list', means: 'one of these' },
  prefix: { type: 'string', means: 'how the value begins' },
  suffix: { type: 'string', means: 'how the value ends' },
  contains: { type: 'string', means: 'a part of the value' },
  regex: { type: 'string', means: 'RE2 syntax, a match anywhere in the value' },
} as const satisfies KeyTable;

export const BODY_KEYS = {
  jsonpath: { type: 'string', required: true, means: 'which value' },
  exists: { type: 'boolean', means: 'whether it is there' },
  exact: { type: 'operand', means: 'the whole value' },
  in: { type: 'list', means: 'one of these' },
  not_in: { type: 'list', means: 'none of these' },
  min: { type: 'number', means: 'at least, inclusive' },
  max: { type: 'number', means: 'at most, inclusive' },
  prefix: { type: 'string', means: 'how the value begins' },
  suffix: { type: 'string', means: 'how the value ends' },
  contains: { type: 'string', means: 'a part of the value' },
  regex: { type: 'string', means: 'RE2 syntax, a match anywhere in the value' },
} as const satisfies KeyTable;
