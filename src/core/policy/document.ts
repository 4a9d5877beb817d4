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
import { readTests } from './tests.js';

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
  const context = new CheckContext(issues, positions);
  const rules = readRules(context, fields, maxRules);
  const listed = fields.list('tests');
  const tests = listed === null ? [] : readTests(context, listed, ruleNames(fields));
  if (!issues.empty || defaultResult === null) return null;
  const mode = fields.choice('mode', DOCUMENT_KEYS.mode.values) ?? 'enforce';
  const defaultAt = context.place(fields.at('default'));
  return { agentLabel, agents, defaultResult, defaultAt, mode, version, rules, tests };
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

/** As written, of rules with mistakes too: those must not become mistakes of the tests that name them. */
function ruleNames(fields: DocumentFields): ReadonlySet<string> {
  const names = new Set<string>();
  for (const item of fields.list('rules')?.items ?? []) {
    const name = item.kind === 'map' ? item.entries.find(entry => entry.key === 'name')?.value : undefined;
    if (name?.kind === 'string') names.add(name.value);
  }
  return names;
}
