/** What a lint calls idle is: the engine never names such a rule, whatever is asked. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compileObject } from '#src/agent/compile.js';
import { deciderOf } from '#src/agent/offline.js';
import type { Sha256Hex } from '#src/core/brand.js';
import { lintPolicy } from '#src/core/policy/lint/lint.js';
import { readPolicyObject } from '#src/core/policy/read.js';
import { engineModule } from '../support/engine.js';
import { aimed } from '../support/oracle/arbitrary.js';

type Rule = Record<string, unknown> & { readonly name: string };
const IDLE = ['rule_never_fires', 'rule_repeated', 'limit_never_reached'];
const ID = '0'.repeat(64) as Sha256Hex;

/** For some rule, another that covers it, or almost: its matcher with a part left out, under another effect. */
function withRelative(rules: readonly Rule[], at: number, drop: number, effect: string, before: boolean): Rule[] {
  const rule = rules[at % rules.length];
  if (rule === undefined) return [...rules];
  const { name, allow, deny, limit, ...beside } = rule;
  const matcher = { ...(allow ?? deny ?? limit ?? {}), ...beside } as Record<string, unknown>;
  const keys = Object.keys(matcher);
  const gone = keys[drop % (keys.length + 1)];
  const kept = Object.fromEntries(Object.entries(matcher).filter(([key]) => key !== gone));
  const parts = Object.fromEntries(Object.entries(kept).filter(([key]) => !/^(calls_per_.*|per|field)$/.test(key)));
  const relative =
    effect === 'same'
      ? { [limit ? 'limit' : allow ? 'allow' : 'deny']: limit ? { ...matcher, per: 'global', field: undefined } : kept }
      : { [effect]: parts };
  const added = { name: `${name}-relative`, ...relative };
  return before ? [added, ...rules] : [...rules, added];
}

test('on some 2,000 requests no idle rule decides', t => {
  const seen = new Map<string, number>();
  fc.assert(
    fc.property(
      aimed,
      fc.tuple(fc.nat(4), fc.nat(8), fc.constantFrom('deny', 'deny', 'same', 'allow'), fc.boolean()),
      ([text, asked], [at, drop, effect, before]) => {
        const policy = JSON.parse(text) as { rules: readonly Rule[] };
        const changed = JSON.stringify({ ...policy, rules: withRelative(policy.rules, at, drop, effect, before) });
        const reading = readPolicyObject(changed);
        // A number too large for a double is null now.
        fc.pre(reading.ok);
        if (!reading.ok) return;
        const idle = new Map<string, string>();
        for (const { code, message } of lintPolicy(reading.policy, null)) {
          const name = /^the rule `([^`]+)`/.exec(message)?.[1];
          if (!IDLE.includes(code) || name === undefined) continue;
          idle.set(name, code);
          seen.set(code, (seen.get(code) ?? 0) + 1);
        }
        if (idle.size === 0) return;
        const compiled = compileObject(changed);
        assert.ok(compiled.ok);
        const engine = engineModule().instantiate(compiled.program, { inspectBytes: 96 });
        const decider = deciderOf(
          { id: ID, documents: [{ path: '', sha256: ID, layer: null, ...compiled.summary, engine }] },
          96,
        );
        let now = Date.parse('2026-01-07T12:00:00Z');
        for (const { asked: request, agent, later } of asked) {
          now += later;
          for (let n = 0; n < 4; n++) {
            const { matchedRule, code } = decider.decide(request, agent, now, false);
            if (code === 'body_too_large') continue;
            assert.ok(
              !idle.has(matchedRule ?? ''),
              `${idle.get(matchedRule ?? '')} ${matchedRule}: ${JSON.stringify(request)} under ${changed}`,
            );
          }
        }
      },
    ),
    { seed: 8, numRuns: 500, endOnFailure: process.env.SHRINK === undefined },
  );
  t.diagnostic(`seen: ${[...seen].join(' ')}`);
  for (const code of IDLE) assert.ok((seen.get(code) ?? 0) >= 20, `${code} was seen`);
});
