/**
 * Explains one decision by asking the engine again, about one matcher at a time.
 *
 *   in   : a checked policy and a request
 *   out  : what each matcher of each rule said, and which reading of the request it said it of
 *   never: matches anything itself; an answer here and in a running agent cannot differ
 */
import type { BatchRequest } from '../core/decide/batch-line.js';
import type { Decision } from '../core/decide/types.js';
import { type Explanation, fires, least, type MatcherReport, type RuleReport } from '../core/explain/explanation.js';
import { type Part, partsOf } from '../core/explain/parts.js';
import { readingsOf } from '../core/explain/readings.js';
import { partWords } from '../core/explain/words.js';
import { BODY_INSPECT_DEFAULT_BYTES } from '../core/limits.js';
import type { CheckedPolicy, CheckedRule, Effect } from '../core/policy/checked.js';
import { specificity } from '../core/policy/program/rank.js';
import { companiesOf } from './company.js';
import type { LoadError } from './decider.js';
import { checkedLoader, documentsLoader, type ReadDocument } from './offline.js';
import { ALONE, type Company, KINDS, Probe } from './probe.js';

export type Explained =
  | { readonly ok: true; readonly explanation: Explanation }
  | { readonly ok: false; readonly errors: readonly LoadError[] };

export interface ExplainAsk {
  readonly request: BatchRequest;
  readonly agent: string;
  readonly atMs: number;
  /** Also the rules whose `url` or `tool` does not match. */
  readonly all: boolean;
}

export type LayeredExplained =
  | {
      readonly ok: true;
      /** Of all documents together. */
      readonly decision: Decision;
      /** Each as if it stood alone, in the order in which they are asked. */
      readonly documents: readonly { readonly document: ReadDocument; readonly explanation: Explanation }[];
    }
  | { readonly ok: false; readonly errors: readonly LoadError[] };

export function explainDocuments(documents: readonly ReadDocument[], ask: ExplainAsk): LayeredExplained {
  const loaded = documentsLoader()(documents, BODY_INSPECT_DEFAULT_BYTES);
  if (!loaded.ok) return loaded;
  const decision = loaded.decider.decide(ask.request, ask.agent, ask.atMs, false);
  const explained: { document: ReadDocument; explanation: Explanation }[] = [];
  for (const document of documents) {
    const one = explainPolicy(document.policy, ask);
    if (!one.ok) return one;
    explained.push({ document, explanation: one.explanation });
  }
  return { ok: true, decision, documents: explained };
}

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
    const companies = companiesOf(load, policy, ask);
    const numbered = policy.rules.map((rule, index) => ({ rule, index }));
    for (const { rule, index } of KINDS.flatMap(kind => numbered.filter(n => n.rule.effect.kind === kind))) {
      const company = rule.shadow ? companies.shadow : companies.binding;
      const report = ruleReport(probe, rule, index, ask, company);
      if (report === null) elsewhere++;
      else rules.push(report);
    }
  }
  return { ok: true, explanation: { decision, rules, elsewhere } };
}

/** What places a rule: one that stands elsewhere is of no interest. Arguments place it among tool calls. */
const PLACES: ReadonlySet<Part['key']> = new Set(['url', 'tools']);

/** Null for a rule whose `url` or `tool` does not match, unless all are asked for. */
function ruleReport(
  probe: Probe,
  rule: CheckedRule,
  index: number,
  ask: ExplainAsk,
  company: Company,
): RuleReport | null {
  const { kind } = rule.effect;
  const parts = partsOf(rule.matcher);
  const elsewhere = (part: Part): boolean =>
    (PLACES.has(part.key) || (part.key === 'args' && ask.request.tool === null)) &&
    probe.verdict(kind, part.matcher, ask.request, ALONE) === 'false';
  if (!ask.all && parts.some(elsewhere)) return null;
  const matchers = parts.map(part => matcherReport(probe, kind, part, ask.request, company));
  const verdict = least(matchers.map(matcher => matcher.verdict));
  return {
    name: rule.name,
    index,
    effect: rule.effect,
    shadow: rule.shadow,
    line: rule.at?.line ?? null,
    verdict,
    fired: fires(kind, verdict),
    specificity: specificity(rule.matcher),
    matchers,
  };
}

function matcherReport(
  probe: Probe,
  kind: Effect['kind'],
  part: Part,
  request: BatchRequest,
  company: Company,
): MatcherReport {
  const beside = part.key === 'body' || part.key === 'args' ? company : ALONE;
  const readings = readingsOf(part, request, kind).map(({ what, alone }) => {
    if (alone === null) return { what, verdict: null };
    // A port is another one for an `allow`; every other single reading is the same for all.
    const verdict = probe.verdict(part.key === 'url' ? kind : 'allow', alone.matcher, alone.request, beside);
    // A header line alone is one value; that its members match is said of them.
    return { what, verdict: part.key === 'headers' && verdict === 'mixed' ? ('false' as const) : verdict };
  });
  return {
    key: part.key,
    words: partWords(part),
    verdict: probe.verdict(kind, part.matcher, request, beside),
    readings,
  };
}
