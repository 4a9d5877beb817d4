/**
 * Policies that decide without network, switch or log: the reader, compiler, engine and order of a running agent.
 *
 *   valid? → kill switch (as the caller says) → policy → limits
 *
 *   in   : policy text or a path, requests with their time
 *   out  : decisions as the agent would make them
 *   never: records, watches, looks at a switch, reads a clock
 */
import { basename } from 'node:path';
import type { Sha256Hex } from '../core/brand.js';
import type { BatchRequest } from '../core/decide/batch-line.js';
import { killDecision } from '../core/decide/kill.js';
import { systemDenial } from '../core/decide/system.js';
import { checkAction } from '../core/decide/tool-request.js';
import type { ActionRequest, Body, Decision } from '../core/decide/types.js';
import { Fault } from '../core/fault.js';
import { BODY_INSPECT_DEFAULT_BYTES, POLICY_JSON_MAX_BYTES } from '../core/limits.js';
import type { CheckedPolicy } from '../core/policy/checked.js';
import { policyFormat, readPolicy } from '../core/policy/read.js';
import { documentPaths, policyPlace } from '../disk/policy-set.js';
import { readWhole } from '../disk/read-whole.js';
import { type EngineModule, loadEngine } from '../wasm/module.js';
import { attempt } from './attempt.js';
import { type Compiled, compileChecked, compileObject, compilePolicy } from './compile.js';
import { decideByGeneration } from './decide.js';
import type { Decider, LayeredLoader, LoadError, Loaded } from './decider.js';
import type { Generation, LiveDocument } from './types.js';

/** No generation is recorded here, so none needs a name. */
const UNNAMED = '0'.repeat(64) as Sha256Hex;
type Whole = Extract<Body, { kind: 'none' | 'bytes' | 'too_large' }>;
const NO_BODY: Whole = { kind: 'none' };
const UNREAD: Body = { kind: 'unread' };
const TOO_LARGE: Whole = { kind: 'too_large' };
const ASSUMED_HOLD = { scope: 'all', reason: null };

/** The engine is loaded with the first policy; one that is not the pinned one is that load's error. */
export function policyLoader(inspectBytes = BODY_INSPECT_DEFAULT_BYTES): LayeredLoader {
  const begin = beginner();
  return {
    loadObject: jsonText => begin([compileObject(jsonText)], '(object)', inspectBytes),
    loadFile: path => {
      const file = readPolicyBytes(path);
      return file.ok ? begin([compilePolicy(file.bytes, path)], path, inspectBytes) : failed(file.fault);
    },
    loadLayered: path => {
      const paths = attempt(() => documentPaths(policyPlace(path)));
      if (!paths.ok) {
        if (paths.error instanceof Fault) return failed(paths.error);
        throw paths.error;
      }
      const compiled: Compiled[] = [];
      for (const one of paths.value) {
        const file = readPolicyBytes(one);
        if (!file.ok) return failed(file.fault);
        const next = compilePolicy(file.bytes, one);
        if (!next.ok) return { ok: false, errors: next.issues.map(issue => ({ ...issue, path: one })) };
        compiled.push(next);
      }
      return begin(compiled, path, inspectBytes, paths.value.slice(1));
    },
  };
}

export type ReadPolicy =
  | { readonly ok: true; readonly policy: CheckedPolicy }
  | { readonly ok: false; readonly errors: readonly LoadError[] };

/** A policy's text after every check, for what looks at its rules one by one. */
export function readPolicyFile(path: string): ReadPolicy {
  const file = readPolicyBytes(path);
  if (!file.ok) return failed(file.fault);
  const read = readPolicy(file.bytes, policyFormat(path));
  return read.ok ? read : { ok: false, errors: read.issues };
}

export interface ReadDocument {
  readonly path: string;
  /** Null: the main document. */
  readonly layer: string | null;
  readonly policy: CheckedPolicy;
}

/** As {@link readPolicyFile}, with the layers in `policy.d` beside it where they are asked for; the main document first. */
export function readPolicyDocuments(
  path: string,
  withLayers: boolean,
):
  | { readonly ok: true; readonly documents: readonly [ReadDocument, ...ReadDocument[]] }
  | { readonly ok: false; readonly errors: readonly LoadError[] } {
  const paths = withLayers ? attempt(() => documentPaths(policyPlace(path))) : { ok: true as const, value: [path] };
  if (!paths.ok) {
    if (paths.error instanceof Fault) return failed(paths.error);
    throw paths.error;
  }
  const documents: ReadDocument[] = [];
  for (const one of paths.value) {
    const read = readPolicyFile(one);
    if (!read.ok) return one === path ? read : { ok: false, errors: read.errors.map(e => ({ ...e, path: one })) };
    documents.push({ path: one, layer: one === path ? null : basename(one), policy: read.policy });
  }
  const [main, ...layers] = documents;
  if (main === undefined) throw new Fault('internal', { what: 'a policy without its main document' });
  return { ok: true, documents: [main, ...layers] };
}

/** Engines for documents that were read already and bind together. */
export function documentsLoader(): (documents: readonly ReadDocument[], inspectBytes: number) => Loaded {
  const begin = beginner();
  return (documents, inspectBytes) => {
    const [main, ...layers] = documents.map(({ path }) => path);
    return begin(
      documents.map(({ policy }) => compileChecked(policy)),
      main ?? '(checked)',
      inspectBytes,
      layers,
    );
  };
}

/** Engines for policies that were read already, or made from such: each with counters of its own. */
export type LoadChecked = (policy: CheckedPolicy, inspectBytes: number) => Loaded;

export function checkedLoader(): LoadChecked {
  const begin = beginner();
  return (policy, inspectBytes) => begin([compileChecked(policy)], '(checked)', inspectBytes);
}

type Begin = (compiled: readonly Compiled[], path: string, inspectBytes: number, layers?: readonly string[]) => Loaded;

/** The first of what is compiled is the main document, the others are those of `layers`. */
function beginner(): Begin {
  let engines: EngineModule | null = null;
  return (compiled, path, inspectBytes, layers = []) => {
    const documents: LiveDocument[] = [];
    try {
      for (const [i, one] of compiled.entries()) {
        if (!one.ok) return { ok: false, errors: one.issues };
        engines ??= loadEngine();
        const engine = engines.instantiate(one.program, { inspectBytes });
        const at = layers[i - 1];
        const place = { path: at ?? path, layer: at === undefined ? null : basename(at) };
        documents.push({ ...place, sha256: UNNAMED, ...one.summary, engine });
      }
    } catch (error) {
      if (error instanceof Fault) return failed(error);
      throw error;
    }
    const rules = documents.reduce((sum, { ruleNames }) => sum + ruleNames.length, 0);
    const decider = deciderOf({ id: UNNAMED, documents }, inspectBytes);
    return { ok: true, decider, rules, mode: documents[0]?.mode ?? 'enforce' };
  };
}

/** How `generation` decides, with its own counters. */
export function deciderOf(generation: Generation, inspectBytes: number): Decider {
  return {
    decide(request, agent, wallMs, killed, monotonicMs = wallMs) {
      const valid = checkAction(asked(request));
      if (!valid.ok) return systemDenial('request_invalid', valid.reason);
      if (killed) return killDecision(ASSUMED_HOLD);
      const at = { wallMs, monotonicMs, dryRun: false, permissive: false };
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

function failed(fault: Fault): Extract<Loaded, { ok: false }> {
  return { ok: false, errors: [asLoadError(fault)] };
}

export function asLoadError({ code, message, hint }: Fault): LoadError {
  return { code, message, line: null, column: null, suggestion: hint };
}

/** The bytes of a policy file, whole. */
export function readPolicyBytes(
  path: string,
): { readonly ok: true; readonly bytes: Uint8Array } | { readonly ok: false; readonly fault: Fault } {
  const file = readWhole(path, POLICY_JSON_MAX_BYTES);
  return file.ok ? file : { ok: false, fault: unreadable(path, file.why, file.error) };
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
