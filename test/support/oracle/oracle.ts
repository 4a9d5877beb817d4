/**
 * The policy language as its text says it, for clarity and not for speed: what the engine is compared with.
 * Shares no code with the compiler or the engine; policies come as the reader's checked form.
 */
import type { CheckedPolicy, CheckedRule, JsonPath, TimeMatcher } from '#src/core/policy/checked.js';
import { type BodyView, formMethods, matchBody, mayBeForm, viewBody } from './body.js';
import { type Lines, matchHeader, matchMethod, matchQuery } from './fields.js';
import { Windows } from './limits.js';
import { globs, matchUrl, patternOf, weightOf } from './pattern.js';
import { type Parts, partsOf } from './request.js';
import { all, type EffectKind, FALSE, is, type Three, TRUE, UNKNOWN } from './three.js';

export interface Asked {
  readonly method: string;
  readonly url: string;
  readonly headers: Lines;
  readonly body: string | null;
}

export interface Said {
  readonly result: 'allow' | 'deny';
  readonly enforced: boolean;
  readonly code: string;
  readonly rule: string | null;
  readonly kind: string;
  readonly uncertain: boolean;
  readonly waitMs: number;
}

export interface OracleOptions {
  readonly inspectBytes: number;
  readonly permissive: boolean;
}

/** One rule's standing before the body is looked at. */
interface Standing {
  readonly index: number;
  readonly rule: CheckedRule;
  readonly others: Three;
  /** Whether its method waits for a form's body. */
  readonly formMethod: boolean;
}

export class Oracle {
  private readonly windows = new Windows();

  constructor(
    private readonly policy: CheckedPolicy,
    private readonly options: OracleOptions,
  ) {}

  decide(asked: Asked, agent: string, nowMs: number): Said {
    const request = partsOf(asked.method, asked.url, asked.headers);
    if (request === null) return { ...this.say('request_invalid', 'system'), enforced: true };
    const { agents } = this.policy;
    if (agents !== null && !agents.some(glob => globs(glob, agent))) return this.say('no_policy_for_agent', 'system');

    const bytes = asked.body === null ? new Uint8Array(0) : new TextEncoder().encode(asked.body);
    const isForm = bytes.length > 0 && mayBeForm(asked.headers);
    const standings = this.policy.rules.map((rule, index) => standing(rule, index, asked, request, nowMs, isForm));
    const candidates = standings.filter(s => s.others !== FALSE);
    const looks = candidates.filter(s => s.formMethod || s.rule.matcher.body.length > 0);
    const tooLarge = bytes.length > this.options.inspectBytes;
    if (tooLarge && looks.length > 0 && !this.options.permissive) return this.say('body_too_large', 'system');

    const view = tooLarge ? null : viewBody(bytes, asked.headers);
    const paths = candidates.flatMap(s => pathsOf(s.rule));
    const judged = candidates.map(s => ({ ...s, value: whole(s, asked, request, view, paths) }));
    const guessed = tooLarge && looks.length > 0;

    const denies = judged.filter(s => s.rule.effect.kind === 'deny' && s.value !== FALSE);
    const sure = denies.filter(s => s.value === TRUE);
    const deny = first(sure.length > 0 ? sure : denies);
    if (deny !== null) return this.say('rule_denied', 'deny', deny.rule.name, sure.length === 0);
    const allow = first(judged.filter(s => s.rule.effect.kind === 'allow' && s.value === TRUE));
    if (allow === null && this.policy.defaultResult === 'deny')
      return this.say('default_denied', 'default', null, guessed);

    const limits = judged.filter(s => s.rule.effect.kind === 'limit' && s.value !== FALSE);
    const failed = this.windows.check(
      limits.map(s => [s.index, s.rule] as const),
      { request, agent, body: view, paths },
      nowMs,
    );
    if (failed !== null) {
      return {
        ...this.say('rate_limited', 'limit', this.policy.rules[failed.rule]?.name ?? null, guessed),
        waitMs: failed.waitMs,
      };
    }
    if (allow !== null) return this.say('rule_allowed', 'allow', allow.rule.name, guessed);
    return this.say('default_allowed', 'default', null, guessed);
  }

  private say(code: string, kind: string, rule: string | null = null, uncertain = false): Said {
    const result = code.endsWith('_allowed') ? 'allow' : 'deny';
    return {
      result,
      enforced: result === 'allow' || this.policy.mode === 'enforce',
      code,
      rule,
      kind,
      uncertain,
      waitMs: 0,
    };
  }
}

function pathsOf(rule: CheckedRule): readonly JsonPath[] {
  const paths = rule.matcher.body.map(matcher => matcher.path);
  return rule.effect.kind === 'limit' && rule.effect.field !== null ? [...paths, rule.effect.field] : paths;
}

function standing(
  rule: CheckedRule,
  index: number,
  asked: Asked,
  request: Parts,
  nowMs: number,
  isForm: boolean,
): Standing {
  const { matcher } = rule;
  const effect = rule.effect.kind;
  const formMethod = isForm && matcher.methods !== null;
  const parts: Three[] = [
    matcher.url === null ? TRUE : matchUrl(matcher.url.text, effect, request),
    ...matcher.query.map(field => matchQuery(field, effect, request.query)),
    ...matcher.headers.map(field => matchHeader(field, effect, asked.headers)),
    matcher.time === null ? TRUE : matchTime(matcher.time, nowMs),
  ];
  if (!formMethod) parts.push(methodOf(rule, effect, asked, request, undefined));
  return { index, rule, others: all(parts), formMethod };
}

const methodOf = (
  { matcher }: CheckedRule,
  effect: EffectKind,
  asked: Asked,
  request: Parts,
  form: readonly string[] | null | undefined,
): Three =>
  matchMethod(matcher.methods, effect, { method: asked.method, headers: asked.headers, query: request.query }, form);

/** `view` null: nobody read the body; what it would have said is FALSE in a deny, else UNKNOWN. The method has other readings too. */
function whole(s: Standing, asked: Asked, request: Parts, view: BodyView | null, paths: readonly JsonPath[]): Three {
  const effect = s.rule.effect.kind;
  const parts: Three[] = [s.others];
  const unseen = effect === 'deny' ? FALSE : UNKNOWN;
  if (s.formMethod) {
    const form = view === null ? (effect === 'deny' ? undefined : null) : formMethods(view);
    parts.push(methodOf(s.rule, effect, asked, request, form));
  }
  for (const matcher of s.rule.matcher.body) {
    parts.push(view === null ? unseen : matchBody(matcher, effect, view, paths));
  }
  return all(parts);
}

/** Of equals the most specific, then the earliest. */
function first(standings: readonly Standing[]): Standing | null {
  const weight = ({ rule }: Standing): number =>
    rule.matcher.url === null ? 0 : weightOf(patternOf(rule.matcher.url.text));
  return [...standings].sort((a, b) => weight(b) - weight(a) || a.index - b.index)[0] ?? null;
}

function matchTime(time: TimeMatcher, nowMs: number): Three {
  if (time.zone.kind !== 'offset') throw new Error('named zones are not compared here');
  const local = new Date(nowMs + time.zone.minutes * 60_000);
  const minute = local.getUTCHours() * 60 + local.getUTCMinutes();
  return all(
    time.windows.map(({ kind, startMinute: start, endMinute: end }) => {
      const inside = start < end ? start <= minute && minute < end : start <= minute || minute < end;
      return is(inside === (kind === 'within'));
    }),
  );
}
