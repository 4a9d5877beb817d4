/** Decides the same requests with the product and with the oracle; the first difference is an assertion. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { compileObject } from '#src/agent/compile.js';
import { decideByGeneration } from '#src/agent/decide.js';
import type { Sha256Hex } from '#src/core/brand.js';
import { checkRequest } from '#src/core/decide/request.js';
import { systemDenial } from '#src/core/decide/system.js';
import type { Body, Decision } from '#src/core/decide/types.js';
import { readPolicyObject } from '#src/core/policy/read.js';
import { engineModule } from '../engine.js';
import { policyText, requests, type Timed } from './arbitrary.js';
import { type Asked, Oracle, type OracleOptions, type Said } from './oracle.js';

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
    fc.property(policyText, requests, OPTIONS, (policy, asked, options) => {
      compare(policy, asked, options, tally);
    }),
    { seed, numRuns: cases, endOnFailure: process.env.SHRINK === undefined },
  );
  return tally;
}

const OPTIONS = fc.constantFrom<OracleOptions>(
  { inspectBytes: 96, permissive: false },
  { inspectBytes: 96, permissive: true },
  { inspectBytes: 65_536, permissive: false },
);

function compare(text: string, asked: readonly Timed[], options: OracleOptions, tally: Tally): void {
  const read = readPolicyObject(text);
  assert.ok(read.ok, read.ok ? '' : `${JSON.stringify(read.issues)} in ${text}`);
  const decide = productOf(text, options);
  const oracle = new Oracle(read.policy, options);
  let nowMs = START;
  for (const { asked: request, agent, later } of asked) {
    nowMs += later;
    const decision = decide(request, agent, nowMs);
    const said = oracle.decide(request, agent, nowMs);
    assert.deepEqual(shown(decision), expected(said), `${JSON.stringify({ request, agent, nowMs })} under ${text}`);
    tally.set(said.code, (tally.get(said.code) ?? 0) + 1);
  }
}

/** What `checkrd decide` does, in either mode. */
function productOf(text: string, { inspectBytes, permissive }: OracleOptions) {
  const compiled = compileObject(text);
  assert.ok(compiled.ok, text);
  const engine = engineModule().instantiate(compiled.program, { inspectBytes });
  const generation = { id: UNNAMED, documents: [{ path: 'p', sha256: UNNAMED, ...compiled.summary, engine }] };
  return ({ method, url, headers, body: text }: Asked, agent: string, nowMs: number): Decision => {
    const valid = checkRequest(method, url, headers);
    if (!valid.ok) return systemDenial('request_invalid', valid.reason);
    const bytes = new TextEncoder().encode(text ?? '');
    const body: Body =
      bytes.length === 0
        ? { kind: 'none' }
        : bytes.length > inspectBytes
          ? { kind: 'too_large' }
          : { kind: 'bytes', bytes };
    const at = { wallMs: nowMs, monotonicMs: nowMs, dryRun: false, permissive };
    const ask = (given: Body): Decision | 'need_body' =>
      decideByGeneration(generation, { method, url: valid.url, headers, body: given }, agent, at);
    // As a transport does: first without having read it.
    const first = ask(body.kind === 'none' ? body : { kind: 'unread' });
    const decision = first === 'need_body' ? ask(body) : first;
    assert.notEqual(decision, 'need_body');
    return decision as Decision;
  };
}

const UNNAMED = '0'.repeat(64) as Sha256Hex;

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
