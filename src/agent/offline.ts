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
import { checkRequest } from '../core/decide/request.js';
import { systemDenial } from '../core/decide/system.js';
import type { Body, Decision } from '../core/decide/types.js';
import { Fault } from '../core/fault.js';
import { BODY_INSPECT_DEFAULT_BYTES, POLICY_JSON_MAX_BYTES } from '../core/limits.js';
import type { CheckedPolicy } from '../core/policy/checked.js';
import { policyFormat, readPolicy } from '../core/policy/read.js';
import { readWhole } from '../disk/read-whole.js';
import { type EngineModule, loadEngine } from '../wasm/module.js';
import { type Compiled, compileChecked, compileObject, compilePolicy } from './compile.js';
import { decideByGeneration } from './decide.js';
import type { Decider, LoadError, Loaded, PolicyLoader } from './decider.js';
import type { Generation } from './types.js';

/** No generation is recorded here, so none needs a name. */
const UNNAMED = '0'.repeat(64) as Sha256Hex;
const NO_BODY: Body = { kind: 'none' };
const UNREAD: Body = { kind: 'unread' };
const TOO_LARGE: Body = { kind: 'too_large' };
const ASSUMED_HOLD = { scope: 'all', reason: null };

/** The engine is loaded with the first policy; one that is not the pinned one is that load's error. */
export function policyLoader(inspectBytes = BODY_INSPECT_DEFAULT_BYTES): PolicyLoader {
  const begin = beginner();
  return {
    loadObject: jsonText => begin(compileObject(jsonText), '(object)', inspectBytes),
    loadFile: path => {
      const file = readWhole(path, POLICY_JSON_MAX_BYTES);
      if (!file.ok) return failed(unreadable(path, file.why, file.error));
      return begin(compilePolicy(file.bytes, path), path, inspectBytes);
    },
  };
}

export type ReadPolicy =
  | { readonly ok: true; readonly policy: CheckedPolicy }
  | { readonly ok: false; readonly errors: readonly LoadError[] };

/** A policy's text after every check, for what looks at its rules one by one. */
export function readPolicyFile(path: string): ReadPolicy {
  const file = readWhole(path, POLICY_JSON_MAX_BYTES);
  if (!file.ok) return failed(unreadable(path, file.why, file.error));
  const read = readPolicy(file.bytes, policyFormat(path));
  return read.ok ? read : { ok: false, errors: read.issues };
}

/** Engines for policies that were read already, or made from such: each with counters of its own. */
export type LoadChecked = (policy: CheckedPolicy, inspectBytes: number) => Loaded;

export function checkedLoader(): LoadChecked {
  const begin = beginner();
  return (policy, inspectBytes) => begin(compileChecked(policy), '(checked)', inspectBytes);
}

function beginner(): (compiled: Compiled, path: string, inspectBytes: number) => Loaded {
  let engines: EngineModule | null = null;
  return (compiled, path, inspectBytes) => {
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
}

function deciderOf(generation: Generation, inspectBytes: number): Decider {
  return {
    decide(request, agent, wallMs, killed) {
      const valid = checkRequest(request.method, request.url, request.headers);
      if (!valid.ok) return systemDenial('request_invalid', valid.reason);
      if (killed) return killDecision(ASSUMED_HOLD);
      const at = { wallMs, monotonicMs: wallMs, dryRun: false, permissive: false };
      const ask = (body: Body): Decision | 'need_body' =>
        decideByGeneration(
          generation,
          { method: request.method, url: valid.url, headers: request.headers, body },
          agent,
          at,
        );
      const decision = ask(request.body === null || request.body === '' ? NO_BODY : UNREAD);
      if (decision !== 'need_body') return decision;
      const judged = ask(bodyOf(request, inspectBytes));
      return judged === 'need_body' ? systemDenial('request_invalid', 'the body cannot be judged') : judged;
    },
  };
}

/** Encoded only when a rule wants to see it. */
function bodyOf({ body }: BatchRequest, inspectBytes: number): Body {
  if (body === null) return NO_BODY;
  if (body.length > inspectBytes) return TOO_LARGE;
  const bytes = Buffer.from(body, 'utf8');
  return bytes.length > inspectBytes ? TOO_LARGE : { kind: 'bytes', bytes };
}

function failed({ code, message, hint }: Fault): Extract<Loaded, { ok: false }> {
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
