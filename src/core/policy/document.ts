/**
 * The whole document: a tree in, a checked policy or issues out.
 */
import type { TreeNode } from '../json/tree.js';
import { LIST_MAX_STRINGS, PATTERN_MAX_BYTES } from '../limits.js';
import { CheckContext } from './check-context.js';
import type { CheckedPolicy, CheckedRule } from './checked.js';
import { DOCUMENT_KEYS } from './definition.js';
import { type Fields, integerWithin, readFields } from './fields.js';
import { type IssueList, overBound, quoted } from './issue-list.js';
import type { Positions } from './positions.js';
import { readRule } from './rule.js';
import { strings, withinBytes } from './strings.js';

type DocumentFields = Fields<keyof typeof DOCUMENT_KEYS>;

/** Null exactly when `issues` is not empty afterwards. `positions` is null for a policy given as an object. */
export function checkDocument(
  issues: IssueList,
  root: TreeNode,
  positions: Positions | null,
  maxRules: number,
): CheckedPolicy | null {
  const fields = readFields(issues, root, DOCUMENT_KEYS, 'the policy');
  if (fields === null) return null;
  const agentLabel = readLabel(issues, fields);
  const agents = readAgents(issues, fields);
  const version = integerWithin(issues, fields.node('version'), '`version`', 0, Number.MAX_SAFE_INTEGER);
  const defaultResult = fields.choice('default', DOCUMENT_KEYS.default.values);
  const rules = readRules(new CheckContext(issues, positions), fields, maxRules);
  if (!issues.empty || defaultResult === null) return null;
  const mode = fields.choice('mode', DOCUMENT_KEYS.mode.values) ?? 'enforce';
  return { agentLabel, agents, defaultResult, mode, version, rules };
}

function readLabel(issues: IssueList, fields: DocumentFields): string | null {
  const label = fields.string('agent');
  if (label === '') issues.add('empty_value', fields.at('agent'), '`agent` is empty', 'name it, or leave the key out');
  return label;
}

function readAgents(issues: IssueList, fields: DocumentFields): readonly string[] | null {
  const list = fields.list('agents');
  if (list === null) return null;
  const globs = strings(issues, list, '`agents`', LIST_MAX_STRINGS);
  globs?.forEach((glob, i) => {
    const at = list.items[i]?.at ?? list.at;
    if (glob === '') issues.add('empty_value', at, 'an item of `agents` is empty', 'write `"*"` for every agent');
    withinBytes(issues, at, glob, 'an item of `agents`', PATTERN_MAX_BYTES);
  });
  return globs;
}

function readRules(context: CheckContext, fields: DocumentFields, maxRules: number): readonly CheckedRule[] {
  const { issues } = context;
  const list = fields.list('rules');
  if (list === null) return [];
  if (list.items.length > maxRules) {
    issues.addFlaw(fields.at('rules'), overBound('the policy', list.items.length, maxRules, 'rules'));
    return [];
  }
  const rules: CheckedRule[] = [];
  const firstOf = new Map<string, number>();
  for (const item of list.items) {
    if (issues.full) break;
    const rule = readRule(context, item);
    if (rule === null) continue;
    const first = firstOf.get(rule.name);
    if (first === undefined) {
      firstOf.set(rule.name, item.at);
      rules.push(rule);
      continue;
    }
    const place = context.place(first);
    const where = place === null ? '' : ` (line ${place.line})`;
    issues.add(
      'duplicate_name',
      item.at,
      `another rule is called ${quoted(rule.name)}${where}`,
      'give each rule its own name',
    );
  }
  return rules;
}
