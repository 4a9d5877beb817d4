/** A generation of several documents: the shadow rules of every document that was asked are named. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compilePolicy } from '#src/agent/compile.js';
import { decideByGeneration } from '#src/agent/decide.js';
import type { Sha256Hex } from '#src/core/brand.js';
import { engineModule } from '../support/engine.js';

const SHA = '0'.repeat(64) as Sha256Hex;

function document(yaml: string) {
  const compiled = compilePolicy(new TextEncoder().encode(yaml), 'p.yaml');
  assert.ok(compiled.ok);
  const engine = engineModule().instantiate(compiled.program, { inspectBytes: 1024 });
  return { path: 'p.yaml', sha256: SHA, layer: null, ...compiled.summary, engine };
}

const shadow = (name: string) => `  - { name: ${name}, mode: dry_run, deny: { tool: "**" } }\n`;
const many = Array.from({ length: 6 }, (_, i) => i);

test('across documents, eight at most', () => {
  const at = { wallMs: 0, monotonicMs: 0, dryRun: false, permissive: false };
  const call = { tool: 't', args: { kind: 'none' }, method: 'POST', url: null } as const;
  const names = (...documents: string[]) => {
    const decision = decideByGeneration({ id: SHA, documents: documents.map(document) }, call, 'a', at);
    return decision === 'need_body' ? null : `${decision.code} ${decision.shadowRules.join(' ')}`;
  };
  const first = `default: allow\nrules:\n${many.map(i => shadow(`a${i}`)).join('')}`;
  const second = `default: deny\nrules:\n${many.map(i => shadow(`b${i}`)).join('')}`;
  assert.equal(names(first), 'default_allowed a0 a1 a2 a3 a4 a5');
  assert.equal(names(first, second), 'default_denied a0 a1 a2 a3 a4 a5 b0 b1');
  assert.equal(names(second, first), 'default_denied b0 b1 b2 b3 b4 b5');
});
