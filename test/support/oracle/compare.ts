/** Decides the same requests with the product and with the oracle; the first difference is an assertion. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { policyLoader } from '#src/agent/offline.js';
import type { Decision } from '#src/core/decide/types.js';
import { readPolicyObject } from '#src/core/policy/read.js';
import { policyText, requests, type Timed } from './arbitrary.js';
import { Oracle, type Said } from './oracle.js';

/** One loader for each limit: what a loader keeps is the compiled engine. */
const LOADERS = new Map([96, 65_536].map(bytes => [bytes, policyLoader(bytes)]));
const START = Date.parse('2026-01-07T12:00:00Z');

export interface Run {
  readonly seed: number;
  readonly cases: number;
}

/** How often each code was seen: a test that only ever denies says nothing. */
export type Tally = Map<string, number>;

export function compareMany({ seed, cases }: Run): Tally {
  const tally: Tally = new Map();
  fc.assert(
    fc.property(policyText, requests, fc.constantFrom(...LOADERS.keys()), (policy, asked, inspectBytes) => {
      compare(policy, asked, inspectBytes, tally);
    }),
    { seed, numRuns: cases, endOnFailure: process.env.SHRINK === undefined },
  );
  return tally;
}

function compare(text: string, asked: readonly Timed[], inspectBytes: number, tally: Tally): void {
  const loader = LOADERS.get(inspectBytes);
  assert.ok(loader);
  const loaded = loader.loadObject(text);
  const read = readPolicyObject(text);
  assert.ok(loaded.ok, loaded.ok ? '' : `${JSON.stringify(loaded.errors)} in ${text}`);
  assert.ok(read.ok);
  const oracle = new Oracle(read.policy, { inspectBytes, permissive: false });
  let nowMs = START;
  for (const { asked: request, agent, later } of asked) {
    nowMs += later;
    const decision = loaded.decider.decide(request, agent, nowMs, false);
    const said = oracle.decide(request, agent, nowMs);
    assert.deepEqual(shown(decision), expected(said), `${JSON.stringify({ request, agent, nowMs })} under ${text}`);
    tally.set(said.code, (tally.get(said.code) ?? 0) + 1);
  }
}

const shown = (d: Decision): object => ({
  result: d.result,
  enforced: d.enforced,
  code: d.code,
  rule: d.matchedRule,
  kind: d.matchedRuleKind,
  uncertain: d.uncertain,
  waitMs: d.retryAfterMs ?? 0,
  judged: !d.reason.startsWith('could not be judged against rule '),
});

const expected = (said: Said): object => ({ ...said, judged: !(said.code === 'rule_denied' && said.uncertain) });
