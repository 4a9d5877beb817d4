/**
 * Policies that decide without network, switch or log: the reader, compiler, engine and order of a running agent.
 *
 *   valid? → kill switch (as the caller says) → policy → limits
 *
 *   in   : policy text or a path, requests with their time
 *   out  : decisions as the agent would make them
 *   never: records, watches, looks at a switch, reads a clock
 */
import type { Sha256Hex } from '../core/brand.js';
import type { BatchRequest } from '../core/decide/batch-line.js';
import { killDecision } from '../core/decide/kill.js';
import { systemDenial } from '../core/decide/system.js';
import { checkAction } from '../core/decide/tool-request.js';
import type { ActionRequest, Body, Decision } from '../core/decide/types.js';
import { Fault } from '../core/fault.js';
import { BODY_INSPECT_DEFAULT_BYTES, POLICY_JSON_MAX_BYTES } from '../core/limits.js';
import { readWhole } from '../disk/read-whole.js';
import { type EngineModule, loadEngine } from '../wasm/module.js';
import { type Compiled, compileObject, compilePolicy } from './compile.js';
import { decideByGeneration } from './decide.js';
import type { Decider, Loaded, PolicyLoader } from './decider.js';
import type { Generation } from './types.js';

/** No generation is recorded here, so none needs a name. */
const UNNAMED = '0'.repeat(64) as Sha256Hex;
type Whole = Extract<Body, { kind: 'none' | 'bytes' | 'too_large' }>;
const NO_BODY: Whole = { kind: 'none' };
const UNREAD: Body = { kind: 'unread' };
const TOO_LARGE: Whole = { kind: 'too_large' };
const ASSUMED_HOLD = { scope: 'all', reason: null };

/** The engine is loaded with the first policy; one that is not the pinned one is that load's error. */
export function policyLoader(inspectBytes = BODY_INSPECT_DEFAULT_BYTES): PolicyLoader {
  let engines: EngineModule | null = null;
  const begin = (compiled: Compiled, path: string): Loaded => {
    if (!compiled.ok) return { ok: false, errors: compiled.issues };
    const { program, summary } = compiled;
    try {
      engines ??= loadEngine();
      const engine = engines.instantiate(program, { inspectBytes });
      const generation = { id: UNNAMED, documents: [{ path, sha256: UNNAMED, ...summary, engine }] };
      const decider = deciderOf(generation, inspectBytes);
      return { ok: true, decider, rules: summary.ruleNames.length, mode: summary.mode };
    } catch (error) {
      if (error instanceof Fault) return failed(error);
      throw error;
    }
  };
  return {
    loadObject: jsonText => begin(compileObject(jsonText), '(object)'),
    loadFile: path => {
      const file = readWhole(path, POLICY_JSON_MAX_BYTES);
      return file.ok ? begin(compilePolicy(file.bytes, path), path) : failed(unreadable(path, file.why, file.error));
    },
  };
}

function deciderOf(generation: Generation, inspectBytes: number): Decider {
  return {
    decide(request, agent, wallMs, killed) {
      const valid = checkAction(asked(request));
      if (!valid.ok) return systemDenial('request_invalid', valid.reason);
      if (killed) return killDecision(ASSUMED_HOLD);
      const at = { wallMs, monotonicMs: wallMs, dryRun: false, permissive: false };
      const ask = (action: ActionRequest): Decision | 'need_body' => decideByGeneration(generation, action, agent, at);
      const decision = ask(firstAsk(request, valid.url, inspectBytes));
      if (decision !== 'need_body') return decision;
      const { method, headers } = request;
      const judged = ask({ method, url: valid.url ?? '', headers, body: bodyOf(request.body, inspectBytes) });
      return judged === 'need_body' ? systemDenial('request_invalid', 'the body cannot be judged') : judged;
    },
  };
}

function asked({ tool, method, url, headers }: BatchRequest): Parameters<typeof checkAction>[0] {
  return tool === null ? { method, url: url ?? '', headers } : { tool, method, url };
}

/** A body is held back until it is asked for; arguments are not. */
function firstAsk(request: BatchRequest, url: string | null, inspectBytes: number): ActionRequest {
  const { method, headers, tool } = request;
  if (tool !== null) return { tool, args: bodyOf(request.args, inspectBytes), method, url };
  return { method, url: url ?? '', headers, body: request.body === null || request.body === '' ? NO_BODY : UNREAD };
}

/** A body is encoded only when a rule wants to see it. */
function bodyOf(text: string | null, inspectBytes: number): Whole {
  if (text === null) return NO_BODY;
  if (text.length > inspectBytes) return TOO_LARGE;
  const bytes = Buffer.from(text, 'utf8');
  return bytes.length > inspectBytes ? TOO_LARGE : { kind: 'bytes', bytes };
}

function failed({ code, message, hint }: Fault): Loaded {
  return { ok: false, errors: [{ code, message, line: null, column: null, suggestion: hint }] };
}

function unreadable(path: string, why: 'not_regular' | 'too_large' | 'system', error: string): Fault {
  if (why === 'too_large') {
    return new Fault('policy_too_large', { path, got: 'too many', limit: POLICY_JSON_MAX_BYTES });
  }
  if (why === 'not_regular') {
    return new Fault('policy_not_regular', { path, got: error === 'EISDIR' ? 'a directory' : 'a special file' });
  }
  return error === 'ENOENT' ? new Fault('policy_missing', { path }) : new Fault('policy_unreadable', { path, error });
}
