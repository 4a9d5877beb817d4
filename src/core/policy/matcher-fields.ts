/**
 * `query` and `headers`: lists of tests on named strings (the language, section 3.3).
 */
import type { ListNode, TreeNode } from '../json/tree.js';
import { LIST_MAX_OPERANDS, PATTERN_MAX_BYTES, RULE_MAX_MATCHERS } from '../limits.js';
import type { CheckContext } from './check-context.js';
import type { FieldMatcher, StringTest } from './checked.js';
import { FIELD_KEYS } from './definition.js';
import { type Fields, readFields } from './fields.js';
import { type IssueList, quoted } from './issue-list.js';
import { isToken } from './matcher-method.js';
import { listItems, strings, withinBytes } from './strings.js';

type FieldKey = keyof typeof FIELD_KEYS;

/** The tests of `list`; null when any is wrong (reported). */
export function readFieldMatchers(
  context: CheckContext,
  list: ListNode,
  key: 'query' | 'headers',
): readonly FieldMatcher[] | null {
  const items = listItems(context.issues, list, `\`${key}\``, RULE_MAX_MATCHERS);
  if (items === null) return null;
  const matchers = items.map(item => readFieldMatcher(context, item, key)).filter(matcher => matcher !== null);
  return matchers.length === items.length ? matchers : null;
}

function readFieldMatcher(context: CheckContext, node: TreeNode, key: 'query' | 'headers'): FieldMatcher | null {
  const { issues } = context;
  const fields = readFields(issues, node, FIELD_KEYS, `an item of \`${key}\``);
  if (fields === null) return null;
  const name = readName(issues, fields, key);
  const present = fields.boolean('present');
  const test = readStringTest(context, fields);
  if (present === false) {
    if (fields.map.entries.length > (fields.has('name') ? 2 : 1)) {
      issues.add(
        'field_matcher_invalid',
        fields.at('present'),
        '`present: false` stands alone',
        'leave out the other operators',
      );
      return null;
    }
    return name === null ? null : { kind: 'absent', name };
  }
  return name === null || test === null ? null : { kind: 'present', name, test };
}

function readName(issues: IssueList, fields: Fields<FieldKey>, key: 'query' | 'headers'): string | null {
  const name = fields.string('name');
  if (name === null) return null;
  const at = fields.node('name')?.at ?? fields.map.at;
  if (name === '') {
    issues.add('empty_value', at, `the \`name\` of an item of \`${key}\` is empty`);
    return null;
  }
  if (!withinBytes(issues, at, name, '`name`', PATTERN_MAX_BYTES)) return null;
  if (key === 'query') return name;
  if (isToken(name)) return name.toLowerCase();
  issues.add(
    'field_matcher_invalid',
    at,
    `${quoted(name)} is not a header name`,
    'a header name has no spaces or colons',
  );
  return null;
}

/** The string operators of `fields`; null when one of them is wrong (reported). */
function readStringTest(context: CheckContext, fields: Fields<FieldKey>): StringTest | null {
  const exact = fields.string('exact');
  const list = fields.list('in');
  const among = list === null ? null : strings(context.issues, list, '`in`', LIST_MAX_OPERANDS);
  const parts = readParts(context, fields);
  if (parts === null || (list !== null && among === null)) return null;
  return { ...(exact === null ? {} : { exact }), ...(among === null ? {} : { in: among }), ...parts };
}

export type Parts = Pick<StringTest, 'prefix' | 'suffix' | 'contains' | 'regex'>;

/** `prefix`, `suffix`, `contains` and `regex`, each within its bounds; null after reporting. */
export function readParts(
  context: CheckContext,
  fields: Pick<Fields<'prefix' | 'suffix' | 'contains' | 'regex'>, 'string' | 'at' | 'node'>,
): Parts | null {
  const parts: { prefix?: string; suffix?: string; contains?: string } = {};
  for (const key of ['prefix', 'suffix', 'contains'] as const) {
    const text = fields.string(key);
    if (text === null) continue;
    if (!withinBytes(context.issues, fields.at(key), text, `\`${key}\``, PATTERN_MAX_BYTES)) return null;
    parts[key] = text;
  }
  const pattern = fields.node('regex');
  if (pattern?.kind !== 'string') return parts;
  // Compiling takes time, and nobody would hear of one more mistake.
  if (context.issues.full) return null;
  const regex = context.issues.take(pattern.at, context.regex(pattern.value));
  return regex === null ? null : { ...parts, regex };
}
