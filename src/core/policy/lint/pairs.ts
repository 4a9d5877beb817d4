/**
 * Rules that another rule leaves nothing to do.
 *
 * Only what can be proven is said, and only so many pairs are looked at: a policy of thousands of wildcard rules in part.
 */
import type { CheckedPolicy, CheckedRule, Matcher, Segment, UrlPattern } from '../checked.js';
import { quoted } from '../issue-list.js';
import { type Lint, lintRule } from '../lints.js';
import { meaning } from '../meaning.js';
import { covers, disjoint } from './covers.js';

const PAIRS_MAX = 100_000;
const LIMIT_KEYS_MAX = 10_000;

type Limit = Extract<CheckedRule['effect'], { kind: 'limit' }>;
interface LimitRule extends CheckedRule {
  readonly effect: Limit;
}

export function lintPairs({ rules, defaultResult }: CheckedPolicy): readonly Lint[] {
  const lints: Lint[] = [];
  const deciding = rules.filter(rule => !isShadow(rule));
  const pairs = new Pairs();
  const denies = new ByHost(deciding.filter(rule => rule.effect.kind === 'deny'));
  const allows = deciding.filter(rule => rule.effect.kind === 'allow');
  const limits = deciding.filter(isLimit);
  const seen = new Seen();
  const idle = new Set<CheckedRule>();
  for (const rule of deciding) {
    const { kind } = rule.effect;
    if (kind !== 'limit') {
      const earlier = seen.before(rule);
      if (earlier !== undefined) {
        const message = `it matches exactly what ${quoted(earlier.name)} matches, which is named before it`;
        lints.push(lintRule(rule, { code: 'rule_repeated', message, suggestion: 'remove one of them' }));
        continue;
      }
    }
    if (kind === 'deny') continue;
    const deny = pairs.find(
      denies.candidates(rule.matcher),
      // Permissive mode takes a body that is too large for no match in a `deny`, and for a match in a `limit`.
      other =>
        (kind === 'allow' || (other.matcher.body.length === 0 && other.matcher.args.length === 0)) &&
        covers(rule.matcher, other.matcher, { narrow: kind, wide: 'deny' }),
    );
    if (deny !== undefined) {
      idle.add(rule);
      const message = `${quoted(deny.name)} denies every call it matches`;
      const code = kind === 'limit' ? 'limit_never_reached' : 'rule_never_fires';
      lints.push(lintRule(rule, { code, message, suggestion: 'narrow the `deny`, or remove this rule' }));
    }
  }
  const order = new Map(limits.map((limit, i) => [limit, i]));
  const counted = new ByHost(limits);
  for (const limit of limits) {
    if (idle.has(limit)) continue;
    const tighter = pairs.find(
      counted.candidates(limit.matcher),
      other => other !== limit && refusesFirst(other, limit, (order.get(other) ?? 0) < (order.get(limit) ?? 0)),
    );
    if (tighter !== undefined) {
      const message = `${quoted(tighter.name)} refuses before it can`;
      const suggestion = 'lower its number, or remove one of them';
      lints.push(lintRule(limit, { code: 'limit_never_reached', message, suggestion }));
    } else if (defaultResult === 'deny' && pairs.every(allows, allow => disjoint(allow.matcher, limit.matcher))) {
      const message = 'nothing that it counts is ever allowed';
      const suggestion = 'add an `allow` for those calls, or remove this rule';
      lints.push(lintRule(limit, { code: 'limit_never_reached', message, suggestion }));
    }
  }
  return lints;
}

const isLimit = (rule: CheckedRule): rule is LimitRule => rule.effect.kind === 'limit';

/** A rule that is recorded and never decides leaves the others everything to do. */
export function isShadow(rule: CheckedRule): boolean {
  return rule.shadow;
}

/**
 * Whether whenever `late` would refuse, `first` refuses and is named: it counts all that `late` counts under a key as
 * coarse, and admits too few of it in any window of `late`. A stamp may leave a window one tick late, hence one more.
 */
function refusesFirst(first: LimitRule, late: LimitRule, before: boolean): boolean {
  const a = first.effect;
  const b = late.effect;
  const fit = a.windowMs >= b.windowMs ? 1 : b.windowMs / a.windowMs + 1;
  const most = fit * a.calls;
  // Where keys can run out, which of the two runs out first is another question.
  if (most >= LIMIT_KEYS_MAX && b.per !== 'global') return false;
  if (most > b.calls || (most === b.calls && !before)) return false;
  return coarser(a, b) && covers(late.matcher, first.matcher, { narrow: 'limit', wide: 'limit' });
}

function coarser(a: Limit, b: Limit): boolean {
  if (a.per === 'global' || (a.per === 'host' && b.per === 'endpoint')) return true;
  return a.per === b.per && JSON.stringify(a.field) === JSON.stringify(b.field);
}

/** Rules that match alike. */
class Seen {
  /** By what is quickly said of them. */
  private readonly lists = new Map<string, CheckedRule[]>();

  /** An earlier rule that matches the same; a rule without one is remembered. */
  before(rule: CheckedRule): CheckedRule | undefined {
    const key = likeness(rule);
    const list = this.lists.get(key);
    if (list === undefined) {
      this.lists.set(key, [rule]);
      return undefined;
    }
    const own = sameness(rule);
    const earlier = list.find(other => sameness(other) === own);
    if (earlier === undefined) list.push(rule);
    return earlier;
  }
}

/** The same for rules that match alike, and seldom for others. */
function likeness({ effect, matcher }: CheckedRule): string {
  const { methods, url, tools } = matcher;
  const path = url?.kind === 'parts' ? url.path : [];
  const names = tools === null ? '' : tools.map(tool => spelt(tool.path)).join(' ');
  return `${effect.kind} ${methods?.join(' ') ?? ''} ${hostKey(url)}${spelt(path)} ${names} ${matcher.body.length} ${matcher.args.length}`;
}

function spelt(path: readonly Segment[]): string {
  let text = '';
  for (const segment of path) text += `/${'text' in segment ? segment.text : segment.kind}`;
  return text;
}

const samenesses = new WeakMap<CheckedRule, string>();

/** How a pattern was spelled does not count. */
function sameness(rule: CheckedRule): string {
  let text = samenesses.get(rule);
  if (text === undefined) {
    const { url } = rule.matcher;
    text = meaning([rule.effect.kind, { ...rule.matcher, url: url === null ? null : { ...url, text: '' } }]);
    samenesses.set(rule, text);
  }
  return text;
}

/** Rules by the hosts that they can cover, so that few need comparing. */
class ByHost<R extends CheckedRule> {
  private readonly lists = new Map<string, R[]>();

  constructor(rules: readonly R[]) {
    for (const rule of rules) {
      const key = hostKey(rule.matcher.url);
      const list = this.lists.get(key);
      if (list === undefined) this.lists.set(key, [rule]);
      else list.push(rule);
    }
  }

  /** Every rule whose pattern could cover that of `matcher`; they may be many, so they are not gathered. */
  *candidates({ url }: Matcher): Iterable<R> {
    if (this.lists.size === 0) return;
    for (const key of new Set([EVERY_HOST, hostKey(url), ...suffixKeys(url)])) yield* this.lists.get(key) ?? [];
  }
}

const EVERY_HOST = '*';

/** `*.a.b` and `**.a.b` cover what ends in `.a.b`; every other pattern covers itself only. */
function hostKey(url: UrlPattern | null): string {
  if (url?.kind !== 'parts' || url.host.kind === 'any') return EVERY_HOST;
  if (url.host.kind === 'address') return JSON.stringify(url.host);
  const { labels } = url.host;
  const whole = literal(labels, 0);
  if (whole !== null) return `=${whole}`;
  const [first] = labels;
  const suffix = first?.kind === 'one' || first?.kind === 'many' ? literal(labels, 1) : null;
  return suffix ?? JSON.stringify(url.host);
}

function suffixKeys(url: UrlPattern | null): readonly string[] {
  if (url?.kind !== 'parts' || url.host.kind !== 'labels') return [];
  const { labels } = url.host;
  return labels.map((_, i) => literal(labels, i + 1)).filter(key => key !== null);
}

/** `.a.b.` from label `from` on, or null where one is no plain text. */
function literal(labels: readonly Segment[], from: number): string | null {
  let out = '.';
  for (let i = from; i < labels.length; i++) {
    const label = labels[i];
    if (label?.kind !== 'literal') return null;
    out += `${label.text}.`;
  }
  return out;
}

/** Looks at no more pairs than `PAIRS_MAX` in all; what was not looked at is not proven. */
class Pairs {
  private left = PAIRS_MAX;

  find<T>(among: Iterable<T>, proves: (other: T) => boolean): T | undefined {
    for (const other of among) {
      if (this.left <= 0) return undefined;
      this.left -= 1;
      if (proves(other)) return other;
    }
    return undefined;
  }

  every<T>(among: Iterable<T>, proves: (other: T) => boolean): boolean {
    return this.find(among, other => !proves(other)) === undefined && this.left > 0;
  }
}
