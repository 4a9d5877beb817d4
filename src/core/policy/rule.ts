/**
 * One rule: its name, its one effect, its matcher.
 */
import type { MapEntry, TreeNode } from '../json/tree.js';
import { HINT_MAX_BYTES, RULE_NAME_MAX_BYTES } from '../limits.js';
import type { CheckContext } from './check-context.js';
import type { CheckedRule, Effect } from './checked.js';
import { LIMIT_EFFECT_KEYS, MATCHER_KEYS, RULE_KEYS, RULE_NAME } from './definition.js';
import { entryOf, type Fields, readFields } from './fields.js';
import { quoted } from './issue-list.js';
import { readLimit } from './limit.js';
import { readMatcher } from './matcher.js';
import { withinBytes } from './strings.js';

const NAME = new RegExp(RULE_NAME, 'u');
const EFFECTS = ['allow', 'deny', 'limit'] as const;
type EffectKind = (typeof EFFECTS)[number];
const EFFECT_NAMES: Readonly<Record<EffectKind, string>> = { allow: '`allow`', deny: '`deny`', limit: '`limit`' };
type RuleFields = Fields<keyof typeof RULE_KEYS>;

/** Null when something stopped the reading; otherwise usable only if nothing was reported. */
export function readRule(context: CheckContext, node: TreeNode): CheckedRule | null {
  const { issues } = context;
  const fields = readFields(issues, node, RULE_KEYS, () => nameOf(node));
  if (fields === null) return null;
  const name = readName(context, fields);
  const kind = oneEffect(context, fields);
  const inside = kind === null ? null : fields.node(kind);
  let matchers: readonly MapEntry[] = fields.entries.filter(isMatcher);
  let effect: Effect | null = null;
  let daysWritten = fields.has('days');
  if (kind !== null && inside !== null) {
    const where = EFFECT_NAMES[kind];
    if (kind === 'limit') {
      const limit = readFields(issues, inside, LIMIT_EFFECT_KEYS, where);
      if (limit !== null) {
        effect = readLimit(context, limit);
        matchers = merged(context, matchers, limit.entries.filter(isMatcher), where);
        daysWritten ||= limit.has('days');
      }
    } else {
      const parts = readFields(issues, inside, MATCHER_KEYS, where);
      if (parts !== null) {
        effect = { kind };
        matchers = merged(context, matchers, parts.entries, where);
        daysWritten ||= parts.has('days');
      }
    }
  }
  const matcher = readMatcher(context, matchers, fields.map.at, daysWritten);
  if (name === null || effect === null) return null;
  return {
    name,
    effect,
    matcher,
    description: fields.string('description'),
    source: fields.string('source'),
    hint: readHint(context, fields),
    shadow: fields.choice('mode', RULE_KEYS.mode.values) !== null,
    at: context.place(fields.map.at),
  };
}

/** How messages call a rule: by its name where it has one. */
function nameOf(node: TreeNode): string {
  const name = node.kind === 'map' ? node.entries.find(entry => entry.key === 'name')?.value : undefined;
  return name?.kind === 'string' && name.value !== '' ? `the rule ${quoted(name.value)}` : 'a rule';
}

function readName({ issues }: CheckContext, fields: RuleFields): string | null {
  const name = fields.string('name');
  const at = fields.node('name')?.at ?? fields.map.at;
  if (name === null) return null;
  if (name === '') {
    issues.add('empty_value', at, 'the name of a rule is empty');
    return null;
  }
  if (!withinBytes(issues, at, name, 'the name of a rule', RULE_NAME_MAX_BYTES)) return null;
  if (NAME.test(name)) return name;
  issues.add(
    'name_invalid',
    at,
    `${quoted(name)}: a rule name has no comma and no control character`,
    'use spaces or dashes',
  );
  return null;
}

function readHint({ issues }: CheckContext, fields: RuleFields): string | null {
  const hint = fields.string('hint');
  const at = fields.node('hint')?.at ?? fields.map.at;
  if (hint === null) return null;
  if (hint === '')
    issues.add('empty_value', at, 'the hint is empty', 'say what an agent may do instead, or leave it out');
  else if (withinBytes(issues, at, hint, 'the hint', HINT_MAX_BYTES) && /\p{Cc}/u.test(hint)) {
    issues.add('hint_invalid', at, 'the hint holds a control character', 'write it on one line');
  }
  return hint;
}

function oneEffect({ issues }: CheckContext, fields: RuleFields): EffectKind | null {
  const written = EFFECTS.filter(kind => fields.has(kind));
  const [kind] = written;
  if (kind !== undefined && written.length === 1) return kind;
  if (EFFECTS.some(word => fields.meant(word) && !fields.has(word))) return null;
  const name = nameOf(fields.map);
  if (kind === undefined) {
    issues.add('effect_count', fields.map.at, `${name} has no effect`, 'add `allow`, `deny` or `limit`');
  } else {
    const both = written.map(word => `\`${word}\``).join(' and ');
    issues.add('effect_count', fields.map.at, `${name} has ${both}`, 'write one rule for each effect');
  }
  return null;
}

function isMatcher(entry: MapEntry): boolean {
  return Object.hasOwn(MATCHER_KEYS, entry.key);
}

/** The entries of `beside`, then those of `inside`; a key in both is reported where the second one stands. */
function merged(
  { issues }: CheckContext,
  beside: readonly MapEntry[],
  inside: readonly MapEntry[],
  where: string,
): readonly MapEntry[] {
  if (beside.length === 0) return inside;
  const all = [...beside];
  for (const entry of inside) {
    const other = entryOf(all, entry.key);
    if (other === undefined) all.push(entry);
    else {
      const message = `\`${entry.key}\` stands inside ${where} and beside it`;
      issues.add('matcher_twice', Math.max(entry.keyAt, other.keyAt), message, 'keep one of them');
    }
  }
  return all;
}
