/**
 * The policy language as its text says it, for clarity and not for speed: what the engine is compared with.
 * Reads the policy's own text; shares no code with the reader, the compiler or the engine.
 */
import { type BodyView, formMethods, mayBeForm, viewArgs, viewBody } from './body.js';
import { matchBody } from './body-match.js';
import type { BodyPath } from './body-path.js';
import { type Decoded, decodeBody } from './encoding.js';
import { type Lines, matchHeader, matchMethod, matchQuery } from './fields.js';
import { type Counted, type Refused, Windows } from './limits.js';
import { globs, matchUrl, patternOf, weightOf } from './pattern.js';
import { type Policy, type Rule, readPolicy } from './policy.js';
import { type Parts, partsOf } from './request.js';
import { all, type EffectKind, FALSE, type Three, TRUE, UNKNOWN } from './three.js';
import { matchTime } from './time.js';
import { isBadTool, matchTool, weightOfTool } from './tool.js';

export interface Asked {
  readonly method: string;
  /** Null only in a tool call. */
  readonly url: string | null;
  readonly headers: Lines;
  readonly body: Uint8Array | null;
  /** Null: an HTTP request. */
  readonly tool: string | null;
  /** JSON text; null: a call without arguments. */
  readonly args: string | null;
}

export interface Said {
  readonly result: 'allow' | 'deny';
  readonly enforced: boolean;
  readonly code: string;
  readonly rule: string | null;
  readonly kind: string;
  readonly uncertain: boolean;
  readonly waitMs: number;
  readonly shadowRules: readonly string[];
  readonly hint: string | null;
}

export interface OracleOptions {
  readonly inspectBytes: number;
  readonly permissive: boolean;
}

/** A request taken apart. */
interface Call {
  readonly asked: Asked;
  /** Null: a tool call without a URL. */
  readonly parts: Parts | null;
  readonly agent: string;
  readonly nowMs: number;
  readonly isForm: boolean;
}

/** One rule's standing before the body is looked at. */
interface Standing {
  readonly index: number;
  readonly rule: Rule;
  readonly others: Three;
  /** Whether its method waits for a form's body. */
  readonly formMethod: boolean;
}

interface Judged extends Standing {
  readonly value: Three;
  /** §6. */
  readonly weight: number;
}

/** What is known of body and arguments; null: nobody read them. */
interface Seen {
  readonly body: BodyView | null;
  readonly args: BodyView | null;
}
const NONE: BodyView = { kind: 'none' };

const INVALID: Said = {
  result: 'deny',
  enforced: true,
  code: 'request_invalid',
  rule: null,
  kind: 'system',
  uncertain: false,
  waitMs: 0,
  shadowRules: [],
  hint: null,
};

export class Oracle {
  readonly policy: Policy;
  private readonly windows = new Windows();
  private readonly shadowWindows = new Windows();

  /** `text`: a policy as JSON. */
  constructor(
    text: string,
    private readonly options: OracleOptions,
  ) {
    this.policy = readPolicy(text);
  }

  /** Charges of the last decision that nobody has settled. */
  private held: readonly (() => void)[] = [];

  /** `hold`: limits are charged by `settle`, not now. */
  decide(asked: Asked, agent: string, nowMs: number, hold = false): Said {
    this.held = [];
    const said = this.judged(asked, agent, nowMs);
    if (!hold) this.settle(true);
    return said;
  }

  settle(charge: boolean): void {
    if (charge) for (const act of this.held) act();
    this.held = [];
  }

  private judged(asked: Asked, agent: string, nowMs: number): Said {
    // A tool call may be without a URL; the one it has is of the scheme `tool`.
    const parts = partsOf(asked.method, asked.url ?? 'tool://none/', asked.headers);
    if (parts === null) return INVALID;
    if (asked.tool !== null && (parts.scheme !== 'tool' || isBadTool(asked.tool))) return INVALID;
    const { agents } = this.policy;
    if (agents !== null && !agents.some(glob => globs(glob, agent))) return this.say('no_policy_for_agent', 'system');

    const bytes = asked.body ?? new Uint8Array(0);
    const isForm = bytes.length > 0 && mayBeForm(asked.headers);
    const call: Call = { asked, parts: asked.url === null ? null : parts, agent, nowMs, isForm };
    const candidates = this.policy.rules
      .map((rule, index) => standing(rule, index, call))
      .filter(s => s.others !== FALSE);
    const real = candidates.filter(s => !s.rule.shadow);

    const looks = (s: Standing): boolean =>
      s.formMethod || (asked.tool === null ? s.rule.body : s.rule.args).length > 0;
    const shadows = candidates.filter(s => s.rule.shadow);
    const seen = this.look(asked, bytes);
    const guessed = (seen.body === null || seen.args === null) && real.some(looks);
    if (guessed && !this.options.permissive) {
      // Of shadow rules, those that need no body have fired all the same.
      const sighted = judge(
        shadows.filter(s => !looks(s)),
        call,
        seen,
        candidates,
      );
      const shadowRules = this.shadowed(sighted, this.counted(call, seen, candidates), false, false, nowMs);
      return { ...this.say('body_too_large', 'system'), shadowRules };
    }

    const judged = judge(real, call, seen, real);
    const [said, passes] = this.rules(judged, guessed);
    const limits = judged.filter(s => s.rule.kind === 'limit' && s.value !== FALSE);
    const counted = this.counted(call, seen, real);
    const refusals = passes ? this.windows.refusals(limitsOf(limits), counted, nowMs) : [];
    const admitted = passes && refusals.length === 0;
    if (admitted) this.hold(() => this.windows.charge(limitsOf(limits), counted, nowMs));
    const answer = refusals.length > 0 ? this.limited(refusals, guessed) : said;

    const beside = judge(shadows, call, seen, candidates);
    const shadowRules = this.shadowed(beside, this.counted(call, seen, candidates), passes, admitted, nowMs);
    return { ...answer, shadowRules };
  }

  private hold(act: () => void): void {
    this.held = [...this.held, act];
  }

  private look({ headers, args }: Asked, body: Uint8Array): Seen {
    const limit = this.options.inspectBytes;
    const bytes = new TextEncoder().encode(args ?? '');
    return {
      body: body.length === 0 ? NONE : viewOf(decodeBody(body, headers, limit), headers),
      args: args === null ? NONE : bytes.length > limit ? null : viewArgs(bytes),
    };
  }

  /** Steps 5 and 6, and whether limits are asked. */
  private rules(judged: readonly Judged[], guessed: boolean): readonly [said: Said, passes: boolean] {
    const denies = judged.filter(s => s.rule.kind === 'deny' && s.value !== FALSE);
    const sure = denies.filter(s => s.value === TRUE);
    const deny = first(sure.length > 0 ? sure : denies);
    if (deny !== null) return [this.say('rule_denied', 'deny', deny.rule, sure.length === 0), false];
    const allow = first(judged.filter(s => s.rule.kind === 'allow' && s.value === TRUE));
    if (allow !== null) return [this.say('rule_allowed', 'allow', allow.rule, guessed), true];
    const { defaultAllows } = this.policy;
    return [this.say(defaultAllows ? 'default_allowed' : 'default_denied', 'default', null, guessed), defaultAllows];
  }

  private limited(refusals: readonly Refused[], guessed: boolean): Said {
    const { rule, code } = refusals[0]!;
    const said = this.say(code, 'limit', this.policy.rules[rule]!, guessed);
    return code === 'rate_limited' ? { ...said, waitMs: Math.max(...refusals.map(r => r.waitMs)) } : said;
  }

  /** Names of the shadow rules that would have fired, in file order. */
  private shadowed(
    judged: readonly Judged[],
    call: Counted,
    passes: boolean,
    admitted: boolean,
    nowMs: number,
  ): readonly string[] {
    const limits = judged.filter(s => s.rule.kind === 'limit' && s.value !== FALSE);
    const refused = passes ? this.shadowWindows.refusals(limitsOf(limits), call, nowMs).map(r => r.rule) : [];
    if (admitted) {
      const room = limits.filter(s => !refused.includes(s.index));
      this.hold(() => this.shadowWindows.charge(limitsOf(room), call, nowMs));
    }
    return judged
      .filter(({ rule, value, index }) =>
        rule.kind === 'limit' ? refused.includes(index) : rule.kind === 'deny' ? value !== FALSE : value === TRUE,
      )
      .map(s => s.rule.name)
      .slice(0, 8);
  }

  private counted(call: Call, seen: Seen, candidates: readonly Standing[]): Counted {
    const isTool = call.asked.tool !== null;
    return {
      request: call.parts,
      tool: call.asked.tool,
      agent: call.agent,
      body: isTool ? null : seen.body,
      paths: candidates.flatMap(s => pathsOf(s.rule)),
    };
  }

  private say(code: string, kind: string, rule: Rule | null = null, uncertain = false): Said {
    const result = code.endsWith('_allowed') ? 'allow' : 'deny';
    return {
      ...INVALID,
      result,
      enforced: result === 'allow' || !this.policy.dryRun,
      code,
      rule: rule?.name ?? null,
      kind,
      uncertain,
      hint: result === 'deny' ? (rule?.hint ?? null) : null,
    };
  }
}

const limitsOf = (standings: readonly Standing[]) =>
  standings.flatMap(({ index, rule }) => (rule.limit === null ? [] : [[index, rule.limit] as const]));

const viewOf = (decoded: Decoded, headers: Lines): BodyView | null =>
  decoded === 'too_large' ? null : viewBody(decoded === 'unreadable' ? null : decoded, headers);

function pathsOf(rule: Rule): readonly BodyPath[] {
  const paths = rule.body.map(test => test.path);
  const field = rule.limit?.field ?? null;
  return field === null ? paths : [...paths, field];
}

function standing(rule: Rule, index: number, call: Call): Standing {
  const { asked, parts, isForm, nowMs } = call;
  const effect = rule.kind;
  const formMethod = isForm && rule.methods !== null;
  const values: Three[] = [
    rule.url === null ? TRUE : matchUrl(rule.url, effect, parts),
    rule.tool === null ? TRUE : matchTool(rule.tool, asked.tool),
    // Arguments are a tool call's.
    rule.args.length > 0 && asked.tool === null ? FALSE : TRUE,
    ...rule.query.map(field => matchQuery(field, effect, parts?.query ?? '')),
    ...rule.headers.map(field => matchHeader(field, effect, asked.headers)),
    rule.time === null ? TRUE : matchTime(rule.time, nowMs),
  ];
  if (!formMethod) values.push(methodOf(rule, effect, call, undefined));
  return { index, rule, others: all(values), formMethod };
}

const methodOf = (
  rule: Rule,
  effect: EffectKind,
  { asked, parts }: Call,
  form: readonly string[] | null | undefined,
): Three =>
  matchMethod(rule.methods, effect, { method: asked.method, headers: asked.headers, query: parts?.query ?? '' }, form);

/** `among`: whose paths decide where a duplicate name hurts. */
function judge(standings: readonly Standing[], call: Call, seen: Seen, among: readonly Standing[]): readonly Judged[] {
  const paths = among.flatMap(s => pathsOf(s.rule));
  const argPaths = among.flatMap(s => s.rule.args.map(test => test.path));
  return standings.map(s => ({ ...s, value: whole(s, call, seen, paths, argPaths), weight: weigh(s.rule) }));
}

/** A body nobody read: what it would have said is FALSE in a deny, else UNKNOWN. The method has other readings too. */
function whole(
  s: Standing,
  call: Call,
  { body, args }: Seen,
  paths: readonly BodyPath[],
  argPaths: readonly BodyPath[],
): Three {
  const { rule } = s;
  const effect = rule.kind;
  const parts: Three[] = [s.others];
  if (s.formMethod) {
    const form = body === null ? (effect === 'deny' ? undefined : null) : formMethods(body);
    parts.push(methodOf(rule, effect, call, form));
  }
  const unread = effect === 'deny' ? FALSE : UNKNOWN;
  for (const test of rule.body) parts.push(body === null ? unread : matchBody(test, effect, body, paths));
  for (const test of rule.args) parts.push(args === null ? unread : matchBody(test, effect, args, argPaths));
  return all(parts);
}

function weigh(rule: Rule): number {
  const url = rule.url === null ? 0 : weightOf(patternOf(rule.url));
  return url + (rule.tool === null ? 0 : weightOfTool(rule.tool));
}

/** Of equals the most specific, then the earliest. */
function first(standings: readonly Judged[]): Judged | null {
  return [...standings].sort((a, b) => b.weight - a.weight || a.index - b.index)[0] ?? null;
}
