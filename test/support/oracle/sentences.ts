/** Sentences of the language as hand-written policies, each decided by the product and by the oracle, which must both say what stands there. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Case, differenceIn } from './compare.js';
import { type Feature, has } from './features.js';
import type { Asked } from './oracle.js';
import type { Doc } from './policies.js';

/** `METHOD URL` is enough where nothing else matters. */
export type Ask =
  | string
  | {
      readonly method?: string;
      readonly url?: string;
      readonly headers?: Asked['headers'];
      readonly body?: string | Uint8Array;
      readonly tool?: string;
      readonly args?: string;
      readonly agent?: string;
      /** Milliseconds after the last request. */
      readonly later?: number;
    };

export interface Sentence {
  readonly says: string;
  /** Skipped until the product has it. */
  readonly needs?: Feature;
  readonly policy: Doc;
  readonly at?: string;
  readonly options?: Partial<Case['options']>;
  /** The answer: a code, the rule if one decided, `?` where it is uncertain, then `+name,name` for shadow rules. */
  readonly cases: readonly (readonly [ask: Ask, answer: string])[];
}

export const rules = (...given: readonly Doc[]): Doc => ({ default: 'deny', rules: given });
export const deny = (matcher: Doc): Doc => ({ default: 'allow', rules: [{ name: 'r', deny: matcher }] });
export const allow = (matcher: Doc): Doc => ({ default: 'deny', rules: [{ name: 'r', allow: matcher }] });
export const limit = (spec: Doc): Doc => ({ default: 'allow', rules: [{ name: 'r', limit: spec }] });

export const DENIED = 'rule_denied r';
export const UNSURE = 'rule_denied r ?';
export const ALLOWED = 'rule_allowed r';
export const NO = 'default_denied';
export const PASS = 'default_allowed';
export const LIMITED = 'rate_limited r';
export const INVALID = 'request_invalid';

export const U = 'https://a.example/';
export const json = (body: string): Ask => ({ url: U, headers: [['content-type', 'application/json']], body });
export const form = (body: string): Ask => ({
  url: U,
  headers: [['content-type', 'application/x-www-form-urlencoded']],
  body,
});

export function hold(section: string, sentences: readonly Sentence[]): void {
  for (const { says, needs, policy, at, options, cases } of sentences) {
    const skip = needs !== undefined && !has(needs) ? `the product has no '${needs}' yet` : false;
    test(`${section}: ${says}`, { skip }, () => {
      const answers: string[] = [];
      const difference = differenceIn(
        {
          policy,
          startMs: Date.parse(at ?? '2026-01-07T12:00:00Z'),
          options: { inspectBytes: 65_536, permissive: false, ...options },
          asked: cases.map(([ask]) => timed(ask)),
        },
        ({ code, rule, uncertain, shadowRules }) => {
          const shadow = shadowRules.length === 0 ? '' : ` +${shadowRules.join(',')}`;
          answers.push(`${code}${rule === null ? '' : ` ${rule}`}${uncertain ? ' ?' : ''}${shadow}`);
        },
      );
      assert.equal(
        difference,
        null,
        `${JSON.stringify(difference)} ${JSON.stringify(cases[difference?.index ?? 0]?.[0]).slice(0, 300)}`,
      );
      const shown = (i: number, answer: string): string => `${JSON.stringify(cases[i]![0]).slice(0, 300)} => ${answer}`;
      assert.deepEqual(
        answers.map((answer, i) => shown(i, answer)),
        cases.map(([, answer], i) => shown(i, answer)),
      );
    });
  }
}

function timed(ask: Ask): Case['asked'][number] {
  const given = typeof ask === 'string' ? { method: ask.split(' ')[0]!, url: ask.split(' ')[1]! } : ask;
  const {
    method,
    url = null,
    headers = [],
    body,
    tool = null,
    args = null,
    agent = 'default',
    later = 0,
  } = given as Exclude<Ask, string>;
  const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : (body ?? null);
  const asked: Asked = { method: method ?? (tool === null ? 'GET' : 'POST'), url, headers, body: bytes, tool, args };
  return { asked, agent, later };
}
