/**
 * What another policy changes, and which way: does it let more pass?
 *
 *   in   : two checked policies, and whether they are `policy.yaml` or a layer
 *   out  : every change with its direction, and whether the new one may be weaker
 *   never: says that a policy is no weaker unless that can be proven from the rules alone: no request that the old one
 *          denies, with counters that are empty, is then allowed by the new one
 *
 * Proven is: every old `deny` is covered by a new one, every new `allow` by an old one, every old `limit` stands with the
 * same name, window and key, and nothing that an old rule made doubtful is clear to the new ones (doubts.ts). Shadow rules,
 * hints, descriptions and tests decide nothing.
 */
import type { CheckedPolicy, CheckedRule } from '../checked.js';
import { compareAgents, type DocumentRole } from './agents.js';
import { type Change, type Direction, described } from './change.js';
import { doubtKept } from './doubts.js';
import { RuleSet } from './rule-set.js';

export interface Comparison {
  /** In the order of the new policy, then what is gone. */
  readonly changes: readonly Change[];
  /** True unless the opposite is proven. */
  readonly weaker: boolean;
}

export function comparePolicies(old: CheckedPolicy, next: CheckedPolicy, role: DocumentRole): Comparison {
  const changes = [...ofDocument(old, next, role), ...new Rules(old, next).changes()];
  const wider = changes.some(({ goes }) => goes === 'widens' || goes === 'unclear');
  // What enforced nothing cannot be weakened.
  return { changes, weaker: old.mode === 'enforce' && wider };
}

function ofDocument(old: CheckedPolicy, next: CheckedPolicy, role: DocumentRole): readonly Change[] {
  const changes: Change[] = [];
  const say = (what: 'default' | 'mode' | 'agents', goes: Direction, from: string, to: string): void => {
    changes.push({ what, name: null, is: 'changed', goes, from, to });
  };
  if (old.mode !== next.mode) say('mode', next.mode === 'enforce' ? 'narrows' : 'widens', old.mode, next.mode);
  if (old.defaultResult !== next.defaultResult) {
    say('default', next.defaultResult === 'deny' ? 'narrows' : 'widens', old.defaultResult, next.defaultResult);
  }
  const agents = compareAgents(old.agents, next.agents, role);
  if (agents !== null) say('agents', agents, old.agents?.join(', ') ?? 'every', next.agents?.join(', ') ?? 'every');
  return changes;
}

class Rules {
  private readonly before: RuleSet;
  private readonly after: RuleSet;

  constructor(
    private readonly old: CheckedPolicy,
    private readonly next: CheckedPolicy,
  ) {
    this.before = new RuleSet(old.rules);
    this.after = new RuleSet(next.rules);
  }

  *changes(): Iterable<Change> {
    for (const rule of this.after.rules) {
      const was = this.before.named(rule.name);
      if (was !== undefined && was.effect.kind === rule.effect.kind) {
        if (!this.before.hasExactly(rule) || !this.after.hasExactly(was)) yield this.changed(was, rule);
      } else yield this.added(rule);
    }
    for (const rule of this.before.rules) {
      if (this.after.named(rule.name)?.effect.kind !== rule.effect.kind) yield this.removed(rule);
    }
  }

  private added(rule: CheckedRule): Change {
    const goes = rule.effect.kind !== 'allow' ? 'narrows' : this.allowedBefore(rule) ? 'same' : 'widens';
    return described('added', goes, null, rule);
  }

  private removed(rule: CheckedRule): Change {
    const { kind } = rule.effect;
    const kept = doubtKept(rule, this.after, this.next.defaultResult);
    if (kind === 'allow') return described('removed', kept ? 'narrows' : 'unclear', rule, null);
    if (kind === 'deny' && this.deniedAfter(rule)) return described('removed', kept ? 'same' : 'unclear', rule, null);
    return described('removed', 'widens', rule, null);
  }

  private changed(was: CheckedRule, rule: CheckedRule): Change {
    const kept = doubtKept(was, this.after, this.next.defaultResult);
    const proven = kept && this.noWider(was, rule);
    const goes = proven ? 'narrows' : kept && this.isWider(was, rule) ? 'widens' : 'unclear';
    return described('changed', goes, was, rule);
  }

  private noWider(was: CheckedRule, rule: CheckedRule): boolean {
    if (rule.effect.kind === 'allow') return this.allowedBefore(rule);
    if (rule.effect.kind === 'deny') return this.deniedAfter(was);
    return limitHolds(was, rule) && RuleSet.covers(was, rule);
  }

  private isWider(was: CheckedRule, rule: CheckedRule): boolean {
    if (rule.effect.kind === 'allow') return RuleSet.covers(was, rule);
    return RuleSet.covers(rule, was) && (rule.effect.kind === 'deny' || limitHolds(rule, was));
  }

  private allowedBefore(rule: CheckedRule): boolean {
    return this.old.defaultResult === 'allow' || this.before.coveredBy(rule);
  }

  private deniedAfter(rule: CheckedRule): boolean {
    return this.after.coveredBy(rule);
  }
}

/** The counters go on, and admit no more. */
function limitHolds({ effect: was }: CheckedRule, { effect: now }: CheckedRule): boolean {
  if (was.kind !== 'limit' || now.kind !== 'limit') return false;
  const sameKey = was.per === now.per && JSON.stringify(was.field) === JSON.stringify(now.field);
  return sameKey && was.windowMs === now.windowMs && now.calls <= was.calls;
}
