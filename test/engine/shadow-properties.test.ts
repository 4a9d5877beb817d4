/**
 * Each rule gets a shadow of its own: the answers stay what they were, and the shadow of the rule that decides is named.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compileObject } from '#src/agent/compile.js';
import { ENGINE_CODES, type EngineAnswer } from '#src/core/decide/answer.js';
import { checkRequest } from '#src/core/decide/request.js';
import type { Body } from '#src/core/decide/types.js';
import type { Engine } from '#src/wasm/engine.js';
import { engineModule } from '../support/engine.js';
import { policyText, requests } from '../support/oracle/arbitrary.js';

const INSPECT_BYTES = 96;
const START = Date.parse('2026-01-07T12:00:00Z');
const KEPT = 8;

interface Policy {
  readonly rules: readonly { readonly name: string; readonly mode?: string }[];
}

function open(policy: Policy): Engine | null {
  const compiled = compileObject(JSON.stringify(policy));
  // Some numbers are beyond what JSON.parse keeps.
  return !compiled.ok ? null : engineModule().instantiate(compiled.program, { inspectBytes: INSPECT_BYTES });
}

function bodyOf(text: string | null): Body {
  const bytes = new TextEncoder().encode(text ?? '');
  if (bytes.length === 0) return { kind: 'none' };
  return bytes.length > INSPECT_BYTES ? { kind: 'too_large' } : { kind: 'bytes', bytes };
}

test('shadow rules change nothing, and fire when their twins do', () => {
  let decided = 0;
  fc.assert(
    fc.property(policyText, requests, fc.boolean(), (text, asked, permissive) => {
      const given = JSON.parse(text) as Policy;
      const plain = { ...given, rules: given.rules.filter(rule => rule.mode === undefined) };
      const shadows = plain.rules.map(rule => ({ ...rule, name: `~${rule.name}`, mode: 'dry_run' }));
      const shadowed = { ...plain, rules: [...plain.rules, ...shadows] };
      const [without, beside] = [open(plain), open(shadowed)];
      if (without === null || beside === null) return;
      let at = START;
      for (const { asked: request, agent, later } of asked) {
        at += later;
        const { method, headers } = request;
        const checked = checkRequest(method, request.url, headers);
        if (!checked.ok) continue;
        const ask = { method, url: checked.url, headers, body: bodyOf(request.body) };
        const when = { wallMs: at, monotonicMs: at, permissive };
        const bare = without.decide(ask, agent, when);
        const answer: EngineAnswer = beside.decide(ask, agent, when);
        const where = `${JSON.stringify({ ask, agent, at, permissive })} under ${text}`;
        const { shadowRules, ...rest } = answer;
        assert.deepEqual({ ...rest, shadowRules: [] }, bare, where);
        assert.deepEqual(
          [...new Set(shadowRules)].sort((a, b) => a - b),
          shadowRules,
          where,
        );
        assert.ok(shadowRules.length <= KEPT && shadowRules.every(i => i >= plain.rules.length), where);
        const known = ENGINE_CODES[answer.code];
        if (answer.ruleIndex < 0 || shadowRules.length === KEPT) continue;
        assert.ok(shadowRules.includes(answer.ruleIndex + plain.rules.length), `${known} ${where}`);
        decided++;
      }
    }),
    { numRuns: 200 },
  );
  assert.ok(decided > 60, String(decided));
});
