/**
 * Explains one decision by asking the engine again, about one matcher at a time.
 *
 *   in   : a checked policy and a request
 *   out  : what each matcher of each rule said, and which reading of the request it said it of
 *   never: matches anything itself; an answer here and in a running agent cannot differ
 */
import type { BatchRequest } from '../core/decide/batch-line.js';
import {
  type Explanation,
  fires,
  least,
  type MatcherReport,
  type RuleReport,
  type Verdict,
} from '../core/explain/explanation.js';
import { EMPTY_POLICY, EMPTY_RULE, type Part, partsOf } from '../core/explain/parts.js';
import { readingsOf } from '../core/explain/readings.js';
import { partWords } from '../core/explain/words.js';
import { BODY_INSPECT_DEFAULT_BYTES } from '../core/limits.js';
import type { CheckedPolicy, CheckedRule, Effect, Matcher } from '../core/policy/checked.js';
import { specificity } from '../core/policy/program/rank.js';
import type { LoadError } from './decider.js';
import { checkedLoader, type LoadChecked } from './offline.js';

export type Explained =
  | { readonly ok: true; readonly explanation: Explanation }
  | { readonly ok: false; readonly errors: readonly LoadError[] };

export interface ExplainAsk {
  readonly request: BatchRequest;
  readonly agent: string;
  readonly atMs: number;
  /** Also the rules whose `url` does not match. */
  readonly all: boolean;
}

const ORDER = ['deny', 'allow', 'limit'] as const;
/** Steps that come before any rule. */
const BEFORE_RULES: ReadonlySet<string> = new Set(['request_invalid', 'no_policy_for_agent']);

export function explainPolicy(policy: CheckedPolicy, ask: ExplainAsk): Explained {
  const load = checkedLoader();
  const loaded = load(policy, BODY_INSPECT_DEFAULT_BYTES);
  if (!loaded.ok) return loaded;
  const decision = loaded.decider.decide(ask.request, ask.agent, ask.atMs, false);
  const rules: RuleReport[] = [];
  let elsewhere = 0;
  if (!BEFORE_RULES.has(decision.code)) {
    const probe = new Probe(load, ask);
    probe.screen(
      policy.rules.flatMap(({ matcher }) => partsOf(matcher).flatMap(p => (p.key === 'url' ? [p.matcher] : []))),
    );
    const numbered = policy.rules.map((rule, index) => ({ rule, index }));
    for (const { rule, index } of ORDER.flatMap(kind => numbered.filter(n => n.rule.effect.kind === kind))) {
      const report = ruleReport(probe, rule, index, ask);
      if (report === null) elsewhere++;
      else rules.push(report);
    }
  }
  return { ok: true, explanation: { decision, rules, elsewhere } };
}

/** Null for a rule whose `url` does not match, unless all are asked for. */
function ruleReport(probe: Probe, rule: CheckedRule, index: number, ask: ExplainAsk): RuleReport | null {
  const { kind } = rule.effect;
  const parts = partsOf(rule.matcher);
  const url = parts.find(({ key }) => key === 'url');
  if (!ask.all && url !== undefined && probe.verdict(kind, url.matcher, ask.request) === 'false') return null;
  const matchers = parts.map(part => matcherReport(probe, kind, part, ask.request));
  const verdict = least(matchers.map(matcher => matcher.verdict));
  return {
    name: rule.name,
    index,
    effect: rule.effect,
    line: rule.at?.line ?? null,
    verdict,
    fired: fires(kind, verdict),
    specificity: specificity(rule.matcher.url),
    matchers,
  };
}

function matcherReport(probe: Probe, kind: Effect['kind'], part: Part, request: BatchRequest): MatcherReport {
  const readings = readingsOf(part, request, kind).map(({ what, alone }) => {
    if (alone === null) return { what, verdict: null };
    // A port is another one for an `allow`; every other single reading is the same for all.
    const verdict = probe.verdict(part.key === 'url' ? kind : 'allow', alone.matcher, alone.request);
    // A header line alone is one value; that its members match is said of them.
    return { what, verdict: part.key === 'headers' && verdict === 'mixed' ? ('false' as const) : verdict };
  });
  return { key: part.key, words: partWords(part), verdict: probe.verdict(kind, part.matcher, request), readings };
}

/** Asks engines that hold one rule. */
class Probe {
  readonly #load: LoadChecked;
  readonly #ask: ExplainAsk;
  /** Large policies say the same things many times. */
  readonly #known = new Map<string, Verdict>();

  constructor(load: LoadChecked, ask: ExplainAsk) {
    this.#load = load;
    this.#ask = ask;
  }

  /** Rules those `matchers` out that do not match the request at all, many at a time. */
  screen(matchers: readonly Matcher[]): void {
    const { request } = this.#ask;
    const distinct = new Map(matchers.map(matcher => [JSON.stringify(matcher), matcher]));
    const pending = [[...distinct.values()]];
    for (let some = pending.pop(); some !== undefined; some = pending.pop()) {
      if (some.length < 2) continue;
      if (this.#decide({ kind: 'deny' }, 'allow', some, request)[0].code === 'default_allowed') {
        for (const matcher of some) {
          for (const kind of ORDER) this.#known.set(this.#key(kind, matcher, request), 'false');
        }
      } else pending.push(some.slice(0, some.length >> 1), some.slice(some.length >> 1));
    }
  }

  verdict(kind: Effect['kind'], matcher: Matcher, request: BatchRequest): Verdict {
    const key = this.#key(kind, matcher, request);
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const verdict = this.#verdict(kind, matcher, request);
    this.#known.set(key, verdict);
    return verdict;
  }

  #key(kind: Effect['kind'], matcher: Matcher, request: BatchRequest): string {
    return JSON.stringify([kind, matcher, request === this.#ask.request ? null : request]);
  }

  #verdict(kind: Effect['kind'], matcher: Matcher, request: BatchRequest): Verdict {
    const denied = this.#denied(matcher, request);
    // What not even a `deny` sees, nothing sees.
    if (kind === 'deny' || denied === 'false' || denied === 'unread') return denied;
    if (kind === 'limit') return this.#applies(matcher, request) ? denied : 'false';
    if (this.#allows(matcher, request)) return 'true';
    // Of a `limit` every reading counts as of a `deny`, but not every port.
    if (matcher.url !== null && !this.#applies(matcher, request)) return 'false';
    return denied === 'true' ? 'mixed' : denied;
  }

  #denied(matcher: Matcher, request: BatchRequest): Verdict {
    const { code, uncertain } = this.#decide({ kind: 'deny' }, 'allow', [matcher], request)[0];
    if (code === 'body_too_large') return 'unread';
    if (code === 'rule_denied') return uncertain ? 'unknown' : 'true';
    return code === 'default_allowed' ? 'false' : 'unknown';
  }

  #allows(matcher: Matcher, request: BatchRequest): boolean {
    return this.#decide({ kind: 'allow' }, 'deny', [matcher], request)[0].code === 'rule_allowed';
  }

  /** Of two calls at once a limit of one lets the second through only if it does not apply. */
  #applies(matcher: Matcher, request: BatchRequest): boolean {
    const effect: Effect = { kind: 'limit', calls: 1, windowMs: 1_000, per: 'global', field: null };
    return this.#decide(effect, 'allow', [matcher], request)[1].code === 'rate_limited';
  }

  /** One rule for each matcher. */
  #decide(effect: Effect, defaultResult: 'allow' | 'deny', matchers: readonly Matcher[], request: BatchRequest) {
    const rules = matchers.map((matcher): CheckedRule => ({ ...EMPTY_RULE, effect, matcher }));
    const loaded = this.#load({ ...EMPTY_POLICY, defaultResult, rules }, roomFor(request));
    if (!loaded.ok) throw new Error(`a rule of a policy that loads does not load alone: ${loaded.errors[0]?.message}`);
    const decide = () => loaded.decider.decide(request, this.#ask.agent, this.#ask.atMs, false);
    return effect.kind === 'limit' ? ([decide(), decide()] as const) : ([decide(), NO_SECOND] as const);
  }
}

const NO_SECOND = { code: null };
const ROOM_MIN_BYTES = 1024;

/** A probe's engine has no more room than it needs: there are many of them. */
function roomFor({ body }: BatchRequest): number {
  const bytes = body === null ? 0 : Buffer.byteLength(body, 'utf8');
  return bytes > BODY_INSPECT_DEFAULT_BYTES ? ROOM_MIN_BYTES : Math.max(bytes, ROOM_MIN_BYTES);
}
