/** Pairs of generated policies, one made from the other, and requests; whatever was called no weaker must be none. */

import type { CheckedPolicy } from '#src/core/policy/checked.js';
import { comparePolicies } from '#src/core/policy/compare/compare.js';
import { readPolicyObject } from '#src/core/policy/read.js';
import type { OracleOptions } from './oracle/oracle.js';
import { type Doc, policy } from './oracle/policies.js';
import { textOf } from './oracle/pools.js';
import { type Decide, productOf } from './oracle/product.js';
import { Random } from './oracle/random.js';
import { requests } from './oracle/requests.js';
import { caseOf } from './oracle/run.js';

export interface PairTally {
  /** Requests put to pairs that were called no weaker. */
  requests: number;
  pairs: number;
  /** Of these, requests that the old policy denied. */
  denied: number;
  /** Pairs called weaker where a request shows that they are. */
  shown: number;
  /** Pairs called weaker. */
  weaker: number;
}

/** Longer than any window of a limit, and whole weeks, so that counters are empty and days the same. */
const APART_MS = 14 * 86_400_000;

/** Beside those of the case; reading a policy costs as much as thousands of requests. */
const MORE = 48;

/** @throws Error with both policies and the request that one denies and the other lets pass. */
export function runPairs(seed: number, wanted: number, first = 0): PairTally {
  const tally: PairTally = { requests: 0, pairs: 0, denied: 0, shown: 0, weaker: 0 };
  for (let number = first; tally.requests < wanted; number++) {
    const made = caseOf(seed, number);
    const random = new Random(Math.imul(seed, 31) + number);
    const other = changed(random, made.policy);
    const [a, b] = [side(made.policy, made.options), side(other, made.options)];
    if (a === null || b === null) continue;
    let nowMs = made.startMs;
    const requested = [...made.asked, ...requests(random, made.policy, MORE), ...requests(random, other, MORE)];
    for (const [old, next] of [
      [a, b],
      [b, a],
    ] as const) {
      const { weaker } = comparePolicies(old.policy, next.policy, 'main');
      if (weaker) tally.weaker++;
      else tally.pairs++;
      let shown = false;
      for (const { asked, agent } of requested) {
        nowMs += APART_MS;
        const was = old.decide(asked, agent, nowMs);
        const is = next.decide(asked, agent, nowMs);
        const more = was.result === 'deny' && was.enforced && (is.result === 'allow' || !is.enforced);
        if (more) shown = true;
        if (weaker) continue;
        tally.requests++;
        if (was.result === 'deny') tally.denied++;
        if (more) throw new Error(report(number, old.text, next.text, { asked, agent, was: was.code, is: is.code }));
      }
      if (shown) tally.shown++;
    }
  }
  return tally;
}

function report(number: number, old: string, next: string, request: object): string {
  return `case ${number}\nold ${old}\nnew ${next}\n${JSON.stringify(request, (_, value) => (value instanceof Uint8Array ? Buffer.from(value).toString() : value))}`;
}

function side(made: Doc, options: OracleOptions): { text: string; policy: CheckedPolicy; decide: Decide } | null {
  const text = textOf(made);
  const read = readPolicyObject(text);
  const decide = productOf([text], options);
  return read.ok && decide !== null ? { text, policy: read.policy, decide } : null;
}

/** A small change or a few, of the kinds that people make. */
function changed(r: Random, made: Doc): Doc {
  let next = structuredClone(made) as Doc & { rules: Doc[] };
  const others = (policy(r) as { rules: Doc[] }).rules;
  for (let times = 1 + r.below(2); times > 0; times--) next = { ...next, ...change(r, next, others) };
  return next;
}

function change(r: Random, made: { rules: Doc[] }, others: readonly Doc[]): Doc {
  const { rules } = made;
  const at = r.below(rules.length || 1);
  const rule = rules[at];
  const put = (...mid: Doc[]): Doc => ({ rules: [...rules.slice(0, at), ...mid, ...rules.slice(at + 1)] });
  switch (r.below(12)) {
    case 0:
      return { default: r.pick(['allow', 'deny']) };
    case 1:
      return { agents: r.pick([['default'], ['default', 'bot-*'], ['bot-1'], ['*']]) };
    case 2:
    case 3:
      return put();
    case 4:
    case 5: {
      const added = others[0];
      return added === undefined ? {} : { rules: [...rules, { ...added, name: 'added' }] };
    }
    case 6:
      return { rules: [...rules].reverse() };
    case 7:
      return rule === undefined ? {} : put({ ...rule, mode: r.pick(['dry_run', 'enforce']) });
    case 8:
      return rule === undefined ? {} : put(swapEffect(rule));
    default:
      return rule === undefined ? {} : put(editMatcher(r, rule));
  }
}

function swapEffect({ allow, deny, ...rest }: Doc): Doc {
  if (allow !== undefined) return { ...rest, deny: allow };
  return deny === undefined ? rest : { ...rest, allow: deny };
}

/** Widens or narrows one part. */
function editMatcher(r: Random, rule: Doc): Doc {
  const kind = ['allow', 'deny', 'limit'].find(effect => Object.hasOwn(rule, effect)) ?? 'allow';
  const matcher = { ...(rule[kind] as Doc) };
  switch (r.below(6)) {
    case 0:
      matcher.url = r.pick([
        'api.example.com/**',
        '*.example.com/**',
        '**.example.com:*/**',
        '*',
        'https://api.example.com/v1/*',
      ]);
      break;
    case 1:
      matcher.method = r.pick<unknown>(['GET', ['GET', 'POST'], '*', ['DELETE', 'PATCH']]);
      break;
    case 2:
      delete matcher[r.pick(['body', 'method', 'url', 'headers', 'query', 'tool'])];
      break;
    case 3:
      matcher.body = {
        jsonpath: r.pick(['$.a', '$..a', '$.b', '$.*']),
        ...r.pick([{ max: 5 }, { min: 1 }, { exists: true }]),
      };
      break;
    case 4:
      for (const key of Object.keys(matcher)) if (key.startsWith('calls_')) matcher[key] = 1 + r.below(4);
      break;
    default:
      if (typeof matcher.body === 'object' && !Array.isArray(matcher.body))
        matcher.body = loosened(r, matcher.body as Doc);
  }
  return { ...rule, [kind]: matcher };
}

function loosened(r: Random, body: Doc): Doc {
  if (Array.isArray(body.in)) return { ...body, in: [...body.in, r.pick<unknown>(['a', 1, true, null, '1'])] };
  if (body.max !== undefined) return { ...body, max: 60_000 };
  if (body.min !== undefined) return { ...body, min: 0 };
  return { ...body, contains: 'a' };
}
