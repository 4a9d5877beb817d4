/** The product as `checkrd decide` uses it, in either mode, in this process. */
import assert from 'node:assert/strict';
import { compileObject } from '#src/agent/compile.js';
import { decideByGeneration } from '#src/agent/decide.js';
import type { LiveDocument } from '#src/agent/types.js';
import type { Sha256Hex } from '#src/core/brand.js';
import { systemDenial } from '#src/core/decide/system.js';
import { checkAction } from '#src/core/decide/tool-request.js';
import type { ActionRequest, Body, Decision } from '#src/core/decide/types.js';
import { engineModule } from '../engine.js';
import type { Asked, OracleOptions } from './oracle.js';

export type Decide = (asked: Asked, agent: string, nowMs: number) => Decision;

/** Null: a policy does not load. Each text is JSON; the first is the main document, the others are layers. */
export function productOf(texts: readonly string[], { inspectBytes, permissive }: OracleOptions): Decide | null {
  const documents: LiveDocument[] = [];
  for (const [i, text] of texts.entries()) {
    const compiled = compileObject(text);
    if (!compiled.ok) return null;
    const engine = engineModule().instantiate(compiled.program, { inspectBytes });
    const layer = i === 0 ? null : layerName(i);
    documents.push({ path: 'p', sha256: UNNAMED, layer, ...compiled.summary, engine });
  }
  const generation = { id: UNNAMED, documents };
  return ({ method, url, headers, body: bytes, tool, args }, agent, nowMs) => {
    const valid = checkAction(tool === null ? { method, url: url ?? '', headers } : { tool, method, url });
    if (!valid.ok) return systemDenial('request_invalid', valid.reason);
    const at = { wallMs: nowMs, monotonicMs: nowMs, dryRun: false, permissive };
    const ask = (action: ActionRequest): Decision | 'need_body' => decideByGeneration(generation, action, agent, at);
    const whole = (given: Uint8Array | null): Exclude<Body, { kind: 'unread' }> =>
      given === null || given.length === 0
        ? { kind: 'none' }
        : given.length > inspectBytes
          ? { kind: 'too_large' }
          : { kind: 'bytes', bytes: given };
    const http = (body: Body): ActionRequest => ({ method, url: valid.url ?? '', headers, body });
    const body = whole(bytes);
    const argument = whole(args === null ? null : new TextEncoder().encode(args));
    // As a transport does: a body is first held back.
    const first = ask(
      tool !== null
        ? { tool, args: argument, method, url: valid.url }
        : http(body.kind === 'none' ? body : { kind: 'unread' }),
    );
    const decision = first === 'need_body' ? ask(http(body)) : first;
    assert.notEqual(decision, 'need_body');
    return decision as Decision;
  };
}

export const layerName = (i: number): string => `${i}.yaml`;

const UNNAMED = '0'.repeat(64) as Sha256Hex;
