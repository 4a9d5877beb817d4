/**
 * What the engine says of one matcher alone, in each kind of rule.
 *
 *   in   : a matcher, a request, the rules beside which it is judged
 *   out  : a verdict
 *   never: matches anything itself
 *
 * A matcher that looks into a body is judged in company: what others look for decides where a name that stands twice spoils
 * the body, so alone it could be sure of what among others cannot be judged. Companions never fire.
 */
import type { BatchRequest } from '../core/decide/batch-line.js';
import type { Verdict } from '../core/explain/explanation.js';
import { EMPTY_POLICY, EMPTY_RULE } from '../core/explain/parts.js';
import { BODY_INSPECT_DEFAULT_BYTES } from '../core/limits.js';
import type { CheckedRule, Effect, Matcher } from '../core/policy/checked.js';
import { meaning } from '../core/policy/meaning.js';
import type { LoadChecked } from './offline.js';

export const KINDS = ['deny', 'allow', 'limit'] as const;

export type Company = readonly CheckedRule[];
export const ALONE: Company = [];

/** What is asked about, but for the request. */
interface Caller {
  readonly request: BatchRequest;
  readonly agent: string;
  readonly atMs: number;
}

export class Probe {
  readonly #load: LoadChecked;
  readonly #ask: Caller;
  /** Large policies say the same things many times. */
  readonly #known = new Map<Company, Map<string, Verdict>>();

  constructor(load: LoadChecked, ask: Caller) {
    this.#load = load;
    this.#ask = ask;
  }

  /** Rules those `matchers` out that do not match the request at all, many at a time. */
  screen(matchers: readonly Matcher[]): void {
    const { request } = this.#ask;
    const distinct = new Map(matchers.map(matcher => [meaning(matcher), matcher]));
    const pending = [[...distinct.values()]];
    for (let some = pending.pop(); some !== undefined; some = pending.pop()) {
      if (some.length < 2) continue;
      if (this.#decide({ kind: 'deny' }, 'allow', some, request, ALONE)[0].code === 'default_allowed') {
        for (const matcher of some) {
          for (const kind of KINDS) this.#knownIn(ALONE).set(this.#key(kind, matcher, request), 'false');
        }
      } else pending.push(some.slice(0, some.length >> 1), some.slice(some.length >> 1));
    }
  }

  verdict(kind: Effect['kind'], matcher: Matcher, request: BatchRequest, company: Company): Verdict {
    const known = this.#knownIn(company);
    const key = this.#key(kind, matcher, request);
    const before = known.get(key);
    if (before !== undefined) return before;
    const verdict = this.#verdict(kind, matcher, request, company);
    known.set(key, verdict);
    return verdict;
  }

  #knownIn(company: Company): Map<string, Verdict> {
    const known = this.#known.get(company) ?? new Map<string, Verdict>();
    this.#known.set(company, known);
    return known;
  }

  #key(kind: Effect['kind'], matcher: Matcher, request: BatchRequest): string {
    return meaning([kind, matcher, request === this.#ask.request ? null : request]);
  }

  #verdict(kind: Effect['kind'], matcher: Matcher, request: BatchRequest, company: Company): Verdict {
    const denied = this.#denied(matcher, request, company);
    // What not even a `deny` sees, nothing sees.
    if (kind === 'deny' || denied === 'false' || denied === 'unread') return denied;
    if (kind === 'limit') return this.#applies(matcher, request, company) ? denied : 'false';
    if (this.#allows(matcher, request, company)) return 'true';
    // Of a `limit` every reading counts as of a `deny`, but not every port.
    if (matcher.url !== null && !this.#applies(matcher, request, company)) return 'false';
    return denied === 'true' ? 'mixed' : denied;
  }

  #denied(matcher: Matcher, request: BatchRequest, company: Company): Verdict {
    const { code, uncertain } = this.#decide({ kind: 'deny' }, 'allow', [matcher], request, company)[0];
    if (code === 'body_too_large') return 'unread';
    if (code === 'rule_denied') return uncertain ? 'unknown' : 'true';
    return code === 'default_allowed' ? 'false' : 'unknown';
  }

  #allows(matcher: Matcher, request: BatchRequest, company: Company): boolean {
    return this.#decide({ kind: 'allow' }, 'deny', [matcher], request, company)[0].code === 'rule_allowed';
  }

  /** Of two calls at once a limit of one lets the second through only if it does not apply. */
  #applies(matcher: Matcher, request: BatchRequest, company: Company): boolean {
    const effect: Effect = { kind: 'limit', calls: 1, windowMs: 1_000, per: 'global', field: null };
    return this.#decide(effect, 'allow', [matcher], request, company)[1].code === 'rate_limited';
  }

  /** One rule for each matcher. */
  #decide(
    effect: Effect,
    defaultResult: 'allow' | 'deny',
    matchers: readonly Matcher[],
    request: BatchRequest,
    company: Company,
  ) {
    const asked = matchers.map((matcher): CheckedRule => ({ ...EMPTY_RULE, effect, matcher }));
    const rules = [...asked, ...company];
    const loaded = this.#load({ ...EMPTY_POLICY, defaultResult, rules }, roomFor(request));
    if (!loaded.ok) throw new Error(`a rule of a policy that loads does not load alone: ${loaded.errors[0]?.message}`);
    const decide = () => loaded.decider.decide(request, this.#ask.agent, this.#ask.atMs, false);
    return effect.kind === 'limit' ? ([decide(), decide()] as const) : ([decide(), NO_SECOND] as const);
  }
}

const NO_SECOND = { code: null };
const ROOM_MIN_BYTES = 1024;

/** A probe's engine has no more room than it needs: there are many of them. */
function roomFor({ body, args }: BatchRequest): number {
  const bytes = Math.max(Buffer.byteLength(body ?? '', 'utf8'), Buffer.byteLength(args ?? '', 'utf8'));
  return bytes > BODY_INSPECT_DEFAULT_BYTES ? ROOM_MIN_BYTES : Math.max(bytes, ROOM_MIN_BYTES);
}
