/** Many cases from a seed; the first difference ends in a report that is small and can be replayed. */
import assert from 'node:assert/strict';
import { type Case, differenceIn } from './compare.js';
import { type Feature, has } from './features.js';
import type { Asked } from './oracle.js';
import { policy } from './policies.js';
import { STARTS, textOf } from './pools.js';
import { Random } from './random.js';
import { requests } from './requests.js';
import { shrink } from './shrink.js';

/** So many requests share a policy. */
export const REQUESTS = 32;

export interface Run {
  readonly seed: number;
  /** Requests. */
  readonly cases: number;
  /** The first policy's number. */
  readonly first: number;
}

/** How often each code and each part of the language was seen: a test that only ever denies says nothing. */
export type Tally = Record<string, number>;

const OPTIONS = [
  { inspectBytes: 120, permissive: false },
  { inspectBytes: 120, permissive: true },
  { inspectBytes: 65_536, permissive: false },
  { inspectBytes: 65_536, permissive: false },
];

/** The policy with that number and its requests. */
export function caseOf(seed: number, number: number): Case {
  const random = new Random(Math.imul(seed, 0x9e3779b1) ^ Math.imul(number + 1, 0x85ebca6b));
  const made = policy(random);
  const [startMs, options] = [random.pick(STARTS), random.pick(OPTIONS)];
  return { policy: made, startMs, options, asked: requests(random, made, REQUESTS) };
}

/** @throws Error with the report of the first difference. */
export function run({ seed, cases, first }: Run): Tally {
  const tally: Tally = {};
  const count = (key: string): void => {
    tally[key] = (tally[key] ?? 0) + 1;
  };
  for (let number = first; number < first + Math.ceil(cases / REQUESTS); number++) {
    const made = caseOf(seed, number);
    const difference = differenceIn(made, (said, { asked }) => {
      count(said.code);
      if (said.uncertain) count('uncertain');
      if (!said.enforced) count('let pass');
      if (said.hint !== null) count('hinted');
      if (said.shadowRules.length > 0) count('shadowed');
      if (asked.tool !== null) count(said.rule === null ? 'tool call' : 'tool call by rule');
      if (said.rule === null) return;
      if (isEncoded(asked)) count('encoded');
      if (isLines(asked)) count('lines');
      for (const feature of keysIn(ruleNamed(made, said.rule))) count(feature);
    });
    if (difference !== null) throw new Error(report(seed, number, made));
  }
  return tally;
}

export const ruleNamed = (of: Pick<Case, 'policy'>, name: string): object =>
  (of.policy.rules as { readonly name: string }[]).find(rule => rule.name === name) ?? {};

const isEncoded = ({ headers }: Asked): boolean => headers.some(([name]) => name.toLowerCase() === 'content-encoding');
const isLines = ({ body }: Asked): boolean => body?.slice(0, -1).includes(0x0a) ?? false;

/** Keys of the rule that decided. */
export function keysIn(rule: object): readonly string[] {
  const text = JSON.stringify(rule);
  const keys = KEYS.filter(key => text.includes(`"${key}"`)).map(key => `by ${key}`);
  if (/"timezone":"[A-Z][a-z]/.test(text)) keys.push('named zone');
  if (/\*\]|\.\*|\.\./.test(text.replace(/"url":"[^"]*"/g, '')) && text.includes('"jsonpath"')) keys.push('many nodes');
  return keys;
}

const KEYS = [
  ...['method', 'url', 'query', 'headers', 'body', 'tool', 'args', 'days', 'timezone', 'time_within', 'time_outside'],
  ...['regex', 'exact', 'in', 'not_in', 'min', 'max', 'prefix', 'suffix', 'contains', 'exists', 'present'],
  ...['calls_per_second', 'calls_per_minute', 'calls_per_hour', 'calls_per_day'],
  ...['global', 'agent', 'host', 'endpoint', 'body_field'],
];

/** All codes of an answer that a policy gives, but the one that takes 10,000 keys. */
const CODES = [
  ...['rule_allowed', 'default_allowed', 'request_invalid', 'no_policy_for_agent', 'body_too_large', 'rule_denied'],
  ...['default_denied', 'rate_limited', 'uncertain', 'let pass'],
];
const NEEDS: Readonly<Record<string, Feature>> = { tool: 'tool', args: 'tool', days: 'days', regex: 'regex' };

/** What a run must have seen, and seldom enough did to be worth an assertion. */
export const WANTED: readonly string[] = [
  ...CODES,
  ...(has('tool') ? ['tool call by rule'] : []),
  ...(has('shadow') ? ['shadowed'] : []),
  ...(has('hint') ? ['hinted'] : []),
  ...(has('lines') ? ['lines'] : []),
  ...(has('encoding') ? ['encoded'] : []),
  ...(has('paths') ? ['many nodes'] : []),
  ...(has('zones') ? ['named zone'] : []),
  ...KEYS.filter(key => NEEDS[key] === undefined || has(NEEDS[key])).map(key => `by ${key}`),
];

/** Each part of the language decided something, at least once in a thousand requests. */
export function assertSeen(tally: Tally, cases: number): void {
  for (const key of WANTED) {
    const seen = tally[key] ?? 0;
    assert.ok(seen >= cases / 1000, `'${key}' was seen ${seen} times in ${cases} requests`);
  }
}

export function report(seed: number, number: number, failing: Case): string {
  const small = shrink(failing);
  let said: string;
  try {
    const difference = differenceIn(small);
    said =
      difference === null
        ? 'gone when made smaller'
        : `request ${difference.index}\n  product: ${difference.product}\n  oracle:  ${difference.oracle}`;
  } catch (error) {
    said = String((error as Error).stack);
  }
  const asked = small.asked.map(({ asked: { body, ...rest }, agent, later }) =>
    JSON.stringify({ ...rest, body: shownBody(body), agent, later }),
  );
  return [
    `product and oracle differ: SEED=${seed} CASE=${number}`,
    `policy:  ${textOf(small.policy)}`,
    `options: ${JSON.stringify({ ...small.options, start: new Date(small.startMs).toISOString() })}`,
    ...asked.map((text, i) => `request ${i}: ${text}`),
    said,
  ].join('\n');
}

/** As text where it is text, else as hexadecimal. */
function shownBody(body: Uint8Array | null): string | null {
  if (body === null) return null;
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body);
  } catch {
    return `0x${Buffer.from(body).toString('hex')}`;
  }
}
