/** The product as `checkrd decide` uses it, in either mode, in this process. */
import assert from 'node:assert/strict';
import { compileObject } from '#src/agent/compile.js';
import { decideByGeneration } from '#src/agent/decide.js';
import type { Sha256Hex } from '#src/core/brand.js';
import { checkRequest } from '#src/core/decide/request.js';
import { systemDenial } from '#src/core/decide/system.js';
import type { Body, Decision } from '#src/core/decide/types.js';
import { engineModule } from '../engine.js';
import type { Asked, OracleOptions } from './oracle.js';

export type Decide = (asked: Asked, agent: string, nowMs: number) => Decision;

/** Null: the policy does not load; `text` is JSON. */
export function productOf(text: string, { inspectBytes, permissive }: OracleOptions): Decide | null {
  const compiled = compileObject(text);
  if (!compiled.ok) return null;
  const engine = engineModule().instantiate(compiled.program, { inspectBytes });
  const generation = { id: UNNAMED, documents: [{ path: 'p', sha256: UNNAMED, ...compiled.summary, engine }] };
  return ({ method, url, headers, body: bytes }, agent, nowMs) => {
    const valid = checkRequest(method, url ?? '', headers);
    if (!valid.ok) return systemDenial('request_invalid', valid.reason);
    const body: Body =
      bytes === null || bytes.length === 0
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
