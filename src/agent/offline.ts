/**
 * Policies that decide without switch, log or watcher, for `check` and `decide`: the same reader, compiler, engine and
 * order as a running agent.
 */
import { readFileSync, statSync } from 'node:fs';
import type { Sha256Hex } from '../core/brand.js';
import type { BatchRequest } from '../core/decide/batch-line.js';
import { checkRequest } from '../core/decide/request.js';
import { systemDenial } from '../core/decide/system.js';
import type { Body, Decision } from '../core/decide/types.js';
import { BODY_INSPECT_DEFAULT_BYTES, POLICY_JSON_MAX_BYTES } from '../core/limits.js';
import { type EngineModule, loadEngine } from '../wasm/module.js';
import { type Compiled, compileObject, compilePolicy } from './compile.js';
import { decideByGeneration } from './decide.js';
import type { Decider, Loaded, PolicyLoader } from './decider.js';
import { killDecision } from './kill-decision.js';
import type { Generation } from './types.js';

/** No generation is recorded here, so none needs a name. */
const UNNAMED = '0'.repeat(64) as Sha256Hex;

/** @throws Fault `engine_integrity` with the first policy, when the engine cannot be had. */
export function policyLoader(): PolicyLoader {
  let engine: EngineModule | null = null;
  const loaded = (compiled: Compiled, path: string): Loaded => {
    if (!compiled.ok) return { ok: false, errors: compiled.issues };
    engine ??= loadEngine();
    const instance = engine.instantiate(compiled.program, { inspectBytes: BODY_INSPECT_DEFAULT_BYTES });
    const { summary } = compiled;
    const generation = { id: UNNAMED, documents: [{ path, sha256: UNNAMED, ...summary, engine: instance }] };
    return { ok: true, decider: deciderOf(generation), rules: summary.ruleNames.length, mode: summary.mode };
  };
  return {
    loadObject: text => loaded(compileObject(text), '(object)'),
    loadFile: path => {
      const file = readWhole(path);
      return file.ok ? loaded(compilePolicy(file.bytes, path), path) : failed(file.code, file.message);
    },
  };
}

function deciderOf(generation: Generation): Decider {
  return {
    decide(request, agent, wallMs, killed) {
      const valid = checkRequest(request.method, request.url, request.headers);
      if (!valid.ok) return systemDenial('request_invalid', valid.reason);
      if (killed) return killDecision(ASKED_TO_ASSUME);
      return ask(generation, { ...request, url: valid.url }, agent, wallMs);
    },
  };
}

const ASKED_TO_ASSUME = { source: '', scope: 'all', reason: null, ownerUid: null, fileTimeMs: null };

/** The body is encoded only if a rule wants to see it. */
function ask(generation: Generation, request: BatchRequest, agent: string, wallMs: number): Decision {
  const at = { wallMs, monotonicMs: wallMs, dryRun: false, permissive: false };
  const text = request.body ?? '';
  const first: Body = text === '' ? { kind: 'none' } : { kind: 'unread' };
  const decision = decideByGeneration(generation, { ...request, body: first }, agent, at);
  if (decision !== 'need_body') return decision;
  const bytes = new TextEncoder().encode(text);
  const body: Body = bytes.length > BODY_INSPECT_DEFAULT_BYTES ? { kind: 'too_large' } : { kind: 'bytes', bytes };
  const second = decideByGeneration(generation, { ...request, body }, agent, at);
  return second === 'need_body' ? systemDenial('request_invalid', 'the body cannot be judged') : second;
}

type Whole = { ok: true; bytes: Uint8Array } | { ok: false; code: string; message: string };

function readWhole(path: string): Whole {
  try {
    const stat = statSync(path);
    if (!stat.isFile()) return { ok: false, code: 'policy_not_regular', message: 'this is no regular file' };
    if (stat.size > POLICY_JSON_MAX_BYTES) {
      const message = `the file has ${stat.size} bytes; at most ${POLICY_JSON_MAX_BYTES} are read`;
      return { ok: false, code: 'policy_too_large', message };
    }
    return { ok: true, bytes: readFileSync(path) };
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code ?? 'unknown';
    const code = why === 'ENOENT' ? 'policy_missing' : 'policy_unreadable';
    const message = why === 'ENOENT' ? 'there is no such file' : `the file cannot be read (${why})`;
    return { ok: false, code, message };
  }
}

function failed(code: string, message: string): Loaded {
  return { ok: false, errors: [{ code, message, line: null, column: null, suggestion: null }] };
}
