/**
 * `body`: tests of values in the request's body (the language, section 3.4).
 */
import type { TreeNode } from '../json/tree.js';
import {
  DECIMAL_MAX_DIGITS,
  DECIMAL_MAX_EXPONENT,
  LIST_MAX_OPERANDS,
  POLICY_MAX_JSON_PATHS,
  RULE_MAX_MATCHERS,
} from '../limits.js';
import type { CheckContext } from './check-context.js';
import type { BodyMatcher, BodyTest, Decimal, JsonPath, Operand } from './checked.js';
import { readDecimal } from './decimal.js';
import { BODY_KEYS } from './definition.js';
import { type Fields, readFields, wrongType } from './fields.js';
import { type IssueList, overBound } from './issue-list.js';
import { parseJsonPath } from './json-path.js';
import { readParts } from './matcher-fields.js';
import { listItems } from './strings.js';

type BodyKey = keyof typeof BODY_KEYS;

/** One mapping or a list of them; null when any is wrong (reported). */
export function readBodyMatchers(context: CheckContext, node: TreeNode): readonly BodyMatcher[] | null {
  const items = node.kind === 'list' ? listItems(context.issues, node, '`body`', RULE_MAX_MATCHERS) : [node];
  if (items === null) return null;
  const matchers = items.map(item => readBodyMatcher(context, item)).filter(matcher => matcher !== null);
  return matchers.length === items.length ? matchers : null;
}

/** A path, counted against the policy's bound; null after reporting. */
export function readPath(context: CheckContext, node: TreeNode | null): JsonPath | null {
  if (node?.kind !== 'string') return null;
  const path = context.issues.take(node.at, parseJsonPath(node.value));
  if (path === null) return null;
  const count = context.countPath(path);
  if (count !== POLICY_MAX_JSON_PATHS + 1) return path;
  context.issues.addFlaw(node.at, overBound('the policy', count, POLICY_MAX_JSON_PATHS, 'different JSON paths'));
  return null;
}

function readBodyMatcher(context: CheckContext, node: TreeNode): BodyMatcher | null {
  const fields = readFields(context.issues, node, BODY_KEYS, 'a `body` matcher');
  if (fields === null) return null;
  const path = readPath(context, fields.node('jsonpath'));
  const test = readBodyTest(context, fields);
  return path === null || test === null ? null : { path, test };
}

function readBodyTest(context: CheckContext, fields: Fields<BodyKey>): BodyTest | null {
  const { issues } = context;
  const exists = fields.boolean('exists');
  if (exists === false && fields.map.entries.length > (fields.has('jsonpath') ? 2 : 1)) {
    issues.add(
      'body_matcher_invalid',
      fields.at('exists'),
      '`exists: false` stands alone',
      'leave out the other operators',
    );
    return null;
  }
  const exact = optional(fields.node('exact'), node => readOperand(issues, node, '`exact`'));
  const among = optional(fields.node('in'), node => readOperands(issues, node, '`in`'));
  const notIn = optional(fields.node('not_in'), node => readOperands(issues, node, '`not_in`'));
  const min = optional(fields.node('min'), node => readNumber(issues, node, '`min`'));
  const max = optional(fields.node('max'), node => readNumber(issues, node, '`max`'));
  const parts = readParts(context, fields);
  if (exact === null || among === null || notIn === null || min === null || max === null || parts === null) return null;
  const test: BodyTest = {
    ...(exists === null ? {} : { exists }),
    ...(exact === undefined ? {} : { exact }),
    ...(among === undefined ? {} : { in: among }),
    ...(notIn === undefined ? {} : { notIn }),
    ...(min === undefined ? {} : { min }),
    ...(max === undefined ? {} : { max }),
    ...parts,
  };
  return Object.keys(test).length === 0 ? { exists: true } : test;
}

/** Undefined where nothing was written, null where it was wrong. */
function optional<T>(node: TreeNode | null, read: (node: TreeNode) => T | null): T | null | undefined {
  return node === null ? undefined : read(node);
}

function readOperands(issues: IssueList, node: TreeNode, what: string): readonly Operand[] | null {
  if (node.kind !== 'list') return null;
  const items = listItems(issues, node, what, LIST_MAX_OPERANDS);
  if (items === null) return null;
  const operands = items
    .map(item => readOperand(issues, item, `an item of ${what}`))
    .filter(operand => operand !== null);
  return operands.length === items.length ? operands : null;
}

function readOperand(issues: IssueList, node: TreeNode, what: string): Operand | null {
  switch (node.kind) {
    case 'string':
      return { type: 'string', value: node.value };
    case 'boolean':
      return { type: 'boolean', value: node.value };
    case 'null':
      return { type: 'null' };
    case 'number': {
      const value = readNumber(issues, node, what);
      return value === null ? null : { type: 'number', value };
    }
    default:
      wrongType(issues, node, what, 'operand');
      return null;
  }
}

function readNumber(issues: IssueList, node: TreeNode, what: string): Decimal | null {
  if (node.kind !== 'number') return null;
  const decimal = readDecimal(node.source);
  if (decimal.ok) return decimal.value;
  const why = {
    form: 'is not a decimal number',
    digits: `has more than ${DECIMAL_MAX_DIGITS} significant digits`,
    exponent: `has an exponent beyond ±${DECIMAL_MAX_EXPONENT}`,
  }[decimal.why];
  issues.add('number_invalid', node.at, `${what} ${why}`);
  return null;
}
